"""How schemathesis writes and reads JSON lines, which it does not know by itself. Named to it by SCHEMATHESIS_HOOKS.

Must never import the application: that would take as long again as a third of the whole run.
"""

import json
import os
import re
from typing import Any

import schemathesis

# Payer and delegate have the form of the recipient, null included, and go its way: what is made up inside it is made up there.
_SAME_FORM = re.compile(r"^(?:payer|delegate) -> |^Object with valid '(?:payer|delegate)' value: ")
BATCH_FIELDS = "MAKEGOOD_TEST_BATCH_FIELDS"  # the names of the fields of a batch's line, with commas between


@schemathesis.serializer("application/jsonl")
def write_lines(context: schemathesis.SerializationContext, value: Any) -> bytes | None:
    """Made-up text goes out as it is; of a list each entry is a line."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        return "\n".join(json.dumps(entry) for entry in value).encode()
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.deserializer("application/jsonl")
def read_lines(context: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """The document says of each line what it is: one that has another form is given back, for the schema to judge. ValueError: no JSON."""
    lines = [json.loads(line) for line in response.content.splitlines()]
    wrong = [line for line in lines if set(line) - set(os.environ[BATCH_FIELDS].split(","))]
    return (wrong or lines)[0]


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: "schemathesis.Case[Any]") -> bool:
    """Whether a case is sent."""
    made = case.meta.phase.data if case.meta is not None else None
    return not _SAME_FORM.match(getattr(made, "description", None) or "")
