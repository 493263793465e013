"""The app's face to Temporal: cases are opened, looked at and acted on through the desk only."""

from starter.connection import EngineUnavailable
from starter.desk.calling import CallEnded, Calling
from starter.desk.desk import Desk
from starter.desk.errors import AmbiguousCase, CaseNotFound, DeskError, IdentityKeyChanged, MovedOn, Refused, Unanswered
from starter.desk.identity import Identity
from starter.desk.keys import CaseKey
from starter.desk.normal_form import UnusableRequest
from starter.desk.opening import Opened
from starter.desk.policy_change import PolicyChange
from starter.desk.preferences import PreferenceChanges

__all__ = [
    "AmbiguousCase",
    "CallEnded",
    "Calling",
    "CaseKey",
    "CaseNotFound",
    "Desk",
    "DeskError",
    "EngineUnavailable",
    "Identity",
    "IdentityKeyChanged",
    "MovedOn",
    "Opened",
    "PolicyChange",
    "PreferenceChanges",
    "Refused",
    "Unanswered",
    "UnusableRequest",
]
