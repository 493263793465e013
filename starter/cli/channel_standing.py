"""`makegood channels status`, `lift` and `retry`: how the channels stand, and what an operator does once a fault is mended.

Owns these words. Must never show an address, a text or a reference of a customer's. Part of the command line.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from policies.case.vocabulary import Channel
from starter.channels_file import ChannelsFile, channel_warnings
from starter.cli.on_record import on_record
from starter.cli.options import ActingRole, As, Json, actor
from starter.cli.printing import how_long, put_json, say, table, when
from starter.cli.session import open_books, run, settings
from starter.desk import Refused
from starter.settings import SettingsError
from store.channel_standing import ChannelStanding, ChannelTraffic, HeldWebhooks, channel_standing
from store.inbox import Inbox, InboxState
from store.parks import ChannelPark, ParkBooks

_LATE = timedelta(days=30)  # who wrote a month ago to a case that had ended has written elsewhere since
_SHOWN = 10
_STATES = {InboxState.NEW: "to be told", InboxState.WAITING: "waiting", InboxState.FAILED: "given up"}


def register(group: typer.Typer) -> None:
    for command in (status, lift, retry):
        group.command()(command)


def status(
    hours: Annotated[int, typer.Option(help="How far back messages and reports are counted.", min=1, max=24 * 90)] = 24,
    json: Json = False,
) -> None:
    """What is configured, what is parked, whether reports flow, which webhooks wait or were given up. Nothing personal."""
    chosen = settings()
    file = ChannelsFile.of(chosen.channels_file)
    warnings = channel_warnings(chosen, file)
    closed = _closed_endpoints(chosen.providers_file)

    async def work() -> None:
        now = datetime.now(UTC)
        async with open_books() as books:
            standing = await channel_standing(books.store, now - timedelta(hours=hours), now - _LATE)
        if json:
            configured = {channel.value: file.served.get(channel) for channel in Channel}
            put_json(
                {
                    "configured": {**configured, "alerts": file.alerts},
                    "warnings": warnings,
                    "closed_endpoints": closed,
                    **standing.model_dump(mode="json"),
                }
            )
            return
        _show(file, standing, hours)
        for line in warnings + closed:
            say(f"careful: {line}")

    run(work())


def lift(
    channel: Annotated[Channel, typer.Argument(help="email, sms or voice.")],
    provider: Annotated[str | None, typer.Option(help="Whose park, if several stand on the channel.")] = None,
    sender: Annotated[str | None, typer.Option(help="The sender of ours that is parked (one of several).")] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Lift a park by hand once the fault is mended: what waits goes out at its next try. A fault that still stands parks it anew."""
    by = actor(as_, ActingRole.ADMIN, None)

    async def work() -> None:
        async with open_books() as books:
            parks = ParkBooks(books.store)
            standing = [park for park in await parks.standing() if park.channel is channel]
            park = _chosen(channel, standing, provider, sender)
            # The sender is an address of ours, its domain may be anybody's: the reason tells which park it was.
            async with on_record(books, "parks.lift", by, channel=park.channel.value, provider=park.provider, reason=park.reason):
                # Not "at" an earlier moment: a park that was put up meanwhile is another one, and stands.
                lifted = await parks.lift(park.channel, park.provider, datetime.now(UTC), park.sender)
                if not lifted:
                    raise Refused(f"{_what(park)} is not parked any more")
        if json:
            put_json(park)
        else:
            say(f"{_what(park)}: lifted. It was parked since {when(park.since)} ({park.reason}); what waits goes out at its next try.")

    run(work())


