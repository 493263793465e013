"""What a case would take and a person can hardly have meant: a misspelt fact, a role that nobody has, an answer to no question.

Owns these looks at an act before it is done. Must never be the only check of a rule: the case decides, and takes from other programs what
is refused here. Called by the commands that act.
"""

import difflib
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path

from policies.book import Policy, PolicyBook
from policies.case.vocabulary import OWN_FACTS, CaseStatus
from starter.cli.session import Office, settings
from starter.desk import Refused
from starter.owners import not_an_owner, owners_of
from starter.plain_errors import nearest
from starter.policy_choice import NoPolicy, by_id
from starter.settings import ROOT

# What the rules act upon themselves, whatever the policy says.
_ACTED_UPON = frozenset({"customer_supplied", "payment_replaced"})
# What the documentation names, and shops' own books often wait for.
_USUAL = frozenset({"goods_received", "evidence_submitted", "withdrawal_told", "ordered", "shipped", "delivered", "dispute_created"})
_MISSPELT = 0.8  # goods_recieved is 0.93 like goods_received, goods_returned 0.71
_OWNER = "owner"  # the owner of the case, whoever that is


def waited_for(policy: Policy) -> set[str]:
    """The facts that start or end a clock of this policy and that a case does not find out by itself."""
    named = {clock.starts for clock in policy.clocks} | {fact for clock in policy.clocks for fact in clock.ends}
    return named - OWN_FACTS


def odd_fact(name: str, policy: Policy | None, books: Iterable[PolicyBook]) -> str | None:
    """What is to be said of a fact that nothing waits for; None if something does. Raises Refused for one that is misspelt.

    `policy`: the case's own; None if the books no longer have it.
    """
    waits = waited_for(policy) if policy is not None else set()
    if name in waits | _ACTED_UPON or name in OWN_FACTS:  # the last are refused by the case, with the reason
        return None
    known = {fact for book in books for entry in book.policies for fact in waited_for(entry)} | waits | _ACTED_UPON | _USUAL
    meant = [] if name in known else difflib.get_close_matches(name, sorted(known), n=1, cutoff=_MISSPELT)
    if meant:
        raise Refused(f"name {name}: no rule waits for such a fact; did you mean {meant[0]}? (--anyway keeps it as it is)")
    if policy is None:
        return None
    others = ", ".join(sorted(waits | _ACTED_UPON))
    return f"No rule of {policy.id} waits for {name}: it stands on the timeline and changes nothing. What it waits for: {others}"


def odd_role(to: str, policy: Policy | None, roles: Collection[str]) -> str | None:
    """Why nobody would be told by this name; None if somebody would. `roles`: those of the directory and of the alerts."""
    ladder = {rung.to for clock in policy.clocks for rung in clock.ladder} if policy is not None else set()
    known = {*ladder, *roles, _OWNER}
    if to in known:
        return None
    return (
        f"to {to} is no role that anybody has, so that only the fallback would be told; {nearest(to, sorted(known))} "
        "(roles: MAKEGOOD_DIRECTORY_FILE, the alerts of MAKEGOOD_CHANNELS_FILE, the policy's ladder)"
    )


async def at_fact(office: Office, case: str, name: str) -> str | None:
    """The remark for after the act, if there is one. Raises Refused, and what looking up a case raises."""
    if name == "customer_supplied":
        await at_supplied(office, case)
        return None
    return odd_fact(name, await _policy(office, case), office.policy_books)


async def at_role(office: Office, case: str, to: str) -> None:
    """Raises Refused if nobody has the role, and what looking up a case raises."""
    wrong = odd_role(to, await _policy(office, case), _roles())
    if wrong is not None:
        raise Refused(wrong)


async def at_owner(office: Office, case: str, owner: str) -> None:
    """Raises Refused if an alert to the owner would reach nobody, and what looking up a case raises."""
    merchant = (await office.desk.snapshot(case)).merchant
    wrong = not_an_owner(owner, await owners_of(merchant, office.books.store, settings()))
    if wrong is not None:
        raise Refused(f"owner {owner} {wrong} (--anyway takes it as it is)")


async def at_supplied(office: Office, case: str) -> None:
    """Raises Refused if nothing is asked of the customer, and what looking up a case raises."""
    snapshot = await office.desk.snapshot(case)
    if snapshot.status is not CaseStatus.WAITING_ON_CUSTOMER:
        status = snapshot.status.value.replace("_", " ")
        raise Refused(f"supplied: nothing is asked of the customer, the case is {status}; right would be the reply itself, as a text")


async def _policy(office: Office, case: str) -> Policy | None:
    snapshot = await office.desk.snapshot(case)
    try:
        return by_id(office.policy_books, snapshot.policy.partition(" ")[0])[1]
    except NoPolicy:
        return None


def _roles() -> set[str]:
    """As the worker's files name them; it says itself what is wrong with one."""
    chosen = settings()
    directory = _table(chosen.directory_file or ROOT / "examples" / "directory.toml")
    alerts = _table(chosen.channels_file).get("alerts") if chosen.channels_file is not None else None
    tables = (directory.get("roles"), alerts.get("roles") if isinstance(alerts, dict) else None)
    return {str(name) for table in tables if isinstance(table, dict) for name in table}


def _table(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
