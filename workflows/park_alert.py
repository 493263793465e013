"""The workflow type ParkAlert: the operator is told of a channel that a provider's report has parked, whether a message meets it or not.

Owns remembering to tell it until it was told, for one park. Must never know what stands in the books: the activity looks there, and has
nothing to do once a message that met the park told it. Started by the web process under the park's own id, once.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.contracts import names as activity
    from activities.contracts.jobs import TellPark
    from workflows import names

# An alert service that is away comes back within days; by then messages have met the park, and each of them tells it as well.
_LIMIT = timedelta(days=3)
_ATTEMPT_LIMIT = timedelta(seconds=30)
_HEARTBEAT = timedelta(seconds=3)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=15))


@workflow.defn(name=names.PARK_ALERT)
class ParkAlert:
    @workflow.run
    async def run(self, *payload: Any) -> None:
        """One job. What cannot be read is no park."""
        try:
            job = TellPark.model_validate(payload[0] if payload else None)
        except ValidationError:
            return
        try:
            await workflow.execute_activity(
                activity.TELL_PARK,
                job,
                task_queue=activity.MESSAGES_QUEUE,
                start_to_close_timeout=_ATTEMPT_LIMIT,
                heartbeat_timeout=_HEARTBEAT,
                schedule_to_close_timeout=_LIMIT,
                retry_policy=_RETRY,
                summary="tell the operator of a parked channel",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            # Its failures stand in the history; nobody waits for an answer.
