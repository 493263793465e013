"""/console/admin/people: who may sign in, as what; made, changed, helped in again, disabled.

Owns these pages. Must never show a password but a one-time one, once, on the page that answers its making. Included by face.py.
"""

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from starter.accounts import ONE_TIME_LIFE, Accounts
from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.navigation import ADMIN_PLACES
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from store.engine import StoreRefused
from store.people import NewPerson, People, Person, PersonRole

PATH = "/console/admin/people"
ROLES = [
    (PersonRole.VIEWER.value, "viewer: looks, contact data masked"),
    (PersonRole.AGENT.value, "agent: replies, notes, holds, speaks with customers"),
    (PersonRole.LEAD.value, "lead: also resolves, escalates, extends, reassigns"),
    (PersonRole.ADMIN.value, "admin: also people, keys, suppressions, audit log"),
]

_RIGHT = {
    "name": "Name: right would be 2 to 40 small letters, digits and . _ - such as lena.lead.",
    "shown_name": "Shown as: right would be at most 60 letters, without < > or @.",
    "role": "Role: choose one of the list.",
    "merchants": "Merchants: right would be names as cases carry them, with commas between, such as northwind, acme.",
}
_ADMINS_SEE_ALL = "Merchants: an admin is for every merchant; right would be none here, or another role."


def people_pages(console: Console) -> APIRouter:
    router = console.router()
    pages = _People(console)
    router.add_api_route("/console/admin", pages.admin, methods=["GET", "HEAD"])
    router.add_api_route(PATH, pages.listed, methods=["GET", "HEAD"])
    router.add_api_route(PATH, pages.create, methods=["POST"])
    router.add_api_route(PATH + "/{name}", pages.one, methods=["GET", "HEAD"])
    for act in ("role", "reset", "disable", "enable"):
        router.add_api_route(PATH + "/{name}/" + act, getattr(pages, act), methods=["POST"])
    return router


class _People:
    def __init__(self, console: Console) -> None:
        self._console = console

    @needs(Act.PEOPLE)
    async def admin(self) -> Response:
        return RedirectResponse(PATH, 303)

    @needs(Act.PEOPLE)
    async def listed(self, visit: SignedIn) -> Response:
        return await self._list(visit)

    @needs(Act.PEOPLE)
    async def create(self, visit: SignedIn) -> Response:
        form = visit.form
        name = form.get("name").strip().lower()
        given = {
            "name": name,
            "shown_name": form.get("shown_name").strip() or name,
            "role": form.get("role"),
            "merchants": _merchants(visit),
        }
        try:
            new = NewPerson.model_validate(given)
        except ValidationError as error:
            _refuse(visit, error)
            return await self._list(visit, status=422)
        try:
            person, password = await self._accounts().create(new, visit.person.name)
        except StoreRefused as error:
            form.refuse("name", error.reason.removeprefix("name: "))
            return await self._list(visit, status=409)
        return self._once(visit, person, password)

    @needs(Act.PEOPLE)
    async def one(self, visit: SignedIn, name: str) -> Response:
        return self._page(visit, await self._known(name))

    @needs(Act.PEOPLE)
    async def role(self, visit: SignedIn, name: str) -> Response:
        person = await self._known(name)
        given = {"name": person.name, "shown_name": person.shown_name, "role": visit.form.get("role"), "merchants": _merchants(visit)}
        try:
            new = NewPerson.model_validate(given)
        except ValidationError as error:
            _refuse(visit, error)
            return self._page(visit, person, status=422)
        try:
            await self._accounts().set_role(name, new.role, list(new.merchants), visit.person.name)
        except StoreRefused as error:
            visit.form.refuse("role", error.reason)
            return self._page(visit, person, status=409)
        return self._console.back(f"{PATH}/{name}", "person_changed")

    @needs(Act.PEOPLE)
    async def reset(self, visit: SignedIn, name: str) -> Response:
        person = await self._known(name)
        if visit.form.get("sure_reset") != "yes":
            visit.form.refuse("sure_reset", "Tick the box: the present password stops working at once.")
            return self._page(visit, person, status=422)
        return self._once(visit, *await self._accounts().reset(name, visit.person.name))

    @needs(Act.PEOPLE)
    async def disable(self, visit: SignedIn, name: str) -> Response:
        person = await self._known(name)
        if name == visit.person.name:
            visit.form.refuse("sure_disable", "This is you; another admin can do it.")
        elif visit.form.get("sure_disable") != "yes":
            visit.form.refuse("sure_disable", "Tick the box: the person is out at once.")
        if visit.form.errors:
            return self._page(visit, person, status=422)
        try:
            await self._accounts().disable(name, visit.person.name)
        except StoreRefused as error:
            visit.form.refuse("sure_disable", error.reason)
            return self._page(visit, person, status=409)
        return self._console.back(f"{PATH}/{name}", "person_disabled")

    @needs(Act.PEOPLE)
    async def enable(self, visit: SignedIn, name: str) -> Response:
        await self._known(name)
        await self._accounts().enable(name, visit.person.name)
        return self._console.back(f"{PATH}/{name}", "person_enabled")

    # -- parts ----------------------------------------------------------------------------------------------------------------------

    def _accounts(self) -> Accounts:
        return Accounts(self._console.parts.backends.store(), self._console.passwords, self._console.now)

    async def _known(self, name: str) -> Person:
        person = await People(self._console.parts.backends.store()).named(name)
        if person is None:
            raise Problem("not_found", "No such person is known.")
        return person

    async def _list(self, visit: Visit, *, status: int = 200) -> Response:
        every = await People(self._console.parts.backends.store()).all()
        return self._console.show("people", visit, status=status, people=every, roles=ROLES, admin_places=ADMIN_PLACES)

    def _page(self, visit: Visit, whom: Person, *, status: int = 200) -> Response:
        return self._console.show("person", visit, status=status, whom=whom, roles=ROLES, admin_places=ADMIN_PLACES)

    def _once(self, visit: Visit, whom: Person, password: str) -> Response:
        hours = round(ONE_TIME_LIFE.total_seconds() / 3600)
        return self._console.show("person_password", visit, whom=whom, password=password, hours=hours, admin_places=ADMIN_PLACES)


def _merchants(visit: Visit) -> list[str]:
    """Typed with commas between."""
    return [name.strip() for name in visit.form.get("merchants").split(",") if name.strip()]


def _refuse(visit: Visit, error: ValidationError) -> None:
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(detail["loc"][0]) if detail["loc"] else "merchants"  # what is about several fields: an admin's merchants
        if name == "shown_name" and not visit.form.get("shown_name").strip():
            continue  # it was taken from the name, which is wrong itself
        visit.form.refuse(name, _RIGHT.get(name, _RIGHT["merchants"]) if detail["loc"] else _ADMINS_SEE_ALL)
