"""Pictures of the three faces for the README, made from the running program.

`python -m scripts.pictures [folder]` (`make pictures`): starts the embedded stack with its simulated provider, opens cases over the
API, lets people act on them, and has Chromium look at the pages. Everybody in the pictures is made up. The weeks behind the pictures
of insight are written into the books as their recorder would have: nobody waits thirteen weeks for a picture.
"""

import asyncio
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from playwright.async_api import Page

from policies.case.facts import Actor
from policies.case.state import Resolution
from policies.case.vocabulary import CaseKind, CaseStatus, FactType, MessageKind, PromiseEnd, Role
from starter.settings import ROOT
from starter.web.api.documented import REFUND
from store.people import PersonRole
from store.queries import Queries
from store.recorder import Recorder
from tests.browser.harness import ADMIN, House, house, sign_in
from tests.browser.window import Chromium, chromium
from tests.real.harness import eventually
from tests.store.samples import ended, entry, fact

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 150_000  # bytes of a picture: the README loads them all
TRACE = "74537604221222132710572"
_WIDE = {"width": 1160, "height": 740}
_CALENDAR = datetime.now(UTC).replace(microsecond=0)


def ago(**span: float) -> str:
    return (_CALENDAR - timedelta(**span)).isoformat()


def case(number: int, name: str, item: str, amount: int, opened_at: str, *, german: bool = False, **more: Any) -> dict[str, Any]:
    """A refund of a customer of its own, as a shop's system hands it in."""
    first, _, last = name.partition(" ")
    home = (
        {"locale": "de", "zone": "Europe/Berlin", "country": "DE"} if german else {"locale": "en", "zone": "Europe/London", "country": "GB"}
    )
    phone = f"+49302312{number:04d}" if german else f"+447700900{number % 1000:03d}"
    customer = {"id": f"C-{number}", "name": name, "email": f"{first}.{last}@example.com".lower(), "phone": phone, **home}
    customer["segment"] = more.pop("segment", None)
    payments = [{"amount_minor": amount, "currency": "EUR", "provider": "simpay", "reference": f"SP-{number}"}]
    values = {**REFUND, "reference": f"R-{number}", "order": f"NW-5{number}", "item": item, "payments": payments, "customer": customer}
    return {**values, "opened_at": opened_at, "owner": "ana.agent", **more}


def dispute(number: int, name: str, item: str, amount: int, opened_at: str) -> dict[str, Any]:
    at = {"provider": "simpay", "reference": f"DP-{number}", "stage": "chargeback"}
    return case(number, name, item, amount, opened_at, kind="dispute", reference=f"D-{number}", dispute=at, reason="not_received")


def delay(number: int, name: str, item: str, opened_at: str) -> dict[str, Any]:
    parcels = [{"carrier": "simship", "tracking": f"SHIP-{number}"}]
    values = case(number, name, item, 1, opened_at, german=True, kind="delay", reference=f"V-{number}", parcels=parcels, reason="late")
    return {**values, "payments": [], "delay": {"promised_at": ago(days=2), "revised_at": ago(days=-2)}}


def plan(kind: str, reference: str, word: str, **fields: str) -> dict[str, Any]:
    return {"kind": kind, "reference": reference, "steps": [{"after_s": 0, "status": word, "fields": fields}]}


async def a_bad_fortnight(place: House, browser: Chromium) -> str:
    """What a shop has open on some morning; the id of the case that the pictures look at."""
    plans = [plan("refund", f"SP-{number}", "processing") for number in (108, 104, 101, 102, 106, 110, 111, 131)]
    plans += [plan("refund", "SP-132", "paid_out", arn=TRACE), plan("dispute", "DP-201", "evidence_wanted")]
    plans += [plan("tracking", "SHIP-301", "held_up")]
    async with httpx2.AsyncClient(base_url=place.stack.simulator_url or "", trust_env=False) as simulator:
        (await simulator.post("/admin/plans", json={"plans": plans})).raise_for_status()
    tent = case(
        131,
        "Mira Stone",
        "Tent and poles",
        15000,
        ago(days=5, hours=3),
        reason="cancelled",
        facts={"withdrawal_told": ago(days=5, hours=4)},
    )
    tent["payments"].append({"amount_minor": 2500, "currency": "EUR", "method": "gift_card", "provider": "simpay", "reference": "SP-132"})
    rest = [
        case(108, "Vera Lang", "Daunenparka", 34900, ago(days=9), german=True, segment="vip"),
        case(104, "Paul Winter", "Kocher", 5990, ago(days=12), german=True, reason="defective"),
        case(101, "Ada Brook", "Rain jacket", 8990, ago(days=3)),
        case(102, "Jonas Feld", "Wanderstiefel", 12900, ago(days=2), german=True),
        case(106, "Eva Klein", "Laterne", 3490, ago(days=4), german=True, reason="damaged"),
        case(110, "Lucy Hart", "Backpack", 10990, ago(hours=20)),
        case(111, "Tom Rivers", "Sleeping bag", 19900, ago(hours=7)),
        dispute(201, "Sam Ford", "Climbing rope", 7900, ago(days=3)),
        delay(301, "Nora Berg", "Kajakpaddel", ago(days=2)),
    ]
    opened = [await place.post("/v1/cases", body) for body in [tent, *rest]]
    ids = {body["reference"]: await place.acknowledged(answer) for body, answer in zip([tent, *rest], opened, strict=True)}
    by = {"who": "ana.agent", "why": "damage in transit"}
    await place.post(f"/v1/cases/{ids['R-106']}/hold", {"by": by, "reason": "photo"})
    await place.told(ids["R-131"], MessageKind.NEWS)
    await place.post(
        f"/v1/cases/{ids['R-131']}/replies", {"by": {"who": "ana.agent"}, "text": "The gift card is paid back. The card payment follows."}
    )
    for reference, words in (
        ("R-101", "The tracking says you have the jacket since Monday. When do I get my money?"),
        ("R-131", "Thanks!"),
    ):
        async with browser.window() as window:
            await window.page.goto(await place.link(ids[reference]))
            await window.page.get_by_label("Your message").fill(words)
            await window.page.get_by_role("button", name="Send").click()
            await window.page.get_by_role("status").first.wait_for()
    low = await place.resolved("R-109", **_resolved_before())
    await place.post(f"/v1/cases/{low}/feedback", {"by": by, "csat": 2, "nps": 3, "comment": "It took too long."})
    await _answered(place, ids["R-131"])
    return ids["R-131"]


