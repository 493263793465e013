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
from starter.web.console.case.deeds import DEEDS
from store.outbox import Outbox
from store.people import PersonRole
from tests.browser.barriers import barriers
from tests.browser.harness import ADMIN, LEAD, House, house, sign_in, signed_in
from tests.browser.window import DESKTOP, PHONE, TWICE_AS_LARGE, Chromium, chromium
from tests.real.harness import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Forms that are made of the same parts as one of the others: a field of text, a moment, a choice, why.
ALIKE = {"note", "resume", "escalate", "reassign", "extend", "fact", "merge", "withdraw"}
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


# -- barriers ----------------------------------------------------------------------------------------------------------------------------


async def test_the_three_main_pages_have_no_barrier_on_a_desk_and_on_a_phone(place: Place) -> None:
    found: list[str] = []
    for width in (DESKTOP, PHONE):
        async with place.chromium.window(width, cookies=place.admin) as window:
            for path in ("/console/queue", place.case(place.open_case), await place.house.link(place.open_case)):
                await window.page.goto(path)
                found += await barriers(window.page, dark=True)
    assert found == []


async def test_no_page_of_the_console_has_a_barrier(place: Place) -> None:
    (letter, *_) = await Outbox(place.house.store).rows(place.open_case)
    case = place.case(place.open_case)
    drawn = ("/console/insight", "/console/policies/retail.refund")  # colours of their own
    paths = [
        *("/console/search", "/console/insight", "/console/policies", "/console/policies/retail.refund", "/console/account"),
        *("/console/outbox", f"/console/outbox/{letter.id}", place.case(place.resolved_case), f"{case}/contact"),
        *("/console/admin/people", f"/console/admin/people/{LEAD}", "/console/admin/keys", "/console/admin/suppressions"),
        "/console/admin/audit",
    ]
    found: list[str] = []
    async with place.chromium.window(cookies=place.admin) as window:
        for path in paths:
            await _shown(window.page, path)
            found += await barriers(window.page, dark=path in drawn)
        await window.page.get_by_label("Case, order, reference, customer, phone or e-mail").fill("nobody@example.com")
        await window.page.get_by_label("Case, order, reference, customer, phone or e-mail").press("Enter")
        await expect(window.page.locator("main")).to_contain_text("Nothing was found")
        found += await barriers(window.page)
    assert found == []


async def test_no_form_of_an_act_has_a_barrier(place: Place) -> None:
    case = place.case(place.open_case)
    found: list[str] = []
    async with place.chromium.window(cookies=place.admin) as window:
        for deed in (deed for deed in DEEDS if deed.slug not in ALIKE):
            of = place.case(place.resolved_case) if deed.slug == "feedback" else case
            await _shown(window.page, f"{of}/{deed.slug}")
            await expect(window.page.get_by_role("heading", level=1)).to_have_text(deed.title)
            found += await barriers(window.page)
        # The second step, and a form that was not filled in.
        await window.page.goto(f"{case}/resolve")
        await window.page.get_by_label("Outcome").select_option("denied")
        await window.page.get_by_role("button", name="Go on").click()
        await expect(window.page.get_by_role("alert")).to_be_visible()
        found += await barriers(window.page)
        await window.page.get_by_label("Why").fill("sent back used")
        await window.page.get_by_role("button", name="Go on").click()
        await expect(window.page.get_by_role("heading", level=1)).to_have_text("Resolve: is this right?")
        found += await barriers(window.page)
    assert found == []


async def test_no_page_of_the_customer_and_of_a_stranger_has_a_barrier(place: Place) -> None:
    found: list[str] = []
    async with place.chromium.window(PHONE) as window:
        page = window.page
        await _shown(page, "/console/sign-in")
        found += await barriers(page)
        await page.goto(await place.house.link(place.resolved_case, MessageKind.RESOLUTION))
        for path in ("/case", "/case/feedback", "/case/not-solved"):
            await _shown(page, path)
            found += await barriers(page)
        await page.goto(await place.house.link(place.open_case))
        for path in ("/case/settings", "/case/reply"):
            await _shown(page, path)
            found += await barriers(page)
        await page.get_by_role("button", name="Deutsch").click()
        await _shown(page, "/case")
        found += await barriers(page)
        await _shown(page, await place.house.unsubscribe_link(place.open_case))
        found += await barriers(page)
        for path in ("/console/none", "/s/none"):
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == 404
            found += await barriers(page)
    assert found == []


async def _shown(page: Page, path: str) -> None:
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status == 200, path


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


async def test_a_barrier_is_found(place: Place) -> None:
    """axe is really there, under the page's own policy, and sees colours in light and dark."""
    async with place.chromium.window() as window:
        await window.page.goto("/console/sign-in")
        await window.page.evaluate("document.querySelector('label[for=name]').remove()")
        await window.page.evaluate("document.querySelector('h1').style.color = '#777777'")
        await window.page.evaluate("document.querySelector('h1').style.background = '#888888'")
        assert [re.split(r"[ ()]+", line)[1:4] for line in await barriers(window.page, dark=True)] == [
            ["light", ":", "color-contrast"],
            ["light", ":", "label"],
            ["dark", ":", "color-contrast"],
        ]


_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
