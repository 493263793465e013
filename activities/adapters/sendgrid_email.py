"""E-mail through Twilio SendGrid (package `sendgrid`): one message, one recipient, one request.

Owns the request to /v3/mail/send and what its answers mean (outcomes/sendgrid.toml). Must never log or raise an address, a text or the
key: only codes. Built by channels.py, called by the message activity through ChannelPort.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from python_http_client.exceptions import HTTPError

from activities.adapters import transport_faults
from activities.adapters.bounded_calls import BoundedCalls, NeverStarted, TookTooLong
from activities.adapters.channels_config import SendGridConfig
from activities.adapters.outcomes.table import Fault, outcome_table
from activities.adapters.rate_limits import seconds_until_reset
from activities.adapters.sendgrid_client import NotConnected, sendgrid_client
from activities.adapters.time_left import seconds_left
from activities.adapters.vendor_words import shown
from activities.ports import Outgoing, SendFailed, SendOutcome, Sent, sender_key

logger = logging.getLogger(__name__)

_ACCEPTED = 202  # queued, not delivered
# SendGrid takes these from fields of their own and refuses them in `headers`; the others we set ourselves, or never.
_NOT_PASSED_ON = frozenset(
    {
        "reply-to", "list-unsubscribe", "list-unsubscribe-post", "to", "from", "subject", "cc", "bcc", "received", "dkim-signature",
        "x-sg-id", "x-sg-eid", "content-type", "content-transfer-encoding",
    }
)  # fmt: skip


class SendGridEmail:
    """ChannelPort for e-mail."""

    def __init__(self, config: SendGridConfig, api_key: str, calls: BoundedCalls | None = None) -> None:
        self._config = config
        self._table = outcome_table("sendgrid")
        self._sdk = sendgrid_client(api_key, config.base_url, config.step_timeout_s)
        self._calls = calls or BoundedCalls("sendgrid")

    @property
    def name(self) -> str:
        return "sendgrid"

    @property
    def idempotent(self) -> bool:
        """SendGrid knows no key against a second sending."""
        return False

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        """Hand one e-mail over; `provider_id` is X-Message-Id. Raises SendFailed.

        SendGrid cannot be told to hold a message back after `valid_until`: one that is late already is refused here, one that SendGrid
        itself delays is not.
        """
        seconds_left(outgoing, at)
        body = self._body(outgoing)
        # A sender that speaks for every brand is the account's: its fault is everyone's.
        sender = "" if self._config.sender else sender_key(outgoing.sender)
        try:
            return await self._calls.run(lambda: self._post(body, sender), self._config.timeout_s)
        except NeverStarted:
            raise self._failed(Fault(transport="not_started")) from None
        except TookTooLong:
            raise self._failed(Fault(transport="timeout")) from None

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        """Always None: SendGrid cannot be asked.

        The Email Activity API is a paid add-on with six requests a minute and no answer for EU subusers, and its data lag behind.
        What became of a lost attempt is told by the event webhook, which carries our notification_id: look into the books.
        """
        del outgoing, since
        return None

    def _body(self, outgoing: Outgoing) -> dict[str, Any]:
        content = [{"type": "text/plain", "value": outgoing.text}]  # text before HTML: SendGrid refuses the other order
        if outgoing.html:
            content.append({"type": "text/html", "value": outgoing.html})
        body: dict[str, Any] = {
            "personalizations": [
                # custom_args come back with every event, and stay in SendGrid's logs: our opaque id and nothing else.
                {"to": [{"email": outgoing.address}], "custom_args": {"notification_id": outgoing.delivery_id}}
            ],
            "from": self._from(outgoing),
            "subject": " ".join((outgoing.subject or "").split()),  # a subject is one line
            "content": content,
            # Off whatever the account says: rewritten links would lead through SendGrid's tracker, an open is a pixel, and bots click.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }
        given = {name.lower(): value for name, value in outgoing.headers.items()}
        reply_to = given.get("reply-to") or self._config.reply_to
        if reply_to:
            body["reply_to"] = _mailbox(reply_to, "reply_to_invalid")
        headers = {name: value for name, value in outgoing.headers.items() if name.lower() not in _NOT_PASSED_ON}
        if outgoing.unsubscribe_url:
            headers["List-Unsubscribe"] = f"<{outgoing.unsubscribe_url}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        if headers:
            body["headers"] = headers
        return body

    def _from(self, outgoing: Outgoing) -> dict[str, Any]:
        if self._config.sender:
            return _mailbox(self._config.sender, "sender_invalid")
        return _mailbox(outgoing.sender, "sender_invalid", sender_key(outgoing.sender))

    def _post(self, body: dict[str, Any], sender: str) -> Sent:
        """In a thread. Every way to fail ends as SendFailed: an error of the SDK may quote the request."""
        try:
            # No request_headers here, ever: the SDK would keep them for all later calls.
            answer = self._sdk.client.mail.send.post(request_body=body)
            if answer.status_code == _ACCEPTED:
                return Sent(provider_id=answer.headers.get("X-Message-Id") or "")
            fault, headers = Fault(status=answer.status_code), answer.headers
        except HTTPError as error:
            fault, headers = _fault(error), error.headers
        except Exception as error:
            fault, headers = Fault(transport=_how_far(error)), {}
        raise self._failed(fault, headers, sender) from None

    def _failed(self, fault: Fault, headers: Mapping[str, str] | None = None, sender: str = "") -> SendFailed:
        verdict = self._table.judge(fault)
        wait = seconds_until_reset(headers or {}) if verdict.outcome is SendOutcome.RETRY else None
        at_fault = sender if verdict.of_sender else ""
        return SendFailed(
            verdict.outcome, verdict.reason, wait, verdict.suppress, at_fault, busy=verdict.busy, hint=verdict.why, says=shown(fault.says)
        )


def _how_far(error: Exception) -> str:
    reason = getattr(error, "reason", None)  # urllib wraps what goes wrong before the answer into URLError
    if isinstance(reason, NotConnected):
        return transport_faults.before_connected(reason)
    if not isinstance(error, OSError):
        logger.warning("sendgrid: a call ended in an unforeseen way: %s", type(error).__name__)
    return transport_faults.after_connected(error)


def _fault(error: HTTPError) -> Fault:
    """The first complaint of the answer, if there is one to be read."""
    try:
        first = json.loads(error.body)["errors"][0]
        field, says = first.get("field"), first.get("message")
    except (ValueError, LookupError, TypeError, AttributeError):
        field = says = None
    return Fault(
        status=error.status_code,
        field=field if isinstance(field, str) else None,
        says=says if isinstance(says, str) else "",
    )


def _mailbox(text: str, otherwise: str, sender: str = "") -> dict[str, str]:
    """A mailbox, with or without a name, as SendGrid wants it. Raises SendFailed with that reason: our own addresses are ours to mend."""
    name, address = parseaddr(text)
    if "@" not in address:
        raise SendFailed(SendOutcome.OPERATOR, otherwise, sender=sender)
    return {"email": address, "name": name} if name else {"email": address}
