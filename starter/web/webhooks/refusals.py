"""What a caller of a webhook is told when nothing was taken.

Owns these words and statuses. Must never say which part of a signature was wrong.
"""

from fastapi import HTTPException

FORGED = "the signature does not fit, or is too old"


def closed(setting: str) -> HTTPException:
    """The endpoint has no secret to verify with. 503: a vendor sends again until an operator has set it."""
    return HTTPException(503, f"this endpoint is closed until MAKEGOOD_{setting} is set")


def unreadable(right: str) -> HTTPException:
    """Signed, and yet not in the form that was agreed: the vendor's or the operator's settings are other than the documentation says."""
    return HTTPException(400, f"the body cannot be read; right would be {right}")
