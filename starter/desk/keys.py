"""Which case is meant: its id and kind, hence its workflow.

Owns this pair. Made by the desk's lookup, taken by everything it does.
"""

from dataclasses import dataclass

from policies.case.case_id import workflow_id
from policies.case.vocabulary import CaseKind


@dataclass(frozen=True, slots=True)
class CaseKey:
    case_id: str
    kind: CaseKind

    @property
    def workflow_id(self) -> str:
        return workflow_id(self.kind, self.case_id)
