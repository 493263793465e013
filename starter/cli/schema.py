"""`makegood schema`: the JSON Schemas that backend services and scripts build on.

Owns which models are published. Must never need a connection. Part of the command line.
"""

from functools import cache
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from policies.book import PolicyBook
from policies.case import commands as c
from policies.case.facts import Fact
from policies.case.plans import Foreseen
from policies.case.request import CaseRequest
from starter.cli.printing import complain, put_json
from starter.plain_errors import nearest
from workflows import names

COMMANDS: dict[str, type[BaseModel]] = {
    names.RESOLVE: c.Resolve,
    names.HOLD: c.HoldCase,
    names.RESUME: c.Resume,
    names.ESCALATE: c.Escalate,
    names.EXTEND: c.Extend,
    names.REASSIGN: c.Reassign,
    names.REPLY: c.Reply,
    names.NOTE: c.Note,
    names.PHONE_CONTACT: c.PhoneContact,
    names.REPORT_FACT: c.ReportFact,
    names.LINK: c.Link,
    names.ABSORB: c.Absorb,
    names.MERGE: c.Merge,
    names.WITHDRAW: c.Withdraw,
    names.FEEDBACK: c.GiveFeedback,
    names.PREFERENCES: c.ChangePreferences,
    names.CUSTOMER_REPLY: c.CustomerReply,
    names.CHANGE_POLICY: c.ChangePolicy,
    names.PROVIDER_REPORTED: c.ProviderReport,
    names.DELIVERY_REPORTED: c.DeliveryReport,
}
MODELS: dict[str, type[BaseModel]] = {
    "CaseRequest": CaseRequest,
    "Snapshot": c.Snapshot,
    "Fact": Fact,
    "Receipt": c.Receipt,
    "Question": c.Question,  # the query `foresee` ...
    "Foreseen": Foreseen,  # ... and its answer
    "PolicyBook": PolicyBook,
}


def register(app: typer.Typer) -> None:
    app.command()(schema)


def schema(
    name: Annotated[str | None, typer.Argument(help="One model or command; left out: all.")] = None,
    _json: Annotated[bool, typer.Option("--json", help="As with every read; a schema is JSON anyhow.")] = False,
) -> None:
    """JSON Schemas of requests, commands (updates and signals), snapshot and facts."""
    if name is None:
        put_json(published())
        return
    model = {**MODELS, **COMMANDS}.get(name)
    if model is None:
        complain(f"no schema {name}; {nearest(name, [*MODELS, *COMMANDS])}")
        raise typer.Exit(2)
    put_json(model.model_json_schema())


@cache
def published() -> dict[str, Any]:
    """Model name -> schema, and under "commands" update name -> schema of its argument. Made once per process: it is slow."""
    schemas: dict[str, Any] = {title: model.model_json_schema() for title, model in MODELS.items()}
    return {**schemas, "commands": {title: model.model_json_schema() for title, model in COMMANDS.items()}}
