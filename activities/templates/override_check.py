"""Whether a shop's texts may go out: every file is compiled, every message that uses one is written against the samples.

Owns the check: syntax and names (static_check.py), whatever fails while it is rendered, and every fact of the message contract that a
text leaves out, does not follow or prints raw. Must never let a warning stop anything. Called by worker.py (a broken folder stops its
start) and by `makegood templates check`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from activities.templates.message_contract import left_out, shows_standing, words_of_page
from activities.templates.overrides import Overrides, OverridesInvalid, Problem, Shop, read_overrides
from activities.templates.places import place_in
from activities.templates.rendering import Draft, Rendered, drafted, names_used
from activities.templates.samples import OCCASIONS, TODAY, Sample, samples_of
from activities.templates.sections import kinds_told
from activities.templates.sources import Source, TextSet, built_in
from activities.templates.static_check import line_of, nearest, static_problems
from policies.case.plans import MessageContext
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from policies.sms_segments import sms_size

_HTML_LAYOUT = "email.html.j2"
_RAW = "zz_raw_code"  # stands for every code of ours and every word of a provider: no reader may see one
_SURE = 3  # messages after which a file is no longer suspected of a fault that another one has: each look costs some ten renderings
_LONG_SMS = 3  # segments; each is billed


class Checked(NamedTuple):
    """What was found: problems stop a worker's start, warnings do not."""

    overrides: Overrides
    problems: list[Problem]
    warnings: list[str]


def load_overrides(root: Path) -> Overrides:
    """A shop's texts, ready for messages. Raises OverridesInvalid, which names file, line and what would be right."""
    checked = check_overrides(root)
    if checked.problems:
        raise OverridesInvalid(checked.problems)
    return checked.overrides


def check_overrides(root: Path) -> Checked:
    """Everything that is wrong with the folder, and what could be better."""
    overrides, problems = read_overrides(root)
    warnings: list[str] = []
    for (shop, _), texts in overrides.sets.items():
        found = list(_static(shop, texts))
        if not found:  # one that cannot be read says nothing about its words
            trial = _Trial(shop, texts)
            trial.run()
            found, more = trial.problems, trial.warnings
            warnings += more
        problems += found
    return Checked(overrides, list(dict.fromkeys(problems)), warnings)


def _static(shop: Shop, texts: TextSet) -> Iterator[Problem]:
    ours = built_in(texts.folder).sources
    broken: dict[str, Problem] = {}
    for name, source in texts.sources.items():
        if source.origin is None and not texts.overridden & set(texts.whole((name,)).names):
            continue  # ours, and made of ours
        problems = static_problems(name, texts.sources, texts.environment)
        if source.origin == str(shop):
            yield from problems
            if name not in ours and name not in _included(texts):
                yield Problem(source.file, 1, f"no message uses it; {nearest(name, sorted(ours))}")
        elif source.origin is None:  # ours, broken by what the shop put under it: a macro of words.j2 that is gone
            broken |= {
                problem.words: Problem(_cause(problem, shop, texts), 1, f"breaks our {name}: {problem.words}") for problem in problems
            }
    yield from broken.values()  # once, though many of ours may import it


def _included(texts: TextSet) -> set[str]:
    every = set(built_in(texts.folder).sources)
    return set(texts.whole(tuple(sorted(every))).names)


def _cause(problem: Problem, shop: Shop, texts: TextSet) -> Path:
    own = [source.file for name, source in texts.sources.items() if source.origin == str(shop) and f'"{name}"' in problem.words]
    return own[0] if own else next(source.file for source in texts.sources.values() if source.origin is not None)


