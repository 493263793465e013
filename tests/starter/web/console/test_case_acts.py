"""Every act on a case: by role, with its form, its letter, its second step; two people at once; nothing typed is lost."""

import asyncio
import html
import re
from typing import Any

import pytest

from policies.case.commands import Command, Snapshot
from policies.case.facts import Actor, Fact, KeyUsed
from policies.case.plans import Foreseen
from policies.case.vocabulary import CaseKind, CaseStatus, FactType, MessageKind, Role
from policies.money import Money
from starter.connection import EngineUnavailable
from starter.desk import CaseKey, PreferenceChanges, Refused, Unanswered
from starter.web.console.case.deeds import DEEDS
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.roles import ACTS
from store.call_tasks import CallTasks, NewCall, open_call
from store.case_pages import CaseHead
from store.engine import Store, StoreUnavailable
from store.people import PersonRole
from tests.starter.web.console.cases import ANA, KEY, ScriptedDesk, lived, snapshot_of_life
from tests.starter.web.console.harness import Scene, Visitor, scene_of, usual_scene
from tests.store.samples import CASE, MONDAY, fact, hours, plan

PATH = f"/console/cases/{CASE}"
OTHER = "acme-r-1002-ffffffff"
SEEN = {"seen": "12"}
# What makes each form whole; and what the desk is then asked.
FORMS: dict[str, dict[str, str]] = {
    "reply": {"text": "It left today."},
    "phone": {"text": "spoke", "reached": "yes", "promised_at": "2026-03-04T10:00"},
    "note": {"text": "bay 7"},
    "said": {"text": "it is not there", "not_solved": "yes"},
    "hold": {"reason": "under_review", "until": "2026-03-05T10:00", "why": "a look"},
    "resume": {"why": "done"},
    "escalate": {"level": "3", "why": "angry"},
    "reassign": {"owner": "ana.agent", "why": "holiday"},
    "extend": {"until": "2026-03-06T10:00", "why": "the bank"},
    "fact": {"name": "goods received", "occurred_at": "2026-03-02T10:00", "why": "scanned"},
    "replaced": {"old": "simpay|SP-9", "new": "SP-10"},
    "preferences": {"channel": "sms", "wants": "status", "cadence": "48h", "email": "ada@new.example"},
    "feedback": {"csat": "4", "comment": "fine"},
    "link": {"other": OTHER},
    "resolve": {"outcome": "goodwill", "amount_EUR": "10,50", "references": "V-1\nV-2", "why": "late"},
    "merge": {"other": OTHER, "why": "the same"},
    "withdraw": {"why": "by mistake"},
}
WISHES = {"channels": ["sms", "email"], "opted_out": ["survey"], "cadence": "48h", "email": "ada@new.example"}
ASKED: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "reply": ("reply", ("It left today.",), {}),
    "phone": ("phone_contact", (), {"text": "spoke", "reached": True, "promised_at": hours(49)}),
    "note": ("note", ("bay 7",), {}),
    "said": ("customer_reply", ("it is not there",), {"not_solved": True, "supplied": False}),
    "hold": ("hold", ("under_review",), {"until": hours(73)}),
    "resume": ("resume", (), {}),
    "escalate": ("escalate", (), {"level": 3}),
    "reassign": ("reassign", ("ana.agent",), {}),
    "extend": ("extend", (hours(97),), {}),
    "fact": ("report_fact", ("goods_received",), {"occurred_at": hours(1)}),
    "replaced": ("report_fact", ("payment_replaced",), {"old_reference": "SP-9", "new_reference": "SP-10", "provider": "simpay"}),
    "preferences": (
        "change_preferences",
        (PreferenceChanges.model_validate(WISHES),),
        {},
    ),
    "feedback": ("feedback", (), {"csat": 4, "nps": None, "comment": "fine"}),
    "link": ("link", (CaseKey(OTHER, CaseKind.REFUND),), {}),
    "resolve": (
        "resolve",
        ("goodwill",),
        {"amounts": [Money(amount_minor=1050, currency="EUR")], "references": ["V-1", "V-2"], "evidence": []},
    ),
    "merge": ("merge", (CaseKey(OTHER, CaseKind.REFUND),), {}),
    "withdraw": ("withdraw", (), {}),
}  # fmt: skip


