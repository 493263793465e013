"""The desk's calls to the engine, with the engine's errors in our words.

Owns time limits and the translation: refused, not found, unanswered, unavailable. Must never know what a command means. Called by the
desk's parts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.contracts.names import CASES_QUEUE
from policies.case.commands import Absorb, ChangePolicy, ChangePreferences, Command, Receipt, digest_of
from policies.case.start import CaseStart
from starter.connection import EngineUnavailable
from starter.desk.case_start import details, search_attributes, summary
from starter.desk.errors import DeskError, MovedOn, Refused, Unanswered
from starter.desk.keys import CaseKey
from workflows.names import INVALID_CASE, MEMO_DIGESTS, MOVED_ON, REFUSED, WORKFLOW_TYPES

T = TypeVar("T")

_RPC_LIMIT = timedelta(seconds=10)
# A workflow task that died with its worker is given to another after this; the engine's default of 10 s made steps 12 s overdue.
_TASK_LIMIT = timedelta(seconds=5)
# A worker answers in milliseconds; a cold one replays the case first. Longer than a restart of the worker with its sticky queue.
_ANSWER_LIMIT = timedelta(seconds=20)
_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    }
)


class Forgotten(Exception):
    """The engine does not know the workflow (any more), or it has ended."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__("ended" if ended else "unknown")
        self.ended = ended


class Engine:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, start: CaseStart, key: CaseKey, at: datetime) -> bool:
        """Start the case's workflow; False if there is one of that id, running or ended."""
        with self._in_our_words():
            try:
                await self._client.start_workflow(
                    WORKFLOW_TYPES[start.kind.value],
                    start,
                    id=key.workflow_id,
                    task_queue=CASES_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,  # USE_EXISTING would hide whether it was created
                    memo={MEMO_DIGESTS: start.digests},
                    search_attributes=search_attributes(start, at),
                    static_summary=summary(start),
                    static_details=details(start),
                    task_timeout=_TASK_LIMIT,
                    rpc_timeout=_RPC_LIMIT,
                )
            except WorkflowAlreadyStartedError:
                return False
        return True

    async def digests(self, key: CaseKey) -> dict[str, str]:
        """The digests in the memo of a known workflow."""
        description = await self.describe(key)
        if description is None:
            raise EngineUnavailable(self._where, f"{key.workflow_id} was there and is gone; try again")
        found: dict[str, str] = await description.memo_value(MEMO_DIGESTS, {}, type_hint=dict[str, str])
        return found

    async def describe(self, key: CaseKey) -> WorkflowExecutionDescription | None:
        with self._in_our_words():
            try:
                return await self._handle(key).describe(rpc_timeout=_RPC_LIMIT)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return None
                raise

    async def update(self, key: CaseKey, name: str, command: Command, update_id: str | None) -> Receipt:
        """Execute an update. Raises Refused, Forgotten, Unanswered, EngineUnavailable."""
        with self._in_our_words():
            try:
                receipt: Receipt = await self._handle(key).execute_update(
                    name, command, id=update_id, result_type=Receipt, rpc_timeout=_ANSWER_LIMIT
                )
                if update_id is not None and _is_of_another(receipt, name, command):
                    raise Refused("key: it was used on this case before, for another act; nothing was done now. Use a new key")
                return receipt
            except WorkflowUpdateFailedError as error:
                raise _refusal(error) from None
            except WorkflowUpdateRPCTimeoutOrCancelledError:
                raise self._unanswered(name) from None
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    raise Forgotten(ended="completed" in error.message) from None
                raise

    async def query(self, key: CaseKey, name: str, result_type: type[T], *asked: object) -> T:
        """Raises Forgotten, Unanswered, EngineUnavailable."""
        with self._in_our_words():
            try:
                answer: T = await self._handle(key).query(name, args=asked, result_type=result_type, rpc_timeout=_ANSWER_LIMIT)
                return answer
            except WorkflowQueryFailedError as error:
                raise DeskError(f"{key.workflow_id} did not answer: {error.message}") from None
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    raise Forgotten(ended=False) from None
                if error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.CANCELLED):
                    raise self._unanswered(name) from None
                raise

    @property
    def _where(self) -> str:
        return self._client.service_client.config.target_host

    def _handle(self, key: CaseKey) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(key.workflow_id)

    def _unanswered(self, name: str) -> Unanswered:
        seconds = int(_ANSWER_LIMIT.total_seconds())
        return Unanswered(
            f"{name}: no worker answered within {seconds} s. Is one running (`makegood worker` or `makegood up`)? "
            "A command may still be carried out: look at the case before you repeat it"
        )

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except RPCError as error:
            if error.status in _AWAY:
                raise EngineUnavailable(self._where, f"no answer ({error.status.name.lower()}: {error.message[:200]})") from None
            hint = "; run `makegood setup`" if "search attribute" in error.message.lower() or "namespace" in error.message.lower() else ""
            raise EngineUnavailable(self._where, f"{error.message[:300]}{hint}", permanent=True) from None


# Their content is read from the case at each try: the same wish, tried again, is another command.
_READ_AT_EACH_TRY = (Absorb, ChangePolicy, ChangePreferences)


def _is_of_another(receipt: Receipt, name: str, command: Command) -> bool:
    """True if the engine answered with what an earlier command of the same key had done."""
    given = receipt.command_digest  # None: by a worker of before it was kept
    return given is not None and not isinstance(command, _READ_AT_EACH_TRY) and given != digest_of(name, command)


def _refusal(error: WorkflowUpdateFailedError) -> DeskError:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == MOVED_ON:
        return MovedOn(cause.message, int(cause.details[0]))
    if isinstance(cause, ApplicationError) and cause.type in (REFUSED, INVALID_CASE):
        return Refused(cause.message)
    return DeskError(f"the case could not take it: {cause}" if cause else "the case could not take it")
