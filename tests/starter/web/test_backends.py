"""The store and the engine away at the start, coming later, with old tables; and the process as a whole."""

import asyncio
import os
import re
import signal
import socket
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from policies.links import LinkPurpose
from starter.embedded.places import ports
from starter.embedded.stack import Stack
from starter.link_keys import FILE_NAME, signer_of
from starter.settings import ROOT, Settings, SettingsError, load_settings
from starter.web.backends import LiveBackends
from starter.web.parts import Away
from starter.web.serving import public_url_of
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.engine import open_store, upgrade
from tests.starter.embedded.conditions import children, listening_on, runs, until
from tests.store.rows import link_id_of
from tests.store.samples import CASE, MONDAY


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A state folder without books, and no engine."""
    (port,) = ports([(None, "")])
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    return load_settings(state_dir=tmp_path / "var")


def books_of(settings: Settings) -> Path:
    return settings.state_dir / "makegood.sqlite"


def is_open(backends: LiveBackends) -> bool:
    try:
        backends.store()
    except Away:
        return False
    return True


async def test_what_is_away_is_said_at_once_and_found_when_it_comes(settings: Settings) -> None:
    async with LiveBackends(settings) as backends:
        for ask in (backends.store, backends.client, backends.desk):
            with pytest.raises(Away) as raised:
                ask()
            assert raised.value.retry_after_s >= 1
        assert await backends.check() == {"store": "unreachable", "engine": "unreachable"}
        assert not books_of(settings).exists()  # looking makes no empty books
        await upgrade(settings.database_url)
        await until(lambda: is_open(backends))
        with pytest.raises(Away) as raised:
            backends.desk()
        assert raised.value.part == "engine"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("SELECT 1", "ok"),
        ("UPDATE alembic_version SET version_num = '0001'", "tables_older"),
        ("UPDATE alembic_version SET version_num = '9999'", "ok"),  # a newer program: what we need is still there
        ("DROP TABLE alembic_version", "tables_absent"),
    ],
)
async def test_readiness_knows_the_version_of_the_tables(settings: Settings, change: str, state: str) -> None:
    await upgrade(settings.database_url)
    with sqlite3.connect(books_of(settings)) as books:
        books.execute(change)
    async with LiveBackends(settings) as backends:
        assert (await backends.check())["store"] == state


def test_a_missing_policy_book_is_found_before_anybody_asks(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_POLICY_BOOK"):
        LiveBackends(settings.model_copy(update={"policy_book": "none"}))


def test_the_public_address_is_only_guessed_for_this_machine() -> None:
    assert public_url_of(load_settings(web_port=8401)) == "http://127.0.0.1:8401"
    assert public_url_of(load_settings(web_host="::1", web_port=8401)) == "http://[::1]:8401"
    assert public_url_of(load_settings(web_host="0.0.0.0", public_url="https://care.example.com")) == "https://care.example.com"
    with pytest.raises(SettingsError, match="MAKEGOOD_PUBLIC_URL is not set"):
        public_url_of(load_settings(web_host="0.0.0.0"))


@asynccontextmanager
async def process(settings: Settings, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {**os.environ, **settings.environment(), "MAKEGOOD_WEB_PORT": str(port), "PYTHONPATH": str(ROOT)}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starter.web", env=environment, cwd=settings.state_dir.parent, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def answers(client: httpx2.AsyncClient, path: str, status: int) -> bool:
    try:
        return (await client.get(path)).status_code == status
    except httpx2.TransportError:
        return False


async def until_answered(client: httpx2.AsyncClient, path: str, status: int) -> None:
    async with asyncio.timeout(20):
        while not await answers(client, path, status):
            await asyncio.sleep(0.05)


async def test_the_process_serves_without_its_backends_and_ends_its_requests_when_told_to(settings: Settings) -> None:
    (port,) = ports([(None, "")])
    async with process(settings, port) as web, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
        await until_answered(client, "/healthz", 200)
        assert (await client.get("/readyz")).json()["parts"] == {"store": "unreachable", "engine": "unreachable"}
        await upgrade(settings.database_url)
        store = await open_store(settings.database_url)
        await DeskBooks(store).save_contact("c1", CASE, "acme", Contact(email="ada@example.org", locale="de"), MONDAY)
        link_id = await store.read(lambda connection: link_id_of(connection, "c1"))
        await store.close()
        path = f"/u/{signer_of(settings).sign(LinkPurpose.UNSUBSCRIBE, link_id or '')}"
        await until_answered(client, path, 200)

        # A request is half sent when the signal comes: it is still answered, and only then the process ends.
        body = b"List-Unsubscribe=One-Click"
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[:5])
        await writer.drain()
        assert (await client.get("/healthz")).status_code == 200  # by now the half request has been taken in
        web.send_signal(signal.SIGTERM)
        await refused(port)
        writer.write(body[5:])
        await writer.drain()
        assert b" 200 " in await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        assert web.stderr is not None
        log = (await web.stderr.read()).decode()
        assert await asyncio.wait_for(web.wait(), 20) == 0
    assert re.search(r"POST /u/\{token\} 200 ", log)
    assert "ada@example.org" not in log
    assert path not in log


async def refused(port: int) -> None:
    """Until the process takes no new connections."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.02)


async def test_a_taken_port_is_told_in_words(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with process(settings, other.getsockname()[1]) as web:
            assert web.stderr is not None
            said = (await web.stderr.read()).decode()
            assert await web.wait() == 1
    assert "choose another with --port" in said


async def test_the_stack_has_a_web_process_on_this_machine_alone_and_leaves_none_behind(settings: Settings) -> None:
    events: list[str] = []
    others = set(children())
    stack = Stack(
        # As MAKEGOOD_WEB_HOST would say it, for `makegood web`. Not here: nothing speaks https, and the first admin's password is known.
        settings.model_copy(update={"web_host": "0.0.0.0"}),  # must not be taken
        state_dir=settings.state_dir,
        temporal_port=None,
        ui_port=None,
        simulator=False,
        worker=False,
        web=True,
        on_event=events.append,
    )
    async with stack, httpx2.AsyncClient(base_url=stack.web_url or "", verify=False) as client:
        mine = set(children()) - others
        await upgrade(settings.database_url)
        await until_answered(client, "/readyz", 200)
        assert (await client.get("/readyz")).json()["parts"] == {"store": "ok", "engine": "ok"}
        environment = stack.worker_environment()
        assert environment["MAKEGOOD_PUBLIC_URL"] == stack.web_url
        assert listening_on(httpx2.URL(stack.web_url or "").port or 0) == {"127.0.0.1"}
        assert stat.S_IMODE(Path(environment["MAKEGOOD_LINK_KEYS_FILE"]).stat().st_mode) == 0o600
        assert environment["MAKEGOOD_LINK_KEYS_FILE"] == str(settings.state_dir / FILE_NAME)
        web = next(pid for pid in mine if pid != stack.server_pid)
        os.kill(web, signal.SIGKILL)
        await until(lambda: any("The web process runs again" in event for event in events), within_s=30)
        await until_answered(client, "/readyz", 200)
        mine |= set(children()) - others
    assert not any(runs(pid) for pid in mine)
