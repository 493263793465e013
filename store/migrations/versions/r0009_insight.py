"""Figures over all cases: those of a period, and the few facts of each timeline that they need."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FACTS = sa.text("type IN ('opened', 'policy_changed', 'resolved', 'customer_replied', 'lead_replied', 'phone_contact')")


def upgrade() -> None:
    op.create_index(op.f("ix_cases_shadow_opened_at_case_id"), "cases", ["shadow", "opened_at", "case_id"])
    op.create_index(
        "ix_facts_of_insight",
        "facts",
        ["case_id", "seq", "type", "occurred_at"],
        sqlite_where=_FACTS,
        postgresql_where=_FACTS,
    )


def downgrade() -> None:
    op.drop_index("ix_facts_of_insight", "facts")
    op.drop_index(op.f("ix_cases_shadow_opened_at_case_id"), "cases")
