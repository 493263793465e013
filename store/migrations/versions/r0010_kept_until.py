"""Until when a message keeps the promise that it is to keep: its acceptance ends the promise in the books."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of a message from before: its promise ends with the case's next entry, as it did.
    op.add_column("messages", sa.Column("kept_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("messages", "kept_until")
