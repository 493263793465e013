"""Alerts that are gathered for a digest; a channel is parked for one sender of ours or for all."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("alerts", sa.Column("owner", sa.String()))
    op.add_column("alerts", sa.Column("gathered_by", KEY))
    op.add_column("alerts", sa.Column("told_in", KEY))
    op.create_index(op.f("ix_alerts_gathered_by_state"), "alerts", ["gathered_by", "state"])
    op.create_index(op.f("ix_alerts_told_in"), "alerts", ["told_in"])
    # SQLite cannot change a key: there the table is written anew, with its rows.
    with op.batch_alter_table("channel_parks") as parks:
        parks.add_column(sa.Column("sender", KEY, nullable=False, server_default=sa.text("''")))
        parks.drop_constraint("pk_channel_parks", type_="primary")
        parks.create_primary_key("pk_channel_parks", ["channel", "provider", "sender"])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM channel_parks WHERE sender <> ''"))
    with op.batch_alter_table("channel_parks") as parks:
        parks.drop_constraint("pk_channel_parks", type_="primary")
        parks.create_primary_key("pk_channel_parks", ["channel", "provider"])
        parks.drop_column("sender")
    op.drop_index(op.f("ix_alerts_told_in"), "alerts")
    op.drop_index(op.f("ix_alerts_gathered_by_state"), "alerts")
    with op.batch_alter_table("alerts") as alerts:
        alerts.drop_column("told_in")
        alerts.drop_column("gathered_by")
        alerts.drop_column("owner")
