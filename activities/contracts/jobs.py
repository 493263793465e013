"""One input and one result model per activity. Tolerant: optional fields only from the first release on."""

from policies.case.plans import AlertPlan, ArrivalQuestion, BooksEntry, MessagePlan, MessageResult, WatchPlan, WatchResult
from policies.case.state import SentUnwritten
from policies.case.vocabulary import Channel
from policies.contract import Contract


class SendMessage(Contract):
    """Commit the entry and the ledger row, then send the message once."""

    books: BooksEntry
    plan: MessagePlan


class RecordCase(Contract):
    """Commit the entry; nothing leaves the house."""

    books: BooksEntry
    unwritten: list[SentUnwritten] | None = None


class CheckArrival(Contract):
    question: ArrivalQuestion


class AlertPeople(Contract):
    """Commit the entry, then tell the people behind a role."""

    books: BooksEntry
    plan: AlertPlan


class TellAlert(Contract):
    """Tell one alert that stands in the books, on behalf of a digest."""

    alert_id: str


class TellDigest(Contract):
    """Tell in one message what is gathered in the books. `digest_id`: the key against a second message."""

    gathered_by: str
    digest_id: str


class TellPark(Contract):
    """Tell the operator of one park that stands in the books. `alert_id`: of the park that is meant, not of a later one."""

    channel: Channel
    provider: str
    sender: str = ""
    alert_id: str


class WatchProvider(Contract):
    """Ask the provider until something is new."""

    plan: WatchPlan


__all__ = [
    "AlertPeople",
    "MessageResult",
    "RecordCase",
    "SendMessage",
    "TellAlert",
    "TellDigest",
    "TellPark",
    "WatchProvider",
    "WatchResult",
]
