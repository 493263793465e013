"""Calls through Twilio (package `twilio`): Calls.json with TwiML that speaks the message twice.

Owns the request for one call and its TwiML. Must never log or raise a number or a text. Built by channels.py, called by the message
activity through ChannelPort. "Accepted" means that Twilio will call; what became of the call comes as a status callback.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

from activities.adapters.channels_config import VoiceConfig
from activities.adapters.time_left import seconds_left
from activities.adapters.twilio_account import TwilioAccount
from activities.ports import Outgoing, SendFailed, SendOutcome, Sent, sender_key

TOO_LONG = "voice_too_long"

_LONGEST_TWIML = 4000  # Twilio's limit for TwiML that comes with the request
_PAUSE_S = 1
_CLOCK_SKEW = timedelta(seconds=5)
_WITHIN = timedelta(minutes=1)  # of the attempt's begin: four times its lease
_LOOKED_THROUGH = 50
# The first names our id and the call's, which heals an answer that was lost; the others say whether somebody listened.
_EVENTS = ["initiated", "answered", "completed"]
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")

# Languages that Twilio speaks without a voice being named (twilio.com/docs/voice/twiml/say): the exact locale, else its language.
_SPOKEN = {
    "en": "en-GB", "en-us": "en-US", "en-gb": "en-GB", "en-au": "en-AU", "en-ca": "en-CA", "en-in": "en-IN",
    "de": "de-DE", "fr": "fr-FR", "fr-ca": "fr-CA", "es": "es-ES", "es-mx": "es-MX", "it": "it-IT", "nl": "nl-NL",
    "pt": "pt-PT", "pt-br": "pt-BR", "pl": "pl-PL", "da": "da-DK", "sv": "sv-SE", "nb": "nb-NO", "no": "nb-NO", "fi": "fi-FI",
}  # fmt: skip


class TwilioCalls:
    """ChannelPort for voice."""

    def __init__(self, account: TwilioAccount, config: VoiceConfig) -> None:
        self._account = account
        self._config = config

    @property
    def name(self) -> str:
        return "twilio"

    @property
    def idempotent(self) -> bool:
        """Twilio knows no key against a second call."""
        return False

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        """Have the customer called; `provider_id` is the call's SID. Raises SendFailed."""
        seconds_left(outgoing, at)
        request: dict[str, Any] = {
            "to": outgoing.address,
            "from_": self._sender(outgoing),
            "twiml": self._twiml(outgoing),
        }
        if callback := self._account.status_callback(outgoing.delivery_id):
            request |= {"status_callback": callback, "status_callback_event": _EVENTS}
        call = await self._account.call(
            lambda: self._account.calls.create(**request), "" if self._config.sender else sender_key(outgoing.sender)
        )
        if not call.sid:
            raise self._account.unreadable()
        return Sent(provider_id=call.sid)

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        """The call of an attempt begun at `since`: the only one of ours to that number about that time.

        Twilio keeps no text and no reference of a call, so two calls at once (two cases of one customer) tell nothing: None.
        Raises SendFailed (UNKNOWN) if Twilio cannot be asked.
        """
        listed: list[Any] = await self._account.ask(
            lambda: self._account.calls.list(
                to=outgoing.address, from_=self._sender(outgoing), limit=_LOOKED_THROUGH, page_size=_LOOKED_THROUGH
            )
        )
        about_then = [call for call in listed if call.sid and since - _CLOCK_SKEW <= _created(call) <= since + _WITHIN]
        if len(about_then) != 1:
            return None
        return Sent(provider_id=about_then[0].sid, accepted_at=max(_created(about_then[0]), since))

    def _sender(self, outgoing: Outgoing) -> str:
        return self._config.sender or outgoing.sender

    def _twiml(self, outgoing: Outgoing) -> str:
        text = _NOT_IN_XML.sub(" ", outgoing.text).strip()
        for times in (2, 1):  # once more for who did not catch it, if there is room
            twiml = self._spoken(text, outgoing.locale, times)
            if len(twiml) <= _LONGEST_TWIML:
                return twiml
        raise SendFailed(SendOutcome.PERMANENT, TOO_LONG)

    def _spoken(self, text: str, locale: str, times: int) -> str:
        tag = locale.replace("_", "-").lower()
        language = _SPOKEN.get(tag) or _SPOKEN.get(tag.split("-")[0], "en-GB")
        voice = self._config.voices.get(tag) or self._config.voices.get(tag.split("-")[0])
        response = VoiceResponse()
        for time in range(times):
            if time:
                response.pause(length=_PAUSE_S)
            response.say(text, language=language, voice=voice)
        return str(response)


def _created(call: Any) -> datetime:
    moment = call.date_created or call.start_time
    if not isinstance(moment, datetime):
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
