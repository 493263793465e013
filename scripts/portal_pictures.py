"""Pictures of the customer's page in its main states, made from the running program.

`python -m scripts.portal_pictures [folder]`: starts an embedded house with the demo policy book, opens cases, and lets Debian's Chromium
look at them (Playwright, in a process of its own).
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from policies.case import commands as c
from policies.case.start import CaseStart, Reachability
from policies.case.vocabulary import CaseKind, Channel, MessageKind
from policies.links import LinkPurpose
from tests.life.harness import LEAD
from tests.starter.web.portal.harness import ADA, PortalHouse, portal_house, started
from workflows import names

PYTHON = sys.executable
ANNA = ADA.model_copy(update={"locale": "de", "name": "Anna Beispiel", "email": "anna@example.com"})
GERMAN = Reachability(channels=[Channel.EMAIL, Channel.SMS], locale="de", zone="Europe/Berlin")
# Days last days here: what is promised lies ahead while the pictures are taken.
CADENCE = {"steps": [{"every": "24h"}], "after_breach": "24h", "shortest": "24h", "longest": "96h"}

_LOOK = r"""
import asyncio, json, sys
from playwright.async_api import async_playwright

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]

async def main():
    plan = json.load(sys.stdin)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for shot in plan:
            context = await browser.new_context(viewport={"width": shot["width"], "height": 900}, color_scheme=shot.get("scheme", "light"),
                                                device_scale_factor=shot.get("scale", 1), locale="en-GB")
            page = await context.new_page()
            problems = []
            page.on("console", lambda message: problems.append(message.text))
            await page.goto(shot["url"])
            for then in shot.get("then", []):
                await page.goto(then)
            for action in shot.get("clicks", []):
                await page.click(action)
            if shot.get("print"):
                await page.emulate_media(media="print")
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            await page.screenshot(path=shot["path"], full_page=True)
            print(shot["path"], "overflow", wide, problems)
            await context.close()
        await browser.close()

asyncio.run(main())
"""


def slow(kind: CaseKind, reference: str, **more: Any) -> CaseStart:
    start = started(kind, reference, **more)
    policy = start.policy.policy
    clocks = [clock.model_dump() | ({"span": "10cd"} if clock.span and clock.promised else {}) for clock in policy.clocks]
    holds = [hold.model_dump() | ({"expires": "120h", "reminders": []} if hold.expires else {}) for hold in policy.hold_reasons]
    change = {
        "clocks": clocks,
        "hold_reasons": holds,
        "cadence": {**policy.cadence.model_dump(), **CADENCE},
        "new_date_after_breach": "72h",
        "money_shows": "240h",
        "tail": "720h",
    }
    changed = policy.model_validate({**policy.model_dump(), **change})
    return start.model_copy(update={"policy": start.policy.model_copy(update={"policy": changed})})


async def cases_of(portal: PortalHouse) -> dict[str, str]:
    url = portal.url
    parts = await portal.open(slow(CaseKind.REFUND, "P-1", amounts=(4990, 2000)), "processing")
    await portal.house.provider_says(CaseKind.REFUND, "P-1-2", "paid_out", arn="74537604221222132710572")
    asks = await portal.open(slow(CaseKind.REFUND, "P-2", reach=GERMAN), "processing", contact=ANNA)
    hold = await portal.open(slow(CaseKind.REFUND, "P-3"), "processing")
    done = await portal.open(slow(CaseKind.REFUND, "P-4"), "paid_out", arn="74537604221222132710573")
    dispute = await portal.open(slow(CaseKind.DISPUTE, "P-5", reach=GERMAN), "with_bank", contact=ANNA)
    delay = await portal.open(slow(CaseKind.DELAY, "P-6"), "on_the_road")
    failed = await portal.open(slow(CaseKind.REFUND, "P-7"), "bounced")
    late = await portal.open(started(CaseKind.REFUND, "P-8"), "processing")
    back = await portal.open(slow(CaseKind.REFUND, "P-9"), "paid_out", arn="74537604221222132710574")
    for one in (asks, hold):
        await one.real.told(MessageKind.ACKNOWLEDGEMENT)
    await asks.real.act(names.HOLD, c.HoldCase(by=LEAD, reason="bank_details"))
    await hold.real.act(names.HOLD, c.HoldCase(by=LEAD, reason="fraud_review"))
    await done.real.told(MessageKind.FEEDBACK_REQUEST)
    await parts.real.told(MessageKind.NEWS)
    await failed.real.told(MessageKind.NEWS)
    await asks.real.told(MessageKind.ASK)
    await back.real.told(MessageKind.RESOLUTION)
    await back.real.act(names.CUSTOMER_REPLY, c.CustomerReply(by=LEAD, not_solved=True))
    await back.real.told(MessageKind.REOPEN)
    await delay.real.told(MessageKind.ACKNOWLEDGEMENT)
    await late.real.told(MessageKind.ACKNOWLEDGEMENT)
    links = {"parts": parts, "asks": asks, "hold": hold, "done": done, "dispute": dispute, "delay": delay, "failed": failed, "late": late}
    found = {name: url + case.link() for name, case in {**links, "back": back}.items()}
    found["feedback_only"] = url + done.link(LinkPurpose.FEEDBACK)
    return found


def plan_of(url: str, links: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    def shot(name: str, kind: str, width: int, **more: Any) -> dict[str, Any]:
        return {"url": links[name], "path": str(folder / f"{name}-{kind}.png"), "width": width, **more}

    def then(path: str) -> list[str]:
        return [f"{url}/case/{path}"]

    return [
        *(shot(name, "phone", 390) for name in links),
        *(shot(name, "desktop", 1280) for name in ("parts", "asks", "done", "hold")),
        shot("asks", "zoom", 640, scale=2),
        shot("parts", "narrow", 320),
        shot("parts", "dark", 390, scheme="dark"),
        shot("asks", "dark", 390, scheme="dark"),
        shot("done", "print", 800, print=True),
        shot("parts", "settings", 390, then=then("settings")),
        shot("parts", "settings-narrow", 320, then=then("settings")),
        shot("dispute", "settings-dark", 390, then=then("settings"), scheme="dark"),
        shot("done", "feedback", 1280, then=then("feedback")),
        shot("done", "feedback-narrow", 320, then=then("feedback")),
        shot("done", "not-solved", 390, then=then("not-solved")),
        shot("parts", "error", 390, then=then("reply"), clicks=["main form button"]),
        {"url": f"{url}/case", "path": str(folder / "no-session-phone.png"), "width": 390},
    ]


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        async with portal_house(Path(state)) as portal:
            links = await cases_of(portal)
            plan = plan_of(portal.url, links, folder)
            done = await asyncio.to_thread(
                subprocess.run, [PYTHON, "-c", _LOOK], input=json.dumps(plan), capture_output=True, text=True, check=False
            )
            sys.stdout.write(done.stdout + done.stderr)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/portal")))