@dataclass
class _Trial:
    """Every message that uses a text of one shop, written once or more."""

    shop: Shop
    texts: TextSet
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _told: set[tuple[Path, str]] = field(default_factory=set)
    _alone: dict[str, TextSet] = field(default_factory=dict)
    _cleared: Counter[tuple[Path, str]] = field(default_factory=Counter)  # messages in which a file has not the fault of another

    def run(self) -> None:
        for kind in CaseKind:
            for message, also in OCCASIONS:
                ordinary, *others = samples_of(kind, message, self.texts.folder, also)
                for channel in Channel:
                    self._try(_Message(ordinary, channel, probed=not also))
                    for sample in others:
                        self._try(_Message(sample, channel))

    def _try(self, message: "_Message") -> None:
        if not self._used(message):
            return
        try:
            draft = message.draft()
            rendered = draft.written(self.texts)
        except Exception as error:  # whatever a text may raise is what this looks for
            place = place_in(error, self.texts)
            file = Path(place.file) if place else self._used(message)[0].file
            self._tell(file, place.line if place else 1, f"fails in {message.name}: {error}", f"fails {type(error).__name__} {place}")
            self._leave_out(file)
            return
        self._blame(message, dict(_faults(message, draft, rendered, self.texts)))
        if message.channel is Channel.SMS:
            segments = sms_size(rendered.text).segments
            if segments > _LONG_SMS and sms_size(draft.written(built_in(self.texts.folder)).text).segments <= _LONG_SMS:
                self.warnings.append(f"{self.shop}/{self.texts.folder}: {message.name} is {segments} segments long; each is billed")

    def _leave_out(self, file: Path) -> None:
        """One that fails would hide what is wrong with the others: ours stands in for it from here on."""
        ours = built_in(self.texts.folder).sources
        sources = {name: ours.get(name, source) if source.file == file else source for name, source in self.texts.sources.items()}
        self.texts = TextSet(self.texts.folder, sources)

    def _blame(self, message: "_Message", faults: Mapping[str, str]) -> None:
        """A fault belongs to the files that have it alone, over ours; else to all that the message uses. `faults`: how each is right."""
        used = self._used(message)
        alone: dict[Path, set[str]] = {}

        def has(source: Source, name: str) -> bool:
            if len(used) > 1 and source.file not in alone:
                alone[source.file] = self._faults_with(message, source)
            return len(used) == 1 or name in alone[source.file]

        for name, right in faults.items():
            known = [source for source in used if (source.file, name) in self._told]
            guilty = []
            for source in used:
                if source not in known and not (known and self._cleared[source.file, name] >= _SURE):
                    if has(source, name):
                        guilty.append(source)
                    self._cleared[source.file, name] += 1
            for source in guilty or ([] if known else used):
                self._tell_fault(message, source, name, right)

    def _tell_fault(self, message: "_Message", source: Source, name: str, right: str) -> None:
        ours = built_in(self.texts.folder).sources.get(source.file.name)
        line = line_of(right.strip("{} "), ours.file) if ours is not None else None
        where = f", as line {line} of our {source.file.name} has it" if line else ""
        self._tell(source.file, 1, f"{name} (in {message.name}); right would be {right}{where}", name)

    def _faults_with(self, message: "_Message", source: Source) -> set[str]:
        """The faults that the message has with this one override over our texts."""
        file = source.file.name
        if file not in self._alone:
            ours = built_in(self.texts.folder).sources
            extra = {name: other for name, other in self.texts.sources.items() if name not in ours}
            self._alone[file] = TextSet(self.texts.folder, {**ours, **extra, file: source})
        texts = self._alone[file]
        try:
            draft = message.draft()
            return {name for name, _ in _faults(message, draft, draft.written(texts), texts)}
        except Exception:  # it works only together with the others
            return set()

    def _used(self, message: "_Message") -> list[Source]:
        names = self.texts.whole(names_used(message.sample.plan, message.channel)).names
        return [self.texts.sources[name] for name in names if name in self.texts.overridden]

    def _tell(self, file: Path, line: int, words: str, fault: str) -> None:
        if (file, fault) not in self._told:  # once, with its first sample: a text is part of dozens of messages
            self._told.add((file, fault))
            self.problems.append(Problem(file, line, words))


