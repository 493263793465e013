"""Debian's Chromium, and windows that hear what their pages complain of.

Owns how the browser is started and what counts as a complaint. The browser is on the same machine and asks nobody else. Called by the
tests of this folder.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Response, async_playwright, expect

from scripts.chromium import WHAT_TO_DO, found

# A browser without a screen still makes its address bar, whose list of proposals is two web pages in a process of its own, for each
# window; and keeps an empty process for whoever comes next. Half of what a window costs, and no page of ours is in either.
_IDLE = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "SpareRendererForSitePerProcess")
# What Playwright itself turns off that matters here: of two such lists a browser takes the last.
_USUAL = ("HttpsUpgrades", "MediaRouter", "OptimizationHints", "PaintHolding", "DestroyProfileOnBrowserClose", "NetworkTimeServiceQuerying")
_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--disable-features={','.join((*_IDLE, *_USUAL))}",
]
# Pages answer within a second; a machine that runs the whole suite on two cores is slower.
_PATIENCE_MS = 30_000
DESKTOP, PHONE = 1280, 390
TWICE_AS_LARGE = DESKTOP // 2  # what a window of 1280 has left at 200 % zoom


@dataclass
class Window:
    """A window of a browser profile of its own, and everything that its pages complained of."""

    page: Page
    _heard: list[tuple[str, str]] = field(default_factory=list)  # what was said, and of which address
    _refused: set[str] = field(default_factory=set)

    def listen(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._heard.append((str(error), self.page.url)))
        self.page.on("response", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._heard.append((message.text, message.location.get("url", "")))

    def _see(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused.add(response.url)

    @property
    def complaints(self) -> list[str]:
        """Without what Chromium says of a page that is itself an error: the test has asked for that page, and looks at it."""
        told = [(words, url) for words, url in self._heard if not (words.startswith("Failed to load resource") and url in self._refused)]
        return [f"{words} ({url})" for words, url in told]


@dataclass
class Chromium:
    """The browser. Each window has cookies of its own, unless somebody's are handed in."""

    browser: Browser
    url: str

    @asynccontextmanager
    async def window(self, width: int = DESKTOP, *, cookies: Any = None, **more: Any) -> AsyncIterator[Window]:
        """Fails at its end if a page complained: of its own policy, of a script, of a file that is not there."""
        height = 844 if width == PHONE else 900
        context = await self.browser.new_context(
            base_url=self.url, viewport={"width": width, "height": height}, storage_state=cookies, locale="en-GB", **more
        )
        context.set_default_timeout(_PATIENCE_MS)
        try:
            window = Window(await context.new_page())
            window.listen()
            yield window
            assert not window.complaints, "\n".join(window.complaints)
        finally:
            await context.close()


@asynccontextmanager
async def chromium(url: str) -> AsyncIterator[Chromium]:
    """One browser with a profile that is made for it and thrown away (Playwright's own doing)."""
    path = found()
    assert path is not None, WHAT_TO_DO
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield Chromium(browser, url)
        finally:
            await browser.close()
