"""Opening, migrating and failing to: what an operator meets first."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from policies.case.plans import CaseRow
from store.address import Address
from store.engine import Store, StoreRefused, StoreUnavailable, open_store, upgrade
from store.migrations import versions
from store.recorder import Recorder
from store.tables import case_tags, cases, metadata
from tests.store.samples import entry

PROCESSES = 5
NEWEST = max(path.name[1:5] for path in (Path(versions.__file__).parent).glob("r*.py"))


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def _revision(url: str) -> list[str]:
    store = await open_store(url)
    async with store.begin_reading() as connection:
        revisions = list(await connection.scalars(text("SELECT version_num FROM alembic_version")))
    await store.close()
    return revisions


async def test_the_migrated_schema_is_the_tables(store: Store) -> None:
    async with store.begin() as connection:
        assert await connection.run_sync(_differences) == []


def test_every_field_of_the_case_row_has_a_column() -> None:
    names = {"order_ref" if name == "order" else name for name in CaseRow.model_fields}
    assert names | {"list_order"} == {column.name for column in cases.columns}


async def test_upgrade_twice_and_by_five_tasks_at_once(store_url: str) -> None:
    await asyncio.gather(*(upgrade(store_url) for _ in range(PROCESSES)))
    await upgrade(store_url)
    assert await _revision(store_url) == [NEWEST]


async def test_upgrade_by_five_processes_at_once(store_url: str) -> None:
    program = "import asyncio, sys; from store.engine import upgrade; asyncio.run(upgrade(sys.argv[1]))"
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, store_url, cwd=Path(__file__).parents[2], stderr=asyncio.subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    answers = await asyncio.gather(*(process.communicate() for process in started))
    assert [process.returncode for process in started] == [0] * PROCESSES, answers
    assert await _revision(store_url) == [NEWEST]


async def test_sqlite_is_in_wal_mode_and_keeps_foreign_keys(sqlite_store_url: str) -> None:
    await upgrade(sqlite_store_url)
    store = await open_store(sqlite_store_url)
    async with store.begin() as connection:
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA synchronous")) == 1
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert await connection.scalar(text("PRAGMA busy_timeout")) == 10_000
    await store.close()


async def test_two_processes_writing_to_one_sqlite_file_wait_for_each_other(sqlite_store_url: str) -> None:
    await upgrade(sqlite_store_url)
    one, other = await open_store(sqlite_store_url), await open_store(sqlite_store_url)
    await asyncio.gather(*(Recorder(store).commit_entry(entry(f"case-{n}")) for n in range(20) for store in (one, other)))
    async with one.begin_reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM cases")) == 20
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


async def test_a_look_up_falls_back_to_a_thread_while_the_file_is_closed_to_readers(sqlite_store: Store, tmp_path: Path) -> None:
    await Recorder(sqlite_store).commit_entry(entry("before"))
    file = tmp_path / "books" / "makegood.sqlite"
    await sqlite_store.close()
    exclusive = sqlite3.connect(file, isolation_level=None)
    exclusive.execute("PRAGMA locking_mode=EXCLUSIVE")
    exclusive.execute("BEGIN IMMEDIATE")
    exclusive.execute("COMMIT")  # the lock stays until the connection goes
    store = Store(Address.parse(f"sqlite:///{file}"))
    reading = asyncio.create_task(store.look_up(lambda connection: connection.scalar(text("SELECT count(*) FROM cases"))))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not reading.done()
    exclusive.close()
    assert await reading == 1
    await store.close()


async def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    await Recorder(store).commit_entry(entry("before"))
    async with store.begin() as writing:
        await writing.execute(text("UPDATE cases SET merchant = 'changed'"))
        async with store.begin_reading() as reading:
            assert await reading.scalar(text("SELECT merchant FROM cases")) == "acme"


async def test_a_cancelled_writer_leaves_nothing_behind(store: Store) -> None:
    begun = asyncio.Event()

    async def never_ends() -> None:
        async with store.begin() as connection:
            await connection.execute(text("UPDATE cases SET merchant = 'half done'"))
            begun.set()
            await asyncio.sleep(3600)

    await Recorder(store).commit_entry(entry("before"))
    task = asyncio.create_task(never_ends())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await Recorder(store).commit_entry(entry("after"))
    merchants = await store.read(lambda connection: connection.scalars(text("SELECT merchant FROM cases")).all())
    assert merchants == ["acme", "acme"]


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
    assert Address.parse("sqlite:///a/b.sqlite").for_async.drivername == "sqlite+aiosqlite"
    assert Address.parse("sqlite+aiosqlite:///b.sqlite").file == Path("b.sqlite")
    assert Address.parse("postgres://u@h/d").for_async.drivername == "postgresql+psycopg"
    assert str(Address.parse("postgresql+psycopg://u:p@h/d")) == "postgresql://u:***@h/d"
