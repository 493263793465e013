"""What the queue of the support leads is sorted by: why a case needs a person, and since when."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_MOMENTS = ("breached_at", "at_risk_since", "unanswered_since", "recovery_since", "breach_at")
_UNDONE = "status NOT IN ('resolved', 'closed')"
_QUEUE = ["list_order", "case_id", "merchant", "owner", "kind", "segment", "shadow", *_MOMENTS[-1:], *_MOMENTS[1:4]]
_FEW = (
    (("breach_at", "case_id"), "breach_at IS NOT NULL"),
    (("at_risk_since",), "at_risk_since IS NOT NULL"),
    (("unanswered_since", "case_id"), "unanswered_since IS NOT NULL"),
    (("recovery_since", "case_id"), "recovery_since IS NOT NULL"),
)


def _name(columns: tuple[str, ...]) -> str:
    return f"ix_cases_{'_'.join(columns)}_few"


def upgrade() -> None:
    for column in _MOMENTS:
        op.add_column("cases", sa.Column(column, INSTANT))
    # The others are told by each case with its next entry.
    op.execute("UPDATE cases SET breach_at = resolve_by WHERE status = 'open'")
    for columns, where in _FEW:
        op.create_index(_name(columns), "cases", list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_index("ix_cases_queue", "cases", _QUEUE, sqlite_where=sa.text(_UNDONE), postgresql_where=sa.text(_UNDONE))
    op.drop_index("ix_cases_customer_key", "cases")
    op.create_index("ix_cases_customer_key_opened_at_case_id", "cases", ["customer_key", "opened_at", "case_id"])


def downgrade() -> None:
    op.drop_index("ix_cases_customer_key_opened_at_case_id", "cases")
    op.create_index("ix_cases_customer_key", "cases", ["customer_key"])
    op.drop_index("ix_cases_queue", "cases")
    for columns, _ in _FEW:
        op.drop_index(_name(columns), "cases")
    for column in _MOMENTS:
        op.drop_column("cases", column)
