"""The activity `check_arrival`: what the provider's reports in the books say of one message.

Must never ask a provider or decide what follows. Called by the engine, for mandatory messages of customers with a second channel.
"""

from temporalio import activity

from activities.contracts import names
from activities.contracts.jobs import CheckArrival
from activities.failures import books_errors
from policies.case.plans import ArrivalAnswer
from store.recorder import Recorder


class Arrivals:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @activity.defn(name=names.CHECK_ARRIVAL)
    async def check_arrival(self, job: CheckArrival) -> ArrivalAnswer:
        """Reads only; the same question has the answer of its moment."""
        question = job.question
        with books_errors():
            return await self._recorder.arrival(question.message_id, question.channel, question.since)
