"""Which policy rules a case, the snapshot that travels with it, and how a bad policy is refused."""

import copy
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from policies.book import CaseTraits, Policy, PolicyBook, PolicySnapshot, choose, mismatches, snapshot, with_defaults
from policies.case.vocabulary import CaseKind
from tests.policies.driver import book, policy

WEEKDAYS = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def raw(**change: Any) -> dict[str, Any]:
    """The smallest policy that is fine, fields replaced by their path (clocks__0__starts)."""
    made: dict[str, Any] = {
        "id": "p",
        "kind": "refund",
        "calendar": {"zone": "Europe/Berlin", "windows": dict(WEEKDAYS)},
        "cadence": {"steps": [{"every": "24h"}], "after_breach": "24h", "shortest": "24h", "longest": "96h"},
        "clocks": [
            {
                "id": "promise",
                "starts": "opened",
                "span": "10bd",
                "promised": True,
                "public": {"en": "ten days"},
                "ladder": [{"at": "100%", "level": 2, "to": "lead"}],
            }
        ],
        "new_date_after_breach": "3bd",
        "watch": {"steps": [{"every": "12h"}], "tail_every": "72h", "unreachable_after": "6h"},
        "hold_reasons": [{"code": "review", "waits_on": "review", "public": {"en": "we look at it"}}],
        "outcomes": [{"code": "refunded", "public": {"en": "refunded"}, "rests_on_provider": True}],
        "settled_outcome": {"succeeded": "refunded"},
        "money_shows": "10bd",
        "tail": "720h",
        "feedback": {
            "ask_after": "24h",
            "remind_after": "72h",
            "expires_after": "168h",
            "retry_while_other_case_open": "24h",
            "window": {"open": {"mon": ["09:00-20:00"]}},
        },
        "parked_retries": ["15m"],
    }
    for path, value in change.items():
        *way, last = path.split("__")
        here: Any = made
        for part in way:
            here = here[int(part)] if part.isdigit() else here.setdefault(part, {})
        here[int(last) if last.isdigit() else last] = value
    return made


def of(*policies: dict[str, Any]) -> PolicyBook:
    return PolicyBook.model_validate({"book": "b", "version": "1", "rules": 1, "policies": list(policies)})


FULL = CaseTraits(
    kind=CaseKind.REFUND,
    segment="vip",
    merchant="Nordwind",
    brand="Nord",
    country="DE",
    tags=["gift", "late"],
    amounts_minor={"EUR": 50_000, "USD": 100},
)


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        ({}, None),
        ({"segment": "vip"}, None),
        ({"segment": "gold"}, "segment is vip, not gold"),
        ({"merchant": "Nordwind"}, None),
        ({"merchant": "Suedwind"}, "merchant is Nordwind, not Suedwind"),
        ({"brand": "Nord"}, None),
        ({"brand": "Sued"}, "brand is Nord, not Sued"),
        ({"country": "DE"}, None),
        ({"country": "AT"}, "country is DE, not AT"),
        ({"tag": "late"}, None),
        ({"tag": "fragile"}, "tag fragile is missing"),
        ({"currency": "USD"}, None),
        ({"currency": "JPY"}, "no amount in JPY"),
        ({"currency": "EUR", "amount_at_least_minor": 50_000}, None),
        ({"currency": "EUR", "amount_at_least_minor": 50_001}, "amount is 50000 EUR minor units, below 50001"),
        ({"currency": "USD", "amount_at_least_minor": 101}, "amount is 100 USD minor units, below 101"),
    ],
)
def test_each_condition_and_why_it_does_not_hold(match: dict[str, Any], reason: str | None) -> None:
    special = raw(id="special", match=match)
    found = of(special, raw(id="general"))
    chosen = choose(found, FULL)
    assert chosen is not None
    assert chosen.id == ("special" if reason is None else "general")
    assert mismatches(found.policies[0], FULL) == ([] if reason is None else [reason])


def test_what_a_case_does_not_say_matches_no_condition() -> None:
    bare = CaseTraits(kind=CaseKind.REFUND, merchant="Nordwind")
    everything = Policy.model_validate(
        raw(
            kind="delay",
            match={"segment": "vip", "brand": "Nord", "country": "DE", "tag": "gift", "currency": "EUR", "amount_at_least_minor": 0},
        )
    )
    assert mismatches(everything, bare) == [
        "kind is refund, not delay",
        "segment is not given, not vip",
        "brand is not given, not Nord",
        "country is not given, not DE",
        "tag gift is missing",
        "no amount in EUR",
    ]


