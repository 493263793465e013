"""Text messages through Twilio (package `twilio`): Messages.json.

Owns the request for one SMS, its limits (segments, validity) and the search for one whose answer was lost. Must never log or raise a
number or a text. Built by channels.py, called by the message activity through ChannelPort.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from activities.adapters.channels_config import SmsConfig
from activities.adapters.time_left import seconds_left
from activities.adapters.twilio_account import TwilioAccount
from activities.ports import Outgoing, SendFailed, SendOutcome, Sent, sender_key
from policies.sms_segments import sms_size

TOO_LONG = "sms_too_long"

# Twilio: ValidityPeriod is 1..36000 s, and below 5 s the message may be dropped before it was tried.
_LEAST_VALIDITY_S = 5.0
_LONGEST_VALIDITY_S = 36_000

# Twilio keeps whole seconds of its own clock. The query may find too much, the match by reference must not: an earlier message of the
# same case may be a minute old, so there only clocks that differ are forgiven.
_QUERY_MARGIN = timedelta(minutes=1)
_CLOCK_SKEW = timedelta(seconds=5)
_LOOKED_THROUGH = 50  # one page; nobody gets more texts from us between an attempt and its search


class TwilioMessages:
    """ChannelPort for SMS."""

    def __init__(self, account: TwilioAccount, config: SmsConfig) -> None:
        self._account = account
        self._config = config

    @property
    def name(self) -> str:
        return "twilio"

    @property
    def idempotent(self) -> bool:
        """Twilio knows no key against a second sending."""
        return False

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        """Hand one SMS over; `provider_id` is the message's SID. Raises SendFailed."""
        left = seconds_left(outgoing, at, _LEAST_VALIDITY_S)
        if sms_size(outgoing.text).segments > self._config.max_segments:
            raise SendFailed(SendOutcome.PERMANENT, TOO_LONG)
        request: dict[str, Any] = {"to": outgoing.address, "body": outgoing.text}
        sender = ""  # one for all
        if self._config.messaging_service_sid:
            request["messaging_service_sid"] = self._config.messaging_service_sid
        else:
            request["from_"] = self._config.sender or outgoing.sender
            sender = "" if self._config.sender else sender_key(outgoing.sender)
        if left is not None:
            request["validity_period"] = min(int(left), _LONGEST_VALIDITY_S)
        if callback := self._account.status_callback(outgoing.delivery_id):
            request["status_callback"] = callback
        message = await self._account.call(lambda: self._account.messages.create(**request), sender)
        if not message.sid:
            raise self._account.unreadable()
        return Sent(provider_id=message.sid)

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        """The message of an attempt begun at `since`: the same text to the same number, else the newest that names the case.

        A text rendered again may differ from the one that was sent (a status has moved meanwhile), the case number does not; and no
        other message of the case is under way at the same time. Raises SendFailed (UNKNOWN) if Twilio cannot be asked: that is not "no".
        """
        after = since - _QUERY_MARGIN
        recent = await self._listed(to=outgoing.address, date_sent_after=after)
        found = _match(recent, outgoing, since)
        if found is None:
            # What still waits in Twilio's queue has no date of sending yet, so that the filter may pass over it.
            found = _match(await self._listed(to=outgoing.address), outgoing, since)
        return Sent(provider_id=found.sid, accepted_at=max(_created(found), since)) if found is not None else None

    async def _listed(self, **filters: Any) -> list[Any]:
        listed: list[Any] = await self._account.ask(
            lambda: self._account.messages.list(**filters, limit=_LOOKED_THROUGH, page_size=_LOOKED_THROUGH)
        )
        return listed


def _match(messages: list[Any], outgoing: Outgoing, since: datetime) -> Any | None:
    ours = [message for message in messages if message.sid and (message.direction or "").startswith("outbound")]
    recent = [message for message in ours if _created(message) >= since - _QUERY_MARGIN]
    for message in recent:
        if _same_text(message.body or "", outgoing.text):
            return message
    naming = [m for m in recent if outgoing.case_id in (m.body or "") and _created(m) >= since - _CLOCK_SKEW]
    return max(naming, key=_created, default=None)


def _same_text(body: str, text: str) -> bool:
    return body.strip().endswith(text.strip())  # a trial account puts a line of Twilio's in front


def _created(message: Any) -> datetime:
    moment = message.date_created or message.date_sent
    if not isinstance(moment, datetime):
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
