"""Acts that end a case: resolve and withdraw (a merge is joining.py's).

Owns the reading of these forms, and the record that their second step shows. Must never decide what is allowed: the case says whether.
Listed by deeds.py.
"""

from policies.case import commands as c
from starter.web.console.case.fields import amounts, code, currencies_of, lines
from starter.web.console.case.parts import money
from starter.web.console.case.said_of_facts import plainly
from starter.web.console.case.wishes import Asked, Wish
from workflows import names


async def resolve(asked: Asked) -> Wish | None:
    form = asked.form
    outcome = form.get("outcome").strip()
    if not outcome:
        form.refuse("outcome", "Choose how the case ends.")
    paid = amounts(form, currencies_of(asked.case))
    references, evidence = lines(form, "references"), lines(form, "evidence")
    if form.errors:
        return None
    definition = asked.policy.outcome(outcome) if asked.policy is not None else None
    record = [("Outcome", f"{plainly(outcome)} (“{definition.public['en']}”)" if definition is not None else plainly(outcome))]
    record.append(("Amounts", ", ".join(money(one.amount_minor, one.currency) for one in paid) or "as the payments stand"))
    if references:
        record.append(("References", ", ".join(references)))
    if evidence:
        record.append(("Evidence", ", ".join(evidence)))
    return Wish(
        lambda desk, key, by, once: desk.resolve(key, by, outcome, amounts=paid, references=references, evidence=evidence, key=once),
        (outcome, *((one.amount_minor, one.currency) for one in paid), *references, "|", *evidence),
        (names.RESOLVE, lambda by: c.Resolve(by=by, outcome=outcome, amounts=paid, references=references, evidence=evidence)),
        noted={"outcome": code(outcome)},
        record=record,
    )


async def withdraw(asked: Asked) -> Wish | None:
    return Wish(
        lambda desk, key, by, once: desk.withdraw(key, by, key=once),
        (),
        (names.WITHDRAW, lambda by: c.Withdraw(by=by)),
        record=[("This case ends", f"{asked.case.case_id}, withdrawn")],
    )
