"""One Twilio account: the SDK's client, the limit of a call, and what an answer means (outcomes/twilio.toml).

Owns the credentials in use and the address for status callbacks. Must never log or raise a number, a text or a token: only codes.
Shared by twilio_messages and twilio_calls; built by channels.py.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from activities.adapters import transport_faults
from activities.adapters.bounded_calls import BoundedCalls, NeverStarted, TookTooLong
from activities.adapters.outcomes.table import Fault, outcome_table
from activities.adapters.quiet_loggers import pin, pin_http_client
from activities.adapters.rate_limits import seconds_until_reset
from activities.adapters.vendor_words import shown
from activities.ports import SendFailed, SendOutcome

logger = logging.getLogger(__name__)
# At INFO it writes addresses and queries: numbers of customers.
pin("twilio.http_client")
pin_http_client()

STATUS_PATH = "/webhooks/twilio/status"
# Twilio asks only once more, and only if it could not connect. Three more times, after every kind of failure (5xx, time-out), please;
# connection overrides are read by Twilio and are not sent to us. twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_OVERRIDES = "#rc=3&rp=all"

Result = TypeVar("Result")


class TwilioAccount:
    """`user` and `password` are the account's SID and token, or an API key and its secret."""

    def __init__(
        self,
        account_sid: str,
        user: str,
        password: str,
        *,
        base_url: str,
        timeout_s: float,
        step_timeout_s: float,
        public_url: str | None,
        calls: BoundedCalls | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._public_url = public_url
        self._table = outcome_table("twilio")
        self._answered = threading.local()
        # No retries of its own (max_retries): the case decides. A new connection for every call: one from a pool may have been closed by
        # the other side meanwhile, and a message lost that way would be "unknown" for nothing.
        http = TwilioHttpClient(
            pool_connections=False, timeout=step_timeout_s, request_hooks={"response": [self._remember]}, max_retries=None
        )
        # An environment of its own: TWILIO_EDGE and TWILIO_REGION would rewrite the address that is configured here.
        client = Client(user, password, account_sid, http_client=http, environment={"TWILIO_EDGE": ""})
        client.api.base_url = base_url
        self.messages: Any = client.messages
        self.calls: Any = client.calls
        self._bounded = calls or BoundedCalls("twilio")

    async def call(self, request: Callable[[], Result], sender: str = "") -> Result:
        """Run `request`, which uses the SDK, in a thread. Every way to fail ends as SendFailed, which names the `sender` if it is at
        fault; "": a sender that is the same for all.
        """
        try:
            return await self._bounded.run(lambda: self._judged(request, sender), self._timeout_s)
        except NeverStarted:
            raise self._failed(Fault(transport="not_started")) from None
        except TookTooLong:
            raise self._failed(Fault(transport="timeout")) from None

    async def ask(self, request: Callable[[], Result]) -> Result:
        """As `call`, for a question about an earlier attempt: whatever goes wrong, what became of that attempt is UNKNOWN. Never RETRY,
        which would say that it certainly was not sent."""
        try:
            return await self.call(request)
        except SendFailed as error:
            raise SendFailed(SendOutcome.UNKNOWN, error.reason, error.retry_after_s, hint=error.hint, says=error.says) from None

    def status_callback(self, delivery_id: str) -> str | None:
        """Where Twilio reports what became of a message or call; names our id, since Twilio keeps none for us."""
        if self._public_url is None:
            return None
        return f"{self._public_url}{STATUS_PATH}?n={quote(delivery_id, safe='')}{_OVERRIDES}"

    def unreadable(self) -> SendFailed:
        """For a success without what makes it one."""
        return self._failed(Fault(transport="unreadable"))

    def _judged(self, request: Callable[[], Result], sender: str) -> Result:
        self._answered.headers = {}
        try:
            return request()
        except (TwilioRestException, TwilioServiceException) as error:
            fault = _fault(error.status, error.code, getattr(error, "msg", None) or getattr(error, "detail", None))
        except TwilioException as error:  # a list that was not answered with 200: the SDK puts the whole answer into the error
            fault = _page_fault(error)
        except requests.RequestException as error:
            fault = Fault(transport=transport_faults.of_requests(error))
        except Exception as error:
            if not isinstance(error, ValueError):  # a success whose body is not JSON is one
                logger.warning("twilio: a call ended in an unforeseen way: %s", type(error).__name__)
            fault = Fault(transport="unreadable")
        raise self._failed(fault, self._answered.headers, sender) from None

    def _remember(self, answer: requests.Response, *_: object, **__: object) -> None:
        """The SDK's errors bring no headers; this hook runs in the thread of the call."""
        self._answered.headers = dict(answer.headers)

    def _failed(self, fault: Fault, headers: Mapping[str, str] | None = None, sender: str = "") -> SendFailed:
        verdict = self._table.judge(fault)
        wait = seconds_until_reset(headers or {}) if verdict.outcome is SendOutcome.RETRY else None
        at_fault = sender if verdict.of_sender else ""
        return SendFailed(
            verdict.outcome, verdict.reason, wait, verdict.suppress, at_fault, busy=verdict.busy, hint=verdict.why, says=shown(fault.says)
        )


def _fault(status: object, code: object, says: object = None) -> Fault:
    return Fault(
        status=status if isinstance(status, int) else None,
        code=code if isinstance(code, int) else None,
        says=says if isinstance(says, str) else "",
    )


def _page_fault(error: TwilioException) -> Fault:
    answer = next((part for part in error.args if isinstance(part, Response)), None)
    return Fault(status=answer.status_code) if answer is not None else Fault(transport="unreadable")