ENDS = {deed.slug for deed in DEEDS if deed.ends}
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk(engine={KEY: snapshot_of_life()})


@pytest.fixture
async def scene(sqlite_store: Store, desk: ScriptedDesk) -> Scene:
    scene = usual_scene(sqlite_store, desk)
    scene.clock.now = hours(26)
    await lived(sqlite_store)
    return scene


async def send(visitor: Visitor, slug: str, *, follow: bool = True, **more: Any) -> Any:
    """The form, or its second step by itself: what a browser sends that was never shown it."""
    return await visitor.post(f"{PATH}/{slug}", follow=follow, **{**SEEN, "step": "do", "once": "a" * 22, **FORMS[slug], **more})


async def confirmed(visitor: Visitor, slug: str, *, follow: bool = True, **more: Any) -> Any:
    """Through the second step, where there is one."""
    if slug not in ENDS:
        return await send(visitor, slug, follow=follow, **more)
    second = await send(visitor, slug, **{**more, "step": "preview"})
    found = {name: html.unescape(value) for name, value in _HIDDEN.findall(second.text)}
    if "shown" not in found:  # the role or the case said no before
        return second
    return await send(visitor, slug, follow=follow, **{**more, "seen": found["seen"], "shown": found["shown"]})


def test_every_act_of_the_page_is_tried_here() -> None:
    assert {deed.slug for deed in DEEDS} == FORMS.keys() == ASKED.keys()


@pytest.mark.parametrize("slug", [deed.slug for deed in DEEDS])
async def test_an_act_reaches_the_desk_with_who_why_and_a_key_of_its_form(scene: Scene, desk: ScriptedDesk, slug: str) -> None:
    deed = next(deed for deed in DEEDS if deed.slug == slug)
    async with scene.signed_in() as visitor:
        assert (await visitor.get(f"{PATH}/{slug}")).status_code == 200
        answer = await confirmed(visitor, slug, follow=False)
        assert (answer.status_code, answer.headers.get("location")) == (303, PATH), answer.text
        told = await visitor.get(PATH)
        assert 'class="said"' in told.text
        assert 'class="said"' not in (await visitor.get(PATH)).text
    ((name, key, by, arguments, named),) = desk.acts
    update_id = named.pop("key")
    assert (name, arguments, named) == ASKED[slug]
    assert key == KEY
    assert by == Actor(who="lena", role=Role.LEAD, why=FORMS[slug].get("why"))
    assert update_id.startswith(f"console-{slug}-{'a' * 22}-")
    (row,) = await scene.audit(deed.act.value)
    assert (row.person, row.role, row.case_id) == ("lena", "lead", CASE)
    assert not any(secret in str(row.detail) for secret in ("ada@new", "It left", "bay 7", "spoke"))


@pytest.mark.parametrize("role", list(PersonRole))
async def test_who_may_do_what(scene: Scene, desk: ScriptedDesk, role: PersonRole) -> None:
    may = {deed.slug for deed in DEEDS if deed.act in ACTS[role]}
    async with scene.signed_in(role) as visitor:
        page = (await visitor.get(PATH)).text
        for deed in DEEDS:
            shown = f'href="{PATH}/{deed.slug}"' in page
            assert shown == (deed.slug in may and deed.impossible(CaseSeen(KEY, None, snapshot_of_life(), True, CaseHead(), [])) is None), (
                deed.slug
            )
            asked = await visitor.get(f"{PATH}/{deed.slug}")
            sent = await confirmed(visitor, deed.slug, follow=False)
            assert ((asked.status_code, sent.status_code) == (200, 303)) == (deed.slug in may), (deed.slug, sent.text)
            if deed.slug not in may:
                assert (asked.status_code, sent.status_code) == (403, 403)
    assert len(desk.acts) == len(may)


