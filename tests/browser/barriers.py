"""axe-core over a page, as a person with a screen reader or weak eyes would meet it.

Owns which findings count. The pages' own content security policy stays in force: axe comes in over the debugger, as Playwright's
`evaluate` does everything, not as a script of the page. Called by the tests of this folder.
"""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

_COUNT = ("serious", "critical")
# The one frame that we have shows a mail in a sandbox without scripts, where axe cannot be; it would wait for it.
_EVERYTHING = {"resultTypes": ["violations"], "iframes": False}
_COLOURS = {**_EVERYTHING, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


async def barriers(page: Page, *, dark: bool = False) -> list[str]:
    """Each serious or critical violation of the page as it stands: a line with the rule and what it was found on.

    `dark`: its dark colours too.
    """
    await page.evaluate(AXE_SCRIPT)
    found = await _violations(page, _EVERYTHING, "light")
    if dark:
        await page.emulate_media(color_scheme="dark")
        found += await _violations(page, _COLOURS, "dark")  # only colours differ
        await page.emulate_media(color_scheme="light")
    return found


async def _violations(page: Page, options: dict[str, Any], scheme: str) -> list[str]:
    violations = await page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    where = page.url.partition("//")[2].partition("/")[2]
    return [
        f"/{where} ({scheme}): {one['id']} ({one['impact']}): {one['help']}: {node['html'][:200]}"
        for one in violations
        if one["impact"] in _COUNT
        for node in one["nodes"][:3]
    ]
