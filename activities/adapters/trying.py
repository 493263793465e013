"""`python -m activities.adapters.trying`: one message over each configured channel, now, to an address of the operator's own.

Owns the trial and its answer as one line of JSON per channel: what was sent, or which row of the outcome table says why not. Must never
write a case's rows; nothing it sends is in the ledger. Started by `makegood channels test`, which may not import adapters.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from activities.adapters.channels import load_channels
from activities.adapters.channels_config import ChannelsFileInvalid, load_config
from activities.ports import ChannelPort, Outgoing, SendFailed, SendOutcome, Sent
from policies.case.vocabulary import Channel
from policies.contract import Strict

_MEANS = {
    SendOutcome.RETRY: "certainly not sent; a case would try again by itself",
    SendOutcome.PERMANENT: "refused for good; a case would take the customer's next channel",
    SendOutcome.OPERATOR: "our account or sender is at fault; the channel would be parked for all cases and the operator told",
    SendOutcome.UNKNOWN: "it may have been sent; a case would find out before it sends again",
}
_SENDER = "this sender of ours is at fault; what leaves by it would be parked and the operator told, other senders go on"


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
        return found | {
            "ok": False,
            "outcome": error.outcome.value,
            "reason": error.reason,
            "means": _SENDER if error.sender else _MEANS[error.outcome],
        }
    return found | {"ok": True, "provider_id": sent.provider_id}


async def _run(channels: dict[Channel, ChannelPort], to: dict[Channel, str], sender: str) -> int:
    failed = 0
    for channel, port in channels.items():
        address = to.get(channel)
        if address is None:
            continue
        answer = await _try(channel, port, address, sender)
        failed += not answer["ok"]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 1 if failed else 0


class Asked(Strict):
    """What stands on standard input: addresses do not belong into a list of processes."""

    email: str | None = None
    phone: str | None = None
    voice: bool = False
    sender: str = ""
    send: bool = False  # without it the file is read, and nothing leaves


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every channel that was asked for took its message; 1: one did not; 2: the file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m activities.adapters.trying", description="Reads what is asked for as JSON.")
    parser.add_argument("file", type=Path)
    file = parser.parse_args(arguments).file
    asked = Asked.model_validate_json(sys.stdin.read())
    try:
        named = load_config(file).channels.adapters()
        loaded = load_channels(file, outbox=_Nothing())
    except ChannelsFileInvalid as error:
        sys.stderr.write(f"{error}\n")
        return 2
    real = {channel: port for channel, port in loaded.items() if named[channel] != "outbox"}
    to = {Channel.EMAIL: asked.email, Channel.SMS: asked.phone, Channel.VOICE: asked.phone if asked.voice else None}
    if not asked.send:
        for channel, adapter in named.items():
            would = {"channel": channel.value, "adapter": adapter, "would_send": to[channel] is not None and channel in real}
            sys.stdout.write(json.dumps(would) + "\n")
        return 0
    return asyncio.run(_run(real, {channel: address for channel, address in to.items() if address}, asked.sender))


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
