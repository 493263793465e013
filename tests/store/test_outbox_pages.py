"""The outbox as people read it: newest first, page by page, of the merchants that somebody sees."""

from policies.case.vocabulary import MessageKind
from store.engine import Store
from store.outbox import ALERT, Outbox, Post
from store.outbox_pages import OutboxPages
from store.recorder import Recorder
from tests.store.samples import MONDAY, entry, hours, plan


async def _filled(store: Store) -> None:
    recorder, outbox = Recorder(store), Outbox(store)
    for case_id, merchant in (("a", "acme"), ("b", "beta")):
        await recorder.commit_entry(entry(case_id, merchant=merchant))
    await recorder.open_message(entry("a"), plan("m1", "a", kind=MessageKind.UPDATE), MONDAY)
    for number, (case_id, channel) in enumerate((("a", "email"), ("b", "sms"), ("a", "sms"), ("unknown", ALERT))):
        message_id = "m1" if number == 0 else None
        post = Post(delivery_id=f"d{number}", message_id=message_id, case_id=case_id, channel=channel, address="x", text="y" * 2000)
        await outbox.put(post, hours(number))


async def test_the_newest_first_by_case_and_channel(store: Store) -> None:
    await _filled(store)
    every = await OutboxPages(store).page()
    assert [(row.case_id, row.channel) for row in every] == [("unknown", ALERT), ("a", "sms"), ("b", "sms"), ("a", "email")]
    assert (every[-1].kind, every[0].kind, len(every[0].text)) == (MessageKind.UPDATE, None, 1600)
    first = await OutboxPages(store).page(limit=3)
    rest = await OutboxPages(store).page(before=first[-1].id)
    assert [row.id for row in (*first, *rest)] == [row.id for row in every]
    assert [row.case_id for row in await OutboxPages(store).page(channel="sms")] == ["a", "b"]
    assert [row.channel for row in await OutboxPages(store).page(case_id="a")] == ["sms", "email"]


async def test_other_merchants_posts_do_not_exist(store: Store) -> None:
    await _filled(store)
    of_beta = OutboxPages(store, ["beta"])
    (own,) = await of_beta.page()
    assert own.case_id == "b"
    letter = await of_beta.letter(own.id)
    assert letter is not None
    assert len(letter.text) == 2000
    for row in await OutboxPages(store).page():
        assert (await of_beta.letter(row.id) is None) is (row.case_id != "b")
