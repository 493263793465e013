"""Reads refunds and disputes from Stripe, through its package: one account, one object per question.

Owns the call, its limits and what a failure means. Must never log or raise a key, a body or Stripe's own words (they may quote both):
only codes. What the object says is policies/providers/stripe_objects.py's. Built by http_json.ProvidersAdapter for providers of kind
"stripe", called by the watch activity through StatusPort.
"""

import logging
import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

# With STRIPE_LOG=debug the package prints every body to stderr: names and addresses of customers. It reads the variable when imported.
os.environ.pop("STRIPE_LOG", None)

import stripe

from activities.adapters.bounded_calls import BoundedCalls, NeverStarted, TookTooLong
from activities.adapters.quiet_loggers import pin, pin_http_client
from activities.adapters.retry_after import seconds_to_wait
from activities.adapters.stripe_config import StripeConfig
from activities.ports import ProviderMisconfigured, ProviderUnavailable
from policies.case.plans import Reading
from policies.providers.statuses import TargetType
from policies.providers.stripe_objects import known_word, reading_of

_SLOTS = 32  # as many as provider activities run at once (settings.providers_slots)
_REFERENCE = re.compile(r"[A-Za-z0-9_]{1,255}\Z")  # an id of Stripe's; "." as a path segment would mean another address
_BUSY_STATUS = frozenset({408, 409, 425, 429})
_CODE = re.compile(r"[a-z0-9_]{1,60}\Z")
_REMEMBERED_WORDS = 50

logger = logging.getLogger(__name__)
pin("stripe")
pin_http_client()
# It would write an id of this machine into the user's home and send it, with the platform and the time of earlier calls.
stripe.enable_telemetry = False


class StripeStatus:
    """StatusPort for one Stripe account. `provider`: the name that cases know it by."""

    def __init__(self, provider: str, config: StripeConfig) -> None:
        self._provider = provider
        self._limit_s = config.total_timeout_s
        session = requests.Session()
        session.max_redirects = 0  # Stripe's API sends nobody elsewhere; the key would go along
        session.headers["Connection"] = "close"  # asked every few hours: a kept connection is dead by then, and the check would be lost
        session.trust_env = not config.on_this_machine  # no proxy for this machine
        step_s = (config.connect_timeout_s, config.total_timeout_s * 0.8)  # a step ends before the whole, so that it can be told
        self._client = stripe.StripeClient(
            config.api_key.get_secret_value(),
            stripe_account=config.account,
            base_addresses={"api": config.base_url},
            max_network_retries=0,  # the engine's retry is the poll
            http_client=stripe.RequestsClient(timeout=step_s, session=session),
        )
        self._calls = BoundedCalls(f"stripe-{provider}", _SLOTS)
        self._told: set[str] = set()

    async def read(self, type_: TargetType, provider: str, reference: str, at: datetime) -> Reading | None:
        """The present status; None if the account does not know the reference. `at` is the engine's time.

        Raises ProviderUnavailable (ask again later), ProviderMisconfigured (a person must look).
        """
        if type_ is TargetType.DELIVERY:
            raise ProviderMisconfigured(f"{self._provider}: Stripe knows refunds and disputes, no parcels")
        if not _REFERENCE.match(reference):
            return None
        try:
            content = await self._calls.run(lambda: self._retrieve(type_, reference), self._limit_s)
        except NeverStarted:
            raise ProviderUnavailable("busy") from None
        except TookTooLong:
            raise ProviderUnavailable("timeout") from None
        if content is None:
            return None
        if content.get("object") != type_.value or content.get("id") != reference:
            raise ProviderMisconfigured(f"{self._provider}: the answer is not the {type_} that was asked for")
        self._tell_once(content)
        return reading_of(content, at, provider=provider)

    def _retrieve(self, type_: TargetType, reference: str) -> Mapping[str, Any] | None:
        """In a thread. `from None` throughout: the engine keeps causes in history, and Stripe's may quote the answer."""
        try:
            if type_ is TargetType.REFUND:
                return self._client.v1.refunds.retrieve(reference).to_dict()
            return self._client.v1.disputes.retrieve(reference).to_dict()
        except stripe.APIConnectionError as error:
            raise self._unreached(error) from None
        except stripe.StripeError as error:
            failure = self._failure(error)
            if failure is None:
                return None
            raise failure from None
        except Exception as error:  # an answer that the package cannot make an object of
            logger.warning("stripe: a call ended in an unforeseen way: provider=%s error=%s", self._provider, type(error).__name__)
            raise ProviderMisconfigured(f"{self._provider}: the answer cannot be read") from None

    def _failure(self, error: stripe.StripeError) -> Exception | None:
        """None: the object does not exist."""
        status = error.http_status or 0
        if error.code == "resource_missing":
            return None
        if status in _BUSY_STATUS or status >= 500 or isinstance(error, stripe.RateLimitError):
            headers = {str(name).lower(): str(value) for name, value in dict(error.headers or {}).items()}
            return ProviderUnavailable(f"http_{status}", seconds_to_wait(headers))
        if status == 200:
            return ProviderMisconfigured(f"{self._provider}: the answer is not JSON")
        # 401: the key; 403: what it may do; 404 without Stripe's own code: another server than Stripe's stands there.
        return ProviderMisconfigured(f"{self._provider}: HTTP {status}")

    def _unreached(self, error: stripe.APIConnectionError) -> Exception:
        cause = error.__cause__
        if isinstance(cause, requests.TooManyRedirects):
            return ProviderMisconfigured(f"{self._provider}: the address answers with a redirect")
        if isinstance(cause, requests.Timeout):
            return ProviderUnavailable("timeout")
        if isinstance(cause, requests.exceptions.SSLError):
            return ProviderUnavailable("tls")
        if isinstance(cause, requests.ConnectionError):
            return ProviderUnavailable("connection_lost")
        if isinstance(cause, requests.RequestException):
            return ProviderUnavailable("answer_lost")
        return ProviderMisconfigured(f"{self._provider}: unusable address")

    def _tell_once(self, content: Mapping[str, Any]) -> None:
        word = content.get("status")
        if known_word(content) or not isinstance(word, str) or word in self._told or len(self._told) >= _REMEMBERED_WORDS:
            return
        self._told.add(word)
        shown = word if _CODE.match(word) else "(not a code)"
        logger.warning("unknown status, read as still in progress: provider=%s object=%s word=%s", self._provider, content["object"], shown)
