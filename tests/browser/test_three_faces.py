"""The three faces in a browser, over one running stack: what people read, can reach and can do, with a script and without."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from policies.case.vocabulary import MessageKind
from store.people import PersonRole
from tests.browser.barriers import barriers
from tests.browser.harness import ADMIN, LEAD, House, house, refund, sign_in, signed_in
from tests.browser.window import DESKTOP, PHONE, TWICE_AS_LARGE, Chromium, chromium
from tests.real.harness import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = "Quick and friendly, thank you."


@dataclass
class Place:
    """What every test finds: the stack, the browser, two cases, and a person who has signed in."""

    house: House
    chromium: Chromium
    open_case: str
    resolved_case: str
    admin: Any  # cookies

    def case(self, case_id: str) -> str:
        return f"/console/cases/{case_id}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder: Path = tmp_path_factory.mktemp("browser")
    async with house(folder) as running, chromium(running.url) as browser:
        await running.person(ADMIN, PersonRole.ADMIN)
        await running.person(LEAD, PersonRole.LEAD)
        resolved = await running.resolved("L-2")
        yield Place(running, browser, await running.open("L-1"), resolved, await signed_in(running, ADMIN))


# -- from one face to the next ----------------------------------------------------------------------------------------------------------


async def test_a_case_from_the_shops_call_to_the_customers_word(place: Place) -> None:
    customer = {"name": "Mira Stone", "email": "mira.stone@example.com"}
    case_id = await place.house.open("L-3", order="NW-50131", item="Tent and poles", customer=customer)
    async with place.chromium.window() as lead, place.chromium.window(PHONE) as phone:
        await sign_in(lead.page, LEAD)
        await _resolve(lead.page, case_id)
        await phone.page.goto(await place.house.link(case_id, MessageKind.RESOLUTION))
        await expect(phone.page).to_have_url(f"{place.house.url}/case")  # the link's token does not stay in the address
        await expect(phone.page.get_by_role("heading", level=1)).to_have_text("Your refund is settled")
        await expect(phone.page.locator("main")).to_contain_text("The result: settled with a goodwill payment.")
        await expect(phone.page.locator("main")).to_contain_text("Amount: €15.00.")
        await place.house.asked_for_feedback(case_id)
        await _give_feedback(phone.page)
        await _read(lead.page, "CSAT 5 of 5, NPS 9 of 10", WORDS)


async def _resolve(page: Page, case_id: str) -> None:
    """From the queue to the resolution, as a lead does it."""
    await page.get_by_role("row").filter(has_text="NW-50131").get_by_role("link").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Refund for order NW-50131, 89.90 EUR")
    await expect(page.locator("main")).not_to_contain_text("mira.stone@example.com")
    await page.get_by_role("navigation", name="Acts").get_by_role("link", name="Resolve").click()
    await page.get_by_label("Outcome").select_option("goodwill")
    await page.get_by_label("Amount in EUR").fill("15.00")
    await page.get_by_label("Why").fill("two weeks late")
    await page.get_by_role("button", name="Go on: see what the customer is told").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Resolve: is this right?")
    await expect(page.get_by_role("region", name="The message")).to_contain_text("€15.00")
    await page.get_by_role("button", name="Resolve and tell the customer").click()
    await expect(page).to_have_url(re.compile(f"/console/cases/{case_id}"))
    await expect(page.get_by_role("region", name="Where it stands")).to_contain_text("Resolved: goodwill")


async def _read(page: Page, *words: str) -> None:
    """Reload until they stand there: on a busy machine a page waits 3 s for the case, and then says what the books know."""

    async def look() -> bool:
        await page.reload()
        text = await page.locator("main").inner_text()
        return all(one in text for one in words)

    await eventually(look, f"{page.url} says {words}")


async def _give_feedback(page: Page) -> None:
    await page.reload()
    await page.get_by_role("link", name="Answer two short questions").click()
    await page.get_by_role("group", name="How satisfied are you").get_by_label("5", exact=True).check()
    await page.get_by_role("group", name="How likely are you to recommend").get_by_label("9", exact=True).check()
    await page.get_by_label("What went well").fill(WORDS)
    await page.get_by_role("button", name="Send answer").click()
    await expect(page.locator("main")).to_contain_text("You answered this. Thank you!")


# -- live --------------------------------------------------------------------------------------------------------------------------------


async def test_the_queue_shows_a_new_case_without_a_reload_and_keeps_the_focus(place: Place) -> None:
    async with place.chromium.window(cookies=place.admin) as window:
        page = window.page
        await page.add_init_script(_OFTEN)
        await page.goto("/console/queue")
        present = page.get_by_role("row").filter(has_text="NW-L-1").get_by_role("link").first
        await present.focus()
        stood = await present.element_handle()
        await page.evaluate("window.sameDocument = true")
        await place.house.post("/v1/cases", refund("L-5", order="NW-50505"))
        await expect(page.get_by_role("row").filter(has_text="NW-50505")).to_be_visible()
        assert await page.evaluate("window.sameDocument")
        assert stood is not None
        assert not await stood.evaluate("row => row.isConnected"), "the row is another one"
        await expect(present).to_be_focused()


# The page says how often its script asks; said before the script reads it. Ten seconds are for people.
_OFTEN = """document.addEventListener("readystatechange", () => {
    if (document.readyState === "interactive") document.getElementById("queue").dataset.every = "0.3";
})"""


# -- barriers ----------------------------------------------------------------------------------------------------------------------------


async def test_the_three_main_pages_have_no_barrier_on_a_desk_and_on_a_phone(place: Place) -> None:
    found: list[str] = []
    for width in (DESKTOP, PHONE):
        async with place.chromium.window(width, cookies=place.admin) as window:
            for path in ("/console/queue", place.case(place.open_case), await place.house.link(place.open_case)):
                await window.page.goto(path)
                found += await barriers(window.page, dark=True)
    assert found == []


# -- without a script, and twice as large --------------------------------------------------------------------------------------------------


async def test_without_a_script_leads_and_customers_do_the_same(place: Place) -> None:
    case_id = await place.house.resolved("L-4")
    async with place.chromium.window(cookies=place.admin, java_script_enabled=False) as window:
        page = window.page
        await page.goto("/console/queue")
        await expect(page.get_by_role("link", name="Reload")).to_be_visible()
        await page.get_by_role("row").filter(has_text="NW-L-1").get_by_role("link").first.click()
        await page.get_by_role("navigation", name="Acts").get_by_role("link", name="Internal note").click()
        await page.get_by_label("Note").fill("Spoke with the warehouse: the jacket is back.")
        await page.get_by_role("button", name="Keep note").click()
        await expect(page.get_by_role("navigation", name="Acts")).to_be_visible()
        await expect(page.locator("main")).to_contain_text("Spoke with the warehouse: the jacket is back.")
        await page.goto(await place.house.link(case_id, MessageKind.FEEDBACK_REQUEST))
        await _give_feedback(page)


async def test_twice_as_large_nothing_scrolls_sideways(place: Place) -> None:
    async with place.chromium.window(TWICE_AS_LARGE, cookies=place.admin) as window:
        for path in ("/console/queue", place.case(place.open_case), await place.house.link(place.open_case)):
            await window.page.goto(path)
            assert await window.page.evaluate(_SIDEWAYS) == 0, path


async def test_what_a_page_complains_of_is_heard(place: Place) -> None:
    """So that the tests above fail if a page breaks its own policy: a script within the page is refused, and the refusal is told."""
    with pytest.raises(AssertionError, match="Content Security Policy"):
        await _with_a_script_of_its_own(place.chromium)


async def _with_a_script_of_its_own(browser: Chromium) -> None:
    add = "const made = document.createElement('script'); made.textContent = 'window.ran = true'; document.body.append(made)"
    async with browser.window() as window:
        await window.page.goto("/console/sign-in")
        await window.page.evaluate(add)
        assert await window.page.evaluate("window.ran") is None


_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
