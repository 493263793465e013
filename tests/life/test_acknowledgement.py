"""Life, line 1: acknowledged at once, also while the payment provider is down; the caller's answer does not wait for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activities.ports import SendFailed, SendOutcome
from policies.case.vocabulary import Channel
from tests.life.harness import MONDAY, house, punctual, start_of

DAY = timedelta(days=1)


async def test_acknowledged_at_once_while_the_provider_is_down(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.down = [(MONDAY - DAY, MONDAY + DAY)]
        case = await h.open(start_of(item="Lamp"))
        opened_at = (await case.snapshot()).opened_at
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement"]
        assert punctual(h.post.sent[0].at, opened_at)
        assert [reference for _, reference in h.provider.checks] == ["R-1-1"]
        # What was received and when, the strictest date and why, who acts, the next word, how to change channel or stop, a person.
        text = " ".join(h.post.sent[0].outgoing.text.split())
        for words in (
            "We opened your case on Monday, 5 March 2035, 10:00",
            "Order: O-77",
            "Item: Lamp",
            "€49.90",
            case.start.case_id,
            "by Monday, 19 March 2035, 17:00",
            "our promise to you: ten business days",
            "There is nothing you need to do",
            "Tuesday, 6 March 2035, 10:00",
            "no more updates",
            "+4930555000",
        ):
            assert words in text
        # The promise that it makes is the one it names: 24 h from its own moment.
        [promise] = await case.promises()
        [message] = await case.messages()
        assert punctual(promise.due_at, opened_at + DAY)
        assert message.next_word_at == promise.due_at
        assert message.makes == promise.number == 1


async def test_the_acknowledgement_does_not_wait_for_a_provider_that_hangs(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.hangs = asyncio.Event()
        case = await h.open(start_of())
        await h.eventually(lambda: len(h.provider.checks) == 1 and bool(h.post.sent))
        assert h.post.kinds() == ["acknowledgement"]
        assert (await case.snapshot()).counts["watches"] == 1
        h.provider.hangs.set()


async def test_the_caller_is_answered_without_workers_and_one_acknowledgement_follows(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.stop_workers()
        case = await h.open(start_of())  # the answer: a handle, while nothing of ours runs
        late = MONDAY + timedelta(hours=30)
        await h.without_workers(late)
        await h.eventually(lambda: bool(h.post.sent))
        await h.after(hours=23)
        assert h.post.kinds() == ["acknowledgement"]  # one true message, not an acknowledgement and an update that is due
        [promise] = await case.promises()
        assert punctual(promise.due_at, late + DAY)  # counted from when it was told, not from when it should have been


async def test_the_acknowledgement_of_the_customers_own_act_is_exempt_from_quiet_hours(tmp_path: Path) -> None:
    evening = datetime(2035, 3, 5, 21, 30, tzinfo=UTC)  # 22:30 in Berlin
    async with house(tmp_path, begin=evening) as h:
        case = await h.open(start_of(channels=(Channel.SMS,)))
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement"]
        assert punctual(h.post.sent[0].at, evening)
        assert h.post.sent[0].outgoing.channel is Channel.SMS
        [promise] = await case.promises()
        # 24 h later is 22:30 again: what is told is a time at which we may write.
        assert promise.due_at == datetime(2035, 3, 7, 7, 0, tzinfo=UTC)
        assert "Next word by Wed 7 Mar, 08:00 CET" in h.post.sent[0].outgoing.text


async def test_an_acknowledgement_that_cannot_be_sent_waits_and_goes_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.RETRY, "http_503") if at < MONDAY + timedelta(minutes=40) else None
        case = await h.open(start_of())
        await h.after(hours=2)
        assert h.post.kinds() == ["acknowledgement"]
        assert h.post.attempts == 3  # at once, after 15 and after 30 more minutes
        assert punctual(h.post.sent[0].at, MONDAY + timedelta(minutes=45))
        assert [message.title.split(": ")[1] for message, _ in h.alerts.told] == ["a message could not be sent and waits"]  # told once
        [promise] = await case.promises()
        assert punctual(promise.due_at, MONDAY + DAY + timedelta(minutes=45))
        *parked, message = await case.messages()
        assert [row.state.value for row in parked] == ["parked", "parked"]
        assert [delivery.state.value for delivery in message.deliveries][-1] == "accepted"
