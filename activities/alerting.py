"""The activity `alert_people`: resolves a role to people at the moment it fires and tells them once.

Owns the words of an alert (codes turned into a sentence, no customer data). Called by the engine; idempotent by alert id.
"""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.calling import AlertCalls
from activities.contracts import names
from activities.contracts.jobs import AlertPeople
from activities.engine_time import alive, engine_now
from activities.failures import books_errors
from activities.gathering import hand_over
from activities.ports import AlertMessage, AlertPort, DirectoryPort, SendFailed
from policies.alert_digest import digest_of, gathers
from policies.case.plans import AlertPlan
from store.recorder import Recorder

_SENTENCES = {
    "at_risk": "is at risk",
    "breached": "is breached; the customer has been told where the policy says so",
    "escalated": "was escalated by hand",
    "reopened": "came back after its resolution; a person must act",
    "provider_failed": "the provider says it failed; nothing more will happen without a person",
    "provider_needs_us": "the provider waits for us",
    "provider_unreachable": "the provider has not answered; it is asked again later",
    "reference_unknown": "the provider does not know the reference; look whether it and the account are right",
    "too_many_payments": "the provider issued its refunds anew too often; look after it by hand",
    "watch_failed": "the provider cannot be asked (configuration or credentials)",
    "decide_outcome": "parts ended differently; a person must decide the outcome",
    "customer_wrote_after_the_end": "has ended, and its customer wrote; `makegood channels status` lists such words",
    "hold_ended": "the hold has ended by its own date",
    "customer_did_not_answer": "the customer did not answer by the date told",
    "customer_supplied": "the customer supplied what was asked",
    "customer_replied": "the customer wrote; a person must answer",
    "customer_unreachable": "no channel reaches the customer; a call is needed",
    "message_unknown": "a message may not have arrived, twice; a call is needed",
    "message_parked": "a message could not be sent and waits",
    "recovery": "low score; contact the customer before the recovery clock ends",
    "reassigned": "is yours now",
    "cancellation_requested": "was to be cancelled in the engine, which a case refuses: withdraw, merge or resolve it",
}


class Alerting:
    def __init__(self, recorder: Recorder, port: AlertPort, directory: DirectoryPort, calls: AlertCalls | None = None) -> None:
        """`calls`: opens the call that an alert asks for."""
        self._recorder = recorder
        self._port = port
        self._directory = directory
        self._calls = calls

    @activity.defn(name=names.ALERT_PEOPLE)
    async def alert_people(self, job: AlertPeople) -> None:
        """Commit the entry and the call that is needed, then alert, or let the digest of the role do so. A second call with the same alert
        id tells nobody again.
        """
        at = engine_now()
        plan = job.plan
        with books_errors():
            async with alive():
                setting = plan.digest if gathers(plan.digest, plan.alert.level, shadow=plan.shadow) else None
                digest = digest_of(plan.alert.to, plan.owner) if setting is not None else None
                call = await self._calls.call_of(plan, at) if self._calls is not None else None
                if not await self._recorder.open_alert(job.books, plan, at, digest, call):
                    return
                if setting is not None and digest is not None:
                    await hand_over(plan.alert_id, setting, digest)
                    return
                people = self._directory.people(plan.alert.to, plan.owner)
                title, body = alert_words(plan)
                if not plan.shadow:
                    message = AlertMessage(
                        alert_id=plan.alert_id,
                        case_id=plan.case_id,
                        to=people,
                        role=plan.alert.to,
                        level=plan.alert.level,
                        title=title,
                        body=body,
                    )
                    try:
                        await self._port.alert(message, at)
                    except SendFailed as error:
                        raise ApplicationError("the alert was not taken", type=f"alert_{error.reason}") from error
                await self._recorder.finish_alert(plan.alert_id, people, at, title, body)


def alert_words(plan: AlertPlan) -> tuple[str, str]:
    """Title and body."""
    alert = plan.alert
    what = _SENTENCES.get(alert.reason, alert.reason.replace("_", " "))
    clock = f" Clock {alert.clock}." if alert.clock else ""
    due = f" Due {alert.due_at:%Y-%m-%d %H:%M:%S} UTC." if alert.due_at else ""
    title = f"[level {alert.level}] {plan.kind.value} {plan.case_id}: {what}"
    return title, f"{plan.merchant}: {plan.kind.value} {plan.case_id} {what}.{clock}{due}"
