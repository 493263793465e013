"""`python -m activities.adapters.trying`: one message over each configured channel, now, to an address of the operator's own, and one test
alert to each address of the alerts.

Owns the trial and its answer as one line of JSON each: what was sent, or which row of the outcome table says why not and what to do. Must
never write a case's rows; nothing it sends is in the ledger. Started by `makegood channels test`, which may not import adapters.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from activities.adapters.apprise_alerts import AppriseAlerts
from activities.adapters.brands import BrandsFileInvalid, load_brands
from activities.adapters.channels import load_alerts, load_channels
from activities.adapters.channels_config import ChannelsFileInvalid, load_config
from activities.ports import AlertMessage, ChannelPort, Outgoing, SendFailed, SendOutcome, Sent
from policies.case.vocabulary import Channel
from policies.contract import Strict

_MEANS = {
    SendOutcome.RETRY: "certainly not sent; a case would try again by itself",
    SendOutcome.PERMANENT: "refused for good; a case would take the customer's next channel",
    SendOutcome.OPERATOR: "our account or sender is at fault; the channel would be parked for all cases and the operator told",
    SendOutcome.UNKNOWN: "it may have been sent; a case would find out before it sends again",
}
_SENDER = "this sender of ours is at fault; what leaves by it would be parked and the operator told, other senders go on"
_OF_ALERTS = {
    SendOutcome.RETRY: "not taken now; an alert would be tried again",
    SendOutcome.OPERATOR: "refused for good; nobody is told by this address until somebody mends it",
}
# What to do, by the outcome, where the table's own words say only what it is.
_DO = {
    SendOutcome.RETRY: "Is the address of the API right, and can this machine reach it (DNS, firewall, proxy)? Then try again in a minute.",
    SendOutcome.PERMANENT: "Try another address of your own; if it is refused too, look at the text or the region of the account.",
    SendOutcome.OPERATOR: "Mend it where it stands (the vendor's console, channels.toml, the variable that holds the key), then try again.",
    SendOutcome.UNKNOWN: "Look in the vendor's log for the token, then try again.",
}
_NOBODY = "makegood"  # no merchant of that name: the file's fallback speaks
# Reasons of our own, which stand in no table.
_OURS = {
    "sender_invalid": "The sender is no mailbox; right would be care@shop.example, in brands.toml (senders), as sendgrid.sender or --from.",
    "reply_to_invalid": 'sendgrid.reply_to is no mailbox; right would be "care@shop.example".',
    "sms_too_long": "The text has more segments than twilio.sms.max_segments allows.",
}


def _failure(error: SendFailed) -> dict[str, object]:
    return {
        "ok": False,
        "outcome": error.outcome.value,
        "reason": error.reason,
        "means": _SENDER if error.sender else _MEANS[error.outcome],
        "hint": error.hint or _OURS.get(error.reason, ""),
        "says": error.says,
        "do": _DO[error.outcome],
    }


async def _try(channel: Channel, port: ChannelPort, to: str, sender: str) -> dict[str, object]:
    token = secrets.token_hex(4)
    outgoing = Outgoing(
        delivery_id=f"trial-{token}",
        message_id=f"trial-{token}",
        case_id=f"trial-{token}",
        channel=channel,
        address=to,
        sender=sender,
        subject=f"Makegood: test message {token}",
        text=f"This is a test message of Makegood ({token}). If it reached you, the channel works.",
        html=f"<p>This is a test message of Makegood ({token}). If it reached you, the channel works.</p>",
        locale="en",
    )
    found: dict[str, object] = {"channel": channel.value, "adapter": port.name, "token": token}
    try:
        sent = await port.send(outgoing, datetime.now(UTC))
    except SendFailed as error:
        return found | _failure(error)
    return found | {"ok": True, "provider_id": sent.provider_id}


async def _try_alerts(alerts: AppriseAlerts, person: str | None) -> list[dict[str, object]]:
    token = secrets.token_hex(4)
    message = AlertMessage(
        alert_id=f"trial-{token}",
        case_id="",
        to=[person] if person else [],
        role="operator",
        level=0,
        title=f"[test] Makegood: test alert {token}",
        body="This is a test alert of Makegood. If you read it, alerts reach you here. Nothing has happened and nothing is to be done.",
    )
    answers = []
    for told in await alerts.each(message):
        found: dict[str, object] = {
            "channel": "alert",
            "adapter": "apprise",
            "role": told.role,
            "place": told.place + 1,
            "kind": told.kind,
            "token": token,
        }
        if told.verdict is None:
            answers.append(found | {"ok": True})
            continue
        outcome = told.verdict.outcome
        failed = {"ok": False, "outcome": outcome.value, "reason": told.verdict.reason, "means": _OF_ALERTS.get(outcome, _MEANS[outcome])}
        answers.append(found | failed | {"hint": told.verdict.why, "says": "", "do": _DO[outcome]})
    return answers


async def _run(
    channels: dict[Channel, ChannelPort],
    to: dict[Channel, str | None],
    sender: Callable[[Channel], str],
    alerts: AppriseAlerts | None,
    person: str | None,
) -> int:
    failed = 0
    for channel, port in channels.items():
        address = to.get(channel)
        if address is None:
            continue
        answer = await _try(channel, port, address, sender(channel))
        failed += not answer["ok"]
        _put(answer)
    for answer in await _try_alerts(alerts, person) if alerts is not None else ():
        failed += not answer["ok"]
        _put(answer)
    return 1 if failed else 0


def _put(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class Asked(Strict):
    """What stands on standard input: addresses do not belong into a list of processes."""

    email: str | None = None
    phone: str | None = None
    voice: bool = False
    sender: str = ""
    send: bool = False  # without it the file is read, and nothing leaves
    alerts: bool = True
    brands: Path | None = None  # whose sender is taken where neither the file nor `sender` names one
    public_url: str | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """0: whatever was asked for took its message; 1: something did not; 2: a file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m activities.adapters.trying", description="Reads what is asked for as JSON.")
    parser.add_argument("file", type=Path)
    file = parser.parse_args(arguments).file
    asked = Asked.model_validate_json(sys.stdin.read())
    try:
        named = load_config(file).channels.adapters()
        loaded = load_channels(file, outbox=_Nothing(), public_url=asked.public_url)
        alerts = load_alerts(file)
        brands = load_brands(asked.brands) if asked.brands is not None else None
    except (ChannelsFileInvalid, BrandsFileInvalid) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    real = {channel: port for channel, port in loaded.items() if named[channel] != "outbox"}
    to = {Channel.EMAIL: asked.email, Channel.SMS: asked.phone, Channel.VOICE: asked.phone if asked.voice else None}
    apprise = alerts if isinstance(alerts, AppriseAlerts) and asked.alerts else None
    if not asked.send:
        for answer in _plan(named, to, alerts is not None, asked.alerts):
            _put(answer)
        return 0

    def sender(channel: Channel) -> str:
        return asked.sender or (brands.of(_NOBODY, None, channel).sender if brands is not None else "")

    return asyncio.run(_run(real, to, sender, apprise, asked.email))


def _plan(named: Mapping[Channel, str], to: Mapping[Channel, str | None], alerts: bool, wanted: bool) -> Iterator[dict[str, object]]:
    for channel, adapter in named.items():
        yield {"channel": channel.value, "adapter": adapter, "would_send": to[channel] is not None and adapter != "outbox"}
    yield {"channel": "alert", "adapter": "apprise" if alerts else "outbox", "would_send": alerts and wanted}


class _Nothing:
    """Stands where the outbox would: a trial writes nothing."""

    name = "outbox"
    idempotent = True

    async def send(self, outgoing: Outgoing, at: datetime) -> Sent:
        raise AssertionError(f"a trial does not use the outbox ({outgoing.channel}, {at})")

    async def find(self, outgoing: Outgoing, since: datetime) -> Sent | None:
        raise AssertionError(f"a trial does not use the outbox ({outgoing.channel}, {since})")


if __name__ == "__main__":
    sys.exit(main())