def test_the_first_that_matches_rules_and_none_is_none() -> None:
    found = of(raw(id="a", kind="dispute"), raw(id="b", match={"tag": "gift"}), raw(id="c", match={"segment": "vip"}), raw(id="d"))
    assert [policy.id for policy in [choose(found, FULL)] if policy] == ["b"]
    assert choose(of(raw(kind="delay")), FULL) is None


@pytest.mark.parametrize("name", ["retail", "demo"])
@pytest.mark.parametrize("kind", list(CaseKind))
def test_the_shipped_books_rule_every_kind_and_keep_a_vip_override(name: str, kind: CaseKind) -> None:
    found = book(name)
    general = choose(found, CaseTraits(kind=kind, merchant="anyone"))
    assert general is not None
    vip = choose(found, CaseTraits(kind=kind, merchant="anyone", segment="vip"))
    assert vip is not None
    if name == "retail" and kind is CaseKind.REFUND:
        assert (vip.id, general.id) == ("retail.refund.vip", "retail.refund")


# -- the snapshot ---------------------------------------------------------------------------------------------------------------


def frozen(one: Policy, *closed: date, found: PolicyBook | None = None) -> PolicySnapshot:
    return snapshot(found or book(), one, closed)


def test_the_checksum_is_stable_and_survives_the_wire() -> None:
    one = frozen(policy())
    assert one.checksum == frozen(policy()).checksum
    assert len(one.checksum) == 16
    carried = PolicySnapshot.model_validate_json(one.model_dump_json())
    assert carried == one
    assert frozen(carried.policy).checksum == one.checksum


def test_the_checksum_follows_the_content_not_the_order_of_a_table() -> None:
    public = {"en": "ten days", "de": "zehn Tage"}
    swapped = dict(reversed(public.items()))
    one, two = (frozen(Policy.model_validate(raw(clocks__0__public=words))) for words in (public, swapped))
    assert one.policy == two.policy
    assert one.checksum == two.checksum


@pytest.mark.parametrize(
    "change",
    [
        {"tail": "721h"},
        {"clocks__0__span": "11bd"},
        {"clocks__0__public": {"en": "ten  days"}},
        {"clocks__0__ladder__0__level": 3},
        {"cadence__grace": "6m"},
        {"calendar__closed_days": ["2026-05-01"]},
        {"quiet_from": "20:00"},
        {"outcomes__0__feedback": False},
        {"channels": ["sms", "email"]},
    ],
)
def test_any_other_content_is_another_checksum(change: dict[str, Any]) -> None:
    assert frozen(Policy.model_validate(raw(**change))).checksum != frozen(Policy.model_validate(raw())).checksum


def test_closed_days_are_added_once_in_order_and_count_for_the_checksum() -> None:
    one = Policy.model_validate(raw(calendar__closed_days=["2026-12-24"]))
    may, christmas = date(2026, 5, 1), date(2026, 12, 24)
    assert frozen(one, christmas, may).policy.calendar.closed_days == (may, christmas)
    assert frozen(one, christmas, may).checksum == frozen(one, may, may).checksum != frozen(one).checksum
    assert one.calendar.closed_days == (christmas,)


def test_the_snapshot_says_where_it_comes_from() -> None:
    one = frozen(policy(), found=book("demo"))
    assert (one.book, one.version, one.rules, one.policy.id) == ("demo", book("demo").version, 1, "retail.refund")


# -- refusals -------------------------------------------------------------------------------------------------------------------

