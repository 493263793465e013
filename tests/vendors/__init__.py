"""Vendors on loopback: small servers of our own that behave as SendGrid and Twilio do (provider-facts 1.1-1.3). Nothing is patched.

    from tests.vendors import sendgrid_server, twilio_server, answers

    async with sendgrid_server() as server:          # tests/vendors/sendgrid.py
        server.url                                   # http://127.0.0.1:<free port>; the adapter's base_url
        server.api_key                               # what it accepts; another key is a 401
        server.accepted                              # list[Mail]: what it took, also if the answer was lost on the way back
        server.requests                              # list[Request]: everything it was asked (method, path, headers, body)
        server.script([...])                         # the next answers, one per request; then it behaves again
        await server.post_events(url, [server.event(mail, "delivered")], private_key)

    async with twilio_server() as server:            # tests/vendors/twilio.py
        server.url, server.account_sid, server.auth_token, server.requests, server.script
        server.messages, server.calls                # what it took, newest last; each has .sid, .body, .status_callback ...
        server.opted_out.add("+4915112345678")       # 21610 from now on; Twilio's magic numbers work, too
        await server.report(server.messages[0], "delivered")              # a signed status callback to its StatusCallback
        await server.report(call, "completed", deliver_to=web.url)        # ... to where the public address is served in this test
        await server.inbound(url, from_="+49...", to="+1...", body="STOP", opt_out_type="STOP")

Scripted answers (tests/vendors/answers.py): reply(429, {...}, headers={...}), accept(), lost() (taken, then the connection is reset),
dropped() (taken, then closed), cut_off() (taken, half an answer), silent() (taken, no answer until server.release() or the end),
dripping() (taken, an answer that never ends), garbled() (taken, and a 2xx nobody can read), nonsense() (taken, and no HTTP at all),
reset() (reset before it was read: never taken).

Signatures without a server: `signed_events(events, private_key, timestamp)` and `signed_form(auth_token, url, form)` give body and headers
for a test client; `event_keys()` makes a key pair as SendGrid's console shows it. Callbacks are real POSTs and return httpx2.Response.
Servers stand on 127.0.0.1, on a free port, and end with the `async with`.
"""

from tests.vendors import answers
from tests.vendors.sendgrid import Mail, SendGridServer, event_keys, sendgrid_server, signed_events
from tests.vendors.twilio import Call, Text, TwilioServer, signed_form, twilio_server

__all__ = [
    "Call",
    "Mail",
    "SendGridServer",
    "Text",
    "TwilioServer",
    "answers",
    "event_keys",
    "sendgrid_server",
    "signed_events",
    "signed_form",
    "twilio_server",
]
