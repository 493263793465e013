"""What reaches a case while it lives: updates with validators, signals that can harm nothing, three queries.

Owns the boundary between the engine's messages and the rules. Handlers only validate and append facts; they raise ApplicationError
only, since any other exception would wedge the workflow task for good. Extended by case_workflow.py.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from policies.case import commands as c
    from policies.case.case_id import workflow_id
    from policies.case.facts import Fact
    from policies.case.plans import Foreseen
    from policies.case.start import CaseStart
    from policies.case.state import CaseState
    from policies.case.vocabulary import FactType
    from policies.contract import Contract
    from policies.rules import rules_for
    from workflows import names


T = TypeVar("T", bound="Contract")

# The acts that the customer is told of.
_FORESEEN: dict[str, type[c.Command]] = {
    names.RESOLVE: c.Resolve,
    names.HOLD: c.HoldCase,
    names.RESUME: c.Resume,
    names.EXTEND: c.Extend,
    names.REPLY: c.Reply,
    names.MERGE: c.Merge,
    names.WITHDRAW: c.Withdraw,
}


def _problem(error: ValidationError) -> str:
    """Field and reason of the first error; never the value, it may be personal."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'input'}: {first['msg']}"


def _with_reason(given: dict[str, Any]) -> dict[str, Any]:
    """What a person typed into the web UI: `by` may be a name alone or missing, `why` stands beside it."""
    by = given.get("by")
    if by is None:
        by = c.WEB_UI.model_dump(mode="json")
    elif isinstance(by, str):
        by = {"who": by, "role": "lead"}
    if isinstance(by, dict) and not by.get("why"):
        by = {**by, "why": given.get("why")}
    return {**given, "by": by}


def _rules(number: int) -> Any:
    try:
        return rules_for(number)
    except KeyError as error:
        # No fault of the case: this worker is older than the case's rules. Its tasks fail, and are tried again, until a newer one
        # takes them; ending the case would break its promises for good.
        raise RuntimeError(f"{error.args[0]}; run a worker that knows them") from None


