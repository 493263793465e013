"""Cadence: the schedule, the customer's wish, breaches, news, outages, and the hours at which a channel may write."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from policies.case.commands import ChangePreferences, CustomerReply, Extend, HoldCase, Reply, Resolve, Resume
from policies.case.start import CaseStart, Reachability
from policies.case.vocabulary import CaseKind, Channel, MessageKind, MessageOutcome
from policies.rules.v1.cadence import may_write_at
from policies.rules.v1.provider_news import watch_failed
from policies.time.spans import Span
from tests.policies.driver import CUSTOMER, DAY, HOUR, LEAD, MINUTE, MONDAY, SECOND, Answer, Life, policy, start
from tests.policies.time.moments import moment

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def by(
    *channels: Channel, zone: str = BERLIN, wish: str | None = None, quiet_email: bool = False, quiet: tuple[str, str] | None = None
) -> Reachability:
    return Reachability(
        channels=list(channels) or [Channel.EMAIL],
        zone=zone,
        cadence=Span.parse(wish) if wish else None,
        quiet_email=quiet_email,
        quiet_from=quiet[0] if quiet else None,
        quiet_until=quiet[1] if quiet else None,
    )


def hours(life: Life) -> list[float]:
    """Between one word and the next."""
    times = [posted.at for posted in life.posted]
    return [(later - earlier) / HOUR for earlier, later in pairwise(times)]


def quiet_refund(**more: object) -> CaseStart:
    """A refund without thresholds that would write in between."""
    clocks = [{**clock.model_dump(), "ladder": []} for clock in policy().clocks]
    return start(rules=policy(clocks=clocks), **more)  # type: ignore[arg-type]


# -- schedule ---------------------------------------------------------------------------------------------------------------------


def test_three_times_a_day_three_times_two_days_then_three_days() -> None:
    life = Life.of(start(CaseKind.DISPUTE))
    life.after(days=30)
    assert hours(life)[:9] == [24, 24, 24, 48, 48, 48, 72, 72, 72]


def test_five_days_daily_then_every_other_day() -> None:
    life = Life.of(start(CaseKind.DELAY))
    life.after(days=14)
    assert hours(life)[:8] == [24, 24, 24, 24, 24, 48, 48, 48]


@pytest.mark.parametrize(("wish", "expected"), [("12h", 24), ("24h", 24), ("36h", 36), ("96h", 96), ("97h", 96), ("500h", 96)])
def test_the_customers_wish_counts_within_the_bounds_of_the_policy(wish: str, expected: float) -> None:
    life = Life.of(quiet_refund(reach=by(wish=wish)))
    life.after(days=20)
    assert set(hours(life)) == {expected}


def test_a_wish_replaces_the_schedule_and_holds_from_the_next_message_on() -> None:
    life = Life.of(start(CaseKind.DISPUTE, reach=by(wish="96h")))
    life.after(days=9)
    assert hours(life) == [96, 96]
    life.do("preferences", ChangePreferences(by=CUSTOMER, reach=by(wish="24h")))
    life.after(days=5)
    assert hours(life) == [96, 96, 96, 24, 24]


def test_after_a_breach_a_day_whatever_the_wish() -> None:
    life = Life.of(start(reach=by(wish="96h")))
    life.until(moment("2026-03-16 17:00"))
    [apology] = life.moments(MessageKind.APOLOGY)
    life.after(days=3)
    assert [posted.at - apology for posted in life.posted if posted.at > apology] == [DAY, 2 * DAY, 3 * DAY]


def test_after_a_reopen_a_day_and_the_schedule_begins_anew() -> None:
    life = Life.of(start(CaseKind.DISPUTE))
    life.after(days=15)
    life.report("lost", life.now)
    life.after(days=3)
    life.report("needs_response", life.now)
    assert life.posted[-1].plan.kind is MessageKind.REOPEN
    reopened_at = life.now
    life.after(days=3)
    assert [posted.at - reopened_at for posted in life.posted if posted.at > reopened_at] == [DAY, 2 * DAY, 3 * DAY]


# -- anchors ----------------------------------------------------------------------------------------------------------------------


def test_a_slow_post_makes_no_drift() -> None:
    life = Life.of(quiet_refund(), MONDAY, *[Answer(after=timedelta(minutes=7, seconds=wait)) for wait in range(40)])
    life.after(days=30)
    assert [at - MONDAY for at in life.moments(MessageKind.UPDATE)] == [n * DAY for n in range(1, 31)]


def test_a_parked_update_makes_no_drift() -> None:
    life = Life.of(quiet_refund(), MONDAY, Answer(), Answer(MessageOutcome.PARKED, retry_in=3 * HOUR))
    life.after(days=3)
    assert [at - MONDAY for at in life.moments(MessageKind.UPDATE)] == [DAY, DAY + 3 * HOUR, 2 * DAY, 3 * DAY]


def test_news_is_told_at_once_and_the_next_word_counts_from_it() -> None:
    life = Life.of(quiet_refund())
    life.after(hours=20)
    life.report("requires_action", life.now)
    assert life.posted[-1].at == life.now
    assert life.promise_due_at() == life.now + DAY
    life.after(hours=23, minutes=59, seconds=59)
    assert len(life.posted) == 2
    life.after(seconds=1)
    assert life.posted[-1].plan.kind is MessageKind.UPDATE


@pytest.mark.parametrize("name", ["reply", "extend"])
def test_a_leads_word_re_anchors_too(name: str) -> None:
    life = Life.of(quiet_refund())
    life.after(hours=5)
    command = Reply(by=LEAD, text_ref="t-1") if name == "reply" else Extend(by=LEAD, until=MONDAY + 20 * DAY)
    life.do(name, command)
    assert life.promise_due_at() == life.now + DAY


@pytest.mark.parametrize("away", [timedelta(days=1, seconds=1), timedelta(days=1, hours=23), timedelta(days=2), timedelta(days=9, hours=5)])
def test_after_an_outage_one_word_and_the_next_is_never_in_the_past(away: timedelta) -> None:
    life = Life.of(quiet_refund())
    life.outage_until(MONDAY + away)
    assert life.kinds() == ["acknowledgement", "update"]
    assert life.promise_due_at() > life.now
    # No drift while the rhythm can be kept; after a whole missed round it begins anew.
    assert life.promise_due_at() == (MONDAY + 2 * DAY if away < 2 * DAY else life.now + DAY)
    context = life.posted[-1].plan.context
    late = away > DAY + 5 * MINUTE
    assert context.owed_update_at == (MONDAY + DAY if late else None)
    life.after(days=2)
    assert len(life.posted) in (3, 4)


def test_nothing_routine_after_the_resolution() -> None:
    life = Life.of(start())
    life.after(days=3)
    life.do("resolve", Resolve(by=LEAD, outcome="denied"))
    assert life.posted[-1].plan.next_word_at is None
    life.after(days=60)
    assert life.kinds() == ["acknowledgement", *["update"] * 3, "resolution", "feedback_request", "feedback_reminder"]
    assert life.state.closed_at is not None


def test_the_cadence_goes_on_in_a_hold() -> None:
    life = Life.of(start())
    life.after(hours=1)
    life.do("hold", HoldCase(by=LEAD, reason="warehouse"))
    life.until(MONDAY + 3 * DAY)
    assert [at - MONDAY for at in life.moments(MessageKind.UPDATE)] == [DAY, 2 * DAY, 3 * DAY]
    context = life.posted[-1].plan.context
    assert (context.who_acts, context.hold_since, context.hold_public["en"]) == (
        "seller",
        MONDAY + HOUR,
        "the warehouse is checking your return",
    )
    life.do("resume", Resume(by=LEAD))
    assert len(life.posted) == 4  # no word of its own
    assert life.promise_due_at() == MONDAY + 4 * DAY


def test_while_a_customer_waits_for_an_answer_the_next_step_is_ours() -> None:
    life = Life.of(start())
    life.after(hours=1)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-1"))
    life.until(MONDAY + DAY)
    life.do("reply", Reply(by=LEAD, text_ref="t-2"))
    life.until(MONDAY + 3 * DAY)
    before, *_, after = (posted.plan.context.who_acts for posted in life.posted if posted.kinds[0] is MessageKind.UPDATE)
    assert (before, after) == ("us", "bank"), "whatever the bank does"


def test_of_a_case_that_came_back_after_all_was_paid_the_next_step_is_ours() -> None:
    life = Life.of(start())
    life.report("succeeded")
    life.after(hours=1)
    life.do("customer_reply", CustomerReply(by=CUSTOMER, not_solved=True))
    assert (life.posted[-1].kinds[0], life.posted[-1].plan.context.who_acts) == (MessageKind.REOPEN, "us")


def test_while_nobody_can_be_asked_the_next_step_is_ours() -> None:
    life = Life.of(start())
    assert {target.status for target in life.state.targets} == {"unknown"}
    watch_failed(life.state, life.state.watch.generation, "provider_misconfigured", life.now)
    life.until(MONDAY + DAY)
    assert life.posted[-1].plan.context.who_acts == "us"


# -- send windows -----------------------------------------------------------------------------------------------------------------

QUIET = [
    ("2026-03-02 20:59:59", "2026-03-02 20:59:59"),
    ("2026-03-02 21:00:00", "2026-03-03 08:00:00"),
    ("2026-03-03 00:00:00", "2026-03-03 08:00:00"),
    ("2026-03-03 07:59:59", "2026-03-03 08:00:00"),
    ("2026-03-03 08:00:00", "2026-03-03 08:00:00"),
    ("2026-03-28 22:00:00", "2026-03-29 08:00:00"),  # the night in which clocks change
]


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, "Asia/Kolkata", "Pacific/Auckland"])
@pytest.mark.parametrize(("wanted", "allowed"), QUIET)
def test_an_sms_keeps_the_quiet_hours_of_the_recipient(zone: str, wanted: str, allowed: str) -> None:
    life = Life.of(start(reach=by(Channel.SMS, zone=zone)))
    for kind in (MessageKind.UPDATE, MessageKind.NEWS, MessageKind.APOLOGY, MessageKind.RESOLUTION, MessageKind.REPLY):
        assert may_write_at(life.state, [kind], moment(wanted, zone)) == moment(allowed, zone)
    for kind in (MessageKind.ACKNOWLEDGEMENT, MessageKind.LEGAL_NOTICE):
        assert may_write_at(life.state, [kind, MessageKind.UPDATE], moment(wanted, zone)) == moment(wanted, zone)


@pytest.mark.parametrize(("wanted", "allowed"), QUIET)
def test_an_e_mail_keeps_them_only_on_the_customers_wish(wanted: str, allowed: str) -> None:
    for wish, expected in ((False, wanted), (True, allowed)):
        life = Life.of(start(reach=by(Channel.EMAIL, quiet_email=wish)))
        assert may_write_at(life.state, [MessageKind.UPDATE], moment(wanted)) == moment(expected)


def test_the_customers_own_hours_replace_those_of_the_policy() -> None:
    life = Life.of(start(reach=by(Channel.SMS, quiet=("12:00", "14:00"))))
    assert may_write_at(life.state, [MessageKind.UPDATE], moment("2026-03-02 12:00")) == moment("2026-03-02 14:00")
    assert may_write_at(life.state, [MessageKind.UPDATE], moment("2026-03-02 23:00")) == moment("2026-03-02 23:00")


@pytest.mark.parametrize(
    ("opened_at", "first", "then"),
    [
        ("2026-03-02 20:59:59", "2026-03-03 20:59:59", "2026-03-04 20:59:59"),
        ("2026-03-02 21:00:00", "2026-03-04 08:00:00", "2026-03-05 08:00:00"),
        ("2026-03-02 23:30:00", "2026-03-04 08:00:00", "2026-03-05 08:00:00"),
        ("2026-03-02 07:00:00", "2026-03-03 08:00:00", "2026-03-04 08:00:00"),
    ],
)
def test_what_is_promised_by_sms_is_a_time_at_which_we_may_write(opened_at: str, first: str, then: str) -> None:
    life = Life.of(quiet_refund(reach=by(Channel.SMS)), moment(opened_at))
    assert life.posted[0].at == moment(opened_at)  # the acknowledgement goes at any hour
    assert life.promise_due_at() == moment(first)
    life.until(moment(then))
    assert [posted.at for posted in life.posted[1:]] == [moment(first), moment(then)]
    assert {end.value for end, _ in life.ends().values()} == {"kept"}


def test_news_in_the_night_waits_for_the_morning_and_absorbs_the_routine_update() -> None:
    life = Life.of(quiet_refund(reach=by(Channel.SMS)), moment("2026-03-02 08:00"))
    life.until(moment("2026-03-02 22:00"))
    life.report("requires_action", life.now)
    assert len(life.posted) == 1
    life.until(moment("2026-03-03 08:00"))
    [_, message] = life.posted
    assert message.at == moment("2026-03-03 08:00")
    assert {MessageKind.NEWS, MessageKind.ASK, MessageKind.UPDATE} >= set(message.kinds) >= {MessageKind.NEWS, MessageKind.ASK}
    assert life.ends() == {1: ("kept", 0)}
    life.until(moment("2026-03-04 07:59:59"))
    assert len(life.posted) == 2


def test_the_first_channel_decides() -> None:
    for channels, expected in (((Channel.EMAIL, Channel.SMS), "22:00"), ((Channel.SMS, Channel.EMAIL), "08:00")):
        life = Life.of(start(reach=by(*channels)))
        day = "2026-03-03" if expected == "08:00" else "2026-03-02"
        assert may_write_at(life.state, [MessageKind.UPDATE], moment("2026-03-02 22:00")) == moment(f"{day} {expected}")


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ("2026-03-02 08:59:59", "2026-03-02 09:00"),
        ("2026-03-02 19:59:59", "2026-03-02 19:59:59"),
        ("2026-03-02 20:00:00", "2026-03-03 09:00"),
        ("2026-03-07 20:00:00", "2026-03-08 12:00"),  # Sunday from noon
        ("2026-03-08 11:59:59", "2026-03-08 12:00"),
    ],
)
def test_a_survey_keeps_its_own_hours_on_every_channel(wanted: str, allowed: str) -> None:
    for channel in Channel:
        life = Life.of(start(reach=by(channel)))
        for kind in (MessageKind.FEEDBACK_REQUEST, MessageKind.FEEDBACK_REMINDER):
            assert may_write_at(life.state, [kind], moment(wanted)) == moment(allowed)


def test_a_survey_by_sms_keeps_both_windows() -> None:
    life = Life.of(start(reach=by(Channel.SMS, quiet=("08:00", "19:30"))))
    assert may_write_at(life.state, [MessageKind.FEEDBACK_REQUEST], moment("2026-03-02 09:00")) == moment("2026-03-02 19:30")


def test_every_word_of_half_a_year_by_sms_comes_at_a_decent_hour_and_none_is_late() -> None:
    zone = "America/St_Johns"
    life = Life.of(start(CaseKind.DISPUTE, reach=by(Channel.SMS, zone=zone)), moment("2026-02-10 23:15", zone))
    life.after(days=180)
    for posted in life.posted[1:]:
        assert 8 <= posted.at.astimezone(ZoneInfo(zone)).hour < 21
    assert {end.value for end, _ in life.ends().values()} == {"kept"}


def test_a_customer_who_writes_at_night_is_no_reason_to_write_back_at_night() -> None:
    life = Life.of(start(reach=by(Channel.SMS)), moment("2026-03-02 22:00"))
    life.do("customer_reply", CustomerReply(by=CUSTOMER, text_ref="t-1"))
    life.do("reply", Reply(by=LEAD, text_ref="t-2"))
    assert life.kinds() == ["acknowledgement"]
    life.until(moment("2026-03-03 08:00") - SECOND)
    assert life.kinds() == ["acknowledgement"]
    life.after(seconds=1)
    assert life.kinds() == ["acknowledgement", "reply"]
