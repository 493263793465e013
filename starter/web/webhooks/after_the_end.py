"""What a customer writes to a case that has ended: its words stay in the books, and a person is told that they are there.

Owns that way: the alert's row, and the digest of its role, which tells it. Must never carry the words anywhere, nor wake a case: what has
ended takes nothing any more. Called by telling.py.
"""

from datetime import datetime, timedelta

from temporalio.client import Client

from activities.contracts import names
from policies.alert_digest import AlertDigest, AlertRaised, digest_of
from policies.time.spans import Span
from store.engine import Store
from store.late_replies import LateReplies

# The policy of a case goes with it. As the shipped books gather where they do: one by one at first, and no storm if a mailing goes wrong.
_GATHERED = AlertDigest(window=Span.parse("15m"))
_RPC_LIMIT = timedelta(seconds=10)  # as the desk's


async def tell_people(store: Store, client: Client, case_id: str, alert_id: str, at: datetime) -> None:
    """May be called again with the same `alert_id`: people are told once. Raises RPCError, StoreError."""
    digest = await LateReplies(store).raise_alert(alert_id, case_id, at, digest_of)
    if digest is None:
        return
    news = AlertRaised(alert_id=alert_id, window_s=_GATHERED.window.elapsed().total_seconds(), at_once=_GATHERED.at_once)
    await client.start_workflow(
        names.ALERT_DIGEST,
        id=digest,
        task_queue=names.CASES_QUEUE,
        start_signal=names.ALERT_RAISED,
        start_signal_args=[news],
        static_summary="alerts of one role, gathered so that they are no storm",
        rpc_timeout=_RPC_LIMIT,
    )
