"""How long a message may still arrive: shared by the channels, since none may deliver a word that a newer one has overtaken.

Owns the one refusal for it. Called by the channel adapters before they call a vendor.
"""

from datetime import datetime

from activities.ports import Outgoing, SendFailed, SendOutcome
from policies.case.vocabulary import EXPIRED


def seconds_left(outgoing: Outgoing, at: datetime, least_s: float = 0.0) -> float | None:
    """Seconds from `at` (engine's time) until the message must not arrive any more; None if it always may.

    Raises SendFailed when no more than `least_s` are left. PERMANENT, because of the outcomes there are it is the one that is true: this
    body will never do, now or later, here or on another channel. The reason tells it from a refusal by the vendor: the message activity
    has the case write a newer word at once, and tries no other channel.
    """
    if outgoing.valid_until is None:
        return None
    left = (outgoing.valid_until - at).total_seconds()
    if left <= least_s:
        raise SendFailed(SendOutcome.PERMANENT, EXPIRED)
    return left