_HOLD = {"code": "photo", "waits_on": "customer", "public": {"en": "we wait"}, "needs": {"en": "a photo"}, "expires": "14cd"}
BAD = [
    ({"id": "Retail Refund"}, "id", "should match pattern"),
    ({"kind": "parcel"}, "kind", "'refund', 'dispute' or 'delay'"),
    ({"match": {"amount_at_least_minor": 5}}, "match", "match.amount_at_least_minor needs match.currency"),
    ({"calendar__zone": "Europe/Atlantis"}, "calendar.zone", "not an IANA time zone, write one such as Europe/Berlin"),
    ({"calendar__windows": {"mon": []}}, "calendar.windows", "never opens"),
    ({"calendar__windows": {"mon": ["17:00-09:00"]}}, "calendar.windows", "17:00-09:00"),
    ({"calendar__windows": {"someday": ["09:00-17:00"]}}, "calendar.windows", "'mon'"),
    ({"cadence__steps": []}, "cadence.steps", "at least 1 item"),
    ({"cadence__steps": [{"every": "1bd"}]}, "cadence", '"1bd" must be elapsed time (s, m or h)'),
    ({"cadence__grace": "1bd"}, "cadence", '"1bd" must be elapsed time (s, m or h)'),
    ({"cadence__steps": [{"every": "24h", "times": 3}]}, "cadence", "the last step goes on without end; leave out its times"),
    ({"cadence__steps": [{"every": "24h", "times": 0}, {"every": "24h"}]}, "cadence.steps.0.times", "greater than or equal to 1"),
    ({"cadence__steps": [{"every": "daily"}]}, "cadence.steps.0.every", "for example 24h or 10bd"),
    ({"channels": ["fax"]}, "channels.0", "'email', 'sms' or 'voice'"),
    ({"clocks": []}, "clocks", "at least 1 item"),
    ({"clocks__0__id": "Promise"}, "clocks.0.id", "should match pattern"),
    ({"clocks__0__span": None}, "clocks.0", "clock promise: give either span or due_from"),
    ({"clocks__0__due_from": "delay_revised"}, "clocks.0", "clock promise: give either span or due_from"),
    ({"clocks__0__basis": "network"}, "clocks.0", "clock promise: a network clock never stops; right would be pausable = false"),
    (
        {"clocks__0__basis": "statutory", "clocks__0__pausable": False},
        "clocks.0",
        "clock promise: a statutory clock needs a citation",
    ),
    ({"clocks__0__public": {"de": "x"}}, "clocks.0", "clock promise: a promised clock needs its reason in public words (public.en)"),
    ({"clocks__0__ends": []}, "clocks.0.ends", "at least 1 item"),
    ({"clocks__0__promised": False}, "", "policy p: no clock is promised = true"),
    ({"clocks": [raw()["clocks"][0]] * 2}, "", "policy p: a clock id stands there twice"),
    (
        {"clocks__0__ladder__0__at": "101%"},
        "clocks.0.ladder.0.at",
        '"101%": right would be "75%", "100%", "-24h" (before) or "+1bd" (after)',
    ),
    ({"clocks__0__ladder__0__at": "0%"}, "clocks.0.ladder.0.at", "right would be"),
    ({"clocks__0__ladder__0__at": "24h"}, "clocks.0.ladder.0.at", "right would be"),
    ({"clocks__0__ladder__0__at": "+soon"}, "clocks.0.ladder.0.at", "write a number and one of"),
    (
        {"clocks__0__ladder__0__at": "-2bd"},
        "clocks.0.ladder.0.at",
        '"-2bd": before a date count s, m, h or cd, for example "-24h" or "-7cd"',
    ),
    ({"clocks__0__ladder__0__level": 10}, "clocks.0.ladder.0.level", "less than or equal to 9"),
    ({"clocks__0__ladder__0__to": "The Lead"}, "clocks.0.ladder.0.to", "should match pattern"),
    ({"watch__steps": []}, "watch.steps", "at least 1 item"),
    ({"watch__steps": [{"every": "1bd"}]}, "watch", 'watch: "1bd" must be elapsed time (s, m or h)'),
    ({"watch__steps": [{"every": "1h", "until": "2cd"}, {"every": "2h"}]}, "watch", 'watch: "2cd" must be elapsed time (s, m or h)'),
    ({"watch__tail_every": "3cd"}, "watch", 'watch: "3cd" must be elapsed time (s, m or h)'),
    ({"watch__unreachable_after": "6bh"}, "watch", 'watch: "6bh" must be elapsed time (s, m or h)'),
    ({"quiet_from": "9 pm"}, "", "9 pm"),
    ({"quiet_from": "00:00", "quiet_until": "24:00"}, "", "never opens"),
    ({"parked_retries": ["1bh"]}, "", "policy p: parked_retries are elapsed time (s, m or h)"),
    ({"cadence__shortest": "0h"}, "cadence", '"0h" would be a next word without end'),
    ({"cadence__after_breach": "0s"}, "cadence", '"0s" would be a next word without end'),
    ({"hold_reasons": [{**_HOLD, "public": {"de": "x"}}]}, "hold_reasons.0", "hold reason photo: public.en is missing"),
    (
        {"hold_reasons": [{**_HOLD, "needs": {}}]},
        "hold_reasons.0",
        "hold reason photo: one that waits on the customer needs needs.en and expires",
    ),
    ({"hold_reasons": [{**_HOLD, "expires": None}]}, "hold_reasons.0", "needs needs.en and expires"),
    ({"hold_reasons": [{**_HOLD, "on_expiry": "resolve"}]}, "hold_reasons.0", "on_expiry = resolve needs expiry_outcome"),
    (
        {"hold_reasons": [{**_HOLD, "on_expiry": "resolve", "expiry_outcome": "denied"}]},
        "",
        "policy p: hold reason photo expires to denied, no outcome of it",
    ),
    ({"requires_action_reason": "photo"}, "", "policy p: requires_action_reason photo is no hold reason of it"),
    ({"outcomes": []}, "outcomes", "at least 1 item"),
    ({"outcomes__0__public": {"de": "x"}}, "outcomes.0", "outcome refunded: public.en is missing"),
    ({"settled_outcome": {"succeeded": "done"}}, "", "policy p: settled_outcome.succeeded names done, which is not among its outcomes"),
    ({"tail": "30bd"}, "", "policy p: the tail is elapsed or calendar time"),
    ({"feedback__low_csat": 6}, "feedback.low_csat", "less than or equal to 5"),
    ({"feedback__window": {"open": {}}}, "feedback.window.open", "never opens"),
    ({"parked_retries": []}, "parked_retries", "at least 1 item"),
]


