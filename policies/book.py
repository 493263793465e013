"""The policy book's form: what a policy is, which one rules a case, and the snapshot that travels with it.

Owns the schema of books/*.toml, first-match choice and the checksum. Must never read a file (starter/policy_books.py does) or
a holiday library (closed days come in from the edge). Called by the desk at the start of a case; the rules read the snapshot.
"""

import hashlib
import json
import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from policies.alert_digest import AlertDigest
from policies.case.vocabulary import CaseKind, Channel
from policies.contract import Code, Contract
from policies.money import check_currency
from policies.time.business_calendar import BusinessCalendar
from policies.time.send_window import SendWindow
from policies.time.spans import Span, SpanUnit

_THRESHOLD = re.compile(r"^(?:(?P<percent>[1-9][0-9]{0,2})%|(?P<before>-)(?P<before_span>\S+)|\+(?P<after_span>\S+))$")


class Threshold(Contract):
    """One rung of a clock's ladder.

    `at`: "75%" of the target, "-24h" before the due moment, "+1bd" after it. "100%" is the breach. `to` is a role; `apology` tells
    the customer (the breach apology with a new date).
    """

    at: str
    level: int = Field(ge=0, le=9)
    to: Code
    apology: bool = False

    @field_validator("at")
    @classmethod
    def _readable(cls, value: str) -> str:
        match = _THRESHOLD.match(value)
        if not match or (match["percent"] and int(match["percent"]) > 100):
            raise ValueError(f'"{value}": right would be "75%", "100%", "-24h" (before) or "+1bd" (after)')
        for group in ("before_span", "after_span"):
            if match[group]:
                span = Span.parse(match[group])
                if group == "before_span" and not span.is_elapsed and span.unit is not SpanUnit.CALENDAR_DAYS:
                    raise ValueError(f'"{value}": before a date count s, m, h or cd, for example "-24h" or "-7cd"')
        return value

    @property
    def percent(self) -> int | None:
        return int(self.at[:-1]) if self.at.endswith("%") else None

    @property
    def before(self) -> Span | None:
        return Span.parse(self.at[1:]) if self.at.startswith("-") else None

    @property
    def after(self) -> Span | None:
        return Span.parse(self.at[1:]) if self.at.startswith("+") else None


class ClockPolicy(Contract):
    """A clock: from a named fact to a named fact, within a span or until a date that a fact carries."""

    id: Code
    starts: Code  # opened, reopened, goods_received, customer_replied, feedback_low, dispute_created ...
    span: Span | None = None
    due_from: Literal["dispute_due_by", "delay_promised", "delay_revised"] | None = None
    ends: list[Code] = Field(default_factory=lambda: ["resolved"], min_length=1)
    binds: Literal["merchant", "carrier", "issuer", "psp"] = "merchant"
    basis: Literal["internal", "statutory", "network", "provider"] = "internal"
    pausable: bool = True
    promised: bool = False  # its date may be told to the customer as the date of resolution
    restarts: bool = False  # a reopen starts it anew
    public: dict[str, str] = Field(default_factory=dict)  # locale -> why this date, in the customer's words
    citation: str | None = None
    source: str | None = None
    verified_on: date | None = None
    ladder: list[Threshold] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.span is None) == (self.due_from is None):
            raise ValueError(f"clock {self.id}: give either span or due_from")
        if self.basis != "internal" and self.pausable:
            raise ValueError(f"clock {self.id}: a {self.basis} clock never stops; right would be pausable = false")
        if self.basis == "statutory" and not self.citation:
            raise ValueError(f"clock {self.id}: a statutory clock needs a citation")
        if self.promised and "en" not in self.public:
            raise ValueError(f"clock {self.id}: a promised clock needs its reason in public words (public.en)")
        return self


class CadenceStep(Contract):
    every: Span
    times: int | None = Field(default=None, ge=1)


class Cadence(Contract):
    """When the next word is due after the last one."""

    steps: list[CadenceStep] = Field(min_length=1)
    after_breach: Span
    shortest: Span  # the customer's preference is narrowed to [shortest, longest]
    longest: Span
    grace: Span = Span.parse("5m")

    @model_validator(mode="after")
    def _elapsed_and_open_ended(self) -> Self:
        for span in (*(step.every for step in self.steps), self.after_breach, self.shortest, self.longest, self.grace):
            if not span.is_elapsed:
                raise ValueError(f'cadence: "{span}" must be elapsed time (s, m or h)')
            if span is not self.grace and not span.amount:
                raise ValueError(f'cadence: "{span}" would be a next word without end; right would be more than nothing')
        if self.steps[-1].times is not None:
            raise ValueError("cadence: the last step goes on without end; leave out its times")
        return self


