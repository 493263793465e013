"""What providers report comes back in: references, the inbox, delivery events, suppressions, parked channels, links."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)

_contacts = sa.table("contacts", sa.column("contact_ref", KEY), sa.column("email", sa.Text()), sa.column("link_id", KEY))


def upgrade() -> None:
    op.add_column("contacts", sa.Column("link_id", KEY))
    op.add_column("contacts", sa.Column("email_normal", KEY))
    _fill_contacts()
    op.create_index(op.f("ix_contacts_case_id"), "contacts", ["case_id"])
    op.create_index(op.f("ix_contacts_link_id"), "contacts", ["link_id"], unique=True)
    op.create_index(op.f("ix_contacts_email_normal"), "contacts", ["email_normal"])
    op.create_index(op.f("ix_contacts_phone"), "contacts", ["phone"])
    op.create_index(op.f("ix_deliveries_provider_id"), "deliveries", ["provider_id"])
    op.create_table(
        "case_references",
        sa.Column("provider", KEY, nullable=False),
        sa.Column("reference", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider", "reference", "case_id", name=op.f("pk_case_references")),
    )
    op.create_index(op.f("ix_case_references_case_id"), "case_references", ["case_id"])
    op.create_table(
        "webhook_inbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("provider", KEY, nullable=False),
        sa.Column("event_key", KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", KEY),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("case_id", KEY),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", INSTANT),
        sa.Column("done_at", INSTANT),
        sa.Column("problem", sa.String()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_inbox")),
        sa.UniqueConstraint("provider", "event_key", name=op.f("uq_webhook_inbox_provider_event_key")),
    )
    op.create_index(op.f("ix_webhook_inbox_state_next_try_at_id"), "webhook_inbox", ["state", "next_try_at", "id"])
    op.create_index(op.f("ix_webhook_inbox_state_provider_reference"), "webhook_inbox", ["state", "provider", "reference"])
    op.create_index(op.f("ix_webhook_inbox_case_id_id"), "webhook_inbox", ["case_id", "id"])
    op.create_index(op.f("ix_webhook_inbox_received_at"), "webhook_inbox", ["received_at"])
    op.create_table(
        "delivery_events",
        sa.Column("provider", KEY, nullable=False),
        sa.Column("event_key", KEY, nullable=False),
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("provider_id", sa.String()),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.delivery_id"], name=op.f("fk_delivery_events_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("provider", "event_key", name=op.f("pk_delivery_events")),
    )
    op.create_index(op.f("ix_delivery_events_delivery_id_at"), "delivery_events", ["delivery_id", "at"])
    op.create_table(
        "suppressions",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", KEY, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("covers", sa.String(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", "reason", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "channel_parks",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("probe_at", INSTANT, nullable=False),
        sa.Column("alerted_at", INSTANT),
        sa.Column("lifted_at", INSTANT),
        sa.PrimaryKeyConstraint("channel", "provider", name=op.f("pk_channel_parks")),
    )


def _fill_contacts() -> None:
    """Links for what is there. The rule of store/normal.py is repeated: a revision never changes with the code."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(_contacts.c.contact_ref, _contacts.c.email)).all()
    fill = (
        sa.update(sa.table("contacts", sa.column("contact_ref", KEY), sa.column("link_id", KEY), sa.column("email_normal", KEY)))
        .where(sa.column("contact_ref") == sa.bindparam("this"))
        .values(link_id=sa.bindparam("link"), email_normal=sa.bindparam("normal"))
    )
    filled = [
        {"this": row.contact_ref, "link": secrets.token_urlsafe(16), "normal": row.email.strip().lower() if row.email else None}
        for row in rows
    ]
    if filled:
        connection.execute(fill, filled)


def downgrade() -> None:
    op.drop_table("channel_parks")
    op.drop_table("suppressions")
    op.drop_table("delivery_events")
    op.drop_table("webhook_inbox")
    op.drop_table("case_references")
    op.drop_index(op.f("ix_deliveries_provider_id"), "deliveries")
    for name in ("phone", "email_normal", "link_id", "case_id"):
        op.drop_index(op.f(f"ix_contacts_{name}"), "contacts")
    with op.batch_alter_table("contacts") as contacts:
        contacts.drop_column("email_normal")
        contacts.drop_column("link_id")