async def test_a_form_of_another_session_is_refused_and_nothing_typed_is_lost(scene: Scene, desk: ScriptedDesk) -> None:
    async with scene.signed_in() as visitor:
        answer = await send(visitor, "reply", csrf_token="made-up")
        assert (answer.status_code, "It left today." in answer.text) == (403, True)
        elsewhere = await visitor.http.post(f"{PATH}/reply", data={**FORMS["reply"]}, headers={"sec-fetch-site": "cross-site"})
        assert elsewhere.status_code == 403
    assert desk.acts == []


@pytest.mark.parametrize("slug", [deed.slug for deed in DEEDS if deed.ends])
async def test_what_cannot_be_taken_back_is_shown_first_exactly_as_it_will_be(scene: Scene, desk: ScriptedDesk, slug: str) -> None:
    context = plan().context.model_copy(update={"locale": "en"})
    desk.foreseen = Foreseen(plan=plan(kind=MessageKind.UPDATE, context=context), at=hours(26))
    async with scene.signed_in() as visitor:
        second = await send(visitor, slug, step="preview")
        assert (second.status_code, desk.acts) == (200, [])
        assert "This cannot be taken back." in second.text
        assert "E-mail to a***@example.com, at once" in second.text
        assert "Hello A*** B***," in second.text
        for value in FORMS[slug].values():
            for line in value.splitlines():
                assert line in second.text, line
        if slug == "merge":
            assert "Ends: refund O-1001" in second.text
            assert "Goes on: refund O-1002" in second.text
        changed = await send(visitor, slug, step="edit")
        assert f'action="{PATH}/{slug}"' in changed.text
        assert FORMS[slug]["why"] in changed.text
        assert desk.acts == []
        assert (await confirmed(visitor, slug, follow=False)).status_code == 303
    assert [act[0] for act in desk.acts] == [ASKED[slug][0]]
    assert desk.asked[0][1].by.why == FORMS[slug]["why"]


@pytest.mark.parametrize("slug", sorted(ENDS))
async def test_nothing_that_cannot_be_taken_back_is_done_that_was_not_shown_so(scene: Scene, desk: ScriptedDesk, slug: str) -> None:
    async with scene.signed_in() as visitor, scene.signed_in(name="mona") as other:
        await visitor.get(PATH)
        unseen = await send(visitor, slug)
        assert (unseen.status_code, "This cannot be taken back." in unseen.text, desk.acts) == (200, True, [])
        shown = html.unescape(dict(_HIDDEN.findall(unseen.text))["shown"])
        for changed in ({"why": "another reason"}, {"seen": "11"}, {"once": "b" * 22}, {"shown": shown[:-3]}):
            form: dict[str, Any] = {"shown": shown, **changed}
            again = await send(visitor, slug, **form)
            assert (again.status_code, "This cannot be taken back." in again.text) == (200, True), changed
        await other.get(PATH)
        assert "This cannot be taken back." in (await send(other, slug, shown=shown)).text
        assert desk.acts == []
        assert (await send(visitor, slug, shown=shown, follow=False)).status_code == 303
    assert len(desk.acts) == 1


async def test_a_reply_is_read_in_the_customers_language_before_it_is_sent(scene: Scene, desk: ScriptedDesk) -> None:
    desk.foreseen = Foreseen(plan=plan(kind=MessageKind.REPLY, next_word_at=hours(50)), at=hours(26))
    async with scene.signed_in() as visitor:
        page = await send(visitor, "reply", step="preview", text="Ihr Paket <b>ist</b> unterwegs.")
    assert (page.status_code, desk.acts) == (200, [])
    assert "Guten Tag, A*** B***." in page.text
    assert 'lang="de"' in page.text
    assert "Ihr Paket &lt;b&gt;ist&lt;/b&gt; unterwegs." in page.text
    assert 'name="text" value="Ihr Paket' in page.text


