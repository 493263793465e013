"""What the templates of the page are given beside the case itself.

Owns the choice of words for steps, and where a visit may go back to. Called by the portal's routes.
"""

import secrets
from dataclasses import replace
from typing import Any

from starter.web.portal.headline import besides, headline, matter
from starter.web.portal.masking import without_stumps
from starter.web.portal.saying import Saying
from starter.web.portal.session import ACTS, Session
from starter.web.portal.steps import Step, steps_of
from starter.web.portal.talk import talk_of
from starter.web.portal.visit import LANDING, Visit


def once() -> str:
    """The number of a form: sent twice, it is one command."""
    return secrets.token_urlsafe(16)


def home(session: Session) -> str:
    """Where this session may be: the whole case, or the one thing that its link is for."""
    purposes = [purpose for purpose in LANDING if purpose in session.purposes]
    return next((LANDING[purpose] for purpose in purposes if "view" in ACTS[purpose]), LANDING[purposes[0]] if purposes else "/case")


def shown(visit: Visit) -> dict[str, Any]:
    steps = steps_of(visit.case)
    talk = talk_of(visit.view)
    return {
        "headline": headline(visit.case, visit.say),
        "besides": besides(visit.case, visit.say),
        "matter": matter(visit.case, visit.say),
        "steps": steps,
        "step_words": {step.name: step_words(step, visit.say) for step in steps},
        "talk": [replace(one, text=without_stumps(one.text, visit.say("messages.link"))) if one.text else one for one in talk.said],
        "talk_earlier": talk.earlier,
    }


def step_words(step: Step, say: Saying) -> str:
    """What has not happened yet is not told as done."""
    key = f"step.{step.name}"
    return say(f"{key}.open" if step.state != "done" and say.has(f"{key}.open") else key)
