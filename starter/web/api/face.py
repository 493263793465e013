"""The API as the web process includes it.

Owns the putting together. Must never hold an operation. Called by starter/web/faces.py and by tests.
"""

from fastapi import APIRouter

from starter.web.api.acts import acts_router
from starter.web.api.batch import LARGEST, batch_router
from starter.web.api.guard import Guard
from starter.web.api.listing import listing_router
from starter.web.api.opening import opening_router
from starter.web.api.rates import Rates
from starter.web.api.reading import reading_router
from starter.web.api.rulebook import rulebook_router
from starter.web.api.texts import texts_router
from starter.web.parts import Face, WebParts


def api_faces(parts: WebParts, rates: Rates | None = None) -> list[Face]:
    """The batch's face comes first: its prefix is the longer one, and its bodies are the larger ones. Raises BookError."""
    guard = Guard(parts, rates)
    batch = Face(batch_router(parts, guard), prefixes=("/v1/cases:batch",), machine=True, body_limit=LARGEST)
    router = APIRouter()
    for part in (opening_router, listing_router, reading_router, texts_router, acts_router, rulebook_router):
        router.include_router(part(parts, guard))
    return [batch, Face(router, prefixes=("/v1/",), machine=True)]
