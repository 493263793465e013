"""The recorder: all that activities may do with the books.

Owns the case's rows: facts, promises, messages, deliveries, checks, alerts, call tasks. Every method may be called again with the
same arguments and changes nothing then, because Temporal runs an activity at least once. Must never be imported by
starter.
"""

from store.recorder.alerts import AlertBooks
from store.recorder.arrivals import ArrivalBooks
from store.recorder.calls import CallBooks
from store.recorder.cases import CaseBooks
from store.recorder.deliveries import DeliveryBooks
from store.recorder.digests import DigestBooks
from store.recorder.early import EarlyBooks
from store.recorder.messages import MessageBooks
from store.recorder.sending import SendingBooks
from store.recorder.watches import WatchBooks

__all__ = ["Recorder"]


class Recorder(
    ArrivalBooks, CallBooks, CaseBooks, EarlyBooks, MessageBooks, DeliveryBooks, SendingBooks, WatchBooks, AlertBooks, DigestBooks
):
    """Everything in one object, for the activities' constructors."""
