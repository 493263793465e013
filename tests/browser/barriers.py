"""axe-core over a page, as a person with a screen reader or weak eyes would meet it.

Owns which findings count, and the sheet: one document of a window into which page after page is written, so that axe (half a megabyte of
script) and the stylesheets are read once. A written page is parsed, laid out and coloured like one that was loaded, under the content
security policy of the first. axe comes in over the debugger, as Playwright's `evaluate` does everything, not as a script of the page.
Called by the tests of this folder.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, Route

from tests.browser.album import Colours, Seen
from tests.browser.window import Chromium

_COUNT = ("serious", "critical")
# The one frame that we have shows a mail in a sandbox without scripts, where axe cannot be; it would wait for it. Stylesheets are not
# fetched a second time for the one rule that reads their text (turning the phone), which ours never has.
_EVERYTHING = {"resultTypes": ["violations"], "iframes": False, "preload": False}
_OF_COLOUR = ("color-contrast", "link-in-text-block")
_COLOURS = {**_EVERYTHING, "runOnly": {"type": "rule", "values": _OF_COLOUR}}
_BUT_COLOURS = {**_EVERYTHING, "rules": {rule: {"enabled": False} for rule in _OF_COLOUR}}
_FRAMED = re.compile(r' src="[^"]*"(?= title="The mail)')  # its page lets it in by a policy of its own
# A choice of zones has six hundred options, which have neither name nor colour of their own.
_RUN = "options => axe.run({exclude: [['option']]}, options).then(results => results.violations)"
_WRITE = """html => {
    document.open(); document.write(html); document.close();
    const sheets = [...document.querySelectorAll('link[rel=stylesheet]')];
    return Promise.all(sheets.map(one => one.sheet || new Promise((done, failed) => { one.onload = done; one.onerror = failed; })))
        .then(() => sheets.length);
}"""


async def barriers(page: Page, *, dark: bool = False) -> list[str]:
    """Each serious or critical violation of the page as it stands: a line with the rule and what it was found on.

    `dark`: its dark colours too.
    """
    await page.evaluate(AXE_SCRIPT)
    return await _found(page, page.url.partition("//")[2].partition("/")[2], Colours.OWN if dark else Colours.USUAL)


async def _found(page: Page, name: str, colours: Colours) -> list[str]:
    found = await _violations(page, _BUT_COLOURS if colours is Colours.SHOWN else _EVERYTHING, f"{name} (light)")
    if colours is Colours.OWN:
        await page.emulate_media(color_scheme="dark")
        found += await _violations(page, _COLOURS, f"{name} (dark)")  # only colours differ
        await page.emulate_media(color_scheme="light")
    return found


async def _violations(page: Page, options: dict[str, Any], where: str) -> list[str]:
    violations = await page.evaluate(_RUN, options)
    return [
        f"/{where}: {one['id']} ({one['impact']}): {one['help']}: {node['html'][:200]}"
        for one in violations
        if one["impact"] in _COUNT
        for node in one["nodes"][:3]
    ]


@dataclass(frozen=True)
class Sheet:
    page: Page

    async def barriers(self, seen: Seen) -> list[str]:
        assert await self.page.evaluate(_WRITE, _FRAMED.sub("", seen.html)) > 0, f"{seen.name}: without a stylesheet no colour is seen"
        return await _found(self.page, seen.name, seen.colours)


@asynccontextmanager
async def sheet(browser: Chromium, app: httpx2.AsyncClient, first: str, **window: Any) -> AsyncIterator[Sheet]:
    """A window over an application of this process: `first` is loaded from it, what the pages need comes from it. Scripts do not run here:
    what they do is looked at over the whole stack."""

    async def answer(route: Route) -> None:
        got = await app.get(route.request.url)
        body = b"" if route.request.resource_type == "script" else got.content
        await route.fulfill(status=got.status_code, headers=dict(got.headers), body=body)

    async with browser.window(**window) as looked_at:
        await looked_at.page.route("**/*", answer)
        await looked_at.page.goto(first)
        await looked_at.page.evaluate(AXE_SCRIPT)
        yield Sheet(looked_at.page)
