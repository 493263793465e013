"""The stack as `make up` starts it, web process included, for the browser in front of it.

Owns the house, the people who sign in, and the customers' links (from the outbox: nobody else has them). Nothing here is a fake.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from playwright.async_api import Page

from policies.case.vocabulary import FactType, MessageKind
from policies.links import LinkPurpose
from starter.embedded.stack import Stack
from starter.link_keys import signer_of
from starter.settings import load_settings
from starter.web.api.documented import REFUND
from store.api_keys import ApiKeys, NewKey, Scope
from store.engine import Store, open_store
from store.link_tokens import LinkSigner, LinkUrls
from store.outbox import Outbox, Posted
from store.people import NewPerson, People, PersonRole
from store.queries import Queries
from store.standing import MessageState
from tests.real.harness import eventually
from tests.starter.web.console.harness import CHEAP, PASSWORD
from tests.store.rows import link_id_of

BOOKS = Path(__file__).resolve().parents[2] / "policies" / "books"
# The retail book, except: feedback is asked for as soon as the case is resolved, at any hour.
_SOON = {
    'ask_after = "24h"': 'ask_after = "1s"',
    'window = { open = { mon = ["09:00-20:00"], tue = ["09:00-20:00"], wed = ["09:00-20:00"], thu = ["09:00-20:00"], '
    'fri = ["09:00-20:00"], sat = ["09:00-20:00"], sun = ["12:00-20:00"] } }': "window = { open = { "
    + ", ".join(f'{day} = ["00:00-24:00"]' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    + " } }",
}
ADMIN, LEAD = "adam.admin", "lena.lead"
_LINK = re.compile(r"http://127\.0\.0\.1:\d+/s/[A-Za-z0-9._~-]+")


def impatient_book(folder: Path) -> Path:
    text = (BOOKS / "retail.toml").read_text(encoding="utf-8")
    for usual, here in _SOON.items():
        assert usual in text, f"the retail book has changed: {usual}"
        text = text.replace(usual, here)
    path = folder / "book.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refund(reference: str, **changes: Any) -> dict[str, Any]:
    """The document's refund under another reference, of a customer of its own."""
    usual: dict[str, Any] = REFUND
    payments = [{**usual["payments"][0], "reference": f"SP-{reference}"}]
    customer = {**usual["customer"], "id": f"C-{reference}", **changes.pop("customer", {})}
    return {**usual, "reference": reference, "order": f"NW-{reference}", "payments": payments, "customer": customer, **changes}


@dataclass
class House:
    """The running stack as a backend service sees it, and its outbox."""

    stack: Stack
    store: Store
    signer: LinkSigner
    api: httpx2.AsyncClient  # with a key that may do everything

    @property
    def url(self) -> str:
        assert self.stack.web_url is not None
        return self.stack.web_url

    async def open(self, reference: str, **changes: Any) -> str:
        """A case over the API, acknowledged; its id."""
        return await self.acknowledged(await self.post("/v1/cases", refund(reference, **changes)))

    async def acknowledged(self, opened: dict[str, Any]) -> str:
        case_id = str(opened["case_id"])
        await self.told(case_id, MessageKind.ACKNOWLEDGEMENT)
        return case_id

    async def resolved(self, reference: str, **changes: Any) -> str:
        """A case that was resolved over the API, whose customer is asked for feedback; its id."""
        case_id = await self.open(reference, **changes)
        by = {"who": "ana.agent", "why": "the customer called"}
        amounts = [{"amount_minor": 8990, "currency": "EUR"}]
        await self.post(f"/v1/cases/{case_id}/resolve", {"by": by, "outcome": "goodwill", "amounts": amounts})
        await self.asked_for_feedback(case_id)
        return case_id

    async def asked_for_feedback(self, case_id: str) -> None:
        """Wait until the case knows that it has asked: a moment after the message was told."""

        async def look() -> bool:
            timeline = (await self.api.get(f"/v1/cases/{case_id}/timeline")).json()
            return any(fact["type"] == FactType.FEEDBACK_ASKED for fact in timeline["facts"])

        await eventually(look, f"{case_id}: feedback asked for")

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.api.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        answered: dict[str, Any] = answer.json()
        return answered

    async def told(self, case_id: str, kind: MessageKind) -> Posted:
        """Wait until a message of that kind was taken by its channel; as it stands in the outbox."""

        async def look() -> str | None:
            messages = await Queries(self.store).messages(case_id)
            return next((one.message_id for one in messages if one.kind is kind and one.state is MessageState.ACCEPTED), None)

        message_id = await eventually(look, f"{case_id}: {kind.value}")
        posts = [post for post in await Outbox(self.store).rows(case_id, limit=1000) if post.message_id == message_id]
        return posts[-1]

    async def link(self, case_id: str, kind: MessageKind = MessageKind.ACKNOWLEDGEMENT) -> str:
        """The link to the case's page as it stands in a message to the customer."""
        found_link = _LINK.search((await self.told(case_id, kind)).text)
        assert found_link is not None, f"{case_id}: no link in the {kind.value}"
        return found_link[0]

    async def unsubscribe_link(self, case_id: str) -> str:
        """The embedded outbox does not keep it (it is no part of the text): signed under the stack's own key, as the worker does."""
        case = await Queries(self.store).case(case_id)
        assert case is not None
        link_id = await self.store.read(lambda connection: link_id_of(connection, case.contact_ref))
        assert link_id is not None
        return LinkUrls(self.url, self.signer).url(LinkPurpose.UNSUBSCRIBE, link_id)

    async def person(self, name: str, role: PersonRole) -> None:
        people, now = People(self.store), datetime.now(UTC)
        hashed = CHEAP.hash(PASSWORD)
        new = NewPerson(name=name, shown_name=name.partition(".")[0].title(), role=role)
        made = await people.create(new, hashed, now + timedelta(hours=1), "tests", now)
        await people.choose_password(made.person_id, hashed)


@asynccontextmanager
async def house(folder: Path, **settings: Any) -> AsyncIterator[House]:
    """Start everything on free ports with its state in `folder`; stop it at the end."""
    made = load_settings(state_dir=folder, **{"policy_books": [impatient_book(folder)], "graceful_shutdown_s": 5, **settings})
    stack = Stack(made, state_dir=folder, temporal_port=None, ui_port=None, simulator=True, web=True, on_event=lambda _: None)
    async with stack:
        store = await open_store(made.database_url)
        try:
            everything = NewKey(name="shop", scopes=[Scope.OPEN, Scope.READ, Scope.LEAD], per_minute=10_000)
            _, key = await ApiKeys(store).create(everything, "tests", datetime.now(UTC))
            bearer = {"authorization": f"Bearer {key}"}
            async with httpx2.AsyncClient(base_url=stack.web_url or "", headers=bearer, trust_env=False, timeout=30, verify=False) as api:
                yield House(stack, store, signer_of(made), api)
        finally:
            await store.close()


async def signed_in(house: House, name: str) -> dict[str, Any]:
    """The cookies of somebody who has signed in, as a new window takes them. Without a window: one test signs in as people do."""
    async with httpx2.AsyncClient(base_url=house.url, headers={"sec-fetch-site": "same-origin"}, trust_env=False, verify=False) as http:
        answer = await http.post("/console/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        cookies = [{"name": one, "value": value, "url": house.url} for one, value in http.cookies.items()]
    return {"cookies": cookies, "origins": []}


async def sign_in(page: Page, name: str) -> None:
    await page.goto("/console")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Queue", exact=True).wait_for()
