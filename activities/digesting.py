"""The activities `tell_alert` and `tell_digest`: people are told of alerts that the workflow AlertDigest let pass, or gathered.

Owns the way from the alerts in the books to people. Must never decide what passes at once or when a window is over
(policies/alert_digest.py does). Called by the engine; idempotent: the books say who was told of what.
"""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.alerting import alert_words
from activities.contracts import names
from activities.contracts.jobs import TellAlert, TellDigest
from activities.digest_words import digest_words
from activities.engine_time import alive, engine_now
from activities.failures import books_errors
from activities.ports import AlertMessage, AlertPort, DirectoryPort, SendFailed
from store.recorder import Recorder


class Digesting:
    def __init__(self, recorder: Recorder, port: AlertPort, directory: DirectoryPort) -> None:
        self._recorder = recorder
        self._port = port
        self._directory = directory

    @activity.defn(name=names.TELL_ALERT)
    async def tell_alert(self, job: TellAlert) -> None:
        """Tell one of the first alerts of a window. A second call tells nobody again."""
        at = engine_now()
        with books_errors():
            async with alive():
                plan = await self._recorder.waiting_alert(job.alert_id)
                if plan is None:
                    return
                people = self._directory.people(plan.alert.to, plan.owner)
                title, body = alert_words(plan)
                message = AlertMessage(
                    alert_id=plan.alert_id,
                    case_id=plan.case_id,
                    to=people,
                    role=plan.alert.to,
                    level=plan.alert.level,
                    title=title,
                    body=body,
                )
                await self._tell(message)
                await self._recorder.finish_alert(plan.alert_id, people, at, title, body)

    @activity.defn(name=names.TELL_DIGEST)
    async def tell_digest(self, job: TellDigest) -> None:
        """Tell what was gathered in one message; nobody is told of nothing. A second call tells the same alerts, under the same id."""
        at = engine_now()
        with books_errors():
            async with alive():
                waiting = await self._recorder.take_into_digest(job.gathered_by, job.digest_id)
                if not waiting:
                    return
                first = waiting[0].plan
                people = self._directory.people(first.alert.to, first.owner)
                title, body, level = digest_words(waiting)
                message = AlertMessage(
                    alert_id=job.digest_id, case_id="", to=people, role=first.alert.to, level=level, title=title, body=body
                )
                await self._tell(message)
                words = {one.plan.alert_id: alert_words(one.plan) for one in waiting}
                await self._recorder.finish_digest(people, at, words)

    async def _tell(self, message: AlertMessage) -> None:
        try:
            await self._port.alert(message, engine_now())
        except SendFailed as error:
            raise ApplicationError("the alert was not taken", type=f"alert_{error.reason}") from error
