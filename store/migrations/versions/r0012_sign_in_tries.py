"""Wrong passwords are counted by who tries, known or not; what strangers do is told in sums."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sign_in_tries",
        sa.Column("counted", KEY, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", INSTANT, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.Column("forget_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("counted", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_forget_at"), "sign_in_tries", ["forget_at"])
    op.create_table(
        "audit_sums",
        sa.Column("what", KEY, nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_audit_sums")),
    )
    # Nobody reads these two any more. They stay a release longer for a web process of before, which may still run beside.
    op.execute("UPDATE people SET failures = 0, locked_until = NULL")


def downgrade() -> None:
    op.drop_table("audit_sums")
    op.drop_table("sign_in_tries")
