"""When an act makes sense, as the case stands: else why not, in words for its form.

Owns these sentences. Must never be the lock: the case itself says no, this only spares people a form. Listed by deeds.py.
"""

from policies.case.vocabulary import CaseStatus
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.parts import parts_of
from starter.web.console.case.said_of_facts import plainly

OPEN = (CaseStatus.OPEN, CaseStatus.WAITING_ON_CUSTOMER, CaseStatus.ON_HOLD)


def while_open(case: CaseSeen) -> str | None:
    if case.status in OPEN:
        return None
    return "The case is closed." if case.closed else "The case is resolved. If it is not solved, enter what the customer said."


def not_held(case: CaseSeen) -> str | None:
    if case.snapshot.hold:
        return f"The case is on hold already: {plainly(case.snapshot.hold.get('reason'))}."
    return while_open(case)


def held(case: CaseSeen) -> str | None:
    return None if case.snapshot.hold else "The case is not on hold."


def to_be_rated(case: CaseSeen) -> str | None:
    feedback = case.snapshot.feedback or {}
    if case.closed or case.status is not CaseStatus.RESOLVED:
        return "The case is closed." if case.closed else "There is no resolution to rate yet."
    if feedback.get("ended") in ("expired", "withdrawn", "skipped"):
        return f"The feedback request is no longer open ({feedback['ended']})."
    return None if feedback.get("asked_at") else "Feedback has not been asked for yet."


def reachable(case: CaseSeen) -> str | None:
    if case.closed:
        return "The case is closed."
    return None if case.snapshot.reach is not None else "The case does not answer now; its wishes are known to it alone."


def with_payments(case: CaseSeen) -> str | None:
    if case.closed:
        return "The case is closed."
    return None if any(not part.replaced_by for part in parts_of(case)) else "The case has no payment."