async def test_a_refusal_foreseen_or_met_stands_at_its_field_in_the_cases_words(scene: Scene, desk: ScriptedDesk) -> None:
    async with scene.signed_in() as visitor:
        desk.foreseen = Foreseen(refusal="amounts: goodwill over 100.00 EUR needs an admin")
        foreseen = await send(visitor, "resolve", step="preview")
        assert foreseen.status_code == 409
        assert 'id="amount_EUR-error"' in foreseen.text
        assert "needs an admin" in foreseen.text
        assert 'value="10,50"' in foreseen.text
        desk.says_no = Refused("the case is on hold already (warehouse, since 2026-03-02T14:00:00+00:00, by ana)")
        met = await send(visitor, "hold")
        assert (met.status_code, "The case says no: the case is on hold already (warehouse" in met.text) == (409, True)
        assert 'value="a look"' in met.text
        desk.says_no = Refused("until 2026-03-05T10:00:00+00:00 has passed; right would be a moment after it")
        passed = await send(visitor, "hold")
        assert (passed.status_code, 'id="until-error"' in passed.text) == (422, True)
    assert desk.acts == []
    assert [row.detail.get("outcome") for row in await scene.audit("hold")] == [None, "refused", None, "refused"]


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (EngineUnavailable("127.0.0.1:7233", "away"), 503, "do not answer now"),
        (Unanswered("reply: no worker answered"), 504, "it may still be carried out"),
    ],
)
async def test_while_the_engine_is_away_what_was_typed_is_kept(
    scene: Scene, desk: ScriptedDesk, failure: Exception, status: int, words: str
) -> None:
    async with scene.signed_in() as visitor:
        desk.says_no = failure
        answer = await send(visitor, "reply")
        assert answer.status_code == status
        assert words in answer.text
        assert "It left today.</textarea>" in answer.text
        assert 'name="once" value="aaaaaaaaaaaaaaaaaaaaaa"' in answer.text  # sent again it is the same act
    assert [row.detail.get("outcome") for row in await scene.audit("reply")] == [None, "unknown"]


class SilentDesk(ScriptedDesk):
    """An engine that takes what it is told and never answers; `looks`: it still answers a question."""

    looks = True

    async def snapshot(self, case: CaseKey) -> Snapshot:
        return await super().snapshot(case) if self.looks else await never()

    async def newest_facts(self, case: CaseKey) -> list[Fact]:
        return await super().newest_facts(case) if self.looks else await never()

    async def foresee(self, case: CaseKey, name: str, command: Command) -> Foreseen:
        return await super().foresee(case, name, command) if self.looks else await never()

    def __getattr__(self, name: str) -> Any:
        async def act(*_: Any, **__: Any) -> Any:
            self.acts.append((name, KEY, ANA, (), {}))
            return await never()

        return act


async def never() -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("looks", [True, False])
@pytest.mark.parametrize("slug", ["reply", "resolve", "merge"])
async def test_an_engine_that_never_answers_ends_one_wait_for_all_and_the_page_itself_says_what_is_not_known(
    sqlite_store: Store, slug: str, looks: bool
) -> None:
    desk = SilentDesk(engine={KEY: snapshot_of_life()})
    desk.looks = looks
    scene = scene_of(sqlite_store, desk, limits={"answer_within_s": 0.2})
    await lived(sqlite_store)
    async with scene.signed_in() as visitor:
        answer = await confirmed(visitor, slug)
        assert (answer.status_code, "it may still be carried out" in answer.text) == (504, True)
        assert FORMS[slug].get("text", FORMS[slug].get("why", "")) in answer.text
        assert 'name="once" value="aaaaaaaaaaaaaaaaaaaaaa"' in answer.text
    assert [one[0] for one in desk.acts] == [ASKED[slug][0]]
    begun, ended = await scene.audit(slug)
    assert (begun.detail.get("outcome") != "unknown", ended.detail) == (True, {"outcome": "unknown"})


