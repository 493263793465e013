"""The web process of a running house, asked over real HTTP by people who have only the links in their messages.

Owns the process, the making of links and a browser without a script. Nothing here is a fake.
"""

import asyncio
import contextlib
import html
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from temporalio.service import RPCError

from policies.case.facts import Fact
from policies.case.start import CaseStart
from policies.case.vocabulary import CaseKind
from policies.links import PATH, LinkPurpose
from starter.embedded.places import ports
from starter.settings import ROOT
from starter.web.portal.saying import WORDS
from store.contacts import Contact
from store.desk_books import DeskBooks
from store.link_tokens import LinkSigner
from tests.real.harness import RealCase, RealHouse, case_start, eventually, real_house
from tests.store.rows import link_id_of
from workflows import names

KEY = "p" * 64
ADA = Contact(name="Ada Example", email="ada@example.com", phone="+49305550001", locale="en", zone="Europe/Berlin")
_TRIES = 10
_STALE = (*(html.escape(words["stale"], quote=False) for words in WORDS.values()), '"complete":false')
_FORM = re.compile(r'<form[^>]*action="(?P<action>[^"]+)"[^>]*>(?P<body>.*?)</form>', re.S)
_HIDDEN = re.compile(r'<input type="hidden" name="(?P<name>[^"]+)" value="(?P<value>[^"]*)">')


class Browser:
    """A browser of one person: cookies are kept, forms are sent as they stand on the page."""

    def __init__(self, base_url: str, **headers: str) -> None:
        same_site = {"sec-fetch-site": "same-origin", **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.http = httpx2.AsyncClient(
            base_url=base_url, headers=same_site, follow_redirects=False, trust_env=False, timeout=30, verify=False
        )

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def open(self, link: str) -> httpx2.Response:
        """Follow a link of a message to the page behind it."""
        return await self._followed(await self.http.get(link))

    async def get(self, path: str) -> httpx2.Response:
        """A page with the engine's answer in it: on a machine that is busy with other tests the books may be told first."""
        for _ in range(_TRIES):
            answer = await self.http.get(path)
            if not any(stale in answer.text for stale in _STALE):
                break
        return answer

    async def submit(
        self, page: httpx2.Response, action: str, values: dict[str, str] | None = None, *, part: str | None = None
    ) -> httpx2.Response:
        """Send a form of the page with its hidden fields; what the redirect leads to."""
        return await self._followed(await self.http.post(action, data={**hidden(page, action, part), **(values or {})}))

    async def _followed(self, answer: httpx2.Response) -> httpx2.Response:
        while answer.status_code == 303:
            answer = await self.get(answer.headers["location"])
        return answer


def hidden(page: httpx2.Response, action: str, part: str | None = None) -> dict[str, str]:
    """The hidden fields of the form with that action (and part, where there are several)."""
    for form in _FORM.finditer(page.text):
        fields = {found["name"]: found["value"] for found in _HIDDEN.finditer(form["body"])}
        if form["action"] == action and (part is None or fields.get("part") == part):
            return fields
    raise AssertionError(f"no form {action} {part or ''} on the page:\n{page.text[:3000]}")


@dataclass
class PortalCase:
    """A case and the links to it."""

    portal: "PortalHouse"
    real: RealCase
    link_id: str

    @property
    def case_id(self) -> str:
        return self.real.case_id

    def token(self, purpose: LinkPurpose = LinkPurpose.STATUS, at: datetime | None = None) -> str:
        return self.portal.signer.sign(purpose, self.link_id, at)

    def link(self, purpose: LinkPurpose = LinkPurpose.STATUS, at: datetime | None = None) -> str:
        return PATH[purpose] + self.token(purpose, at)

    async def facts(self, type_: str) -> list[Fact]:
        """As the engine has them now: the books follow a moment later."""
        found: list[Fact] = await self.real.handle.query(names.TIMELINE, result_type=list[Fact])
        return [fact for fact in found if fact.type == type_]


@dataclass
class PortalHouse:
    house: RealHouse
    url: str
    signer: LinkSigner
    log: Path  # what the web process wrote
    opened: list[PortalCase] = field(default_factory=list)

    def browser(self, **headers: str) -> Browser:
        return Browser(self.url, **headers)

    async def open(self, start: CaseStart, word: str | None = None, *, contact: Contact = ADA, **fields: Any) -> PortalCase:
        """A case whose customer has a link. The contact goes into the books before the workflow, as the desk does it."""
        await DeskBooks(self.house.store).save_contact(start.contact_ref, start.case_id, start.merchant, contact, datetime.now(UTC))
        real = await self.house.open(start, word, **fields)
        link_id = await self.house.store.read(lambda connection: link_id_of(connection, start.contact_ref))
        assert link_id is not None
        self.opened.append(PortalCase(self, real, link_id))
        return self.opened[-1]

    async def end_cases(self) -> None:
        """Stop the cases that live: at the demo's pace each asks its provider every second and writes every third, for every test after."""
        while self.opened:
            with contextlib.suppress(RPCError):  # it has ended by itself
                await self.opened.pop().real.handle.terminate("the test is over")


def started(kind: CaseKind, reference: str, *, patient: bool = True, **more: Any) -> CaseStart:
    """`patient`: days last long enough that nothing happens by itself while a test looks."""
    change = more.pop("change", {})
    if patient:
        change = {"tail": "600s", "feedback": {"expires_after": "600s", "remind_after": "300s"}, **change}
    return case_start(kind, reference, change=change, **more)


@asynccontextmanager
async def portal_house(folder: Path, **settings: Any) -> AsyncIterator[PortalHouse]:
    """The house and its web process, each on free ports of this machine."""
    (port,) = ports([(None, "")])
    url = f"http://127.0.0.1:{port}"
    async with real_house(folder, web_port=port, public_url=url, link_keys=KEY, **settings) as house:
        log = await asyncio.to_thread((folder / "web.log").open, "wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "starter.web", env=house.stack.worker_environment(), cwd=ROOT, stdout=log, stderr=log
        )
        try:
            await eventually(lambda: _serves(url), "the web process serves")
            yield PortalHouse(house, url, LinkSigner([KEY]), folder / "web.log")
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)
            log.close()


async def _serves(url: str) -> bool:
    async with httpx2.AsyncClient(trust_env=False, verify=False) as http:
        try:
            return (await http.get(f"{url}/readyz")).status_code == 200
        except httpx2.TransportError:
            return False
