"""The console as a face of the web process: its routers in one list.

Owns the list. Must never hold a page. Included by starter/web/faces.py; tests hand in cheap passwords.
"""

from fastapi import APIRouter

from starter.passwords import Passwords
from starter.web.console.account_pages import account_pages, door_pages
from starter.web.console.audit_pages import audit_pages
from starter.web.console.case.case_pages import case_pages
from starter.web.console.console import Console
from starter.web.console.customer_pages import customer_pages
from starter.web.console.forms import LARGEST
from starter.web.console.insight_pages import insight_pages
from starter.web.console.key_pages import key_pages
from starter.web.console.outbox_pages import outbox_pages
from starter.web.console.park_pages import park_pages
from starter.web.console.people_pages import people_pages
from starter.web.console.policy_pages import policy_pages
from starter.web.console.queue_assets import queue_assets
from starter.web.console.queue_pages import queue_pages
from starter.web.console.search_pages import search_pages
from starter.web.console.sign_in import SignIn
from starter.web.console.suppression_pages import suppression_pages
from starter.web.parts import Face, WebParts


def console_faces(parts: WebParts, passwords: Passwords | None = None) -> list[Face]:
    """Raises SettingsError, BookError."""
    console = Console(parts, passwords or Passwords())
    sign_in = SignIn(console)
    router = APIRouter()
    for pages in (
        door_pages(console, sign_in),
        account_pages(console, sign_in),
        case_pages(console),
        queue_assets(),
        queue_pages(console),
        park_pages(console),
        search_pages(console),
        customer_pages(console),
        insight_pages(console),
        *([outbox_pages(console)] if console.embedded else []),
        policy_pages(console),
        people_pages(console),
        key_pages(console),
        suppression_pages(console),
        audit_pages(console),
    ):
        router.include_router(pages)
    return [Face(router, prefixes=("/console",), body_limit=LARGEST)]
