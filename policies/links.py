"""What a signed link may be for, where it leads, and for how long it is good.

Owns the purposes, their paths below the public address, and their lifetimes with the reasons. Must never hold a key or a token (see
store/link_tokens.py). Called where messages get their links and where the web process reads them.
"""

from datetime import timedelta
from enum import StrEnum


class LinkPurpose(StrEnum):
    """What a link is for. A token made for one purpose is worthless for any other."""

    UNSUBSCRIBE = "unsubscribe"
    STATUS = "status"
    FEEDBACK = "feedback"
    NOT_SOLVED = "not_solved"
    REPLY = "reply"


PATH: dict[LinkPurpose, str] = {
    LinkPurpose.UNSUBSCRIBE: "/u/",
    LinkPurpose.STATUS: "/s/",
    LinkPurpose.FEEDBACK: "/f/",
    LinkPurpose.NOT_SOLVED: "/n/",
    LinkPurpose.REPLY: "/r/",
}
"""Short, so that a link fits into an SMS; the token follows."""

LIFETIME: dict[LinkPurpose, timedelta] = {
    # CAN-SPAM wants 30 days, CASL 60; people unsubscribe from years-old mail, and a dead link there becomes a spam report. All it can
    # do is stop mail.
    LinkPurpose.UNSUBSCRIBE: timedelta(days=730),
    # Every message brings a fresh one; the last one (the resolution) must outlive the tail of 30 days and a statement of account.
    LinkPurpose.STATUS: timedelta(days=90),
    # Asked within 168 h, with one reminder; a merchant's policy may ask longer. The case itself says when it is too late.
    LinkPurpose.FEEDBACK: timedelta(days=30),
    # The tail of 30 days begins with the provider's success, which may come after the message. Later it leads to a person.
    LinkPurpose.NOT_SOLVED: timedelta(days=90),
    LinkPurpose.REPLY: timedelta(days=90),  # as long as the page that it belongs to
}
"""Counted from the moment of signing. What ends earlier than a link (a closed case, an answered survey) is told on its page."""
