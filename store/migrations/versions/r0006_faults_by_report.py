"""Faults of the operator that come by report, alerts on their way; STOP stops calls, too."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_NEW = ("alert_lease_until", "reported_at", "taken_at")


def upgrade() -> None:
    for name in _NEW:
        op.add_column("channel_parks", sa.Column(name, INSTANT))
    # Who said STOP by text message before is not called from now on; what stands for calls already stays as it is.
    op.execute(
        sa.text(
            "INSERT INTO suppressions (channel, address, reason, covers, since, lifted_at, source) "
            "SELECT 'voice', address, reason, covers, since, lifted_at, source FROM suppressions "
            "WHERE channel = 'sms' AND reason = 'stop' AND lifted_at IS NULL "
            "ON CONFLICT (channel, address, reason) DO NOTHING"
        )
    )


def downgrade() -> None:
    # Calls that were stopped stay stopped: a STOP is not forgotten.
    for name in reversed(_NEW):
        op.drop_column("channel_parks", name)
