"""/console/admin/keys: keys of backend services; made, listed, revoked.

Owns these pages. Must never show a secret but once, on the page that answers its making. Included by face.py.
"""

from datetime import timedelta

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from starter.web.console.console import Console
from starter.web.console.guard import needs
from starter.web.console.navigation import ADMIN_PLACES
from starter.web.console.roles import Act
from starter.web.console.visit import SignedIn, Visit
from starter.web.problems import Problem
from store.api_keys import PER_MINUTE, ApiKey, ApiKeys, KeyStanding, NewKey, Scope

PATH = "/console/admin/keys"
SCOPES = [
    (Scope.OPEN.value, "open", "open cases"),
    (Scope.READ.value, "read", "cases, policies, figures"),
    (Scope.ACT.value, "act", "hold, resume, reply, note, report: as an agent"),
    (Scope.LEAD.value, "lead", "also resolve, extend, reassign, withdraw: changes what customers get"),
    (Scope.METRICS.value, "metrics", "figures for monitoring only"),
]
LIVES = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("never", "never ends")]
_USUAL = "365"
_NAMED = "right would be at most 60 letters, digits, blanks and . _ & ' -, such as"
_RIGHT = {
    "name": f"Service: {_NAMED} shop-backend.",
    "scopes": "It may: tick at least one.",
    "merchant": f"Merchant: {_NAMED} northwind; or nothing, for every merchant.",
    "per_minute": f"Requests a minute: right would be 1 to 1000000, for example {PER_MINUTE}.",
}


def key_pages(console: Console) -> APIRouter:
    router = console.router()

    @router.get(PATH)
    @needs(Act.KEYS)
    async def listed(visit: SignedIn) -> Response:
        return await _list(console, visit)

    @router.post(PATH)
    @needs(Act.KEYS)
    async def create(visit: SignedIn) -> Response:
        new = _new(visit)
        if new is None:
            return await _list(console, visit, status=422)
        detail = {"name": new.name, "scopes": " ".join(scope.value for scope in new.scopes), "merchant": new.merchant}
        async with console.audited(visit, "keys.create", **detail):
            key, text = await ApiKeys(console.parts.backends.store()).create(new, visit.person.name, console.now())
        return console.show("key_secret", visit, key=key, text=text, admin_places=ADMIN_PLACES)

    @router.get(PATH + "/{key_id}")
    @needs(Act.KEYS)
    async def one(visit: SignedIn, key_id: str) -> Response:
        return console.show("key", visit, key=await _known(console, key_id), admin_places=ADMIN_PLACES)

    @router.post(PATH + "/{key_id}/revoke")
    @needs(Act.KEYS)
    async def revoke(visit: SignedIn, key_id: str) -> Response:
        key = await _known(console, key_id)
        if visit.form.get("sure") != "yes":
            visit.form.refuse("sure", "Tick the box: a revoked key cannot be brought back.")
            return console.show("key", visit, status=422, key=key, admin_places=ADMIN_PLACES)
        async with console.audited(visit, "keys.revoke", key=key.key_id, name=key.name):
            await ApiKeys(console.parts.backends.store()).revoke(key.key_id, console.now())
        return console.back(PATH, "key_revoked")

    return router


async def _list(console: Console, visit: Visit, *, status: int = 200) -> Response:
    every = await ApiKeys(console.parts.backends.store()).all()
    over = visit.request.query_params.get("ended") == "yes"
    shown = [key for key in every if over or key.standing(console.now()) is KeyStanding.ACTIVE]
    return console.show(
        "keys",
        visit,
        status=status,
        keys=shown,
        ended=len(every) - len(shown),
        over=over,
        scopes=SCOPES,
        lives=LIVES,
        usual_life=_USUAL,
        per_minute=PER_MINUTE,
        admin_places=ADMIN_PLACES,
    )


async def _known(console: Console, key_id: str) -> ApiKey:
    every = await ApiKeys(console.parts.backends.store()).all()
    found = next((key for key in every if key.key_id == key_id), None)
    if found is None:
        raise Problem("not_found", "No such key is known.")
    return found


def _new(visit: Visit) -> NewKey | None:
    """What the form asks for; None if something is wrong, which is said in the form."""
    form = visit.form
    life, rate = form.get("life") or _USUAL, form.get("per_minute").strip() or str(PER_MINUTE)
    if life not in dict(LIVES):
        form.refuse("life", "Ends: choose one of the list.")
    if not (rate.isascii() and rate.isdecimal() and len(rate) <= 7):
        form.refuse("per_minute", _RIGHT["per_minute"])
    if form.errors:
        return None
    given = {
        "name": form.get("name"),
        "scopes": form.all("scopes"),
        "merchant": form.get("merchant").strip() or None,
        "per_minute": int(rate),
        "lifetime": None if life == "never" else timedelta(days=int(life)),
    }
    try:
        return NewKey.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(detail["loc"][0])
            form.refuse(name, _RIGHT[name])
        return None
