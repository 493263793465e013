"""Payloads live for weeks in sleeping cases: a field that crosses Temporal may be added (optional), never removed or made required.

`python -m tests.architecture.test_contract_lock` writes the lock again; its diff is the review.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from activities.contracts import jobs
from policies import alert_digest
from policies.case import commands, facts, plans, start, state

LOCK = Path(__file__).with_name("contract_lock.json")
MODULES = (jobs, commands, facts, plans, start, state, alert_digest)


def fields() -> dict[str, dict[str, bool]]:
    """Model -> field -> required."""
    models: dict[str, dict[str, bool]] = {}

    def add(model: type[BaseModel]) -> None:
        if model.__name__ in models or model.__module__.split(".")[0] not in ("policies", "activities"):
            return
        models[model.__name__] = {name: field.is_required() for name, field in sorted(model.model_fields.items())}

    for module in MODULES:
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, BaseModel):
                add(thing)
    return dict(sorted(models.items()))


def test_no_field_that_crosses_temporal_is_lost_or_newly_required() -> None:
    locked: dict[str, Any] = json.loads(LOCK.read_text(encoding="utf-8"))
    present = fields()
    lost = [f"{model}.{name}" for model, names in locked.items() for name in names if name not in present.get(model, {})]
    harder = [
        f"{model}.{name}"
        for model, names in present.items()
        for name, required in names.items()
        if model in locked and required and not locked[model].get(name, False)
    ]
    assert not lost, f"{lost}: open cases still carry these; keep them and ignore them, or wait until no case does"
    assert not harder, f"{harder}: payloads written before this change lack them; give a default"
    new = {model: sorted(set(names) - set(locked.get(model, {}))) for model, names in present.items()}
    unlocked = {model: names for model, names in new.items() if names}
    assert not unlocked, f"new fields {unlocked}: write them into the lock (python -m {__name__}) so that they cannot vanish again"


if __name__ == "__main__":
    LOCK.write_text(json.dumps(fields(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{LOCK.name} written\n")
