"""No page of the three faces has a barrier: every page that the application has, in every way of answering that people meet.

The pages come from the application in this process, over a store and a scripted desk; the browser gets them written into one document
(barriers.py). The three main pages stand in test_three_faces.py too, loaded from the running stack, on a desk and on a phone, in the
light and in the dark.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from store.engine import open_store
from tests.browser import console_walk, portal_walk
from tests.browser.album import Album, every_face, pages_of
from tests.browser.barriers import sheet
from tests.browser.window import PHONE, Chromium, chromium
from tests.starter.web.console.cases import KEY, ScriptedDesk, snapshot_of_life
from tests.starter.web.console.harness import Scene, scene_of
from tests.starter.web.harness import PUBLIC_URL
from tests.store_fixtures import ready_sqlite

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("barriers")
    store = await open_store(ready_sqlite(folder / "makegood.sqlite"))
    try:
        yield scene_of(store, ScriptedDesk(engine={KEY: snapshot_of_life()}), every_face)
    finally:
        await store.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def console(scene: Scene) -> Album:
    album, desk = Album(scene.app), scene.backends.asked_desk
    assert isinstance(desk, ScriptedDesk)
    await console_walk.furnished(scene)
    await console_walk.work(scene, album, desk)
    await console_walk.acts(scene, album, desk)
    await console_walk.administration(scene, album)
    await console_walk.door(scene, album)
    return album


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def portal(scene: Scene, console: Album) -> Album:
    album, desk = Album(scene.app), scene.backends.asked_desk
    assert isinstance(desk, ScriptedDesk)
    await portal_walk.furnished(scene, desk)
    await portal_walk.cases(scene, album, desk)
    await portal_walk.notices(scene, album)
    return album


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Chromium]:
    async with chromium(PUBLIC_URL) as running:
        yield running


async def test_no_page_was_forgotten(scene: Scene, console: Album, portal: Album) -> None:
    """A new page needs its line in one of the two walks; what is no page, its reason in album.py."""
    looked_at = {seen.route for album in (console, portal) for seen in album.seen}
    assert pages_of(scene.parts) - looked_at == set()


async def test_no_page_of_the_console_has_a_barrier(browser: Chromium, console: Album) -> None:
    async with console.browser() as app, sheet(browser, app, "/console/sign-in") as paper:
        found = [line for seen in console.seen for line in await paper.barriers(seen)]
    assert found == []


async def test_no_page_of_the_customer_has_a_barrier(browser: Chromium, portal: Album) -> None:
    async with portal.browser() as app, sheet(browser, app, "/case", width=PHONE) as paper:
        found = [line for seen in portal.seen for line in await paper.barriers(seen)]
    assert found == []


async def test_a_barrier_is_found(browser: Chromium, console: Album) -> None:
    """axe is really there, under the page's own policy, and sees colours in light and dark."""
    (door,) = [seen for seen in console.seen if seen.name == "sign in"]
    spoilt = replace(door, html=door.html.replace('<label for="name">', "<span>"))
    async with console.browser() as app, sheet(browser, app, "/console/sign-in") as paper:
        style = "h1 { color: #777; background: #888 }"
        await paper.page.route("**/*.css*", lambda route: route.fulfill(content_type="text/css", body=style))
        found = await paper.barriers(replace(spoilt, html=spoilt.html.replace(".css?v=", ".css?w=")))
    said = {re.match(r"/sign in \((light|dark)\): ([a-z-]+) ", line) for line in found}
    assert {match.groups() for match in said if match} == {("light", "color-contrast"), ("light", "label"), ("dark", "color-contrast")}, (
        found
    )
