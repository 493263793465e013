"""Calls for people to make."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "call_tasks",
        sa.Column("task_id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("contact_ref", KEY, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("script", sa.Text()),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("message_id", KEY),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_tried_at", INSTANT),
        sa.Column("next_try_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.String()),
        sa.Column("result", sa.String()),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_call_tasks")),
    )
    op.create_index(op.f("ix_call_tasks_ended_at_due_at"), "call_tasks", ["ended_at", "due_at"])
    op.create_index(op.f("ix_call_tasks_case_id"), "call_tasks", ["case_id"])


def downgrade() -> None:
    op.drop_table("call_tasks")
