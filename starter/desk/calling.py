"""Call tasks as people use them: the list, one with its number, and what became of the call.

Owns the order of telling: the case first (its rules may refuse), then the books; cut off between the two, the same result given again ends
the task and tells the case nothing twice. Must never decide what a result means for the case: its rules do. Called by the command line.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from policies.case.commands import Receipt
from policies.case.facts import Actor
from policies.case.vocabulary import CallResult, CaseStatus, Channel
from policies.contract import Contract
from starter.desk.desk import Desk
from starter.desk.errors import Refused
from starter.desk.keys import CaseKey
from store.call_tasks import CallSheet, CallTask, CallTasks
from store.engine import Store
from store.suppressions import SuppressionBooks, SuppressionReason

# Who did not pick up is called at another time of the day, as calling centres of surveys do.
NEXT_TRY_AFTER = timedelta(hours=4)
_NOBODY_SPOKEN_WITH = "promised_at: nobody was spoken with, so nothing was promised; right would be the result reached"


class CallEnded(Contract):
    """The task after a result. `receipt` is None where the case was closed before and could not be told."""

    task: CallTask
    receipt: Receipt | None = None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Calling:
    def __init__(self, desk: Desk, store: Store, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._desk = desk
        self._tasks = CallTasks(store)
        self._suppressions = SuppressionBooks(store)
        self._clock = clock

    async def done(
        self,
        task_id: str,
        by: Actor,
        result: CallResult,
        *,
        promised_at: datetime | None = None,
        note: str | None = None,
        give_up: bool = False,
        next_try_at: datetime | None = None,
    ) -> CallEnded:
        """What became of a call. `no_answer` leaves the task open, to be tried again at `next_try_at` (in 4 hours), unless `give_up`.

        Raises Refused (nothing happened, or somebody else was faster), StoreRefused, and what the desk's acts raise.
        """
        sheet = await self._tasks.sheet(task_id)
        if sheet.ended_at is not None:
            raise Refused(f"the call task was ended as {sheet.result} by {sheet.ended_by} at {sheet.ended_at.isoformat()}")
        if promised_at is not None and result is not CallResult.REACHED:
            raise Refused(_NOBODY_SPOKEN_WITH)
        again = result is CallResult.NO_ANSWER and not give_up
        now = self._clock()
        if next_try_at is not None and not again:
            raise Refused("next_try_at: this ends the task; right would be no_answer without giving up")
        if next_try_at is not None and next_try_at <= now:
            raise Refused(f"next_try_at {next_try_at.isoformat()} has passed; right would be a moment to come")
        if result is CallResult.WRONG_NUMBER:
            # Before the case is told: what it says again at once must not go to a stranger.
            await self._stop(sheet, now)
        receipt = None
        if sheet.case_status is not CaseStatus.CLOSED:
            said = again or result in (CallResult.REACHED, CallResult.VOICEMAIL)
            receipt = await self._desk.phone_contact(
                CaseKey(sheet.case_id, sheet.kind) if sheet.kind is not None else sheet.case_id,
                by,
                text=note,
                reached=result is CallResult.REACHED,
                promised_at=promised_at,
                result=result,
                task_id=sheet.task_id,
                unsaid=None if said or sheet.delivery_id is None or sheet.message_id is None else (sheet.message_id, sheet.delivery_id),
                key=f"{sheet.task_id}:{sheet.attempts}:{result.value}{':again' if again else ''}",
            )
        if again:
            written = await self._tasks.tried(sheet.task_id, sheet.attempts, now, next_try_at or now + NEXT_TRY_AFTER)
        else:
            written = await self._tasks.end(sheet.task_id, result, by.who, now)
        if not written:
            raise Refused("somebody else told of this call meanwhile; look at the task again")
        return CallEnded(task=await self._tasks.found(sheet.task_id), receipt=receipt)

    async def _stop(self, sheet: CallSheet, now: datetime) -> None:
        """Nothing goes to a stranger's number any more, spoken or written, on whatever case."""
        if sheet.number is None:
            return
        for channel in (Channel.VOICE, Channel.SMS):
            try:
                await self._suppressions.suppress(channel, sheet.number, SuppressionReason.INVALID, now, f"person:{sheet.task_id}")
            except ValueError:
                return  # what stands there is no number: no machine can use it
