"""Every act on a case: who may do it, what its form asks for, when it makes sense.

Owns the list. Must never decide what is allowed: roles.py says who, the case says whether, and its words stand at the form. The forms are
read by talking.py, steering.py, recording.py, joining.py, ending.py and reaching.py. Called by act_pages.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starter.web.console.case import ending, joining, possible, reaching, recording, steering, talking
from starter.web.console.case.gathering import CaseSeen
from starter.web.console.case.wishes import Read
from starter.web.console.roles import Act


@dataclass(frozen=True, slots=True)
class Deed:
    """`ends`: it cannot be taken back, and is asked a second time. `why`: needed, optional or none."""

    slug: str
    title: str
    button: str
    act: Act
    read: Read
    group: str
    hint: str = ""
    why: str = "optional"
    ends: bool = False
    previews: bool = False
    impossible: Callable[[CaseSeen], str | None] = lambda case: "The case is closed." if case.closed else None


DEEDS: tuple[Deed, ...] = (
    Deed(
        "reply",
        "Reply to the customer",
        "Send reply",
        Act.REPLY,
        talking.reply,
        "talk",
        "On the customer's channel, in the shop's name; it names the next word.",
        previews=True,
        why="none",
    ),
    Deed(
        "phone",
        "Phone contact",
        "Record the call",
        Act.PHONE,
        talking.phone,
        "talk",
        "What was said, and the next word that was promised.",
        why="none",
    ),
    Deed("note", "Internal note", "Keep note", Act.NOTE, talking.note, "talk", "The customer never sees it.", why="none"),
    Deed(
        "said",
        "What the customer said",
        "Enter",
        Act.CUSTOMER_REPLY,
        talking.customer_said,
        "talk",
        "On the phone, in a shop, by another mailbox. A person must answer it.",
        why="none",
    ),
    Deed(
        "hold",
        "Put on hold",
        "Put on hold",
        Act.HOLD,
        steering.hold,
        "steer",
        "Internal clocks stop; the customer is kept informed.",
        why="needed",
        previews=True,
        impossible=possible.not_held,
    ),
    Deed(
        "resume",
        "End the hold",
        "End the hold",
        Act.RESUME,
        steering.resume,
        "steer",
        "What was left of the clocks is left still.",
        impossible=possible.held,
    ),
    Deed(
        "escalate", "Escalate", "Escalate", Act.ESCALATE, steering.escalate, "steer", "Tell the next level of the ladder now.", why="needed"
    ),
    Deed("reassign", "Give to another owner", "Reassign", Act.REASSIGN, steering.reassign, "steer", why="needed"),
    Deed(
        "extend",
        "Give a later date",
        "Give the later date",
        Act.EXTEND,
        steering.extend,
        "steer",
        "The customer is told. No later than the law allows.",
        why="needed",
        previews=True,
        impossible=possible.while_open,
    ),
    Deed(
        "fact", "Report a fact", "Report", Act.FACT, recording.fact, "record", "Goods received, evidence sent: it starts and ends clocks."
    ),
    Deed(
        "replaced",
        "Payment replaced",
        "Record",
        Act.FACT,
        recording.replaced,
        "record",
        "A refund that was issued again under another reference.",
        impossible=possible.with_payments,
    ),
    Deed(
        "preferences",
        "How to reach the customer",
        "Change",
        Act.PREFERENCES,
        reaching.preferences,
        "record",
        "Channel, frequency, quiet hours, language, new addresses.",
        impossible=possible.reachable,
    ),
    Deed("feedback", "Feedback by phone", "Enter feedback", Act.FEEDBACK, recording.feedback, "record", impossible=possible.to_be_rated),
    Deed("link", "Link a case", "Link", Act.LINK, joining.link, "record"),
    Deed(
        "resolve",
        "Resolve",
        "Resolve and tell the customer",
        Act.RESOLVE,
        ending.resolve,
        "end",
        "The customer is told exactly this record.",
        why="needed",
        ends=True,
        previews=True,
        impossible=possible.while_open,
    ),
    Deed(
        "merge",
        "Merge into another case",
        "Merge",
        Act.MERGE,
        joining.merge,
        "end",
        "This case ends; the strictest date goes with it.",
        why="needed",
        ends=True,
        previews=True,
        impossible=possible.while_open,
    ),
    Deed(
        "withdraw",
        "Withdraw",
        "Withdraw and tell the customer",
        Act.WITHDRAW,
        ending.withdraw,
        "end",
        "The matter is void, for example opened by mistake.",
        why="needed",
        ends=True,
        previews=True,
        impossible=possible.while_open,
    ),
)
GROUPS = {"talk": "Talk", "steer": "Steer", "record": "Record", "end": "End"}
