"""One request to the customer's page: whose case it is, how it stands, in which words it is told.

Owns the way from a cookie to a case, and every page that says "not now" or "not here". Must never look for a case by anything but the link
of the session. Called by the portal's routes.
"""

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from policies.case.commands import Snapshot
from policies.case.vocabulary import CaseStatus
from policies.links import LinkPurpose
from starter.desk import CaseKey
from starter.link_keys import link_keys
from starter.policy_books import load_books
from starter.web.csrf_token import CsrfTokens
from starter.web.languages import asked_language
from starter.web.looking import LOOK_S, PATIENT_S, looked_up
from starter.web.pages import page
from starter.web.parts import WebParts
from starter.web.portal.acts import newest_facts
from starter.web.portal.care import Care, CareOfShops
from starter.web.portal.public_words import PublicWords
from starter.web.portal.saying import LANGUAGE_NAMES, Saying, page_language, reading
from starter.web.portal.session import Session, Sessions
from starter.web.portal.standing import Standing, standing
from starter.web.portal.style import STYLE_URL
from store.portal_views import LinkHolder, PortalView, PortalViews

LANDING = {
    LinkPurpose.STATUS: "/case",
    LinkPurpose.FEEDBACK: "/case/feedback",
    LinkPurpose.NOT_SOLVED: "/case/not-solved",
    LinkPurpose.REPLY: "/case/reply",
}


@dataclass(frozen=True)
class Visit:
    """What every page of a case stands on. `session` is None for a program with a token of its own."""

    session: Session | None
    view: PortalView
    snapshot: Snapshot | None
    case: Standing
    say: Saying
    care: Care

    @property
    def holder(self) -> LinkHolder:
        return self.view.holder


class Portal:
    """What the routes share, built once from the parts of the web process."""

    def __init__(self, parts: WebParts) -> None:
        """Raises SettingsError, BookError."""
        keys = link_keys(parts.settings)
        self.parts = parts
        self.sessions = Sessions(keys, https=parts.https, clock=self._seconds)
        self.forms = CsrfTokens(keys, self._seconds)
        self.words = PublicWords(load_books(parts.settings.policy_book_files))
        self.shops = CareOfShops.of_file(parts.settings.brands)

    def _seconds(self) -> float:
        return self.parts.clock().timestamp()

    # -- from a request to a case ---------------------------------------------------------------------------------------------------

    async def visit(self, request: Request, act: str) -> Visit | Response:
        """The case of this session, or the page that is shown instead. Raises Away, StoreUnavailable."""
        session = self.sessions.read(request)
        if session is None:
            return self.bare("no_session", request, 401)
        found = await self.of_link(session.link_id, session, LOOK_S if act == "view" else PATIENT_S)
        if found == "erased":
            return await self._erased(request, session)
        if isinstance(found, str):
            return self._turned_away(found, request)
        if not session.may(act):
            return self.sessions.keep(self.told("limited", found, 403), replace(session, said=None))
        return found

    async def of_token(self, token: str) -> Visit | str:
        """The case of a status token. Raises LinkInvalid, LinkExpired, Away, StoreUnavailable."""
        return await self.of_link(self.parts.links.read(LinkPurpose.STATUS, token), None)

    async def of_link(self, link_id: str, session: Session | None, within_s: float = LOOK_S) -> Visit | str:
        """The case; or why there is none to be shown: gone | erased | not_ready."""
        view = await PortalViews(self.parts.backends.store()).by_link(link_id)
        if view is None or not view.holder.current:
            return "gone"
        if view.holder.erased:
            return "erased"
        row = view.row
        closed = row is not None and row.status is CaseStatus.CLOSED
        case_id = view.holder.case_id
        snapshot = None if closed else await looked_up(self.parts, CaseKey(case_id, row.kind) if row is not None else case_id, within_s)
        if snapshot is not None:
            view = await newest_facts(self.parts, view, snapshot)
        locale = snapshot.reach.locale if snapshot is not None and snapshot.reach is not None else view.holder.locale
        zone = snapshot.reach.zone if snapshot is not None and snapshot.reach is not None else view.holder.zone
        language = page_language(session.language if session is not None else None, locale)
        now = self.parts.clock()
        case = standing(view, snapshot, self.words, reading(language, locale), now)
        if case is None:
            return "not_ready"
        policy = self.words.policy(case.policy_id)
        say = Saying(language, locale, zone, today=now, show_seconds=policy is not None and policy.show_seconds)
        brand = row.brand if row is not None else None
        return Visit(session, view, snapshot, case, say, self.shops.of(view.holder.merchant, brand))

    # -- pages --------------------------------------------------------------------------------------------------------------------------

    def show(self, template: str, visit: Visit, *, status: int = 200, headers: dict[str, str] | None = None, **content: Any) -> Response:
        """A page of the case; its session begins anew, and what was to be said once has been said."""
        assert visit.session is not None
        response = page(
            f"portal/{template}.html.j2",
            visit.say.language,
            status=status,
            headers=headers,
            visit=visit,
            case=visit.case,
            say=visit.say,
            care=visit.care,
            session=visit.session,
            said=visit.session.said,
            csrf=self.forms.issue(visit.session.number),
            languages=LANGUAGE_NAMES,
            style_url=STYLE_URL,
            **content,
        )
        return self.sessions.keep(response, replace(visit.session, said=None))

    def told(self, name: str, visit: Visit, status: int) -> Response:
        """A page that says one thing to somebody whose case we know."""
        return self._notice(name, visit.say, visit.care, status, case_id=visit.case.case_id)

    def bare(self, name: str, request: Request, status: int, *, kept: str | None = None, retry_after: str | None = None) -> Response:
        """A page that says one thing to somebody whom we do not know."""
        language = asked_language(request)
        say = Saying(language, language, "UTC", today=self.parts.clock())
        return self._notice(name, say, None, status, kept=kept, retry_after=retry_after)

    def _turned_away(self, why: str, request: Request) -> Response:
        if why == "not_ready":
            return self.bare(why, request, 503, retry_after="5")
        return self.sessions.end(self.bare(why, request, 410))

    async def _erased(self, request: Request, session: Session) -> Response:
        """What remains true of a case whose person was forgotten: its number, and how it ended."""
        view = await PortalViews(self.parts.backends.store()).by_link(session.link_id)
        if view is None:
            return self._turned_away("gone", request)
        language = page_language(session.language, view.holder.locale)
        say = Saying(language, view.holder.locale, view.holder.zone, today=self.parts.clock())
        row, outcome = view.row, None
        if row is not None and row.resolution is not None:
            outcome = self.words.outcome(None, row.kind, row.resolution.outcome, reading(language, view.holder.locale))
        care = self.shops.of(view.holder.merchant, row.brand if row is not None else None)
        closed_at = row.closed_at if row is not None else None
        return self._notice("erased", say, care, 200, case_id=view.holder.case_id, outcome=outcome, closed_at=closed_at)

    def _notice(
        self, name: str, say: Saying, care: Care | None, status: int, *, retry_after: str | None = None, **content: Any
    ) -> Response:
        shown: dict[str, Any] = {"kept": None, "case_id": None, "outcome": None, "closed_at": None, **content}
        headers = {"retry-after": retry_after} if retry_after else {}
        return page(
            "portal/notice.html.j2",
            say.language,
            status=status,
            headers=headers,
            name=name,
            say=say,
            care=care,
            style_url=STYLE_URL,
            **shown,
        )
