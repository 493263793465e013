"""The console: where support leads work the queue, in a browser, signed in.

A page is added like this:

1. A module with `def queue_pages(console: Console) -> APIRouter:` that takes its router from `console.router()`. Nothing on such a router
   is reached without a session, a role that may, and for POST the token of a form of ours; every operation says what it needs:

       router = console.router()

       @router.get("/console/queue")
       @needs(Act.READ)                                   # roles.py: the one table of role -> acts
       async def queue(visit: SignedIn) -> Response:      # visit.person, visit.form (POST: read, cleaned, its token checked)
           return console.show("queue", visit, rows=...)  # pages/console/queue.html.j2, extends "console/frame.html.j2"

2. Its line in `face.py` (routers) and, if it stands in the navigation, in `navigation.py`.
3. One case: `found = await console.case(visit, case_id)` before anything of it is shown or done; another merchant's case does not exist.
   Lists: `visit.person.merchants` (empty: every merchant).
4. An act: POST, `async with console.audited(visit, Act.HOLD, case_id, reason=code):` around the desk's call by `visit.actor(why)`,
   then `return console.back(to, "said_code")` (said.py). What is wrong in a form: `visit.form.refuse(field, words)` and show the page
   again with `status=422`. Contact data unmasked: `await console.note(visit, Act.UNMASK, case_id, what="email")` first, then show it.

What a route raises (Problem, Refused, Away, StoreUnavailable ...) is shown in the console's own frame. GET changes nothing. A route that a
script of ours asks by itself is marked `@needs(Act.READ, live=True)`: it does not keep a session alive, and answers 401 instead of the
sign-in page. Styles: pages/console/console.css; macros of forms: pages/console/fields.html.j2. No inline script or style.
"""
