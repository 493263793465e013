"""The history of a case page by page, on each engine: everything once, in order, each with what became of it."""

from datetime import timedelta

from policies.case.vocabulary import Channel, FactType, MessageKind
from store.case_pages import PAGE, CasePages
from store.delivery_events import DeliveryEvent, ReportedState, write_event
from store.engine import Store
from store.recorder import Recorder
from store.standing import DeliveryState
from tests.store.samples import CASE, entry, fact, hours, plan, promise, result

LONG = 2 * PAGE + 5


async def lived(store: Store) -> None:
    recorder = Recorder(store)
    facts = [fact(seq, FactType.LINKED if seq == 3 else FactType.NOTED, detail={"case_id": "acme-2"}) for seq in range(1, LONG + 1)]
    await recorder.commit_entry(entry(facts=facts, as_of_seq=LONG, open_promise=promise(1)))
    await recorder.commit_entry(entry("acme-2", customer_key="c2"))
    for seq in range(1, LONG, 4):
        at = hours(seq) + timedelta(minutes=1)
        words = {"template_id": "t", "template_version": "1", "locale": "en", "subject": "s", "text": "w", "html": None, "brand": "acme"}
        written = plan(f"m{seq}", kind=MessageKind.UPDATE, seq=seq, makes=1)
        begun = await recorder.begin_sending(entry(as_of_seq=0), written, words, Channel.EMAIL, at, 15.0, reuse=False)
        assert begun.delivery is not None
        delivery = begun.delivery.delivery_id
        await recorder.end_sending(f"m{seq}", delivery, DeliveryState.ACCEPTED, at, result(at=at), provider_id=f"p{seq}")
        event = DeliveryEvent(provider="mail", event_key=f"e{seq}", delivery_id=delivery, state=ReportedState.DELIVERED, at=at)
        await reported(store, event)


async def reported(store: Store, event: DeliveryEvent) -> None:
    await store.write(lambda connection: write_event(connection, event, event.at))


async def test_pages_meet_without_gap_or_repetition(store: Store) -> None:
    await lived(store)
    pages = CasePages(store)
    facts: list[int] = []
    messages: list[str] = []
    before: int | None = None
    for number in (1, 2, 3):
        page = await pages.history(CASE, before)
        facts += [one.seq for one in page.facts]
        messages += [one.message_id for one in page.messages]
        assert all(page.reports[one.deliveries[0].delivery_id][0].state is ReportedState.DELIVERED for one in page.messages)
        assert page.promises[1].due_at == hours(24)
        before = page.older
        assert (before is None) == (number == 3)
    assert facts == list(range(LONG, 0, -1))
    assert messages == [f"m{seq}" for seq in sorted(range(1, LONG, 4), reverse=True)]


async def test_facts_that_the_books_lack_stand_on_the_newest_page(store: Store) -> None:
    await lived(store)
    page = await CasePages(store).history(CASE, None, [fact(LONG, FactType.NOTED), fact(LONG + 1, FactType.ESCALATED)])
    assert [one.seq for one in page.facts][:2] == [LONG + 1, LONG]
    assert len(page.facts) == PAGE


async def test_the_head_has_links_and_the_open_promise(store: Store) -> None:
    await lived(store)
    await Recorder(store).commit_entry(entry("acme-3"))
    await Recorder(store).commit_entry(entry("acme-4", customer_key="c4"))
    head = await CasePages(store).head(CASE, "c0ffee", None, ["acme-4"])
    assert [view.case_id for view in head.linked] == ["acme-2", "acme-4"]
    assert [view.case_id for view in head.others] == ["acme-3"]
    assert head.promise is not None
    assert head.promise.number == 1
    assert [one.seq for one in await CasePages(store).since(CASE, LONG - 2)] == [LONG - 1, LONG]


async def test_a_case_that_nobody_knows_has_an_empty_page(store: Store) -> None:
    head = await CasePages(store).head("nobody", None, None, [])
    page = await CasePages(store).history("nobody")
    assert (head.others, head.facts, page.facts, page.messages, page.older) == ([], [], [], [], None)
