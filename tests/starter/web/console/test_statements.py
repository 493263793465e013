"""Every page costs the same number of statements with ten times as many rows behind it: people, keys, letters, cases, facts, messages.

The queue, its live part, the search and one customer's cases are counted in test_queue.py, over more cases.
"""

from collections.abc import Sequence
from datetime import timedelta

from policies.case.vocabulary import Channel, FactType, MessageKind
from policies.links import PATH, LinkPurpose
from starter.passwords import Passwords
from starter.web.console.case.deeds import DEEDS
from starter.web.console.face import console_faces
from starter.web.parts import Face, WebParts
from starter.web.portal.face import portal_faces
from store.api_keys import ApiKeys, NewKey, Scope
from store.engine import Store
from store.outbox import Outbox, Post
from store.parks import ParkBooks, park
from store.people import PersonRole
from store.recorder import Recorder
from store.suppressions import SuppressionBooks, SuppressionReason
from tests.starter.web.console.cases import KEY, ScriptedDesk, lived, sent, snapshot_of_life
from tests.starter.web.console.harness import CHEAP, Scene, Visitor, scene_of
from tests.store.rows import link_id_of
from tests.store.samples import CASE, MONDAY, entry, fact, hours
from tests.store.test_queue import counted, to_call

CASE_PAGE, ADMIN = f"/console/cases/{CASE}", "/console/admin"
FEW, MANY = 3, 30


def _both_faces(parts: WebParts) -> Sequence[Face]:
    return [*portal_faces(parts), *console_faces(parts, Passwords(CHEAP))]


async def _fill(scene: Scene, first: int, upto: int) -> None:
    """Of everything that a page lists."""
    store, recorder = scene.store, Recorder(scene.store)
    for number in range(first, upto):
        await scene.person(f"person-{number}", PersonRole.AGENT)
        await ApiKeys(store).create(NewKey(name=f"key-{number}", scopes=[Scope.OPEN]), "tests", MONDAY)
        await Outbox(store).put(
            Post(delivery_id=f"d{number}", channel="sms", address=f"+4930{number:06}", text="Hello", case_id=CASE), MONDAY
        )
        await SuppressionBooks(store).suppress(Channel.EMAIL, f"a{number}@example.com", SuppressionReason.SPAM, MONDAY, "test")
        await store.write(lambda c, by=f"mailer-{number}": park(c, Channel.EMAIL, by, "mailer_401", MONDAY, timedelta(hours=1)))  # type: ignore[misc]
        await recorder.commit_entry(entry(f"acme-n-{number}", order=f"O-{number}", policy_id="retail.refund"))
        await sent(store, f"n{number}", MessageKind.UPDATE, 100 + number, hours(1 + number / 10), "It is on its way.")
        await to_call(store, CASE, task_id=f"call-{number}")
    facts = [fact(seq, FactType.NOTED, detail={"text_ref": "t-note"}) for seq in range(12 + first, 12 + upto)]
    await recorder.commit_entry(entry(facts=facts, as_of_seq=11 + upto, order="O-1001", contact_ref="contact-ada", owner="ana"))


async def _costs(scene: Scene, visitor: Visitor, pages: dict[str, str]) -> dict[str, int]:
    numbers = {}
    for name, path in pages.items():
        with counted() as statements:
            answer = await visitor.get(path, follow=False)
        assert answer.status_code == 200, (name, answer.status_code)
        numbers[name] = len(statements)
    return numbers


async def test_ten_times_as_many_rows_cost_no_page_another_statement(sqlite_store: Store) -> None:
    store, desk = sqlite_store, ScriptedDesk(engine={KEY: snapshot_of_life(counts={"facts": 0})})
    scene = scene_of(store, desk, _both_faces)
    scene.clock.now = hours(26)
    await lived(store)
    link_id = await store.read(lambda connection: link_id_of(connection, "contact-ada"))
    assert link_id is not None
    await _fill(scene, 0, FEW)
    (key, *_), (parked, *_) = await ApiKeys(store).all(), await ParkBooks(store).standing()
    pages = {
        "insight": "/console/insight?from=2026-01-01&until=2026-12-31",
        "insight by template": "/console/insight?from=2026-01-01&until=2026-12-31&by=template",
        "outbox": "/console/outbox",
        "letter": "/console/outbox/1",
        "audit": f"{ADMIN}/audit",
        "people": f"{ADMIN}/people",
        "person": f"{ADMIN}/people/person-1",
        "keys": f"{ADMIN}/keys",
        "key": f"{ADMIN}/keys/{key.key_id}",
        "suppressions": f"{ADMIN}/suppressions",
        "park": f"/console/queue/parks/{parked.alert_id}",
        "case": CASE_PAGE,
        "contact": f"{CASE_PAGE}/contact",
        "call": f"{CASE_PAGE}/calls/call-1",
        **{deed.slug: f"{CASE_PAGE}/{deed.slug}" for deed in DEEDS},
        "customer: link": PATH[LinkPurpose.STATUS] + scene.parts.links.sign(LinkPurpose.STATUS, link_id),
        **{f"customer: {name}": f"/case{name}" for name in ("", "/reply", "/feedback", "/not-solved", "/settings")},
        "customer: as JSON": "/case.json",
    }
    async with scene.signed_in(PersonRole.ADMIN) as visitor:
        await visitor.get(pages.pop("customer: link"), follow=False)
        await visitor.get("/console/account")  # the first look of a session notes that it is in use
        few = await _costs(scene, visitor, pages)
        await _fill(scene, FEW, MANY)
        many = await _costs(scene, visitor, pages)
        page = await visitor.get("/console/outbox")
    assert page.text.count("/console/outbox/") >= MANY, "the rows are really there"
    assert many == few
    assert max(many.values()) <= 25, many  # the page of a case: with its calls, links, the others of its customer, and the session
