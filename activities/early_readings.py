"""What a provider reported before its case was there: told to the case by its first activity.

Owns that one way from the inbox to the case that runs this activity. Must never read a webhook (the inbox holds readings, in our words)
nor fail the activity: what could not be told is left to the web process's drain, which finds it due. Called by `send_message` and
`record_case`.
"""

import logging
from datetime import timedelta

from pydantic import ValidationError
from temporalio import activity
from temporalio.service import RPCError

from activities.contracts import names
from activities.engine_time import engine_now
from policies.case.commands import ProviderReport
from policies.case.plans import BooksEntry, Reading
from store.errors import StoreError
from store.recorder import Recorder

_log = logging.getLogger("makegood.activities")
_LEASE = timedelta(seconds=60)  # as the drain's (starter/web/webhooks/drain.py): whoever has the row is dead after it
_RPC_LIMIT = timedelta(seconds=5)  # a signal takes milliseconds; the activity has its own work to do


class EarlyReadings:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def take(self, entry: BooksEntry) -> None:
        """Signal to the case what came before it, if `entry` is its first (the one with its first fact). At least once: the case knows
        a reading that it has by its event.
        """
        if not any(fact.seq == 1 for fact in entry.facts):
            return
        case_id, at = entry.row.case_id, engine_now()
        try:
            rows = await self._recorder.claim_early(case_id, at, _LEASE)
            if not rows:
                return
            report = ProviderReport(readings=[Reading.model_validate(row.payload) for row in rows])
            handle = activity.client().get_workflow_handle(entry.row.workflow_id)
            await handle.signal(names.PROVIDER_REPORTED, report, rpc_timeout=_RPC_LIMIT)
            await self._recorder.finish_early(case_id, rows, at)
        except (StoreError, RPCError, ValidationError) as error:
            _log.info("what came before case %s is left to the drain: %s", case_id, type(error).__name__)