class WatchStep(Contract):
    every: Span
    until: Span | None = None  # age of the watch at which the next step begins


class Watch(Contract):
    """How often the provider is asked: dense where a settlement is likely, sparse otherwise."""

    steps: list[WatchStep] = Field(min_length=1)
    tail_every: Span
    unreachable_after: Span

    @model_validator(mode="after")
    def _elapsed(self) -> Self:
        untils = [step.until for step in self.steps if step.until is not None]
        for span in (*(step.every for step in self.steps), *untils, self.tail_every, self.unreachable_after):
            if not span.is_elapsed:
                raise ValueError(f'watch: "{span}" must be elapsed time (s, m or h)')
        return self


class HoldReason(Contract):
    """Why a case waits, for whom, and in which public words. A reason that waits on the customer asks, reminds and expires."""

    code: Code
    waits_on: Literal["customer", "provider", "carrier", "merchant", "review"]
    public: dict[str, str]
    needs: dict[str, str] = Field(default_factory=dict)  # locale -> what the customer is asked for
    reminders: list[Span] = Field(default_factory=list)
    expires: Span | None = None
    on_expiry: Literal["escalate", "resolve"] = "escalate"
    expiry_outcome: Code | None = None
    max_hold: Span | None = None  # the hold ends by itself and a person is told

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if "en" not in self.public:
            raise ValueError(f"hold reason {self.code}: public.en is missing")
        if self.waits_on == "customer" and ("en" not in self.needs or self.expires is None):
            raise ValueError(f"hold reason {self.code}: one that waits on the customer needs needs.en and expires")
        if self.on_expiry == "resolve" and not self.expiry_outcome:
            raise ValueError(f"hold reason {self.code}: on_expiry = resolve needs expiry_outcome")
        return self


class Outcome(Contract):
    """A resolution code that may end a case of this kind."""

    code: Code
    public: dict[str, str]
    rests_on_provider: bool = False  # a failure in the tail reopens the case
    needs_amount: bool = False
    limited: bool = False  # what a lead may pay with it is bounded by the policy's goodwill_limits; more needs an admin
    feedback: bool = True

    @model_validator(mode="after")
    def _english(self) -> Self:
        if "en" not in self.public:
            raise ValueError(f"outcome {self.code}: public.en is missing")
        return self


class Feedback(Contract):
    ask_after: Span
    wait_for_money: bool = False
    remind_after: Span
    expires_after: Span
    window: SendWindow
    retry_while_other_case_open: Span
    low_csat: int = Field(default=2, ge=1, le=5)
    low_nps: int = Field(default=6, ge=0, le=10)


class Match(Contract):
    """Which cases a policy rules; what is left out matches all."""

    segment: str | None = None
    merchant: str | None = None
    brand: str | None = None
    country: str | None = None
    tag: str | None = None
    currency: str | None = None
    amount_at_least_minor: int | None = None

    @model_validator(mode="after")
    def _amount_has_currency(self) -> Self:
        if self.amount_at_least_minor is not None and self.currency is None:
            raise ValueError("match.amount_at_least_minor needs match.currency")
        return self


