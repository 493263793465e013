"""Hands an alert over to the digest of its role, which is started if it sleeps.

Owns that one call to the engine. Must never decide whether an alert is gathered (policies/alert_digest.py does) or tell anybody. Called
by the activity `alert_people` once the alert stands in the books.
"""

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from activities.contracts import names
from policies.alert_digest import AlertDigest, AlertRaised


async def hand_over(alert_id: str, setting: AlertDigest, digest: str) -> None:
    """Signal with start: the id and the policy's setting, nothing else. May be called again; raises ApplicationError to be tried again."""
    news = AlertRaised(alert_id=alert_id, window_s=setting.window.elapsed().total_seconds(), at_once=setting.at_once)
    try:
        await activity.client().start_workflow(
            names.ALERT_DIGEST,
            id=digest,
            task_queue=names.CASES_QUEUE,
            start_signal=names.ALERT_RAISED,
            start_signal_args=[news],
            static_summary="alerts of one role, gathered so that they are no storm",
        )
    except RPCError as error:
        raise ApplicationError("the digest could not be told of an alert", type="digest_untold") from error
