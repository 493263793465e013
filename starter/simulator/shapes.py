"""The vendor's JSON: three shapes, none of them ours, so that the demo needs the mapping of providers-demo.toml.

Owns these shapes. Must never translate a word. Called by app.py.
"""

from datetime import UTC, datetime
from typing import Any

from starter.simulator.plans import Current, Kind


def shaped(kind: Kind, reference: str, current: Current) -> dict[str, Any]:
    """The answer for one reference. The plan's extra fields stand where the vendor would put them."""
    changed = current.changed_at_text or datetime.fromtimestamp(current.changed_at, UTC).isoformat(timespec="seconds")
    if kind is Kind.REFUND:
        return {"refund": {"id": reference, "state": current.status, "state_changed": changed, **current.fields}}
    if kind is Kind.DISPUTE:
        return {"dispute": {"ref": reference, "progress": current.status, "updated": changed, **current.fields}}
    return {"parcel": {"code": reference, "scan": {"word": current.status, "time": changed}, **current.fields}}
