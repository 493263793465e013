"""The pages on which a customer acts: reply, what was asked for, feedback, not solved, settings.

Owns the order of checks: session, purpose, token of the form, pace, then the act through the desk, then a redirect. Must never change
anything on GET, and never lose what somebody typed: a page that says no shows it again. Included by face.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from starter.desk import CaseKey, Desk
from starter.web.command_key import command_key
from starter.web.csrf_token import FIELD
from starter.web.looking import PATIENT_S, looked_up
from starter.web.pace import Pace
from starter.web.portal.acts import CUSTOMER, attempt, wants_updates_again
from starter.web.portal.forms import LONGEST_COMMENT, LONGEST_TEXT, MOST_FIELDS, Filled, filled
from starter.web.portal.masking import masked_email, masked_phone
from starter.web.portal.session import Session
from starter.web.portal.settings_form import USUAL, changes_of, usable_channels, zones
from starter.web.portal.shown import home, once, shown
from starter.web.portal.visit import Portal, Visit
from store.portal_views import PortalViews

PAGES = ("/case/reply", "/case/feedback", "/case/not-solved", "/case/settings")
# Acts on one case in ten minutes: more than a person needs who corrects a form a few times.
_ACTS, _WINDOW_S = 20, 600.0
_LOOK_AGAIN_S = "5"  # as everywhere in the web process: a worker that restarts is back by then

Act = Callable[[Desk], Awaitable[object]]


class ActPages:
    """Each act has a page of its own with its form, so that it works from a link and shows again what was wrong."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._pace = Pace(_ACTS, _WINDOW_S)

    def include(self, router: APIRouter) -> None:
        for path, page in zip(PAGES, (self.reply, self.feedback, self.not_solved, self.settings), strict=True):
            router.add_api_route(path, page, methods=["GET", "HEAD", "POST"], include_in_schema=False)
        router.add_api_route("/case/answer", self.answer, methods=["POST"], include_in_schema=False)

    async def reply(self, request: Request) -> Response:
        return await self._write(request, supplied=False)

    async def answer(self, request: Request) -> Response:
        """What we asked the customer for."""
        return await self._write(request, supplied=True)

    async def _write(self, request: Request, *, supplied: bool) -> Response:
        got = await self._received(request, "reply")
        if isinstance(got, Response):
            return got
        visit, form = got
        if request.method == "POST" and visit.case.may_reply:
            supplied = supplied and visit.case.may_supply
            text = form.text("text", LONGEST_TEXT, needed=not supplied)
            key = command_key("portal", "reply", form.once, text, supplied)
            case = _key(visit)
            if await self._done(visit, form, lambda desk: desk.customer_reply(case, CUSTOMER, text, supplied=supplied, key=key)):
                return self._back(visit, "said.supplied" if supplied else "said.replied")
            visit = await self._again(request, visit, form, "reply")
        return self._page("reply", visit, form)

    async def feedback(self, request: Request) -> Response:
        got = await self._received(request, "feedback")
        if isinstance(got, Response):
            return got
        visit, form = got
        if request.method == "POST" and visit.case.rating_unknown:
            form.refuse("form", "wrong.away")
        elif request.method == "POST" and visit.case.may_rate:
            csat, nps = form.number("csat", 1, 5), form.number("nps", 0, 10)
            comment = form.text("comment", LONGEST_COMMENT, needed=False)
            if csat is None and nps is None and not form.wrong:
                form.refuse("csat", "wrong.score")
            key = command_key("portal", "feedback", form.once, csat, nps, comment)
            case = _key(visit)
            if await self._done(visit, form, lambda desk: desk.feedback(case, CUSTOMER, csat=csat, nps=nps, comment=comment, key=key)):
                return self._back(visit, "said.rated")
            visit = await self._again(request, visit, form, "feedback")
        return self._page("feedback", visit, form)

    async def not_solved(self, request: Request) -> Response:
        got = await self._received(request, "not_solved")
        if isinstance(got, Response):
            return got
        visit, form = got
        if request.method == "POST" and visit.case.reopening_unknown:
            form.refuse("form", "wrong.away")
        elif request.method == "POST" and visit.case.may_reopen:
            text = form.text("text", LONGEST_TEXT, needed=False)
            key = command_key("portal", "not_solved", form.once, text)
            case = _key(visit)
            if await self._done(visit, form, lambda desk: desk.customer_reply(case, CUSTOMER, text, not_solved=True, key=key)):
                return self._back(visit, "said.reopened")
            visit = await self._again(request, visit, form, "not_solved")
        return self._page("not_solved", visit, form)

    async def settings(self, request: Request) -> Response:
        got = await self._received(request, "settings")
        if isinstance(got, Response):
            return got
        visit, form = got
        if request.method == "POST" and visit.case.reach is None and not visit.case.over:
            form.refuse("form", "wrong.away")
        elif request.method == "POST" and visit.case.reach is not None and not visit.case.over:
            done = await self._change(visit, form)
            if done is not None:
                return done
            visit = await self._again(request, visit, form, "settings")
        return self._page("settings", visit, form)

    async def _change(self, visit: Visit, form: Filled) -> Response | None:
        portal, case, reach = self._portal, visit.case, visit.case.reach
        assert reach is not None
        usable = usable_channels(visit.holder, reach, portal.words.channels(case.policy_id))
        changes = changes_of(form, visit.holder, usable, portal.words.cadences(case.policy_id, reach.cadence))
        if changes is None:
            return None
        which = _key(visit)
        key = command_key("portal", "preferences", form.once, changes.model_dump_json(exclude_unset=True))
        if "opted_out" in changes.model_fields_set:
            # First: the case writes as soon as it may, and an address that is still suppressed would end the updates again.
            await wants_updates_again(portal.parts, visit.holder, reach, changes, portal.parts.clock())
        if not await self._done(visit, form, lambda desk: desk.change_preferences(which, CUSTOMER, changes, key=key)):
            return None
        session = visit.session
        if session is not None and changes.model_fields_set & {"email", "phone"}:
            session = await self._rebound(visit, session)
        return self._back(visit, "said.saved", "/case/settings", session)

    async def _rebound(self, visit: Visit, session: Session) -> Session:
        """New addresses stand in a row of their own with its own link: this visit goes on with it, while links to the old ones end."""
        snapshot = await looked_up(self._portal.parts, _key(visit), PATIENT_S)
        ref = snapshot.contact_ref if snapshot is not None else None
        link_id = await PortalViews(self._portal.parts.backends.store()).link_of(ref) if ref is not None else None
        return replace(session, link_id=link_id) if link_id is not None else session

    # -- what every act has in common -----------------------------------------------------------------------------------------------

    async def _received(self, request: Request, act: str) -> tuple[Visit, Filled] | Response:
        """The case and the form of this request; or the page that is shown instead."""
        posted = request.method == "POST"
        form = filled(await request.form(max_files=0, max_fields=MOST_FIELDS) if posted else None)
        visit = await self._portal.visit(request, act)
        if isinstance(visit, Response):
            kept = form.get("text") or form.get("comment")
            if posted and visit.status_code == 401 and kept:  # the session ended while somebody wrote
                return self._portal.bare("no_session", request, 401, kept=kept)
            return visit
        assert visit.session is not None
        if posted and not self._portal.forms.accepts(visit.session.number, form.values.pop(FIELD, "")):
            return self._portal.bare("stale_form", request, 403, kept=form.get("text") or form.get("comment") or None)
        if posted and self._pace.too_fast(visit.session.link_id):
            form.refuse("form", "wrong.too_many")
        return visit, form

    async def _done(self, visit: Visit, form: Filled, act: Act) -> bool:
        """True if the form had no errors and the desk took it; else the form tells why."""
        if form.wrong:
            return False
        failure = await attempt(self._portal.parts, visit.case.case_id, act)
        if failure is not None:
            form.refuse("form", f"wrong.{failure}")
        return failure is None

    async def _again(self, request: Request, visit: Visit, form: Filled, act: str) -> Visit:
        """How the case stands now, if it was the case that said no."""
        if all(wrong.key != "wrong.refused" for wrong in form.wrong):
            return visit
        found = await self._portal.visit(request, act)
        return found if isinstance(found, Visit) else visit

    def _back(self, visit: Visit, said: str, to: str | None = None, session: Session | None = None) -> Response:
        present = session or visit.session
        assert present is not None
        return self._portal.sessions.keep(RedirectResponse(to or home(present), 303), replace(present, said=said))

    def _page(self, name: str, visit: Visit, form: Filled) -> Response:
        statuses = {"wrong.away": 503, "wrong.unanswered": 504, "wrong.too_many": 429, "wrong.refused": 409}
        status = next((statuses.get(wrong.key, 422) for wrong in form.wrong), 200)
        content = shown(visit)
        if name == "settings":
            content |= _settings_shown(visit, self._portal)
        headers = {"retry-after": _LOOK_AGAIN_S} if status == 503 else {}
        return self._portal.show(name, visit, status=status, headers=headers, form=form, once=form.once or once(), **content)


def _key(visit: Visit) -> CaseKey:
    return CaseKey(visit.case.case_id, visit.case.kind)


def _settings_shown(visit: Visit, portal: Portal) -> dict[str, Any]:
    case, holder, reach = visit.case, visit.holder, visit.case.reach
    if reach is None:
        return {"ways": [], "cadences": [], "zones": [], "usual": USUAL, "masked": {}}
    email = masked_email(holder.email) if holder.email else None
    phone = masked_phone(holder.phone) if holder.phone else None
    masked = {"email": email, "sms": phone, "voice": phone, "phone": phone}
    return {
        "ways": usable_channels(holder, reach, portal.words.channels(case.policy_id)),
        "cadences": portal.words.cadences(case.policy_id, reach.cadence),
        "zones": zones(),
        "usual": USUAL,
        "masked": masked,
    }