def _resolved_before() -> dict[str, Any]:
    body = case(109, "Max Moor", "Stirnlampe", 4490, ago(days=6), german=True)
    return {name: body[name] for name in ("order", "item", "payments", "customer", "opened_at", "owner")}


async def _answered(place: House, case_id: str) -> None:
    """Ana answers the thanks too: the pictures show a case that goes well, in a queue that does not."""
    by = {"who": "ana.agent"}
    await place.post(
        f"/v1/cases/{case_id}/replies", {"by": by, "text": "You are welcome. You hear from us again when the card payment is done."}
    )

    async def look() -> bool:
        view = await Queries(place.store).case(case_id)
        return view is not None and view.unanswered_since is None

    await eventually(look, "the books know the answer")


async def quarter(place: House) -> None:
    """Thirteen weeks of closed cases, better and better told."""
    dice, recorder = random.Random(11), Recorder(place.store)
    kinds = (CaseKind.REFUND, CaseKind.REFUND, CaseKind.REFUND, CaseKind.DISPUTE, CaseKind.DELAY)
    lena = Actor(who="lena.lead", role=Role.LEAD)
    for number in range(420):
        kind = dice.choice(kinds)
        opened_at = _CALENDAR - timedelta(days=dice.uniform(9, 90))
        progress = 1 - (_CALENDAR - opened_at) / timedelta(days=90)
        done_at = min(opened_at + timedelta(hours=dice.gauss(110 - 45 * progress, 25)), _CALENDAR)
        late = [end for end in (PromiseEnd.LATE, PromiseEnd.BROKEN) if dice.random() < 0.10 - 0.07 * progress]
        ends = [PromiseEnd.KEPT] * dice.randint(3, 5) + late
        answered = dice.random() < 0.45
        csat = min(5, max(1, round(dice.gauss(3.9 + 0.7 * progress, 0.9)))) if answered else None
        missed = dice.random() < 0.12 - 0.06 * progress
        said = {"occurred_at": opened_at, "learned_at": opened_at}
        over = {"occurred_at": done_at, "learned_at": done_at}
        facts = [fact(1, FactType.OPENED, detail={"policy": f"retail.{kind.value}"}, **said), fact(3, FactType.RESOLVED, **over)]
        if dice.random() < 0.3:
            facts.insert(1, fact(2, FactType.CUSTOMER_REPLIED, **said))
        await recorder.commit_entry(
            entry(
                f"northwind-x-{number:04d}",
                kind=kind,
                merchant="northwind",
                status=CaseStatus.CLOSED,
                opened_at=opened_at,
                closed_at=done_at,
                next_at=None,
                next_what=None,
                resolution=Resolution(outcome="refunded", by=lena, decided_at=done_at),
                clocks_met=0 if missed else 1,
                clocks_breached=1 if missed else 0,
                csat=csat,
                nps=None if csat is None else min(10, max(0, 2 * csat - dice.choice((0, 0, 1)))),
                facts=facts,
                ended_promises=[ended(at, end) for at, end in enumerate(ends, 1)],
            )
        )


async def look(place: House, browser: Chromium, case_id: str, folder: Path) -> None:
    async with browser.window(_WIDE["width"]) as window:
        page = window.page
        await page.set_viewport_size(_WIDE)
        await sign_in(page, ADMIN)
        await _kept(page, folder / "queue.png")
        await page.goto(f"/console/cases/{case_id}")
        await _kept(page, folder / "case.png")
        await page.goto("/console/insight")
        await _kept(page, folder / "insight.png")
    async with browser.window(390, device_scale_factor=1.5) as window:
        await window.page.goto(await place.link(case_id))
        await window.page.set_viewport_size({"width": 390, "height": 1000})
        await _kept(window.page, folder / "customer.png")


async def _kept(page: Page, path: Path) -> None:
    """What a window shows, without what lies beneath its edge."""
    await page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    sys.stdout.write(f"{path}: {size // 1000} KB\n")
    if size > LARGEST:
        raise SystemExit(f"{path}: {size} bytes are more than {LARGEST}; show less of the page")


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        async with house(Path(state)) as place, chromium(place.url) as browser:
            await place.person(ADMIN, PersonRole.ADMIN)
            case_id = await a_bad_fortnight(place, browser)
            await quarter(place)
            await look(place, browser, case_id, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
