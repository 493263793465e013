"""Opening, migrating and failing to: what an operator meets first."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from policies.case.plans import CaseRow
from store.address import Address
from store.engine import Store, StoreRefused, StoreUnavailable, open_store, upgrade
from store.migrations import versions
from store.recorder import Recorder
from store.tables import case_tags, cases, metadata
from tests.store.samples import entry

PROCESSES = 3
NEWEST = max(path.name[1:5] for path in (Path(versions.__file__).parent).glob("r*.py"))


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def _revision(url: str) -> list[str]:
    store = await open_store(url)
    revisions = await store.read(lambda connection: list(connection.scalars(text("SELECT version_num FROM alembic_version"))))
    await store.close()
    return revisions


async def test_the_migrated_schema_is_the_tables(store: Store) -> None:
    assert await store.write(_differences) == []


def test_every_field_of_the_case_row_has_a_column() -> None:
    names = {"order_ref" if name == "order" else name for name in CaseRow.model_fields}
    assert names | {"list_order", "breach_at"} == {column.name for column in cases.columns}


async def test_upgrade_twice_and_by_several_tasks_at_once(store_url: str) -> None:
    await asyncio.gather(*(upgrade(store_url) for _ in range(PROCESSES)))
    await upgrade(store_url)
    assert await _revision(store_url) == [NEWEST]


# Forks of one process that has imported everything, let go at the same moment: nearer to each other than processes that start.
_AT_ONCE = """
import asyncio, os, sys
import store.migrations.head
from store.engine import upgrade

number, url = int(sys.argv[1]), sys.argv[2]
waits, go = os.pipe()
children = []
for _ in range(number):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(waits, 1)  # ends when the parent closes its end
        asyncio.run(upgrade(url))
        os._exit(0)
    children.append(child)
os.close(go)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


async def test_upgrade_by_several_processes_at_once(store_url: str) -> None:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _AT_ONCE, str(PROCESSES), store_url), cwd=Path(__file__).parents[2], stderr=asyncio.subprocess.PIPE
    )
    _, errors = await started.communicate()
    assert (started.returncode, errors) == (0, b"")
    assert await _revision(store_url) == [NEWEST]


@pytest.mark.parametrize(
    ("way", "waits_ms", "pages"), [("write", 0, 0), ("look_up", 0, 0), ("write_many", 10_000, 1000), ("read", 10_000, 1000)]
)
async def test_sqlite_is_in_wal_mode_and_keeps_foreign_keys_on_every_way(sqlite_store: Store, way: str, waits_ms: int, pages: int) -> None:
    """On the spot nothing waits and nothing is written back; in a thread both may be."""
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "wal_autocheckpoint")

    def look(connection: Connection) -> list[object]:
        return [connection.scalar(text(f"PRAGMA {name}")) for name in pragmas]

    assert await getattr(sqlite_store, way)(look) == ["wal", 1, 1, waits_ms, pages]


async def test_the_log_does_not_grow_for_ever(sqlite_store: Store, tmp_path: Path) -> None:
    """Transactions on the spot write nothing back; the writing thread does so for them."""
    recorder = Recorder(sqlite_store)
    for number in range(1200):
        await recorder.commit_entry(entry(f"case-{number % 40}"))
    await sqlite_store.write_many(lambda connection: None)  # what was handed to the thread before has been done
    log = tmp_path / "books" / "makegood.sqlite-wal"
    assert log.stat().st_size < 15 * 1024 * 1024  # without writing back it would be 50


async def test_two_processes_writing_to_one_sqlite_file_wait_for_each_other(sqlite_store_url: str) -> None:
    await upgrade(sqlite_store_url)
    one, other = await open_store(sqlite_store_url), await open_store(sqlite_store_url)
    await asyncio.gather(*(Recorder(store).commit_entry(entry(f"case-{n}")) for n in range(20) for store in (one, other)))
    assert await one.read(lambda connection: connection.scalar(text("SELECT count(*) FROM cases"))) == 20
    await one.close()
    await other.close()


