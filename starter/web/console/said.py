"""What the page after an act says: "Saved." and its like, shown once.

Owns the sentences by their codes and the cookie that carries a code to the next page. Must never carry a text: whoever plants a cookie can
choose among these sentences only. Called by console.py.
"""

from starlette.requests import Request
from starlette.responses import Response

_COOKIE = "makegood-said"
_LIFETIME_S = 60  # the next page is a redirect away

SAID: dict[str, str] = {
    "signed_out": "You are signed out.",
    "password_chosen": "Your new password is in force. Every other session of yours has ended.",
    "others_ended": "Every other session of yours has ended.",
    "person_changed": "Saved. It is in force with the person's next click.",
    "person_disabled": "Disabled. Every session has ended.",
    "person_enabled": "Enabled. The password is as it was.",
    "key_revoked": "Revoked. The key's next request is refused.",
    "suppression_lifted": "Lifted. The address may be written to again, as far as this reason goes.",
    "park_lifted": "Let go on: what waits goes out at its next try. A fault that still stands parks it anew.",
    "park_gone": "Nothing was done: it is not parked any more.",
    "case_reply": "Sent to the case: it goes to the customer within moments, or when it may.",
    "case_phone": "The call stands on the timeline.",
    "case_note": "The note is kept.",
    "case_said": "Entered. It waits for a person's answer.",
    "case_hold": "The case is on hold.",
    "case_resume": "The hold has ended.",
    "case_escalate": "Escalated: the next level is told.",
    "case_reassign": "The case has another owner, who is told.",
    "case_extend": "The later date is given; the customer is told.",
    "case_fact": "The fact is reported.",
    "case_replaced": "The new payment is watched in place of the old one.",
    "case_preferences": "Changed. It is in force from the next message on.",
    "case_feedback": "The feedback is entered.",
    "case_link": "The cases are linked.",
    "case_resolve": "Resolved. The customer is told.",
    "case_merge": "Merged. The customer is told.",
    "case_withdraw": "Withdrawn. The customer is told.",
    "case_called": "The call is told.",
    "suppression_gone": "Nothing was lifted: it does not stand any more.",
}


class Said:
    def __init__(self, *, https: bool) -> None:
        self._cookie = f"__Host-{_COOKIE}" if https else _COOKIE
        self._https = https

    def carry(self, response: Response, code: str) -> Response:
        """To the next page. KeyError: no such sentence."""
        assert SAID[code]
        response.set_cookie(self._cookie, code, max_age=_LIFETIME_S, path="/", httponly=True, secure=self._https, samesite="lax")
        return response

    def read(self, request: Request) -> str | None:
        return SAID.get(request.cookies.get(self._cookie, ""))

    def over(self, request: Request, response: Response) -> Response:
        """It has been shown."""
        if self._cookie in request.cookies:
            response.delete_cookie(self._cookie, path="/", httponly=True, secure=self._https, samesite="lax")
        return response
