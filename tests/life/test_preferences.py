"""Life, line 9: contact data, channels, opt-outs, quiet hours and cadence change while the case runs and hold from the next message on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from activities.ports import Outgoing, SendFailed, SendOutcome
from policies.case import commands as c
from policies.case.facts import Actor
from policies.case.start import Reachability
from policies.case.vocabulary import Channel, MessageClass
from policies.time.spans import Span
from tests.life.harness import AGENT, CONTACT, CUSTOMER, LEAD, MONDAY, Case, House, house, punctual, start_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOTH = [Channel.EMAIL, Channel.SMS]


def _reach(**change: Any) -> Reachability:
    return start_of().reach.model_copy(update=change)


async def _open(h: House, **more: Any) -> Case:
    case = await h.open(start_of(**more))
    await h.after(seconds=2)
    return case


async def _prefer(case: Case, **change: Any) -> None:
    await case.act("preferences", c.ChangePreferences(by=CUSTOMER, reach=_reach(**change)))


async def _move(h: House, case: Case) -> None:
    """A new address, as the desk changes it: under a reference of its own, which the case takes."""
    moved = CONTACT.model_copy(update={"email": "new@example.com"})
    await h.desk.save_contact("contact-new", case.start.case_id, case.start.merchant, moved, await h.now())
    await case.act("preferences", c.ChangePreferences(by=CUSTOMER, reach=_reach(), contact_ref="contact-new"))


async def test_a_new_address_holds_from_the_next_message_on(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await h.until(MONDAY + HOUR)
        await _move(h, case)
        await h.until(MONDAY + 25 * HOUR)
        assert [message.outgoing.address for message in h.post.sent] == ["ada@example.com", "new@example.com"]
        # The address is nowhere in the engine's history.
        history = (await case.handle.fetch_history()).to_json()
        assert "example.com" not in history
        assert "Ada" not in history
        assert "+4930" not in history


async def _replace_address(h: House, case: Case, by: Actor = CUSTOMER, phone: str | None = CONTACT.phone) -> None:
    moved = CONTACT.model_copy(update={"email": "new@example.com", "phone": phone})
    await h.desk.save_contact("contact-new", case.start.case_id, case.start.merchant, moved, await h.now())
    change = c.ChangePreferences(by=by, reach=_reach(), contact_ref="contact-new", replaced=[Channel.EMAIL])
    await case.act("preferences", change)


async def test_the_address_that_was_replaced_and_the_new_one_are_told_once_and_bare(tmp_path: Path) -> None:
    """Whoever holds a leaked link may change the address: the one who was written to until now learns of it, and what to do."""
    async with house(tmp_path) as h:
        case = await _open(h)
        await h.until(MONDAY + HOUR)
        await _replace_address(h, case)
        await h.until(MONDAY + 25 * HOUR)
        assert [(message.kind, message.outgoing.address) for message in h.post.sent] == [
            ("acknowledgement", "ada@example.com"),
            ("address_changed", "ada@example.com"),
            ("address_changed", "new@example.com"),
            ("update", "new@example.com"),
        ]
        notice = h.post.sent[1]
        assert notice.kind == "address_changed"
        assert "If it was not you, tell us at once" in notice.outgoing.text
        for private in ("new@", "n***", "49.90", "/s/"):
            assert private not in notice.outgoing.text
        snapshot = await case.snapshot()
        assert snapshot.promises["made"] == 2  # acknowledgement and update: the notice promised nothing and kept nothing
        assert snapshot.promises.get("late", 0) + snapshot.promises.get("broken", 0) == 0


async def test_both_notices_wait_for_a_mail_provider_that_is_away(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await h.until(MONDAY + HOUR)
        h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.RETRY, "http_503") if at < MONDAY + 2 * HOUR else None
        await _replace_address(h, case)
        await h.until(MONDAY + 20 * HOUR)
        assert [message.outgoing.address for message in h.post.sent] == ["ada@example.com", "ada@example.com", "new@example.com"]


async def test_an_old_mailbox_that_is_gone_makes_nobody_unreachable(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await h.open(start_of(), CONTACT.model_copy(update={"phone": None}))
        await h.until(MONDAY + HOUR)
        h.post.fail = _bad("ada@example.com")
        await _replace_address(h, case, phone=None)
        await h.until(MONDAY + 25 * HOUR)
        assert [message.outgoing.address for message in h.post.sent] == ["ada@example.com", "new@example.com", "new@example.com"]
        assert [fact.detail["kind"] for fact in await case.facts("message_refused")] == ["address_changed"]
        assert not any("unreachable" in alert.alert_id or "reach" in alert.title for alert, _ in h.alerts.told)


async def test_a_lead_who_mends_a_wrong_address_tells_no_stranger(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await h.until(MONDAY + HOUR)
        await _replace_address(h, case, LEAD)
        await h.until(MONDAY + 25 * HOUR)
        assert [message.kind for message in h.post.sent] == ["acknowledgement", "update"]


async def test_another_channel_and_its_quiet_hours(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        evening = MONDAY + 12 * HOUR + timedelta(minutes=30)  # Monday 22:30 in Berlin
        await h.until(evening)
        case = await _open(h)
        await _prefer(case, channels=[Channel.SMS])
        # Promised on e-mail for Tuesday 22:30; the channel is now SMS, which may not send then: at the next opening, and that is late.
        await h.until(evening + 26 * HOUR)
        assert h.post.kinds() == ["acknowledgement"]
        opening = datetime(2035, 3, 7, 7, 0, tzinfo=UTC)  # Wednesday 08:00 in Berlin
        await h.until(opening + timedelta(seconds=5))
        update = h.post.sent[-1]
        assert (update.kind, update.outgoing.channel, update.outgoing.address) == ("update", "sms", "+49305550001")
        assert punctual(update.at, opening)
        # What is promised from now on is a time at which SMS may go.
        promise = (await case.snapshot()).promise
        assert promise is not None
        due = datetime.fromisoformat(str(promise["due_at"]))
        assert 7 <= due.hour < 20
        await h.until(due + timedelta(seconds=5))
        assert punctual(h.post.sent[-1].at, due)
        await case.sums()


async def test_quiet_hours_of_the_customer_bind_email_on_wish(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await _prefer(case, quiet_from="09:00", quiet_until="17:30", quiet_email=True)
        await h.until(MONDAY + 32 * HOUR)
        # Promised for Tuesday 10:00, which has become quiet: the first moment after it.
        opening = datetime(2035, 3, 6, 16, 30, tzinfo=UTC)
        assert punctual(h.post.sent[-1].at, opening)
        promise = (await case.snapshot()).promise
        assert promise is not None
        assert str(promise["due_at"]).startswith("2035-03-07T16:30")
        assert "Wednesday, 7 March 2035, 17:30" in h.post.sent[-1].outgoing.text


async def test_the_customers_cadence_is_narrowed_and_holds_from_the_next_word_on(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await _prefer(case, cadence=Span.parse("48h"))
        await h.until(MONDAY + 8 * DAY)
        gaps = [later.at - earlier.at for earlier, later in zip(h.post.sent, h.post.sent[1:], strict=False)]
        assert [round(gap / HOUR) for gap in gaps[:3]] == [24, 48, 48]  # what was promised before stays promised
        await _prefer(case, cadence=Span.parse("1h"))  # narrower than the policy allows: its shortest, 24 h
        sent = len(h.post.sent)
        await h.after(hours=100)
        gaps = [later.at - earlier.at for earlier, later in zip(h.post.sent[sent:], h.post.sent[sent + 1 :], strict=False)]
        assert {round(gap / HOUR) for gap in gaps} == {24}
        tally = await case.sums()
        assert (tally["kept"], tally["open"]) == (tally["made"] - 1, 1)


async def test_opting_out_of_updates_withdraws_the_promise_and_keeps_what_is_mandatory(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        await _prefer(case, opted_out=[MessageClass.STATUS])
        assert await case.sums() == {"made": 1, "kept": 0, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 1, "open": 0}
        h.provider.will_be("R-1-1", MONDAY + DAY, "requires_action")  # mandatory: we need something from the customer
        h.provider.will_be("R-1-1", MONDAY + 6 * DAY, "pending")  # news: a status message
        h.provider.will_be("R-1-1", MONDAY + 7 * DAY, "succeeded")
        result = await case.handle.result()
        kinds = h.post.kinds()
        assert [kind for kind in kinds if kind != "ask_reminder"] == ["acknowledgement", "ask", "resolution"]
        assert "we will ask you how we did" not in h.post.sent[-1].outgoing.text
        assert "no more updates" not in h.post.sent[-1].outgoing.text
        assert result["promises"] == {"made": 1, "kept": 0, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 1}
        assert not any("You will hear from us again by" in message.outgoing.text for message in h.post.sent[1:])


async def test_opted_out_from_the_start_and_in_again(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h, reach=_reach(opted_out=[MessageClass.STATUS, MessageClass.SURVEY]))
        await h.until(MONDAY + 3 * DAY)
        assert h.post.kinds() == ["acknowledgement"]
        assert (await case.sums())["made"] == 0
        await _prefer(case)
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "update"]  # where it stands, and when the next word comes
        assert (await case.sums())["open"] == 1


async def test_an_opt_out_while_a_message_is_on_its_way(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.fail = lambda outgoing, at: SendFailed(SendOutcome.RETRY, "http_503") if at < MONDAY + HOUR else None
        case = await _open(h)
        await _prefer(case, opted_out=[MessageClass.STATUS])
        await h.until(MONDAY + 2 * DAY)
        assert h.post.kinds() == ["acknowledgement"]  # mandatory: it still goes, without a promise of updates
        assert (await case.sums())["open"] == 0


async def test_an_address_that_refuses_is_told_to_a_person_and_what_was_not_told_follows(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.fail = _bad("ada@example.com")
        case = await h.open(start_of(), CONTACT.model_copy(update={"phone": None}))
        await h.after(seconds=2)
        assert not h.post.sent
        [(alert, _)] = h.alerts.told
        assert (alert.to, "no channel reaches the customer" in alert.title) == (["tom"], True)
        await case.act("reply", c.Reply(by=AGENT, text_ref=await _text(h, case, "t-1", "Please send us your new address.")))
        # The clocks go on: warning, breach, ladder; the person was told of the address once.
        await h.until(MONDAY + 16 * DAY)
        assert [told.level for told, _ in h.alerts.told] == [1, 1, 2, 3]
        assert (await case.snapshot()).status == "open"
        await _move(h, case)
        await h.after(seconds=2)
        # One message tells it all: received, sorry, and the reply.
        assert h.post.kinds() == ["acknowledgement"]
        [message] = [message for message in await case.messages() if message.state == "accepted"]
        assert set(message.also) == {"apology", "reply"}
        assert "Please send us your new address." in h.post.sent[0].outgoing.text
        assert h.post.sent[0].outgoing.address == "new@example.com"
        assert (await case.sums())["open"] == 1


async def test_a_reply_that_was_refused_is_not_forgotten(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        h.post.fail = _bad("ada@example.com")
        await case.act("reply", c.Reply(by=AGENT, text_ref=await _text(h, case, "t-1", "Your money left us on Monday.")))
        await h.after(hours=3)
        assert await case.sums() == {"made": 1, "kept": 0, "late": 0, "broken": 1, "superseded": 0, "withdrawn": 0, "open": 0}
        await _move(h, case)
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "reply"]
        assert "Your money left us on Monday." in h.post.sent[-1].outgoing.text


async def test_an_unknown_outcome_is_said_once_more_if_it_must_arrive(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        lost = SendFailed(SendOutcome.UNKNOWN, "timeout")
        h.post.fail = lambda outgoing, at: lost if at < MONDAY + timedelta(minutes=5) or MONDAY + DAY <= at < MONDAY + DAY + HOUR else None
        case = await _open(h)
        assert not h.post.sent
        await h.until(MONDAY + timedelta(minutes=20))
        assert h.post.kinds() == ["acknowledgement"]  # mandatory: better twice than never
        assert await case.sums() == {"made": 1, "kept": 0, "late": 0, "broken": 0, "superseded": 0, "withdrawn": 0, "open": 1}
        await h.until(MONDAY + 50 * HOUR)
        # A routine update is not sent again: counted against us, and the next word that it named is kept.
        assert h.post.kinds() == ["acknowledgement", "update"]
        assert await case.sums() == {"made": 3, "kept": 1, "late": 0, "broken": 1, "superseded": 0, "withdrawn": 0, "open": 1}
        # Twice unknown: it is not said for ever, a person is told.
        h.post.fail = lambda outgoing, at: lost
        attempts = h.post.attempts
        await case.act("resolve", c.Resolve(by=LEAD, outcome="replaced"))
        await h.after(hours=20)
        assert h.post.attempts == attempts + 4  # twice each: with a key against a second sending the provider is asked again
        assert "may not have arrived" in h.alerts.told[-1][0].title
        assert await case.sums() == {"made": 3, "kept": 1, "late": 0, "broken": 2, "superseded": 0, "withdrawn": 0, "open": 0}


async def test_a_channel_that_refuses_gives_way_to_the_next(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.fail = _bad("ada@example.com")
        case = await _open(h, reach=_reach(channels=BOTH))
        assert [message.outgoing.channel for message in h.post.sent] == ["sms"]
        assert not h.alerts.told
        assert (await case.sums())["open"] == 1


async def test_a_resolution_that_could_not_be_told_is_told_when_the_address_is_mended(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        h.post.fail = _bad("ada@example.com")
        await case.act("resolve", c.Resolve(by=LEAD, outcome="replaced"))
        await h.after(seconds=2)
        [untold] = [message for message in await case.messages() if message.kind == "resolution"]
        assert untold.state == "refused"
        assert await case.sums() == {"made": 1, "kept": 0, "late": 0, "broken": 1, "superseded": 0, "withdrawn": 0, "open": 0}
        assert "no channel reaches the customer" in h.alerts.told[-1][0].title
        await h.until(MONDAY + 2 * DAY)
        await _move(h, case)
        await h.after(seconds=2)
        assert h.post.kinds() == ["acknowledgement", "resolution"]
        await h.after(hours=30)
        assert h.post.kinds()[-1] == "feedback_request"  # counted from the moment at which it was told


async def test_an_unreachable_customer_does_not_keep_a_resolved_case_open_for_ever(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.post.fail = _bad("ada@example.com")
        case = await _open(h)
        await case.act("reply", c.Reply(by=AGENT, text_ref=await _text(h, case, "t-1", "Hello?")))
        await case.act("resolve", c.Resolve(by=LEAD, outcome="replaced"))
        result = await case.handle.result()
        assert result["outcome"] == "replaced"
        row = await h.queries.case(case.start.case_id)
        assert row is not None
        assert row.resolution is not None
        assert row.resolution.untold
        assert row.resolution.told_at is None
        assert not h.post.sent


async def test_a_survey_that_is_refused_does_not_silence_what_comes_after(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.provider.will_be("R-1-1", MONDAY, "succeeded")
        case = await _open(h)
        await h.until(MONDAY + HOUR)
        h.post.fail = _bad("ada@example.com")
        await h.until(MONDAY + 2 * DAY)
        assert (await case.snapshot()).feedback is not None
        h.provider.will_be("R-1-1", MONDAY + 2 * DAY, "failed")
        await h.until(MONDAY + 7 * DAY)
        # The reopen is tried, and since it cannot be told a person learns that the customer is not reached.
        titles = [alert.title.split(": ")[1] for alert, _ in h.alerts.told]
        assert "no channel reaches the customer; a call is needed" in titles
        h.post.fail = lambda outgoing, at: None
        await _prefer(case)
        await h.after(seconds=2)
        assert h.post.kinds()[-1] == "reopen"


def _bad(address: str) -> Any:
    def fail(outgoing: Outgoing, at: datetime) -> SendFailed | None:
        return SendFailed(SendOutcome.PERMANENT, "address_rejected") if outgoing.address == address else None

    return fail


async def _text(h: House, case: Case, text_ref: str, body: str) -> str:
    assert await h.desk.save_text(text_ref, case.start.case_id, "reply", body, AGENT, await h.now())
    return text_ref


async def test_of_two_changes_made_from_the_same_wishes_the_second_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        case = await _open(h)
        seen = (await case.snapshot()).reach
        assert seen is not None
        opted_out = seen.model_copy(update={"opted_out": [MessageClass.STATUS]})
        await case.act("preferences", c.ChangePreferences(by=CUSTOMER, reach=opted_out, before=seen))
        await h.after(seconds=2)  # the books have it
        slower = c.ChangePreferences(by=AGENT, reach=seen.model_copy(update={"locale": "de"}), before=seen)
        assert "changed meanwhile" in await case.refused("preferences", slower)
        reach = (await case.snapshot()).reach
        assert reach is not None
        assert reach.opted_out == [MessageClass.STATUS]  # not brought back by a change of the language