@pytest.mark.parametrize(
    ("slug", "wrong", "field"),
    [
        ("reply", {"text": "  "}, "text"),
        ("hold", {"reason": ""}, "reason"),
        ("hold", {"until": "tomorrow"}, "until"),
        ("hold", {"until": "0001-01-01T00:00+14:00"}, "until"),
        ("hold", {"why": ""}, "why"),
        ("extend", {"until": ""}, "until"),
        ("reassign", {"owner": "bea@example.com"}, "owner"),
        ("resolve", {"amount_EUR": "10.505"}, "amount_EUR"),
        ("resolve", {"amount_EUR": "-1"}, "amount_EUR"),
        ("resolve", {"amount_EUR": "NaN"}, "amount_EUR"),
        ("resolve", {"why": ""}, "why"),
        ("withdraw", {"why": ""}, "why"),
        ("merge", {"other": CASE}, "other"),
        ("link", {"other": "nobody-knows-it"}, "other"),
        ("feedback", {"csat": "6"}, "csat"),
        ("preferences", {"email": "no-address"}, "email"),
        ("preferences", {"phone": "12"}, "phone"),
        ("preferences", {"quiet_from": "21:00"}, "quiet_until"),
        ("replaced", {"new": ""}, "new"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_before_anything_is_done(
    scene: Scene, desk: ScriptedDesk, slug: str, wrong: dict[str, Any], field: str
) -> None:
    async with scene.signed_in() as visitor:
        answer = await send(visitor, slug, **wrong)
    assert (answer.status_code, f'id="{field}-error"' in answer.text, desk.acts) == (422, True, []), answer.text
    assert f'<a href="#{field}">' in answer.text


async def test_one_form_sent_twice_is_one_act_other_words_are_another(scene: Scene, desk: ScriptedDesk) -> None:
    async with scene.signed_in() as visitor:
        for text in ("It left today.", "It left today.", "It left yesterday."):
            await send(visitor, "reply", text=text)
    keys = [act[4]["key"] for act in desk.acts]
    assert keys[0] == keys[1] != keys[2]


async def test_two_at_once_the_second_is_told_and_asked_again(scene: Scene, desk: ScriptedDesk) -> None:
    """Lena opened the form at fact 12; ana acted since."""
    async with scene.signed_in() as visitor:
        page = await visitor.get(f"{PATH}/extend")
        assert 'name="seen" value="12"' in page.text
        desk.engine = {KEY: snapshot_of_life(counts={"facts": 13}, status="on_hold", hold={"reason": "under_review"})}
        desk.facts = [fact(13, FactType.HELD, by=ANA, learned_at=hours(26), occurred_at=hours(26), detail={"reason": "under_review"})]
        scene.clock.now = hours(26 + 20 / 3600)
        told = await send(visitor, "extend")
        assert (told.status_code, desk.acts) == (409, [])
        assert "ana put it on hold: under review, 20 seconds ago" in told.text
        assert "(the warehouse has it)" in told.text
        assert 'value="2026-03-06T10:00"' in told.text
        assert 'name="seen" value="13"' in told.text
        assert "Give the later date all the same" in told.text
        assert (await send(visitor, "extend", seen="13", follow=False)).status_code == 303
    assert len(desk.acts) == 1


@pytest.mark.parametrize("slug", ["extend", "merge"])
async def test_somebody_who_slips_in_between_the_look_and_the_act_is_told_of_too(scene: Scene, desk: ScriptedDesk, slug: str) -> None:
    """The page was looked at, nobody had acted; the case itself refuses, since ana was faster by a moment."""
    desk.slips_in = [fact(13, FactType.HELD, by=ANA, learned_at=hours(26), occurred_at=hours(26), detail={"reason": "under_review"})]
    async with scene.signed_in() as visitor:
        told = await confirmed(visitor, slug)
        assert (told.status_code, desk.acts) == (409, [])
        assert "ana put it on hold: under review" in told.text
        assert 'name="seen" value="13"' in told.text
        assert "all the same" in told.text
        assert (await confirmed(visitor, slug, seen="13", follow=False)).status_code == 303
    assert [act[0] for act in desk.acts] == [ASKED[slug][0]]
    assert [row.detail.get("outcome") for row in await scene.audit(slug)] == [None, "refused", None][::-1]


async def test_what_the_case_does_by_itself_between_the_look_and_the_act_stops_nobody(scene: Scene, desk: ScriptedDesk) -> None:
    desk.slips_in = [fact(seq, FactType.MESSAGE_ACCEPTED, detail={"kind": "update"}) for seq in (13, 14)]
    async with scene.signed_in() as visitor:
        assert (await send(visitor, "note", follow=False)).status_code == 303
        # A case that is never still for a moment is no reason to act on what was not looked at.
        desk.slips_in = [fact(seq, FactType.MESSAGE_ACCEPTED, detail={"kind": "update"}) for seq in range(15, 25)]
        restless = await send(visitor, "note")
        assert (restless.status_code, "the case has moved on" in restless.text) == (409, True)
    assert len(desk.acts) == 1


async def test_what_happened_before_the_books_last_entry_is_found_too(scene: Scene, desk: ScriptedDesk) -> None:
    async with scene.signed_in() as visitor:
        told = await send(visitor, "note", seen="5")  # notes and a customer's words since; they stand in the books
        assert told.status_code == 409
        assert "ana ended the hold (under review)" in told.text
        assert "The customer wrote, 15 hours ago" in told.text
        unknown = await send(visitor, "note", seen="")
        assert unknown.status_code == 409
    assert desk.acts == []


async def test_ones_own_acts_and_what_the_case_does_by_itself_do_not_stop_a_form(scene: Scene, desk: ScriptedDesk) -> None:
    me = Actor(who="lena", role=Role.LEAD)
    desk.engine = {KEY: snapshot_of_life(counts={"facts": 15})}
    provider = Actor(who="simpay", role=Role.PROVIDER)
    desk.facts = [
        fact(13, FactType.NOTED, by=me, detail={}),
        fact(14, FactType.MESSAGE_ACCEPTED, detail={"kind": "update"}),
        fact(15, FactType.PROVIDER_STATUS, by=provider, detail={"reference": "SP-9", "status": "succeeded"}),
    ]
    async with scene.signed_in() as visitor:
        assert (await send(visitor, "note", follow=False)).status_code == 303
        # Who is about to end the case is told of the provider's news, too.
        told = await send(visitor, "resolve")
        assert (told.status_code, "simpay reports SP-9: succeeded" in told.text) == (409, True)
        assert "What the customer is told" in told.text
        assert (await confirmed(visitor, "resolve", seen="15", follow=False)).status_code == 303
    assert [act[0] for act in desk.acts] == ["note", "resolve"]


async def test_what_an_api_key_did_in_ones_own_name_is_not_ones_own_act(scene: Scene, desk: ScriptedDesk) -> None:
    said_to_be_me = Actor(who="lena", role=Role.LEAD, api_key=KeyUsed(id="mg_0123456789ab", name="shop-backend"))
    desk.engine = {KEY: snapshot_of_life(counts={"facts": 13})}
    desk.facts = [fact(13, FactType.HELD, by=said_to_be_me, detail={"reason": "under_review"})]
    async with scene.signed_in() as visitor:
        told = await send(visitor, "note")
    assert (told.status_code, desk.acts) == (409, [])
    assert "lena, by API key shop-backend (mg_0123456789ab), put it on hold: under review" in told.text


async def test_a_merge_sent_twice_is_no_refusal(scene: Scene, desk: ScriptedDesk) -> None:
    merged = {"outcome": "merged", "references": [OTHER], "by": {"who": "lena", "role": "lead"}, "decided_at": MONDAY.isoformat()}
    desk.engine = {KEY: snapshot_of_life(status=CaseStatus.RESOLVED, resolution=merged)}
    desk.says_no = Refused(f"{CASE} is resolved; link the cases instead")
    async with scene.signed_in() as visitor:
        assert (await confirmed(visitor, "merge", follow=False)).status_code == 303
        desk.engine = {KEY: snapshot_of_life(status=CaseStatus.RESOLVED, resolution={**merged, "outcome": "refunded"})}
        assert (await confirmed(visitor, "merge", follow=False)).status_code == 409


async def test_without_a_worker_that_foresees_the_second_step_says_so(scene: Scene, desk: ScriptedDesk) -> None:
    desk.foreseen = Unanswered("no worker")
    async with scene.signed_in() as visitor:
        second = await send(visitor, "resolve", step="preview")
    assert (second.status_code, "so the letter cannot be shown" in second.text, "10.50 EUR" in second.text) == (200, True, True)


async def test_a_call_of_the_case_is_made_from_its_page(scene: Scene, desk: ScriptedDesk) -> None:
    task = NewCall(
        task_id="call-m9", case_id=CASE, contact_ref="contact-ada", role="owner", reason="unreachable",
        script="Good day, Ada Brook. Your refund ...", locale="en", due_at=hours(25),
    )  # fmt: skip
    await scene.store.write(lambda connection: open_call(connection, task, hours(24)))
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        page = await visitor.get(PATH)
        assert f'href="{PATH}/calls/call-m9"' in page.text
        sheet = await visitor.get(f"{PATH}/calls/call-m9")
        assert "+44 *** 117" in sheet.text
        assert "Good day, A*** B***. Your refund" in sheet.text
        assert "+447700900117" not in sheet.text
        shown = await visitor.post(f"{PATH}/calls/call-m9/number")
        assert "+447700900117" in shown.text
        wrong = await visitor.post(f"{PATH}/calls/call-m9", result="", text="kept words")
        assert (wrong.status_code, "kept words" in wrong.text) == (422, True)
        done = await visitor.post(
            f"{PATH}/calls/call-m9", follow=False, result="reached", text="all is well", promised_at="2026-03-04T10:00"
        )
        assert (done.status_code, done.headers["location"]) == (303, PATH)
        assert "The call was ended as reached by lena" in (await visitor.get(f"{PATH}/calls/call-m9")).text
        again = await visitor.post(f"{PATH}/calls/call-m9", result="reached")
        assert again.status_code == 409
    ((name, _, by, _, named),) = desk.acts
    assert (name, by.who, named["task_id"], named["promised_at"], named["text"]) == (
        "phone_contact",
        "lena",
        "call-m9",
        hours(49),
        "all is well",
    )
    assert (await CallTasks(scene.store).found("call-m9")).result == "reached"
    (row,) = await scene.audit("unmask")
    assert row.detail == {"what": "phone", "why": "call_task"}


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (StoreUnavailable("the books do not answer"), 503, "do not answer now"),
        (Unanswered("phone_contact: no worker answered"), 504, "it may still be carried out"),
    ],
)
async def test_what_was_typed_about_a_call_is_kept_while_engine_or_books_are_away(
    scene: Scene, desk: ScriptedDesk, failure: Exception, status: int, words: str
) -> None:
    task = NewCall(task_id="call-m9", case_id=CASE, contact_ref="contact-ada", role="owner", reason="unreachable",
                   script="Good day", locale="en", due_at=hours(25))  # fmt: skip
    await scene.store.write(lambda connection: open_call(connection, task, hours(24)))
    async with scene.signed_in(PersonRole.AGENT) as visitor:
        await visitor.get(f"{PATH}/calls/call-m9")
        desk.says_no = failure
        answer = await visitor.post(f"{PATH}/calls/call-m9", result="reached", text="she will wait until Friday")
        assert (answer.status_code, words in answer.text, "she will wait until Friday</textarea>" in answer.text) == (status, True, True)


async def test_what_is_no_code_reaches_the_case_and_not_the_audit_log(scene: Scene, desk: ScriptedDesk) -> None:
    desk.says_no = Refused('reason "x" is no hold reason of the policy; right would be one of photo')
    async with scene.signed_in() as visitor:
        answer = await send(visitor, "hold", reason="Ada Brook\nis late " * 20)
    assert (answer.status_code, 'id="reason-error"' in answer.text) == (422, True)
    assert all("Ada" not in str(row.detail) for row in await scene.audit())


async def test_a_merge_offers_the_customers_open_cases(scene: Scene, desk: ScriptedDesk) -> None:
    async with scene.signed_in() as visitor:
        assert f"<code>{OTHER}</code> refund O-1002, open" in (await visitor.get(f"{PATH}/merge")).text
        desk.engine = {KEY: snapshot_of_life(links=[])}
        assert f"<code>{OTHER}</code> refund O-1002, open" in (await visitor.get(f"{PATH}/link")).text


@pytest.mark.parametrize("slug", ["hold", "resolve", "reassign"])
async def test_an_address_in_the_reason_is_refused_at_the_form_before_anything_is_asked(
    scene: Scene, desk: ScriptedDesk, slug: str
) -> None:
    async with scene.signed_in() as visitor:
        answer = await send(visitor, slug, why="call kim@example.org")
    assert (answer.status_code, desk.acts, desk.asked) == (422, [], [])
    assert "It holds an e-mail address" in answer.text


async def test_a_case_is_given_to_people_who_may_act_and_see_it(scene: Scene, desk: ScriptedDesk) -> None:
    await scene.person("vera", PersonRole.VIEWER)
    await scene.person("otto", PersonRole.AGENT, merchants=["other"])
    await scene.person("bea", PersonRole.AGENT)
    async with scene.signed_in() as visitor:
        form = await visitor.get(f"{PATH}/reassign")
        assert "Known: ana.agent, bea, lena." in form.text
        for nobody in ("nobody.there", "vera", "otto"):
            refused = await send(visitor, "reassign", owner=nobody, once=f"{nobody:0<22}".replace(".", "_"))
            assert (refused.status_code, desk.acts) == (422, []), nobody
            assert "This is nobody who would be told" in refused.text
            assert f'value="{nobody}"' in refused.text
        assert (await send(visitor, "reassign", owner="bea", follow=False)).status_code == 303


async def test_a_language_is_one_of_a_list(scene: Scene, desk: ScriptedDesk) -> None:
    async with scene.signed_in() as visitor:
        form = await visitor.get(f"{PATH}/preferences")
        assert '<option value="de">German</option>' in form.text
        refused = await send(visitor, "preferences", locale="xx")
        assert (refused.status_code, desk.acts) == (422, [])
        assert "Choose one of the list: there are texts in these languages." in refused.text


async def test_after_a_conflict_nothing_is_offered_that_the_case_no_longer_takes(scene: Scene, desk: ScriptedDesk) -> None:
    held = {"reason": "warehouse", "since": hours(25).isoformat(), "public": True}
    bea = Actor(who="bea", role=Role.AGENT, why="waiting")
    desk.facts = [fact(13, FactType.HELD, by=bea, detail={"reason": "warehouse"})]
    desk.engine[KEY] = snapshot_of_life(status="on_hold", hold=held, counts={"facts": 13})
    async with scene.signed_in() as visitor:
        await visitor.get(f"{PATH}/resume")
        answer = await send(visitor, "hold")
    assert (answer.status_code, desk.acts) == (409, [])
    assert "This cannot be done any more. The case is on hold already: warehouse." in answer.text
    assert "send it once more" not in answer.text
    assert "all the same" not in answer.text
    assert 'value="a look"' in answer.text  # what was typed is there