class CaseHandlers:
    """State and handlers. Handlers are inherited by the workflow types, `@workflow.run` is not."""

    case: CaseState

    def __init__(self, *payload: Any) -> None:
        # The input is taken as plain JSON and validated here: a typed input that cannot be read would fail the workflow task for
        # ever, while a refused case must end as failed with type InvalidCase (house.md).
        self.invalid: str | None = None
        self.touched = False  # something happened that the loop must look at
        self.commanded_in = 0  # the last workflow task that gave the engine a command, by the length of its history
        try:
            if not 1 <= len(payload) <= 2:
                raise ValueError(f"{len(payload)} arguments; right would be one, a case start")
            self.case, self.rules = self._begin(CaseStart.model_validate(payload[0]), payload[1] if len(payload) == 2 else None)
        except ValidationError as error:
            self.invalid = _problem(error)
        except (ValueError, OverflowError, LookupError) as error:
            self.invalid = str(error.args[0] if error.args else error)
        if self.invalid is not None and workflow.info().continued_run_id is not None:
            # A case that lives already is never ended by a worker that cannot read it; its task is tried again (see _rules).
            raise RuntimeError(f"the carried state cannot be read: {self.invalid}; run a worker that can")

    def _begin(self, start: CaseStart, carried: Any) -> tuple[CaseState, Any]:
        rules = _rules(start.policy.rules)
        info = workflow.info()
        if carried is not None:
            if info.continued_run_id is None:
                raise ValueError("2 arguments; right would be one, a case start")
            return CaseState.model_validate(carried), rules
        if info.workflow_type != names.WORKFLOW_TYPES[start.kind.value] or start.policy.policy.kind is not start.kind:
            raise ValueError(f"kind: {start.kind.value} wants {names.WORKFLOW_TYPES[start.kind.value]} and a policy of its kind")
        if info.workflow_id != workflow_id(start.kind, start.case_id):
            raise ValueError(f"case_id: the workflow id must be {workflow_id(start.kind, start.case_id)}; open cases through the desk")
        return rules.begin(start, workflow.now()), rules

    # -- acts ---------------------------------------------------------------------------------------------------------------

    def _refuse(self, name: str, command: Any) -> None:
        """Validator: the reason goes to the caller, nothing into the history."""
        if self.invalid is not None:
            raise ApplicationError(self.invalid, type=names.INVALID_CASE, non_retryable=True)
        now, case = workflow.now(), self.case
        due = self.rules.next_due(case)
        if due is not None and due.at <= now:
            # No worker was there as it came due; the act will meet the case as it is after that. Looked at in a copy: a validator
            # must not change the state, and refused after its acceptance the act would stand in the history.
            case = case.model_copy(deep=True)
            self.rules.advance(case, now)
        # Before every other refusal: what the caller knew is not so any more. Nothing can come between this look and the act: the handler
        # runs in the same breath. Not asked again there, nor of a signal, which has nobody to answer to.
        if (reason := self.rules.moved_on(case, command)) is not None:
            raise ApplicationError(reason, case.fact_seq, type=names.MOVED_ON, non_retryable=True)
        self._judge(case, name, command)

    def _judge(self, case: CaseState, name: str, command: Any) -> None:
        reason = self.rules.refusal(case, name, command, workflow.now())
        if reason is not None:
            raise ApplicationError(reason, type=names.REFUSED, non_retryable=True)

    def commanded(self) -> None:
        self.commanded_in = workflow.info().get_current_history_length()

    def _act(self, name: str, command: Any) -> c.Receipt:
        self.commanded()  # an update that was accepted is itself one
        return self._do(name, command)

    def _do(self, name: str, command: Any) -> c.Receipt:
        now = workflow.now()
        self.rules.advance(self.case, now)  # what has come due before this act happens before it
        self._judge(self.case, name, command)
        self.rules.apply(self.case, name, command, now)
        self.touched = True
        due = self.rules.next_due(self.case)
        return c.Receipt(
            case_id=self.case.start.case_id,
            status=self.case.status,
            seq=self.case.fact_seq,
            next_at=due.at if due else None,
            next_what=due.what if due else None,
            command_digest=c.digest_of(name, command),
        )

    def _act_by_signal(self, name: str, model: type[c.Command], payload: Sequence[Any]) -> None:
        """A signal has no answer: what is malformed or refused becomes a fact on the timeline and changes nothing else."""
        if self.invalid is not None:
            return
        try:
            if len(payload) > 1:
                raise ValueError(f"{len(payload)} arguments; right would be one JSON object")
            given = payload[0] if payload else {}
            if not isinstance(given, dict):
                raise ValueError("the argument is no JSON object")
            command = model.model_validate(_with_reason(given))
            self._do(name, command)
        except ValidationError as error:
            self._refused_signal(name, _problem(error))
        except ApplicationError as error:
            self._refused_signal(name, error.message)
        except ValueError as error:
            self._refused_signal(name, str(error))

    def _refused_signal(self, name: str, reason: str) -> None:
        self.rules.remember(self.case, FactType.REFUSED_SIGNAL, workflow.now(), signal=name[:60], reason=reason[:300])
        self.touched = True

    # -- updates (registered below in one form) -------------------------------------------------------------------------------

    @workflow.update(name=names.RESOLVE, description="Resolve the case with an outcome of the policy book")
    def resolve(self, command: c.Resolve) -> c.Receipt:
        return self._act(names.RESOLVE, command)

    @resolve.validator
    def _may_resolve(self, command: c.Resolve) -> None:
        self._refuse(names.RESOLVE, command)

    @workflow.update(name=names.HOLD, description="Put the case on hold for a reason of the policy book")
    def hold(self, command: c.HoldCase) -> c.Receipt:
        return self._act(names.HOLD, command)

    @hold.validator
    def _may_hold(self, command: c.HoldCase) -> None:
        self._refuse(names.HOLD, command)

    @workflow.update(name=names.RESUME, description="End the hold; internal clocks go on")
    def resume(self, command: c.Resume) -> c.Receipt:
        return self._act(names.RESUME, command)

    @resume.validator
    def _may_resume(self, command: c.Resume) -> None:
        self._refuse(names.RESUME, command)

    @workflow.update(name=names.ESCALATE, description="Tell the next level of the ladder")
    def escalate(self, command: c.Escalate) -> c.Receipt:
        return self._act(names.ESCALATE, command)

    @escalate.validator
    def _may_escalate(self, command: c.Escalate) -> None:
        self._refuse(names.ESCALATE, command)

    @workflow.update(name=names.EXTEND, description="Give the customer a later date of resolution")
    def extend(self, command: c.Extend) -> c.Receipt:
        return self._act(names.EXTEND, command)

    @extend.validator
    def _may_extend(self, command: c.Extend) -> None:
        self._refuse(names.EXTEND, command)

    @workflow.update(name=names.REASSIGN, description="Give the case to another owner")
    def reassign(self, command: c.Reassign) -> c.Receipt:
        return self._act(names.REASSIGN, command)

    @reassign.validator
    def _may_reassign(self, command: c.Reassign) -> None:
        self._refuse(names.REASSIGN, command)

    @workflow.update(name=names.REPLY, description="Answer the customer; the text is in the store")
    def reply(self, command: c.Reply) -> c.Receipt:
        return self._act(names.REPLY, command)

    @reply.validator
    def _may_reply(self, command: c.Reply) -> None:
        self._refuse(names.REPLY, command)

    @workflow.update(name=names.NOTE, description="Keep an internal note; the text is in the store")
    def note(self, command: c.Note) -> c.Receipt:
        return self._act(names.NOTE, command)

    @note.validator
    def _may_note(self, command: c.Note) -> None:
        self._refuse(names.NOTE, command)

    @workflow.update(name=names.PHONE_CONTACT, description="Record a call and the promise given in it")
    def phone_contact(self, command: c.PhoneContact) -> c.Receipt:
        return self._act(names.PHONE_CONTACT, command)

    @phone_contact.validator
    def _may_phone_contact(self, command: c.PhoneContact) -> None:
        self._refuse(names.PHONE_CONTACT, command)

    @workflow.update(name=names.REPORT_FACT, description="Report a named fact with its own time")
    def report_fact(self, command: c.ReportFact) -> c.Receipt:
        return self._act(names.REPORT_FACT, command)

    @report_fact.validator
    def _may_report_fact(self, command: c.ReportFact) -> None:
        self._refuse(names.REPORT_FACT, command)

    @workflow.update(name=names.LINK, description="Link another case")
    def link(self, command: c.Link) -> c.Receipt:
        return self._act(names.LINK, command)

    @link.validator
    def _may_link(self, command: c.Link) -> None:
        self._refuse(names.LINK, command)

    @workflow.update(name=names.ABSORB, description="Take over the strictest date of a case that is merged into this one")
    def absorb(self, command: c.Absorb) -> c.Receipt:
        return self._act(names.ABSORB, command)

    @absorb.validator
    def _may_absorb(self, command: c.Absorb) -> None:
        self._refuse(names.ABSORB, command)

    @workflow.update(name=names.MERGE, description="End this case in favour of another")
    def merge(self, command: c.Merge) -> c.Receipt:
        return self._act(names.MERGE, command)

    @merge.validator
    def _may_merge(self, command: c.Merge) -> None:
        self._refuse(names.MERGE, command)

    @workflow.update(name=names.WITHDRAW, description="The matter is withdrawn")
    def withdraw(self, command: c.Withdraw) -> c.Receipt:
        return self._act(names.WITHDRAW, command)

    @withdraw.validator
    def _may_withdraw(self, command: c.Withdraw) -> None:
        self._refuse(names.WITHDRAW, command)

    @workflow.update(name=names.FEEDBACK, description="The customer's answer to the survey")
    def feedback(self, command: c.GiveFeedback) -> c.Receipt:
        return self._act(names.FEEDBACK, command)

    @feedback.validator
    def _may_feedback(self, command: c.GiveFeedback) -> None:
        self._refuse(names.FEEDBACK, command)

    @workflow.update(name=names.PREFERENCES, description="Channels, cadence, opt-outs, quiet hours")
    def preferences(self, command: c.ChangePreferences) -> c.Receipt:
        return self._act(names.PREFERENCES, command)

    @preferences.validator
    def _may_preferences(self, command: c.ChangePreferences) -> None:
        self._refuse(names.PREFERENCES, command)

    @workflow.update(name=names.CUSTOMER_REPLY, description="The customer wrote, supplied what was asked, or says it is not solved")
    def customer_reply(self, command: c.CustomerReply) -> c.Receipt:
        return self._act(names.CUSTOMER_REPLY, command)

    @customer_reply.validator
    def _may_customer_reply(self, command: c.CustomerReply) -> None:
        self._refuse(names.CUSTOMER_REPLY, command)

    @workflow.update(name=names.CHANGE_POLICY, description="Another policy for this open case")
    def change_policy(self, command: c.ChangePolicy) -> c.Receipt:
        return self._act(names.CHANGE_POLICY, command)

    @change_policy.validator
    def _may_change_policy(self, command: c.ChangePolicy) -> None:
        self._refuse(names.CHANGE_POLICY, command)

    # -- signals --------------------------------------------------------------------------------------------------------------
    # `*payload`: a signal without its argument, or with one too many, wedges a typed handler's workflow for good (tested).

    @workflow.signal(name=names.RESOLVE, description='{"outcome": "denied", "by": "your name", "why": "..."}')
    def signal_resolve(self, *payload: Any) -> None:
        self._act_by_signal(names.RESOLVE, c.Resolve, payload)

    @workflow.signal(name=names.HOLD, description='{"reason": "under_review", "by": "your name", "why": "..."}')
    def signal_hold(self, *payload: Any) -> None:
        self._act_by_signal(names.HOLD, c.HoldCase, payload)

    @workflow.signal(name=names.RESUME, description='{"by": "your name", "why": "..."}')
    def signal_resume(self, *payload: Any) -> None:
        self._act_by_signal(names.RESUME, c.Resume, payload)

    @workflow.signal(name=names.ESCALATE, description='{"level": 2, "by": "your name", "why": "..."}')
    def signal_escalate(self, *payload: Any) -> None:
        self._act_by_signal(names.ESCALATE, c.Escalate, payload)

    def _report(self, name: str, model: type[T], payload: Sequence[Any]) -> T | None:
        """What a webhook brought; None, and a fact on the timeline, if it cannot be read."""
        if self.invalid is not None:
            return None
        try:
            if len(payload) > 1:
                raise ValueError(f"{len(payload)} arguments; right would be one JSON object")
            report = model.model_validate(payload[0] if payload else {})
            if (too_much := self.rules.over_bounds(report)) is not None:
                raise ValueError(too_much)
            return report
        except ValidationError as error:
            self._refused_signal(name, _problem(error))
        except ValueError as error:
            self._refused_signal(name, str(error))
        return None

    @workflow.signal(name=names.DELIVERY_REPORTED, description="A message that its provider took did not arrive")
    def delivery_reported(self, *payload: Any) -> None:
        report = self._report(names.DELIVERY_REPORTED, c.DeliveryReport, payload)
        if report is None:
            return
        now = workflow.now()
        self.rules.advance(self.case, now)
        self.rules.not_delivered(self.case, report, now)
        self.touched = True

    @workflow.signal(name=names.PROVIDER_REPORTED, description="Readings that a webhook brought")
    def provider_reported(self, *payload: Any) -> None:
        report = self._report(names.PROVIDER_REPORTED, c.ProviderReport, payload)
        if report is None:
            return
        if not report.readings:
            self._refused_signal(names.PROVIDER_REPORTED, "readings is empty; nothing was reported")
            return
        now = workflow.now()
        self.rules.advance(self.case, now)
        if self.rules.apply_readings(self.case, report.readings, now):
            self.rules.stale_watch(self.case)
        self.touched = True

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        if self.invalid is None:
            self._refused_signal(
                name,
                f"no such signal ({len(args)} arguments); known: resolve, hold, resume, escalate, provider_reported, delivery_reported",
            )

    # -- queries --------------------------------------------------------------------------------------------------------------

    @workflow.query(name=names.SNAPSHOT, description="Where the case stands")
    def snapshot(self) -> c.Snapshot:
        if self.invalid is not None:
            raise ApplicationError(self.invalid, type=names.INVALID_CASE)
        snapshot: c.Snapshot = self.rules.snapshot(self.case)
        return snapshot

    @workflow.query(name=names.TIMELINE, description="The last facts of the case; older ones are in the books")
    def timeline(self) -> list[Fact]:
        if self.invalid is not None:
            raise ApplicationError(self.invalid, type=names.INVALID_CASE)
        return self.case.facts

    @workflow.query(name=names.FORESEE, description="What a command would do now, and what the customer would be told; nothing is done")
    def foresee(self, question: c.Question) -> Foreseen:
        model = _FORESEEN.get(question.name)
        if self.invalid is not None or model is None:
            raise ApplicationError(self.invalid or f"name: right would be one of {', '.join(_FORESEEN)}", type=names.INVALID_CASE)
        try:
            command = model.model_validate(question.command)
        except ValidationError as error:
            raise ApplicationError(_problem(error), type=names.INVALID_CASE) from None
        # A query's clock stands at the last task: who asks says what time it is.
        now = max(question.at, workflow.now()) if question.at is not None else workflow.now()
        foreseen: Foreseen = self.rules.foresee(self.case, question.name, command, now)
        return foreseen