async def test_a_writer_that_waits_for_another_process_leaves_the_event_loop_free(sqlite_store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "books" / "makegood.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(Recorder(sqlite_store).commit_entry(entry("waits")))
    for _ in range(100):  # a loop that waited with the writer would be in its first turn until the other process let go
        await asyncio.sleep(0)
    assert not waiting.done()
    cases = text("SELECT count(*) FROM cases")
    assert await sqlite_store.look_up(lambda connection: connection.scalar(cases)) == 0
    other.execute("COMMIT")
    other.close()
    await waiting
    assert await sqlite_store.look_up(lambda connection: connection.scalar(cases)) == 1


def _count(connection: Connection) -> int | None:
    found: int | None = connection.scalar(text("SELECT count(*) FROM cases"))
    return found


@pytest.mark.parametrize("way", ["look_up", "write"])
async def test_what_is_done_on_the_spot_waits_in_a_thread_while_the_file_is_closed_to_all(
    sqlite_store: Store, tmp_path: Path, way: str
) -> None:
    await Recorder(sqlite_store).commit_entry(entry("before"))
    file = tmp_path / "books" / "makegood.sqlite"
    await sqlite_store.close()
    exclusive = sqlite3.connect(file, isolation_level=None)
    exclusive.execute("PRAGMA locking_mode=EXCLUSIVE")
    exclusive.execute("BEGIN IMMEDIATE")
    exclusive.execute("COMMIT")  # the lock stays until the connection goes
    store = Store(Address.parse(f"sqlite:///{file}"))
    waiting = asyncio.create_task(getattr(store, way)(_count))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not waiting.done()
    exclusive.close()
    assert await waiting == 1
    await store.close()


async def test_nobody_overtakes_a_write_that_waits(sqlite_store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "books" / "makegood.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    order: list[int] = []

    def mark(number: int) -> Callable[[Connection], None]:
        return lambda connection: order.append(number)

    waiting = [asyncio.create_task(sqlite_store.write(mark(number))) for number in range(3)]
    await asyncio.sleep(0)
    other.execute("COMMIT")
    other.close()
    await asyncio.gather(*waiting, sqlite_store.write(mark(3)))
    assert order == [0, 1, 2, 3]


async def test_a_write_that_is_cancelled_while_it_waits_still_happens_whole(sqlite_store: Store, tmp_path: Path) -> None:
    """As after a transaction on the spot, which cannot be cancelled: whoever asks again finds it done."""
    other = sqlite3.connect(tmp_path / "books" / "makegood.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(Recorder(sqlite_store).commit_entry(entry("waits")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other.execute("COMMIT")
    other.close()
    assert await sqlite_store.write_many(_count) == 1


async def test_a_reader_does_not_wait_for_a_writer(ready_store_url: str) -> None:
    store = await open_store(ready_store_url)
    await Recorder(store).commit_entry(entry("before"))
    engine = create_engine(Address.parse(ready_store_url).for_driver)
    with engine.connect() as writing:
        writing.execute(text("UPDATE cases SET merchant = 'changed'"))
        merchant = text("SELECT merchant FROM cases")
        assert await store.read(lambda connection: connection.scalar(merchant)) == "acme"
        assert await store.look_up(lambda connection: connection.scalar(merchant)) == "acme"
    engine.dispose()
    await store.close()


async def test_a_closed_store_says_so(sqlite_store: Store) -> None:
    await sqlite_store.close()
    for way in (sqlite_store.write, sqlite_store.write_many, sqlite_store.look_up, sqlite_store.read):
        with pytest.raises(StoreUnavailable):
            await way(_count)


async def test_an_exception_rolls_back(store: Store) -> None:
    def half_done(connection: Connection) -> None:
        connection.execute(text("UPDATE cases SET merchant = 'half done'"))
        raise RuntimeError

    await Recorder(store).commit_entry(entry("before"))
    with pytest.raises(RuntimeError):
        await store.write(half_done)
    assert await store.read(lambda connection: connection.scalar(text("SELECT merchant FROM cases"))) == "acme"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/x", '"mysql" is no database'),
        ("nonsense", "cannot be read"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:////proc/makegood/books.sqlite", "/proc/makegood/books.sqlite cannot be opened"),
    ],
)
async def test_an_impossible_store_is_named(url: str, says: str) -> None:
    for attempt in (open_store, upgrade):
        with pytest.raises(StoreUnavailable) as caught:
            await attempt(url)
        assert says in caught.value.reason


async def test_a_folder_in_place_of_the_file_and_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path, tmp_path / "file" / "books.sqlite"):
        with pytest.raises(StoreUnavailable) as caught:
            await open_store(f"sqlite:///{path}")
        assert str(path) in caught.value.reason


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer, " * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await open_store(f"sqlite:///{path}")


async def test_a_sqlite_file_that_turns_read_only(sqlite_store_url: str) -> None:
    def write(connection: Connection) -> None:
        connection.execute(text("PRAGMA query_only=ON"))
        connection.execute(text("CREATE TABLE x (n INTEGER)"))

    store = await open_store(sqlite_store_url)
    with pytest.raises(StoreUnavailable, match="readonly"):
        await store.write(write)
    await store.close()


async def test_an_unreachable_server_is_named_without_its_password() -> None:
    url = "postgresql://makegood:secret@127.0.0.1:1/books"
    for attempt in (open_store, upgrade):
        with pytest.raises(StoreUnavailable) as caught:
            await attempt(url)
        assert "127.0.0.1" in caught.value.reason
        assert "secret" not in caught.value.reason


async def test_a_store_without_tables_says_what_to_do(store_url: str) -> None:
    store = await open_store(store_url)
    with pytest.raises(StoreUnavailable, match="newest version"):
        await Recorder(store).commit_entry(entry())
    await store.close()


async def test_an_error_never_quotes_a_row(store: Store) -> None:
    secret = "ada@example.org"
    orphan = case_tags.insert().values(case_id=secret, tag="x")
    with pytest.raises(StoreRefused) as caught:
        await store.write(lambda connection: connection.execute(orphan).close())
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_addresses_take_the_driver_themselves() -> None:
    assert Address.parse("sqlite:///a/b.sqlite").for_driver.drivername == "sqlite+pysqlite"
    assert Address.parse("sqlite+aiosqlite:///b.sqlite").file == Path("b.sqlite")
    assert Address.parse("postgres://u@h/d").for_driver.drivername == "postgresql+psycopg"
    assert str(Address.parse("postgresql+psycopg://u:p@h/d")) == "postgresql://u:***@h/d"
