"""Twilio on loopback: Messages.json and Calls.json of 2010-04-01 (create and list), status callbacks and inbound texts, signed."""

import base64
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urldefrag, urlencode, urlsplit, urlunsplit

import httpx2
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from policies.sms_segments import sms_size
from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, serving

ACCOUNT_SID = "AC" + "0" * 31 + "1"
_NUMBER = re.compile(r"^\+[1-9]\d{6,14}$")
_SENDER = re.compile(r"^(\+?\d{3,15}|[A-Za-z0-9 ]{1,11})$")

# Numbers that Twilio itself answers so to test credentials (twilio.com/docs/iam/test-credentials).
_MAGIC_TO = {"+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614}
_MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_LATER = {21611: 429}


@dataclass
class Text:
    """A message that was taken."""

    sid: str
    form: dict[str, str]
    created: datetime
    status: str = "queued"
    sent: datetime | None = None

    @property
    def to(self) -> str:
        return self.form["To"]

    @property
    def body(self) -> str:
        return self.form["Body"]

    @property
    def status_callback(self) -> str | None:
        return self.form.get("StatusCallback")


@dataclass
class Call:
    """A call that was taken. `events`: the events that its status callback was asked for."""

    sid: str
    form: dict[str, str]
    created: datetime
    events: list[str]
    status: str = "queued"

    @property
    def to(self) -> str:
        return self.form["To"]

    @property
    def twiml(self) -> str:
        return self.form["Twiml"]

    @property
    def status_callback(self) -> str | None:
        return self.form.get("StatusCallback")


class _Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        more = f"https://www.twilio.com/docs/errors/{code}"
        self.reply = Reply(status, {"code": code, "message": message, "more_info": more, "status": status})


class TwilioServer(Loopback):
    """`now` tells the server's time; `hold_queue` keeps messages without a date of sending, as a queue does."""

    def __init__(self, account_sid: str = ACCOUNT_SID, auth_token: str = "loopback-auth-token-0123456789ab") -> None:
        super().__init__()
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.users = {account_sid: auth_token}  # user -> password; add an API key here
        self.opted_out: set[str] = set()
        self.messages: list[Text] = []
        self.calls: list[Call] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.hold_queue = False
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Reply:
        try:
            self._authenticate(request)
            return self._route(request)
        except _Refused as refused:
            return refused.reply

    def _authenticate(self, request: Request) -> None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(given).decode().partition(":") if kind == "Basic" else ("", "", "")
        if not password or self.users.get(user) != password:
            raise _Refused(401, 20003, "Authenticate")

    def _route(self, request: Request) -> Reply:
        account = f"/2010-04-01/Accounts/{self.account_sid}"
        if request.path == f"{account}/Messages.json":
            return self._create_message(request) if request.method == "POST" else self._list_messages(request)
        if request.path == f"{account}/Calls.json":
            return self._create_call(request) if request.method == "POST" else self._list_calls(request)
        raise _Refused(404, 20404, "The requested resource was not found")

    def _create_message(self, request: Request) -> Reply:
        form = request.form()
        self._check_parties(form, no_from=21603, no_to=21604)
        body = form.get("Body", "")
        if not body:
            raise _Refused(400, 21602, "Message body is required.")
        if len(body) > 1600:
            raise _Refused(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if not 1 <= int(form.get("ValidityPeriod", "36000")) <= 36000:
            raise _Refused(400, 30400, "ValidityPeriod is out of range")
        if form["To"] in self.opted_out:
            raise _Refused(400, 21610, "Attempt to send to unsubscribed recipient")
        created = self.now().replace(microsecond=0)
        text = Text(f"SM{next(self._numbers):032x}", form, created, "accepted" if "MessagingServiceSid" in form else "queued")
        text.sent = None if self.hold_queue else created
        self.messages.append(text)
        said = self._message(text)
        return Reply(201, {**said, "date_sent": None, "num_segments": str(sms_size(body).segments)})

    def _create_call(self, request: Request) -> Reply:
        form = request.form()
        self._check_parties(form, no_from=21213, no_to=21201)
        if "Twiml" not in form and "Url" not in form:
            raise _Refused(400, 21205, "Url parameter is required.")
        if len(form.get("Twiml", "")) > 4000:
            raise _Refused(400, 21658, "Twiml exceeds 4000 characters")
        events = [value for name, value in request.form_list() if name == "StatusCallbackEvent"]
        call = Call(f"CA{next(self._numbers):032x}", form, self.now().replace(microsecond=0), events)
        self.calls.append(call)
        return Reply(201, self._call(call))

    def _check_parties(self, form: Mapping[str, str], no_from: int, no_to: int) -> None:
        to, sender, service = form.get("To", ""), form.get("From", ""), form.get("MessagingServiceSid", "")
        if not to:
            raise _Refused(400, no_to, "A 'To' phone number is required.")
        if to in _MAGIC_TO:
            raise _Refused(400, _MAGIC_TO[to], "The 'To' number will not do.")
        if not _NUMBER.match(to):
            raise _Refused(400, 21211, "The 'To' number is not a valid phone number.")
        if not sender and not service:
            raise _Refused(400, no_from, "A 'From' phone number is required.")
        if sender in _MAGIC_FROM:
            raise _Refused(_LATER.get(_MAGIC_FROM[sender], 400), _MAGIC_FROM[sender], "The 'From' number will not do.")
        if sender and not _SENDER.match(sender):
            raise _Refused(400, 21212, "The 'From' number is not a valid phone number.")
        callback = form.get("StatusCallback")
        if callback is not None and (not urlsplit(callback).hostname or urlsplit(callback).scheme not in ("http", "https")):
            raise _Refused(400, 21609, "The 'StatusCallback' URL is not a valid URL.")

    def _list_messages(self, request: Request) -> Reply:
        asked = dict(request.query)
        after = datetime.fromisoformat(asked["DateSent>"]) if "DateSent>" in asked else None
        # As strict as can be: what has no date of sending yet is in no range of dates.
        found = [
            text
            for text in self.messages
            if asked.get("To", text.to) == text.to
            and asked.get("From", text.form.get("From")) == text.form.get("From")
            and (after is None or (text.sent is not None and text.sent >= after))
        ]
        return self._page("messages", [self._message(text) for text in reversed(found)], asked, request)

    def _list_calls(self, request: Request) -> Reply:
        asked = dict(request.query)
        found = [
            call for call in self.calls if asked.get("To", call.to) == call.to and asked.get("From", call.form["From"]) == call.form["From"]
        ]
        return self._page("calls", [self._call(call) for call in reversed(found)], asked, request)

    def _page(self, name: str, found: list[dict[str, Any]], asked: Mapping[str, str], request: Request) -> Reply:
        size, page = int(asked.get("PageSize", "50")), int(asked.get("Page", "0"))
        shown = found[page * size : (page + 1) * size]
        following = urlencode({**asked, "Page": page + 1}) if len(found) > (page + 1) * size else None
        return Reply(
            200,
            {
                name: shown,
                "page": page,
                "page_size": size,
                "uri": request.path,
                "first_page_uri": request.path,
                "next_page_uri": f"{request.path}?{following}" if following else None,
                "previous_page_uri": None,
                "start": page * size,
                "end": page * size + len(shown),
            },
        )

    def _message(self, text: Text) -> dict[str, Any]:
        return {
            "sid": text.sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": text.body,
            "to": text.to,
            "from": text.form.get("From"),
            "messaging_service_sid": text.form.get("MessagingServiceSid"),
            "direction": "outbound-api",
            "status": text.status,
            "num_segments": str(sms_size(text.body).segments),
            "num_media": "0",
            "date_created": format_datetime(text.created),
            "date_updated": format_datetime(text.created),
            "date_sent": format_datetime(text.sent) if text.sent else None,
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": "USD",
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{text.sid}.json",
        }

    def _call(self, call: Call) -> dict[str, Any]:
        return {
            "sid": call.sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "to": call.to,
            "from": call.form["From"],
            "direction": "outbound-api",
            "status": call.status,
            "date_created": format_datetime(call.created),
            "start_time": None,
            "end_time": None,
            "duration": None,
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Calls/{call.sid}.json",
        }

    async def report(
        self, taken: Text | Call, status: str, error_code: int | None = None, deliver_to: str | None = None, **more: str
    ) -> httpx2.Response:
        """POST the status callback that was asked for, signed with the auth token over the address as it was given (without its
        fragment). `deliver_to`: http://127.0.0.1:port where that public address is served in this test."""
        if taken.status_callback is None:
            raise AssertionError("no StatusCallback was asked for")
        taken.status = status
        form = {"AccountSid": self.account_sid, "ApiVersion": "2010-04-01", "To": taken.to, "From": taken.form.get("From", "")}
        if isinstance(taken, Text):
            form |= {"MessageSid": taken.sid, "SmsSid": taken.sid, "MessageStatus": status, "SmsStatus": status}
        else:
            form |= {"CallSid": taken.sid, "CallStatus": status, "Direction": "outbound-api", "CallbackSource": "call-progress-events"}
        if error_code is not None:
            form["ErrorCode"] = str(error_code)
        return await self._post(urldefrag(taken.status_callback).url, {**form, **more}, deliver_to)

    async def inbound(
        self,
        url: str,
        *,
        from_: str,
        to: str,
        body: str,
        opt_out_type: str | None = None,
        deliver_to: str | None = None,
        **more: str,
    ) -> httpx2.Response:
        """POST a text of a customer, signed. `opt_out_type`: STOP, START or HELP, which Twilio adds with Advanced Opt-Out."""
        sid = f"SM{next(self._numbers):032x}"
        form = {"AccountSid": self.account_sid, "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid}
        form |= {"From": from_, "To": to, "Body": body, "NumMedia": "0", "NumSegments": "1"}
        if opt_out_type is not None:
            form["OptOutType"] = opt_out_type
        return await self._post(url, {**form, **more}, deliver_to)

    async def _post(self, url: str, form: dict[str, str], deliver_to: str | None) -> httpx2.Response:
        body, headers = signed_form(self.auth_token, url, form)
        target = url
        if deliver_to is not None:
            there, asked = urlsplit(deliver_to), urlsplit(url)
            target = urlunsplit((there.scheme, there.netloc, asked.path, asked.query, ""))
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            return await client.post(target, content=body, headers=headers)


def signed_form(auth_token: str, url: str, form: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a webhook of Twilio for `url` (its public address, without fragment)."""
    signature = RequestValidator(auth_token).compute_signature(url, dict(form))
    return urlencode(form).encode(), {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "X-Twilio-Signature": signature,
    }


@contextlib.asynccontextmanager
async def twilio_server(
    account_sid: str = ACCOUNT_SID, auth_token: str = "loopback-auth-token-0123456789ab"
) -> AsyncIterator[TwilioServer]:
    async with serving(TwilioServer(account_sid, auth_token)) as server:
        yield server
