"""Alerts to people where they work (Slack, Teams, PagerDuty, e-mail ...) through `apprise`: a list of addresses per role.

Owns the way from an alert to those addresses and what a failure means (outcomes/apprise.toml). Must never log or raise an address: it
holds tokens. Built by channels.py, called by the alert activity through AlertPort.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyType

from activities.adapters.bounded_calls import BoundedCalls, NeverStarted, TookTooLong
from activities.adapters.outcomes.table import Fault, Verdict, outcome_table
from activities.adapters.quiet_loggers import pin_http_client
from activities.ports import AlertMessage, SendFailed, SendOutcome

logger = logging.getLogger(__name__)
pin_http_client()

# apprise gives each connection 4 s and each read 4 s; a mail server needs several of them. All addresses are told at once. A message
# activity that parks a channel tells the operator after its own call of 10 s, and has 30 s for both and its commits.
TIMEOUT_S = 10.0

PERSON = "{person}"  # in an address: one target for each person that is told
_SAMPLE_PERSON = "someone@example.com"
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]{0,30})://", re.IGNORECASE)
_NO_SCHEME = "(no scheme)"

_LEVELS = {0: NotifyType.INFO, 1: NotifyType.WARNING}


class _Ear(logging.Filter):
    """Keeps apprise silent, which names hosts, people and at DEBUG tokens, and hears the one thing that it says nowhere else: the
    HTTP status of a refusal. Its plugins log it as "error=403" in the thread that sends."""

    _STATUS = re.compile(r"\berror=(\d{3})\b")

    def __init__(self) -> None:
        super().__init__()
        self._heard = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        said = self._STATUS.search(record.getMessage())
        if said:
            self._heard.status = int(said[1])
        return False

    def begin(self) -> None:
        self._heard.status = None

    def status(self) -> int | None:
        heard: int | None = self._heard.status
        return heard


_ear = _Ear()
logging.getLogger("apprise").setLevel(logging.WARNING)
logging.getLogger("apprise").addFilter(_ear)


@dataclass(frozen=True)
class Told:
    """One address by its role, its place there and its kind, never by itself. `verdict`: None if the service took it."""

    role: str
    place: int
    kind: str
    verdict: Verdict | None


class AppriseAlerts:
    """AlertPort. `roles`: apprise's addresses by role; `fallback` is told when a role has none."""

    def __init__(self, roles: Mapping[str, Sequence[str]], fallback: Sequence[str], timeout_s: float = TIMEOUT_S) -> None:
        self._roles = {role: list(targets) for role, targets in roles.items()}
        self._fallback = list(fallback)
        self._timeout_s = timeout_s
        self._table = outcome_table("apprise")
        # Nothing on disk, and no threads of apprise's own.
        self._asset = AppriseAsset(
            app_id="Makegood",
            app_desc="Makegood",
            app_url="",
            storage_mode="memory",
            async_mode=False,
            pgp_autogen=False,
            pem_autogen=False,
        )
        self._calls = BoundedCalls("apprise")

    async def alert(self, message: AlertMessage, at: datetime) -> None:
        """Tell everyone behind the role. Raises SendFailed if nobody could be told: RETRY if trying again may help, else OPERATOR.

        Some told and some not is success: an alert that is sent again to those who have it would become noise. The log says who is
        missing, by scheme and position.
        """
        del at  # services put their own time on it
        targets = self._targets(message)
        verdicts = await asyncio.gather(*(self._tell(target, message) for target in targets))
        failed = [(place, verdict) for place, verdict in enumerate(verdicts) if verdict is not None]
        if not failed:
            return
        named = ", ".join(f"{place}:{_scheme(targets[place])}:{verdict.reason}" for place, verdict in failed)
        logger.warning("alert not told everywhere: alert=%s role=%s failed=%s of %s", message.alert_id, message.role, named, len(targets))
        if len(failed) == len(targets):
            worth_it = [verdict for _, verdict in failed if verdict.outcome is not SendOutcome.OPERATOR]
            verdict = worth_it[0] if worth_it else failed[0][1]
            raise SendFailed(SendOutcome.RETRY if worth_it else SendOutcome.OPERATOR, verdict.reason)

    async def each(self, message: AlertMessage) -> list[Told]:
        """Tell every address of every role, and of the fallback, once: what became of each. For whoever tries the configuration.

        An address of each person is told for `message.to`; with nobody there it is left out.
        """
        named = [(role, place, target) for role, targets in self._by_role() for place, target in enumerate(targets)]
        known: dict[str, tuple[str, int]] = {}
        for role, place, target in named:
            for person in message.to if PERSON in target else [""]:
                known.setdefault(target.replace(PERSON, quote(person, safe="")), (role, place))
        verdicts = await asyncio.gather(*(self._tell(target, message) for target in known))
        return [
            Told(role, place, _scheme(target), verdict) for (target, (role, place)), verdict in zip(known.items(), verdicts, strict=True)
        ]

    def _by_role(self) -> list[tuple[str, list[str]]]:
        return [*self._roles.items(), ("fallback", self._fallback)]

    def _targets(self, message: AlertMessage) -> list[str]:
        targets = []
        for target in self._roles.get(message.role) or self._fallback:
            people = message.to if PERSON in target else [""]
            targets += [target.replace(PERSON, quote(person, safe="")) for person in people]
        return list(dict.fromkeys(targets))

    async def _tell(self, target: str, message: AlertMessage) -> Verdict | None:
        try:
            fault = await self._calls.run(lambda: self._notify(target, message), self._timeout_s)
        except NeverStarted:
            fault = Fault(transport="not_started")
        except TookTooLong:
            fault = Fault(transport="timeout")
        return self._table.judge(fault) if fault is not None else None

    def _notify(self, target: str, message: AlertMessage) -> Fault | None:
        """In a thread; None if the service took it."""
        _ear.begin()
        try:
            # A new one for every alert: one that is kept sleeps up to 5.5 s between two messages, and is not made for two threads.
            service = Apprise.instantiate(target, asset=self._asset)
            if not isinstance(service, NotifyBase):
                return Fault(transport="invalid")
            body = f"{message.body}\nFor: {', '.join(message.to)}" if message.to else message.body
            if service.notify(body=body, title=message.title, notify_type=_LEVELS.get(message.level, NotifyType.FAILURE)):
                return None
        except Exception as error:  # a plugin's own bug; its words may hold the address
            logger.warning("apprise: %s failed in an unforeseen way: %s", _scheme(target), type(error).__name__)
        return Fault(transport="failed", status=_ear.status())


def check_target(target: str) -> None:
    """Raises ValueError, without quoting it, if apprise can make nothing of `target`."""
    sample = target.replace(PERSON, quote(_SAMPLE_PERSON, safe=""))
    if not isinstance(Apprise.instantiate(sample), NotifyBase):
        raise ValueError(f"apprise makes nothing of this {_scheme(target)} address; see https://github.com/caronc/apprise/wiki")


def _scheme(target: str) -> str:
    found = _SCHEME.match(target)
    return found[1].lower() if found else _NO_SCHEME
