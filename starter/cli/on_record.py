"""Acts at the command line that no case writes down: they stand in the audit log, as the console's do.

Owns who is named there: the OS user, or whom `--as` names; `via` tells such a row from one of somebody who had signed in. Must never write
what was typed freely. Called by the commands around what they do to keys, channels and what is kept of people.
"""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from policies.case.facts import Actor
from starter.auditing import Value, audited
from starter.cli.session import Books
from store.audit import Audit

VIA = "cli"


def on_record(books: Books, act: str, by: Actor, case_id: str | None = None, **detail: Value) -> AbstractAsyncContextManager[None]:
    """Around the act: a row before it is tried, another if it was refused or remained unknown. `detail`: codes and figures.

    Raises StoreUnavailable before anything is done.
    """
    audit, role = Audit(books.store), by.role.value
    return audited(audit, lambda: datetime.now(UTC), act, person=by.who, role=role, case_id=case_id, detail={**detail, "via": VIA})