class Policy(Contract):
    """The rules of one kind of case for those it matches."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,59}$")]
    kind: CaseKind
    match: Match = Field(default_factory=Match)
    calendar: BusinessCalendar
    holidays: str | None = None  # ISO 3166 country, optionally with subdivision: DE or DE-BE; closed days are taken at the edge
    cadence: Cadence
    channels: list[Channel] = Field(default_factory=lambda: [Channel.EMAIL, Channel.SMS])
    voice: Literal["machine", "person"] = "machine"  # who speaks a message on the channel voice
    call_within: Span = Span.parse("4bh")  # by when a person makes a call that is asked for: half a working day
    quiet_from: str = "21:00"
    quiet_until: str = "08:00"
    clocks: list[ClockPolicy] = Field(min_length=1)
    new_date_after_breach: Span
    watch: Watch
    hold_reasons: list[HoldReason]
    requires_action_reason: Code | None = None  # the hold that a provider's requires_action begins
    outcomes: list[Outcome] = Field(min_length=1)
    settled_outcome: dict[str, Code]  # settled provider status -> outcome
    money_shows: Span
    ask_money_arrived: bool = False  # the customer is asked then; not where the survey waits for that date anyway
    tail: Span
    tail_watch: bool = True
    feedback: Feedback
    parked_retries: list[Span] = Field(min_length=1)
    # Channel -> how long a mandatory message may stay without a word of its arrival before it is said again on the customer's next
    # channel, while the provider reports on others (a report is no duty of any network: silence alone proves nothing).
    delivery_patience: dict[Channel, Span] = Field(default_factory=dict)
    alert_digest: AlertDigest | None = None  # a digest instead of a storm of alerts to one role; without it each is told at once
    show_seconds: bool = False  # the demo's days are seconds long
    goodwill_limits: dict[str, int] = Field(default_factory=dict)  # currency -> minor units, for the outcomes that are limited

    @field_validator("goodwill_limits")
    @classmethod
    def _limits_of_currencies(cls, value: dict[str, int]) -> dict[str, int]:
        for currency, limit in value.items():
            check_currency(currency)
            if limit < 0:
                raise ValueError(f"{currency}: a limit is 0 or more minor units, for example EUR = 10000")
        return value

    @model_validator(mode="after")
    def _references_resolve(self) -> Self:
        codes = {outcome.code for outcome in self.outcomes}
        reasons = {reason.code for reason in self.hold_reasons}
        for status, code in self.settled_outcome.items():
            if code not in codes:
                raise ValueError(f"policy {self.id}: settled_outcome.{status} names {code}, which is not among its outcomes")
        for reason in self.hold_reasons:
            if reason.expiry_outcome and reason.expiry_outcome not in codes:
                raise ValueError(f"policy {self.id}: hold reason {reason.code} expires to {reason.expiry_outcome}, no outcome of it")
        if self.requires_action_reason and self.requires_action_reason not in reasons:
            raise ValueError(f"policy {self.id}: requires_action_reason {self.requires_action_reason} is no hold reason of it")
        ids = [clock.id for clock in self.clocks]
        if len(set(ids)) != len(ids):
            raise ValueError(f"policy {self.id}: a clock id stands there twice")
        if not any(clock.promised for clock in self.clocks):
            raise ValueError(f"policy {self.id}: no clock is promised = true, so the customer could be told no date")
        if self.tail.unit in (SpanUnit.BUSINESS_DAYS, SpanUnit.BUSINESS_HOURS):
            raise ValueError(f"policy {self.id}: the tail is elapsed or calendar time")
        if self.goodwill_limits and not any(outcome.limited for outcome in self.outcomes):
            raise ValueError(f"policy {self.id}: goodwill_limits bind no outcome; right would be limited = true on those a lead pays with")
        if not all(span.is_elapsed for span in self.parked_retries):
            raise ValueError(f"policy {self.id}: parked_retries are elapsed time (s, m or h)")
        if not all(span.is_elapsed for span in self.delivery_patience.values()):
            raise ValueError(f"policy {self.id}: delivery_patience is elapsed time (s, m or h)")
        SendWindow.outside_quiet_hours(self.quiet_from, self.quiet_until)  # what is no time of day would be met in the middle of a case
        return self

    def clock(self, clock_id: str) -> ClockPolicy | None:
        return next((clock for clock in self.clocks if clock.id == clock_id), None)

    def outcome(self, code: str) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if outcome.code == code), None)

    def hold_reason(self, code: str) -> HoldReason | None:
        return next((reason for reason in self.hold_reasons if reason.code == code), None)


class PolicyBook(Contract):
    """A file of policies; the first whose kind and match fit rules the case."""

    book: Code
    version: str
    rules: int = Field(ge=1)
    policies: list[Policy] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_once(self) -> Self:
        ids = [policy.id for policy in self.policies]
        if len(set(ids)) != len(ids):
            raise ValueError("policies: an id stands there twice")
        return self


# Lists whose entries have a name: a policy adds its own to the defaults, one of the same name replaces the default.
_NAMED = {"clocks": "id", "hold_reasons": "code", "outcomes": "code"}
# Tables of settings: what a policy's table leaves out comes from the default's. Other tables (match, settled_outcome) are one value.
_SETTINGS = ("calendar", "cadence", "watch", "feedback", "alert_digest")


def with_defaults(raw: dict[str, Any]) -> dict[str, Any]:
    """A book as read from TOML, with its [defaults] filled into every policy; [defaults.refund] and so on are for one kind only.

    What a policy says itself wins, then its kind's defaults, then the general ones. `raw` is not changed; what is no table or list
    where one belongs is left as it is, for the validation to refuse.
    """
    defaults, policies = raw.get("defaults"), raw.get("policies")
    if not isinstance(defaults, dict) or not isinstance(policies, list):
        return raw
    kinds = {kind.value: defaults[kind.value] for kind in CaseKind if isinstance(defaults.get(kind.value), dict)}
    general = {name: value for name, value in defaults.items() if name not in kinds}
    filled = []
    for policy in policies:
        if isinstance(policy, dict):
            kind = policy.get("kind")
            filled.append(_filled(_filled(policy, kinds.get(kind, {}) if isinstance(kind, str) else {}), general))
        else:
            filled.append(policy)
    return {name: value for name, value in raw.items() if name != "defaults"} | {"policies": filled}


def _filled(policy: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    filled = dict(policy)
    for name, value in defaults.items():
        own = filled.get(name)
        if name not in filled:
            filled[name] = value
        elif name in _NAMED and isinstance(own, list) and isinstance(value, list):
            taken = {entry.get(_NAMED[name]) for entry in own if isinstance(entry, dict)}
            filled[name] = [*own, *(entry for entry in value if not isinstance(entry, dict) or entry.get(_NAMED[name]) not in taken)]
        elif name in _SETTINGS and isinstance(own, dict) and isinstance(value, dict):
            filled[name] = {**value, **own}
    return filled


class PolicySnapshot(Contract):
    """The policy that rules one case, as it was at its start; replay reads nothing else."""

    book: str
    version: str
    checksum: str
    rules: int
    policy: Policy


class CaseTraits(Contract):
    """What the choice of a policy looks at."""

    kind: CaseKind
    segment: str | None = None
    merchant: str
    brand: str | None = None
    country: str | None = None
    tags: list[str] = Field(default_factory=list)
    amounts_minor: dict[str, int] = Field(default_factory=dict)  # currency -> total


def mismatches(policy: Policy, traits: CaseTraits) -> list[str]:
    """Why this policy does not rule such a case; empty when it does."""
    reasons = []
    if policy.kind is not traits.kind:
        reasons.append(f"kind is {traits.kind}, not {policy.kind}")
    match = policy.match
    for name in ("segment", "merchant", "brand", "country"):
        wanted, given = getattr(match, name), getattr(traits, name)
        if wanted is not None and wanted != given:
            reasons.append(f"{name} is {given or 'not given'}, not {wanted}")
    if match.tag is not None and match.tag not in traits.tags:
        reasons.append(f"tag {match.tag} is missing")
    if match.currency is not None:
        amount = traits.amounts_minor.get(match.currency)
        if amount is None:
            reasons.append(f"no amount in {match.currency}")
        elif match.amount_at_least_minor is not None and amount < match.amount_at_least_minor:
            reasons.append(f"amount is {amount} {match.currency} minor units, below {match.amount_at_least_minor}")
    return reasons


def choose(book: PolicyBook, traits: CaseTraits) -> Policy | None:
    """The first policy of the book that rules such a case."""
    return next((policy for policy in book.policies if not mismatches(policy, traits)), None)


def snapshot(book: PolicyBook, policy: Policy, closed_days: tuple[date, ...]) -> PolicySnapshot:
    """Freeze a policy with its closed days. The checksum is SHA-256 over its canonical JSON."""
    calendar = policy.calendar.model_copy(update={"closed_days": tuple(sorted({*policy.calendar.closed_days, *closed_days}))})
    frozen = policy.model_copy(update={"calendar": calendar})
    canonical = json.dumps(frozen.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    checksum = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    return PolicySnapshot(book=book.book, version=book.version, checksum=checksum, rules=book.rules, policy=frozen)
