"""The activity `watch_provider`: asks until something is new. Its retry is the poll, so that asking costs no history.

Owns one check per attempt, the moment of the next, and the honest note of when the provider last answered. Must never decide what
news means. Called by the engine; cancelled by it.
"""

from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.contracts import names
from activities.contracts.jobs import WatchProvider
from activities.engine_time import alive, engine_now
from activities.failures import books_errors
from activities.ports import ProviderMisconfigured, ProviderUnavailable, StatusPort
from policies.case.plans import Reading, UnknownReference, WatchPlan, WatchResult, WatchTarget
from policies.watch_plan import changes_something, next_check_in, tell_unknown_in
from store.recorder import Recorder
from store.recorder.watches import Check
from store.standing import CheckStanding

# The retry policy is for attempts that died with their worker and comes soon; books that are away for hours are not asked that often.
_BOOKS_AWAY = timedelta(seconds=30)


class Watching:
    def __init__(self, recorder: Recorder, provider: StatusPort) -> None:
        self._recorder = recorder
        self._provider = provider

    @activity.defn(name=names.WATCH_PROVIDER)
    async def watch_provider(self, job: WatchProvider) -> WatchResult:
        """One check. Returns when a target is no longer as the plan states, or the provider has been silent for too long."""
        plan, at = job.plan, engine_now()
        if plan.mode == "tail" and activity.info().attempt == 1:
            raise _not_yet(plan, at)  # the settlement has just been read: the first look back is a whole step away
        with books_errors(again_in=_BOOKS_AWAY):
            async with alive():
                readings, standings, wait_s = await self._check(plan, at)
                news = [reading for target, reading in readings if changes_something(target, reading, plan.mode)]
                if news:
                    return WatchResult(generation=plan.generation, readings=news, checks=activity.info().attempt)
        # 404 and nothing else so far: an answer, but none that will ever become news by itself.
        unheard = [target for target, standing in zip(plan.targets, standings, strict=True) if _never_heard_of(standing)]
        patience = {target.reference: left for target in unheard if (left := tell_unknown_in(plan, target, at)) is not None}
        unknown = [_unknown(plan, target) for target in unheard if patience.get(target.reference, 1.0) <= 0]
        if unknown:
            return WatchResult(generation=plan.generation, unknown=unknown, checks=activity.info().attempt)
        told_at_the_latest_s = min(patience.values(), default=None)
        silent = [standing.failing_since for standing in standings if standing.failing_since is not None]
        untold = [since for since in silent if since != plan.told_unreachable_since]
        if untold:  # one silent provider among several is told as well
            since = min(untold)
            patience_s = plan.unreachable_after_s - (at - since).total_seconds()
            if patience_s <= 0:
                return WatchResult(generation=plan.generation, unreachable_since=since, checks=activity.info().attempt)
            told_at_the_latest_s = min(patience_s, told_at_the_latest_s or patience_s)
        raise _not_yet(plan, at, wait_s, told_at_the_latest_s)

    async def _check(self, plan: WatchPlan, at: datetime) -> tuple[list[tuple[WatchTarget, Reading]], list[CheckStanding], float | None]:
        readings: list[tuple[WatchTarget, Reading]] = []
        checks: list[Check] = []
        wait_s: float | None = None
        misconfigured: ProviderMisconfigured | None = None
        for target in plan.targets:
            answered, reading = True, None
            try:
                reading = await self._provider.read(target.type, target.provider, target.reference, at)
            except ProviderUnavailable as error:
                answered = False
                wait_s = max(wait_s or 0.0, error.retry_after_s or 0.0) or None
            except ProviderMisconfigured as error:
                misconfigured = error
                break
            if reading is not None:
                readings.append((target, reading))
            status = reading.status if reading is not None else None
            checks.append(Check(provider=target.provider, reference=target.reference, answered=answered, status=status))
        standings = await self._recorder.note_checks(plan.case_id, plan.generation, at, checks)
        if misconfigured is not None:
            raise ApplicationError("the provider cannot be asked", type="provider_misconfigured", non_retryable=True) from misconfigured
        return readings, standings, wait_s


def _never_heard_of(standing: CheckStanding) -> bool:
    return standing.status is None and standing.failing_since is None


def _unknown(plan: WatchPlan, target: WatchTarget) -> UnknownReference:
    since = target.asked_since or plan.started_at
    return UnknownReference(provider=target.provider, reference=target.reference, since=since)


def _not_yet(plan: WatchPlan, at: datetime, wait_s: float | None = None, patience_s: float | None = None) -> ApplicationError:
    """`patience_s`: while nothing is known, the next try is at the latest when a person has to be told (the plan may be sparse)."""
    delay = next_check_in(plan, at)
    if patience_s is not None:
        delay = min(delay, max(1.0, patience_s))
    delay = max(delay, wait_s or 0.0)
    # BENIGN: "not yet" is no failure and alarms nobody.
    return ApplicationError("not yet", type="not_yet", category=ApplicationErrorCategory.BENIGN, next_retry_delay=timedelta(seconds=delay))