@pytest.mark.parametrize(("change", "place", "message"), BAD)
def test_a_bad_policy_is_refused_and_the_fault_named(change: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        of(raw(**change))
    places = [".".join(str(part) for part in error["loc"]) for error in caught.value.errors()]
    assert all(found.startswith(f"policies.0.{place}".rstrip(".")) for found in places), places
    assert message in str(caught.value)


def test_two_policies_of_one_id_are_refused_and_the_smallest_is_fine() -> None:
    of(raw(), raw(id="q"))
    with pytest.raises(ValidationError, match="policies: an id stands there twice"):
        of(raw(), raw())


def test_a_misspelt_key_of_a_book_is_refused_by_name() -> None:
    """The loader reads books strictly, on every level."""
    for path in ("policies__0__tial", "policies__0__clocks__0__spann", "policies__0__feedback__ask", "bok"):
        data: dict[str, Any] = {"book": "b", "version": "1", "rules": 1, "policies": [raw()]}
        *way, last = path.split("__")
        here: Any = data
        for part in way:
            here = here[int(part)] if part.isdigit() else here[part]
        here[last] = "24h"
        with pytest.raises(ValidationError) as caught:
            PolicyBook.model_validate(data, extra="forbid")
        assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [
            (tuple(int(part) if part.isdigit() else part for part in (*way, last)), "extra_forbidden")
        ]


def test_defaults_fill_in_what_is_left_out_and_leave_the_source_alone() -> None:
    one = raw(clocks__0__id="own")
    for name in ("tail", "hold_reasons", "watch"):
        del one[name]
    one["cadence"] = {"longest": "48h"}
    general = {**raw(tail="24h"), "clocks": [{**raw()["clocks"][0], "span": "1bd"}, {**raw()["clocks"][0], "id": "own", "span": "2bd"}]}
    for name in ("id", "kind"):
        del general[name]
    data = {"book": "b", "version": "1", "rules": 1, "defaults": {**general, "refund": {"tail": "48h"}}, "policies": [one]}
    before = copy.deepcopy(data)
    made = PolicyBook.model_validate(with_defaults(data), extra="forbid").policies[0]
    assert data == before
    assert str(made.tail) == "48h"  # the kind's default before the general one
    assert (str(made.cadence.longest), str(made.cadence.shortest)) == ("48h", "24h")
    assert [(clock.id, str(clock.span)) for clock in made.clocks] == [("own", "10bd"), ("promise", "1bd")]
