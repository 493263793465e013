"""/console/cases/{case_id}/{act}: the form of an act, how its letter will read, and the act itself.

Owns the order: what was typed, what others did meanwhile, the letter or the second step, then the desk. Must never lose what was typed, and
never do on GET. Included by case_pages.py.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from policies.book import Policy
from policies.case.contact_words import contact_in
from policies.case.facts import Fact
from policies.case.vocabulary import OWN_FACTS, Channel
from starter.desk import DeskError, EngineUnavailable, MovedOn, Refused, Unanswered
from starter.owners import owners_of
from starter.web.command_key import command_key, digest_of
from starter.web.console.case.deeds import DEEDS, Deed
from starter.web.console.case.fields import currencies_of
from starter.web.console.case.gathering import CaseSeen, seen
from starter.web.console.case.language_choice import language_choices
from starter.web.console.case.letters import Letters, Preview
from starter.web.console.case.meanwhile import Happened, meanwhile
from starter.web.console.case.parts import parts_of
from starter.web.console.case.reaching import KEEP, USUAL
from starter.web.console.case.said_of_facts import plainly
from starter.web.console.case.wishes import Asked, Wish
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.span_words import span_words
from starter.web.console.visit import SignedIn, Visit
from starter.web.deadline import in_time
from starter.web.looking import LOOK_S, PATIENT_S
from starter.web.parts import Away
from starter.web.portal.public_words import PublicWords
from store.case_pages import CasePages
from store.engine import StoreRefused, StoreUnavailable

SAID_PREFIX = "case_"
# A refusal names its field in the words of a command; the form has its own names.
_FIELDS = {
    "by.why": "why",
    "amounts": "amount",
    "amounts.amount_minor": "amount",
    "amounts.currency": "amount",
    "old_reference": "old",
    "new_reference": "new",
    "case_id": "other",
    "into": "other",
    "channels": "channel",
    "reach.channels": "channel",
    "nps": "nps",
    "the": "form",
}
_SHOWN_FIELDS = frozenset(
    {"why", "amount", "old", "new", "other", "channel", "until", "reason", "outcome", "references", "evidence"}
    | {"owner", "level", "name", "occurred_at", "promised_at", "csat", "nps"}
)
_NAMED = re.compile(r"([a-z][a-z_.]*)[ :]")
_AWAY = "The engine or the books do not answer now. What you typed is still here: send it again in a moment; sent twice, it is one act."
_UNSURE = (
    "No worker answered in time: it may still be carried out. What you typed is still here. Look at the case before you send it again."
)
_APART = "a note or a reply may hold it"
_WHY = "Say why in a few words: it stands on the timeline."

# A case does a few things by itself in the seconds after an act, none of them twice in the milliseconds between a look and an act.
_LOOKS = 4

Operation = Callable[..., Awaitable[Response]]


class _Outrun(Refused):
    """Somebody acted between the look and the act; nothing was done."""

    def __init__(self, case: CaseSeen, happened: list[Happened]) -> None:
        super().__init__("somebody else acted meanwhile")
        self.case = case
        self.happened = happened


class ActPages:
    """`policy_of`: a case's policy as the books have it; None: none of that name is in force."""

    def __init__(self, console: Console, policy_of: Callable[[str | None], Policy | None], words: PublicWords) -> None:
        self._console = console
        self._policy_of = policy_of
        self._words = words
        self._letters = Letters(console.parts)

    def include(self, router: APIRouter, path: str) -> None:
        for deed in DEEDS:
            ask, do = self._operations(deed)
            router.get(f"{path}/{{case_id}}/{deed.slug}")(needs(deed.act)(ask))
            router.post(f"{path}/{{case_id}}/{deed.slug}")(needs(deed.act)(do))

    def _operations(self, deed: Deed) -> tuple[Operation, Operation]:
        async def ask(visit: SignedIn, case_id: str) -> Response:
            case = await seen(self._console, visit, case_id, LOOK_S)
            return await self._form(visit, deed, case, version=case.version)

        async def do(visit: SignedIn, case_id: str) -> Response:
            return await self._taken(visit, deed, case_id)

        return ask, do

    async def _taken(self, visit: Visit, deed: Deed, case_id: str) -> Response:
        console, form = self._console, visit.form
        case = await seen(console, visit, case_id, PATIENT_S)
        version = _version(form.get("seen"))
        step = form.get("step")
        if step == "edit":
            return await self._form(visit, deed, case, version=version)
        why = form.text("why", most=500, needed=_WHY if deed.why == "needed" else None) if deed.why != "none" else None
        if why is not None and (contact := contact_in(why)) is not None:  # the desk refuses it, too; here before the second step
            form.refuse(
                "why", f"It holds {contact}, and stands in the engine's history for good. Right would be words without it; {_APART}."
            )
        wish = await deed.read(Asked(console, visit, case, self._policy_of(case.policy_id)))
        if wish is None or form.errors:
            return await self._form(visit, deed, case, version=version, status=422)
        happened = await self._happened(visit, case, version, ends=deed.ends)
        shown = console.accepts(visit.session, form.get("shown"), f"{version} {_what(visit, deed, case, wish, why)}")
        if (deed.ends and not (step == "do" and shown)) or step == "preview":
            return await self._asked_again(visit, deed, case, wish, why, happened, status=409 if happened else 200)
        if happened:
            return await self._outrun(visit, deed, case, wish, why, happened)
        try:
            refused = await self._done(visit, deed, case, wish, why, version)
        except _Outrun as outrun:
            return await self._outrun(visit, deed, outrun.case, wish, why, outrun.happened)
        if refused is None:
            return console.back(f"/console/cases/{case.case_id}", SAID_PREFIX + deed.slug)
        return await self._form(visit, deed, case, version=version, status=refused)

    async def _outrun(self, visit: Visit, deed: Deed, case: CaseSeen, wish: Wish, why: str | None, happened: list[Happened]) -> Response:
        """Somebody else was faster: what he did, and the same question again; of an ending with the letter as it would be now."""
        if not deed.ends:
            return await self._form(visit, deed, case, version=case.version, happened=happened, status=409)
        return await self._asked_again(visit, deed, case, wish, why, happened, status=409)

    async def _asked_again(
        self, visit: Visit, deed: Deed, case: CaseSeen, wish: Wish, why: str | None, happened: list[Happened], *, status: int
    ) -> Response:
        preview = await self._preview(visit, case, wish, why)
        if preview.refusal is not None:
            self._refused(visit.form, preview.refusal, case)
            return await self._form(visit, deed, case, version=case.version, happened=happened, status=409)
        proof = self._console.token(visit.session, f"{case.version} {_what(visit, deed, case, wish, why)}")
        return self._second(visit, deed, case, wish, preview, proof, version=case.version, happened=happened, status=status)

    async def _done(self, visit: Visit, deed: Deed, case: CaseSeen, wish: Wish, why: str | None, version: int) -> int | None:
        """None: the desk took it; else the status with which the form is shown again, which tells why. Raises _Outrun."""
        form = visit.form
        try:
            async with self._console.audited(visit, deed.act, case.case_id, **wish.noted):
                await self._given(visit, deed, case, wish, why, version)
        except _Outrun:
            raise
        except Refused as refused:
            return self._refused(form, refused.reason, case)
        except StoreRefused as refused:
            form.refuse("form", str(refused))
            return 409
        except Unanswered:
            form.refuse("form", _UNSURE)
            return 504
        except (Away, EngineUnavailable, StoreUnavailable, DeskError):
            form.refuse("form", _AWAY)
            return 503
        return None

    async def _given(self, visit: Visit, deed: Deed, case: CaseSeen, wish: Wish, why: str | None, version: int) -> None:
        """To the case as it was looked at: the case itself refuses what was decided on an older one. Raises _Outrun, and what the desk
        raises. What the case did by itself in that instant (a message was taken) is no reason to ask a person again.
        """
        key = command_key("console", deed.slug, visit.form.once, why, *wish.content)
        for look in range(1, _LOOKS + 1):
            try:
                async with in_time():
                    await wish.do(self._console.parts.backends.desk().as_of(case.key, case.version), case.key, visit.actor(why), key)
                return
            except MovedOn as moved:
                case = await seen(self._console, visit, case.case_id, PATIENT_S)
                happened = await self._happened(visit, case, version, ends=deed.ends)
                if happened:
                    raise _Outrun(case, happened) from None
                if look == _LOOKS or not case.live:
                    raise Refused(moved.reason) from None

    def _refused(self, form: Any, reason: str, case: CaseSeen) -> int:
        """The case's own words, at the field that they are about."""
        match = _NAMED.match(reason)
        name = _FIELDS.get(match[1], match[1]) if match is not None else "form"
        if name not in _SHOWN_FIELDS:
            form.refuse("form", f"The case says no: {reason}.")
            return 409
        if name == "amount":
            name = f"amount_{next(iter(currencies_of(case)), 'EUR')}"
        form.refuse(name, f"{reason}.")
        return 422

    async def _preview(self, visit: Visit, case: CaseSeen, wish: Wish, why: str | None) -> Preview:
        if wish.command is None:
            return Preview()
        name, command = wish.command
        return await self._letters.preview(case, name, command(visit.actor(why)), wish.texts, self._console.now())

    async def _happened(self, visit: Visit, case: CaseSeen, version: int, *, ends: bool) -> list[Happened]:
        if case.version <= version:
            return []
        known: dict[int, Fact] = {fact.seq: fact for fact in case.fresh}
        for fact in await CasePages(self._console.parts.backends.store()).since(case.case_id, version):
            known[fact.seq] = fact
        facts = [known[seq] for seq in sorted(known)]
        return meanwhile(facts, version, visit.person.name, self._console.now(), ends=ends)

    # -- pages ------------------------------------------------------------------------------------------------------------------------

    async def _form(
        self,
        visit: Visit,
        deed: Deed,
        case: CaseSeen,
        *,
        version: int,
        happened: list[Happened] | None = None,
        status: int = 200,
    ) -> Response:
        impossible = deed.impossible(case) if not visit.form.values else None
        return self._console.show(
            "case_act",
            visit,
            status=status,
            deed=deed,
            case=case,
            version=version,
            happened=happened or [],
            impossible=impossible,
            undone=deed.impossible(case) if happened else None,  # what was typed stays, but cannot be done as the case stands now
            plain=plainly,
            **await self._choices(deed, case),
        )

    def _second(
        self,
        visit: Visit,
        deed: Deed,
        case: CaseSeen,
        wish: Wish,
        preview: Preview,
        proof: str,
        *,
        version: int,
        happened: list[Happened],
        status: int,
    ) -> Response:
        kept = [(name, value) for name, values in visit.form.values.items() if name not in _OWN for value in values]
        return self._console.show(
            "case_second",
            visit,
            status=status,
            deed=deed,
            case=case,
            wish=wish,
            preview=preview,
            proof=proof,
            kept=kept,
            version=version,
            happened=happened,
            plain=plainly,
        )

    async def _choices(self, deed: Deed, case: CaseSeen) -> dict[str, Any]:
        """What the form offers, by the policy and by the case."""
        policy = self._policy_of(case.policy_id)
        shown: dict[str, Any] = {"policy": policy, "currencies": currencies_of(case)}
        if deed.slug == "hold" and policy is not None:
            shown["reasons"] = [
                ("", "Choose a reason"),
                *((one.code, f"{plainly(one.code)}: {one.public['en']}") for one in policy.hold_reasons),
            ]
            shown["details"] = policy.hold_reasons
            shown["span"] = span_words
        if deed.slug == "resolve" and policy is not None:
            shown["outcomes"] = [
                ("", "Choose an outcome"),
                *((one.code, f"{plainly(one.code)}: “{one.public['en']}”") for one in policy.outcomes),
            ]
        if deed.slug == "escalate":
            rungs = sorted({(rung.level, rung.to) for clock in policy.clocks for rung in clock.ladder}) if policy is not None else []
            above = [(level, to) for level, to in rungs if level > case.snapshot.escalation]
            shown["levels"] = [("", "The next level"), *((str(level), f"Level {level}: {plainly(to)}") for level, to in above)]
        if deed.slug == "reassign":
            parts = self._console.parts
            shown["names"] = await owners_of(case.snapshot.merchant, parts.backends.store(), parts.settings)
        if deed.slug == "fact":
            shown["facts"] = _fact_names(policy)
        if deed.slug == "replaced":
            live = [part for part in parts_of(case) if not part.replaced_by]
            shown["payments"] = [
                (f"{part.provider}|{part.reference}", f"{part.reference} at {part.provider}{f', {part.amount}' if part.amount else ''}")
                for part in live
            ]
        if deed.slug in ("link", "merge"):
            own = [view for view in case.head.linked if case.row is not None and view.customer_key == case.row.customer_key]
            merging = [view for view in (*case.head.others, *own) if view.closed_at is None and view.resolution is None]
            shown["candidates"] = merging if deed.slug == "merge" else case.head.others
        if deed.slug == "preferences":
            shown |= self._wishes(case, policy)
        return shown

    def _wishes(self, case: CaseSeen, policy: Policy | None) -> dict[str, Any]:
        reach = case.snapshot.reach
        allowed = list(policy.channels) if policy is not None else list(Channel)
        offered = [channel for channel in Channel if channel in allowed or (reach is not None and channel in reach.channels)]
        words = {Channel.EMAIL: "E-mail", Channel.SMS: "SMS", Channel.VOICE: "Calls"}
        wished = reach.cadence if reach is not None else None
        spans = [(str(span), f"every {span_words(span)}") for span in self._words.cadences(case.policy_id, wished)]
        return {
            "channels": [(channel.value, words[channel]) for channel in offered],
            "cadences": [(USUAL, "as the policy says"), *spans],
            "languages": language_choices(reach.locale if reach is not None else None),
            "cadence": str(wished) if wished is not None else USUAL,
            "keep": KEEP,
        }


_OWN = ("csrf_token", "once", "seen", "shown", "step")


def _fact_names(policy: Policy | None) -> list[str]:
    """What starts or ends a clock of the policy, but for what the case finds out by itself."""
    usual = {"goods_received", "evidence_submitted", "customer_supplied"}
    named = {name for clock in policy.clocks for name in (clock.starts, *clock.ends)} if policy is not None else set()
    return sorted((named | usual) - OWN_FACTS - {"opened", "resolved"})


def _what(visit: Visit, deed: Deed, case: CaseSeen, wish: Wish, why: str | None) -> str:
    """What the second step shows, as one word: only what was shown there is done without a way back."""
    return f"{deed.slug} {case.case_id} {visit.form.once} {digest_of(why, *wish.content)}"


def _version(text: str) -> int:
    """What the form knew. Of one that does not say it, nothing: then everything is shown first."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0
