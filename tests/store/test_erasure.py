"""Forgetting a person: what is personal goes, figures and the timeline stay, and nothing comes back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from policies.case.facts import Actor
from policies.case.vocabulary import CaseStatus, Channel, FactType, Role
from policies.providers.statuses import TargetType
from store.call_tasks import NewCall
from store.contacts import Contact, RoleContact
from store.desk_books import DeskBooks
from store.engine import Store
from store.erasure import RECORD, Erasure, PersonalContent
from store.inbox import Inbox, InboxEvent, InboxState
from store.outbox import ALERT, Outbox, Post
from store.queries import Queries
from store.recorder import Recorder
from store.references import CaseReference, References
from store.retention import Retention
from tests.store.samples import CASE, MONDAY, entry, fact, hours, plan, result

ADA = Contact(
    name="Ada Secret",
    email="Secret.Ada@example.org",
    phone="+4930123456",
    roles=[RoleContact(role="recipient", id="r1", name="Bob Secret", email="secret.bob@example.org")],
)
ADMIN = Actor(who="ann.admin", role=Role.ADMIN, why="asked for on 1 March")
PERSONAL = ("Secret", "secret", "30123456")
EVERYTHING = PersonalContent(contacts=2, texts=2, messages=1, posts=1, calls=1, events=1)


async def _lived(store: Store, case_id: str = CASE, closed_at: datetime | None = None) -> None:
    """A case whose customer wrote, was written to, and changed her address."""
    desk, recorder, outbox = DeskBooks(store), Recorder(store), Outbox(store)
    changes: dict[str, Any] = {"status": CaseStatus.CLOSED, "closed_at": closed_at, "next_at": None} if closed_at else {}
    ref = f"contact-{case_id}"
    await desk.save_contact(ref, case_id, "acme", ADA, MONDAY)
    await desk.save_contact(f"{ref}-2", case_id, "acme", ADA.model_copy(update={"email": "secret2@example.org"}), MONDAY)
    await recorder.open_message(entry(case_id, facts=[fact(1, FactType.OPENED)]), plan(f"m-{case_id}", case_id), MONDAY)
    await recorder.finish_message(f"m-{case_id}", result(channel=Channel.EMAIL), MONDAY)
    await recorder.commit_entry(entry(case_id, as_of_seq=2, facts=[fact(2)], **changes))
    for number, kind in enumerate(("customer", "reply")):
        await desk.save_text(f"t{number}-{case_id}", case_id, kind, "A secret.", ADMIN, MONDAY)
    common: dict[str, Any] = {"case_id": case_id, "text": "Dear Ada Secret"}
    await outbox.put(Post(delivery_id=f"d-{case_id}", channel="email", address="secret.ada@example.org", **common), MONDAY)
    await outbox.put(Post(delivery_id=f"a-{case_id}", channel=ALERT, address="kim", case_id=case_id, text="late"), MONDAY)
    call = NewCall(
        **{"task_id": f"call-{case_id}", "case_id": case_id, "contact_ref": ref, "role": "owner", "reason": "customer_unreachable"},
        script="Dear Ada Secret",
        locale="en",
        due_at=MONDAY,
    )
    await recorder.open_call(call, MONDAY)
    event = InboxEvent(provider="mail", event_key=f"e-{case_id}", kind="reply", payload={"text": "secret"}, case_id=case_id)
    await Inbox(store).put(event, MONDAY, InboxState.FAILED, "not told")


def _words(connection: Connection, case_id: str, message: str) -> None:
    """What the message activity keeps of a rendered message."""
    rendered = {"words": "Dear Ada Secret", "id": message}
    connection.execute(text("UPDATE messages SET subject = :words, text = :words, html = :words WHERE message_id = :id"), rendered)


async def _with_words(store: Store, case_id: str = CASE) -> None:
    await store.write(lambda connection: _words(connection, case_id, f"m-{case_id}"))


def _everything(connection: Connection) -> str:
    """All rows of all tables as text."""
    tables = inspect(connection).get_table_names()
    return "\n".join(str(row) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"')))


async def test_nothing_personal_is_left_and_nothing_else_is_lost(store: Store) -> None:
    await _lived(store)
    await _with_words(store)
    erasure, queries = Erasure(store), Queries(store)
    assert await erasure.content([CASE]) == EVERYTHING
    assert await erasure.erase(CASE, ADMIN, hours(5)) == EVERYTHING
    left = await store.read(_everything)
    assert not [word for word in PERSONAL if word in left]
    assert [each.type for each in await queries.facts(CASE)] == [FactType.OPENED, FactType.NOTED]
    [message] = await queries.messages(CASE)
    assert (message.state, message.subject, message.text, message.html) == ("accepted", None, None, None)
    assert [post.channel for post in await Outbox(store).rows(CASE)] == ["email", ALERT]
    assert (await queries.summary()).messages == {"acknowledgement": {"accepted": 1}}


async def test_who_erased_what_and_why_stays_on_record(store: Store) -> None:
    await _lived(store)
    await Erasure(store).erase(CASE, ADMIN, hours(5))
    [record] = [each for each in await Queries(store).texts(CASE) if each.kind == RECORD]
    assert (record.by, record.at) == (ADMIN, hours(5))
    assert record.body == "personal content erased: 2 contacts, 2 texts, 1 posts, 1 calls, 1 events"


async def test_erased_twice_is_erased_once_and_does_not_come_back(store: Store) -> None:
    await _lived(store)
    erasure = Erasure(store)
    assert await erasure.erase(CASE, ADMIN, hours(5))
    assert not await erasure.erase(CASE, ADMIN, hours(6))
    assert len([each for each in await Queries(store).texts(CASE) if each.kind == RECORD]) == 1
    assert not await DeskBooks(store).save_contact(f"contact-{CASE}", CASE, "acme", ADA, hours(7))
    assert await Queries(store).contact(f"contact-{CASE}") is None


async def test_other_cases_and_what_waits_for_its_case_are_left_alone(store: Store) -> None:
    await _lived(store)
    await _lived(store, "other")
    waiting = InboxEvent(provider="mail", event_key="w", kind="reply", payload={"text": "hello"}, case_id=CASE)
    await Inbox(store).put(waiting, MONDAY)
    await Erasure(store).erase(CASE, ADMIN, hours(5))
    assert await Erasure(store).content(["other"]) == EVERYTHING.model_copy(update={"messages": 0})
    [row] = await Inbox(store).claim(hours(5), timedelta(minutes=1), 10)
    assert row.payload == {"text": "hello"}


async def test_the_file_itself_forgets(sqlite_store: Store, sqlite_store_url: str) -> None:
    await _lived(sqlite_store)
    await Erasure(sqlite_store).erase(CASE, ADMIN, hours(5))
    path = sqlite_store_url.removeprefix("sqlite:///")
    await sqlite_store.close()  # the last connection brings the write-ahead log into the file
    with open(path, "rb") as file:
        content = file.read()
    assert b"acme" in content
    assert b"Secret" not in content


async def test_only_old_closed_cases_are_due(store: Store) -> None:
    for case_id, closed_at in (("open", None), ("old", hours(1)), ("young", hours(9)), ("older", hours(0))):
        await _lived(store, case_id, closed_at)
    retention, erasure = Retention(store), Erasure(store)
    once = EVERYTHING.model_copy(update={"messages": 0})
    twice = PersonalContent.model_validate({name: 2 * number for name, number in once.model_dump().items()})
    assert await retention.content(hours(5)) == (2, twice)
    assert await retention.next_cases(hours(5)) == ["old", "older"]
    assert await retention.next_cases(hours(5), limit=1, after="old") == ["older"]
    await erasure.erase("old", ADMIN, hours(10))
    assert await retention.next_cases(hours(5)) == ["older"]
    assert await retention.content(hours(5)) == (1, once)


@pytest.fixture
async def orphans(store: Store) -> Store:
    """A contact in use, one that was and messages went to, one that its case refused, one whose case never began, and a young one."""
    desk = DeskBooks(store)
    await Recorder(store).open_message(entry(contact_ref="in use"), plan(contact_ref="was in use"), MONDAY)
    for ref, case_id, at in (
        ("in use", CASE, MONDAY),
        ("was in use", CASE, MONDAY),
        ("refused", CASE, MONDAY),
        ("never", "never-began", MONDAY),
        ("young", "not-yet", hours(5)),
    ):
        reference = CaseReference(type=TargetType.REFUND, provider="simpay", reference=f"SP-{ref}")
        await desk.save_contact(ref, case_id, "acme", ADA, at, [reference])
    return store


async def test_orphans_are_what_no_case_uses_and_nobody_was_written_to(orphans: Store) -> None:
    assert [orphan.contact_ref for orphan in await Erasure(orphans).orphans(hours(4))] == ["never", "refused"]


async def test_what_was_to_be_watched_for_a_case_that_never_began_goes_with_it(orphans: Store) -> None:
    assert await Erasure(orphans).delete_orphans(["never", "refused"], hours(4)) == 2
    references = ("SP-never", "SP-in use", "SP-refused", "SP-was in use", "SP-young")
    left = [await References(orphans).cases_of("simpay", reference) for reference in references]
    assert [[each.case_id for each in cases] for cases in left] == [[], [CASE], [CASE], [CASE], ["not-yet"]]


async def test_an_orphan_that_found_its_case_is_not_deleted(orphans: Store) -> None:
    await Recorder(orphans).commit_entry(entry("never-began", contact_ref="never"))
    assert await Erasure(orphans).delete_orphans(["never", "refused", "in use", "young"], hours(4)) == 1
    left = [ref for ref in ("never", "refused", "in use", "young") if await Queries(orphans).contact(ref)]
    assert left == ["never", "in use", "young"]


ONE, OTHER, SHARED, LOST = ("1" * 64, "2" * 64, "3" * 64, "4" * 64)


async def _wrote(store: Store, case_id: str, ref: str, *digests: str) -> None:
    listed = "\n".join(f"[attachment 1: image/png, 7 bytes, sha256 {digest}, at attachment:{digest}]" for digest in digests)
    await DeskBooks(store).save_text(ref, case_id, "customer", f"Look\n\n{listed}", ADMIN, MONDAY)


async def test_the_files_that_only_this_case_names_go_with_it(store: Store) -> None:
    erasure, inbox = Erasure(store), Inbox(store)
    await _lived(store)
    await _wrote(store, CASE, "f1", ONE, SHARED)
    await _wrote(store, "another", "f2", SHARED, OTHER)
    given_up = {"attachments": [{"address": f"attachment:{LOST}", "type": "image/png"}]}
    await inbox.put(InboxEvent(provider="sendgrid", event_key="f", kind="reply", payload=given_up, case_id=CASE), MONDAY, InboxState.FAILED)
    assert await erasure.files(CASE) == [ONE, LOST]
    assert (await erasure.content([CASE])).attachments == 3
    assert (await erasure.content([CASE, "another"])).attachments == 4
    coming = {"attachments": [{"address": f"attachment:{ONE}", "type": "image/png"}]}
    await inbox.put(InboxEvent(provider="sendgrid", event_key="g", kind="reply", payload=coming), MONDAY)
    assert await erasure.files(CASE) == [LOST]  # the same picture is on its way to somebody's case
    done = await erasure.erase(CASE, ADMIN, hours(1), 1)
    assert done.attachments == 1
    (record,) = [text.body for text in await Queries(store).texts(CASE) if text.kind == RECORD]
    assert "1 attachments" in record
    assert await erasure.files(CASE) == []
    assert await erasure.files("another") == [OTHER, SHARED]  # nobody else names it any more
    assert (await erasure.content([CASE])).attachments == 0