def retry(
    provider: Annotated[str | None, typer.Option(help="Only this provider's: stripe, sendgrid, twilio.")] = None,
    problem: Annotated[str | None, typer.Option(help="Only those given up for this reason (a code of `channels status`).")] = None,
    row: Annotated[list[int] | None, typer.Option("--row", help="Only this row of the inbox; may be repeated.")] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Try webhooks again that were given up. The web process takes them within seconds, and gives up again after three days."""
    by = actor(as_, ActingRole.ADMIN, None)

    async def work() -> None:
        # What was typed is no code that we know; how many rows were named is enough.
        async with open_books() as books, on_record(books, "webhooks.retry", by, rows=len(row) if row else None):
            number = await Inbox(books.store).again(datetime.now(UTC), provider=provider, problem=problem, ids=row or ())
        if json:
            put_json({"tried_again": number})
        else:
            say(f"{number} {'webhook is' if number == 1 else 'webhooks are'} tried again." if number else "No such webhook was given up.")

    run(work())


def _closed_endpoints(providers_file: Path | None) -> list[str]:
    """As this command's own environment says, which should be the web process's."""
    # The web framework takes half a second to import: only for who asks this.
    from starter.web.webhooks.configuration import WebhookSecrets, load_webhook_settings  # noqa: PLC0415

    try:
        return WebhookSecrets.of(load_webhook_settings(), providers_file).missing()
    except SettingsError as error:
        return [str(error)]


def _chosen(channel: Channel, standing: list[ChannelPark], provider: str | None, sender: str | None) -> ChannelPark:
    """The one that is meant. Raises Refused."""
    fitting = [park for park in standing if provider in (None, park.provider) and sender in (None, park.sender)]
    if len(fitting) == 1:
        return fitting[0]
    if not standing:
        raise Refused(f"{channel.value} is not parked; `makegood channels status` shows what is")
    named = "; ".join(f'--provider {park.provider} --sender "{park.sender}"' for park in standing)
    what = "nothing that fits is parked" if not fitting else "several stand"
    raise Refused(f"{channel.value}: {what}; say which: {named}")


def _what(park: ChannelPark) -> str:
    return f"{park.channel.value} by {park.provider}" + (f" from {park.sender}" if park.sender else "")


def _show(file: ChannelsFile, standing: ChannelStanding, hours: int) -> None:
    traffic = {one.channel: one for one in standing.traffic}
    table(
        ("channel", "by", f"last {hours} h", "suppressed"),
        (_channel_row(channel, file, traffic.get(channel), standing) for channel in Channel),
    )
    say(f"alerts by {file.alerts}")
    for seen in standing.reports:
        say(f"reports of {seen.provider}: {seen.lately} in the last {hours} h, last {when(seen.last_at)}")
    if not standing.reports:
        say("reports: none came in yet; without them nobody hears what did not arrive (docs/channels.md, Webhooks)")
    for park in standing.parks:
        say(_park_line(park))
    if not standing.parks:
        say("nothing is parked")
    if standing.webhooks:
        table(("webhooks", "kind", "standing", "why", "rows", "oldest"), (_webhook_row(held) for held in standing.webhooks))
        if any(held.state is InboxState.FAILED for held in standing.webhooks):
            say("`makegood channels retry` tries again what was given up.")
    else:
        say("every webhook was told to its case")
    _show_late(standing)


def _channel_row(channel: Channel, file: ChannelsFile, seen: ChannelTraffic | None, standing: ChannelStanding) -> tuple[str, ...]:
    return (channel.value, file.served.get(channel, "not offered"), _traffic(seen), str(standing.suppressed.get(channel, 0)))


def _traffic(seen: ChannelTraffic | None) -> str:
    if seen is None or not (seen.taken or seen.unknown):
        return "nothing sent"
    unknown = f", {seen.unknown} unknown" if seen.unknown else ""
    return f"{seen.taken} taken, {seen.reported} of them reported on{unknown}"


def _park_line(park: ChannelPark) -> str:
    told = f"the operator was alerted {when(park.alerted_at)}" if park.alerted_at else "NOBODY WAS ALERTED YET"
    lifting = f"makegood channels lift {park.channel.value}{f' --sender {park.sender}' if park.sender else ''}"
    since = f"PARKED: {_what(park)} since {when(park.since)}: {park.reason}"
    return f"{since}; {told}; next probe {when(park.probe_at)}. Once it is mended: {lifting}"


def _webhook_row(held: HeldWebhooks) -> tuple[str, ...]:
    age = how_long((datetime.now(UTC) - held.oldest_at).total_seconds())
    why = (held.problem or "-").replace("_", " ")
    return (held.provider, held.kind, _STATES[held.state], why, str(held.number), f"{age} ago")


def _show_late(standing: ChannelStanding) -> None:
    for late in standing.late_replies[:_SHOWN]:
        told = f"told {when(late.told_at)}" if late.told_at else "nobody was told yet"
        say(f"{late.case_id}: the customer wrote after its end, {when(late.written_at)} ({told}); `makegood show {late.case_id} --texts`")
    if len(standing.late_replies) > _SHOWN:
        say(f"... and {len(standing.late_replies) - _SHOWN} more (--json lists them)")
