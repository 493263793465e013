"""The activity `record_case`: writes an entry into the books, nothing else.

Idempotent: facts by (case, seq), promises by (case, number), the row by its newest fact. Called by the engine.
"""

from temporalio import activity

from activities.contracts import names
from activities.contracts.jobs import RecordCase
from activities.early_readings import EarlyReadings
from activities.engine_time import alive
from activities.failures import books_errors
from policies.case.plans import MessageResult
from policies.case.vocabulary import MessageOutcome
from store.recorder import Recorder
from store.standing import DeliveryState


class Recording:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._early = EarlyReadings(recorder)

    @activity.defn(name=names.RECORD_CASE)
    async def record_case(self, job: RecordCase) -> None:
        """Commit the entry, and what was sent while the books could not be written."""
        with books_errors():
            async with alive():
                await self._recorder.commit_entry(job.books)
                await self._early.take(job.books)
                for sent in job.unwritten or []:
                    result = MessageResult(outcome=MessageOutcome.ACCEPTED, at=sent.at, channel=sent.channel)
                    await self._recorder.end_sending(
                        sent.message_id, sent.delivery_id, DeliveryState.ACCEPTED, sent.at, result, provider_id=sent.provider_id
                    )