class _Message(NamedTuple):
    """`probed`: it is written again and again with other facts, to see whether its words follow them."""

    sample: Sample
    channel: Channel
    probed: bool = False

    @property
    def name(self) -> str:
        plan = self.sample.plan
        with_ = f" with {', '.join(kind.value for kind in plan.also)}" if plan.also else ""
        return f"{plan.kind.value}{with_} of a {plan.context.kind.value}, {self.channel.value}"

    def draft(self, **changes: object) -> Draft:
        """`changes`: of the context's fields."""
        sample = self.sample
        plan = sample.plan
        if changes:
            plan = plan.model_copy(update={"context": plan.context.model_copy(update=changes)})
        return drafted(
            plan,
            self.channel,
            name=sample.name,
            texts=sample.texts,
            brand=sample.brand,
            last_answered_at=sample.last_answered_at,
            asked_provider=sample.asked_provider,
            today=TODAY,
            links=sample.links,
        )


def _faults(message: _Message, draft: Draft, rendered: Rendered, texts: TextSet) -> Iterator[tuple[str, str]]:
    """What the message contract wants of this message and it does not do: the fault, and how it would be right."""
    parts = [rendered.text]
    if rendered.html is not None and _HTML_LAYOUT in texts.overridden:
        parts.append(words_of_page(rendered.html))
    for part in parts:
        yield from ((f"leaves out {fact.name}", fact.right) for fact in left_out(draft.plan, draft.channel, draft.facts, part))
    if rendered.subject == "":
        yield "leaves the subject empty", "{{ c.case_id }} in the subject"
    if any(mark in rendered.text for mark in ("{{", "{%", "¶")):
        yield "prints a mark of a template", "text between the marks"
    if message.probed:
        yield from _raw(message, texts)
        yield from _followed(message, draft, texts)


def _raw(message: _Message, texts: TextSet) -> Iterator[tuple[str, str]]:
    if _RAW in message.draft(**_with_raw_codes(message.sample.plan.context)).words(texts):
        yield "prints a code or a provider's word as it is", "a word of yours for each, as our words.j2 has them"


def _with_raw_codes(c: MessageContext) -> dict[str, object]:
    codes = {"status": _RAW, "method": _RAW, "failure": _RAW, "provider": _RAW}
    return {
        "targets": [target.model_copy(update=codes) for target in c.targets],
        "reason": _RAW,
        "who_acts": _RAW,
        "dispute_stage": _RAW,
        "ask_expiry": _RAW,
        "reopened_because": _RAW,
        "resolution": c.resolution.model_copy(update={"outcome": _RAW}) if c.resolution is not None else None,
    }


def _followed(message: _Message, draft: Draft, texts: TextSet) -> Iterator[tuple[str, str]]:
    """Facts that every language words in its own way: another fact must read differently."""
    facts, c = draft.facts, draft.plan.context
    if facts["resolved"] or message.sample.plan.kind is MessageKind.ADDRESS_CHANGED:  # its reader is told nothing of how the case stands
        return
    short = message.channel is not Channel.EMAIL
    if not short or not facts["asking"]:
        turns = [{"who_acts": who} for who in ("us", "bank", "carrier", "seller")]
        if not _all_differ(message, texts, turns):
            yield "does not say who acts next", "{{ actor() }}, imported from words.j2"
    if len(c.targets) == 1 and c.targets[0].status != "unknown" and (not short or shows_standing(facts)):
        settled = {"refund": "succeeded", "dispute": "won", "delivery": "delivered"}[c.targets[0].type]
        standings = [{"targets": [c.targets[0].model_copy(update={"status": status})]} for status in (c.targets[0].status, settled)]
        if not _all_differ(message, texts, standings):
            yield "does not say how it stands", "{{ target(t) }} {{ state(t) }}, imported from words.j2"
    if MessageKind.REOPEN in kinds_told(draft.plan):
        reasons = [{"reopened_because": code} for code in ("refund_failed", "customer_not_solved")]
        if not _all_differ(message, texts, reasons):
            yield "does not say why the case is open again", "{{ why_reopened() }}, imported from words.j2"


def _all_differ(message: _Message, texts: TextSet, changes: Sequence[Mapping[str, object]]) -> bool:
    written = {message.draft(**change).words(texts) for change in changes}
    return len(written) == len(changes)
