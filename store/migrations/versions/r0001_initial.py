"""The first tables of the books."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("merchant", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("clock", sa.String()),
        sa.Column("due_at", INSTANT),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("title", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_case_id"), "alerts", ["case_id"])
    op.create_table(
        "cases",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("merchant", KEY, nullable=False),
        sa.Column("brand", sa.String()),
        sa.Column("reference", KEY, nullable=False),
        sa.Column("order_ref", KEY, nullable=False),
        sa.Column("customer_key", KEY, nullable=False),
        sa.Column("contact_ref", KEY, nullable=False),
        sa.Column("segment", sa.String()),
        sa.Column("owner", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT),
        sa.Column("next_what", sa.String()),
        sa.Column("resolve_by", INSTANT),
        sa.Column("next_word_at", INSTANT),
        sa.Column("hold_reason", sa.String()),
        sa.Column("resolution", sa.JSON(none_as_null=True)),
        sa.Column("promises", sa.JSON(), nullable=False),
        sa.Column("clocks_met", sa.Integer(), nullable=False),
        sa.Column("clocks_breached", sa.Integer(), nullable=False),
        sa.Column("csat", sa.Integer()),
        sa.Column("nps", sa.Integer()),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("as_of_seq", sa.Integer(), nullable=False),
        sa.Column("list_order", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_customer_key"), "cases", ["customer_key"])
    op.create_index(op.f("ix_cases_escalation_list_order_case_id"), "cases", ["escalation", "list_order", "case_id"])
    op.create_index(op.f("ix_cases_list_order_case_id"), "cases", ["list_order", "case_id"])
    op.create_index(op.f("ix_cases_merchant_list_order_case_id"), "cases", ["merchant", "list_order", "case_id"])
    op.create_index(op.f("ix_cases_merchant_reference"), "cases", ["merchant", "reference"])
    op.create_index(op.f("ix_cases_order_ref"), "cases", ["order_ref"])
    op.create_index(op.f("ix_cases_reference"), "cases", ["reference"])
    op.create_index(op.f("ix_cases_shadow_case_id"), "cases", ["shadow", "case_id"])
    op.create_index(op.f("ix_cases_status_list_order_case_id"), "cases", ["status", "list_order", "case_id"])
    op.create_index(op.f("ix_cases_workflow_id"), "cases", ["workflow_id"])
    op.create_table(
        "contacts",
        sa.Column("contact_ref", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("merchant", sa.String(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("erased_at", INSTANT),
        sa.PrimaryKeyConstraint("contact_ref", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_saved_at"), "contacts", ["saved_at"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("message_id", KEY),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text()),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("put_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_outbox_delivery_id")),
    )
    op.create_index(op.f("ix_outbox_case_id_id"), "outbox", ["case_id", "id"])
    op.create_table(
        "texts",
        sa.Column("text_ref", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("text_ref", name=op.f("pk_texts")),
    )
    op.create_index(op.f("ix_texts_case_id"), "texts", ["case_id"])
    op.create_table(
        "watches",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("reference", KEY, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("status", sa.String()),
        sa.Column("last_checked_at", INSTANT, nullable=False),
        sa.Column("last_answered_at", INSTANT),
        sa.Column("failing_since", INSTANT),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("checks_in_generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "provider", "reference", name=op.f("pk_watches")),
    )
    op.create_table(
        "case_tags",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("tag", KEY, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_tags_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag", "case_id", name=op.f("pk_case_tags")),
    )
    op.create_index(op.f("ix_case_tags_case_id"), "case_tags", ["case_id"])
    op.create_table(
        "facts",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("learned_at", INSTANT, nullable=False),
        sa.Column("actor", sa.JSON(none_as_null=True)),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_facts_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_facts")),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("also", sa.JSON(), nullable=False),
        sa.Column("message_class", sa.String(), nullable=False),
        sa.Column("contact_ref", KEY, nullable=False),
        sa.Column("must_arrive", sa.Boolean(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("keeps", sa.Integer()),
        sa.Column("makes", sa.Integer()),
        sa.Column("next_word_at", INSTANT),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("recorded_at", INSTANT),
        sa.Column("channel", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("retry_at", INSTANT),
        sa.Column("template_id", sa.String()),
        sa.Column("template_version", sa.String()),
        sa.Column("locale", sa.String()),
        sa.Column("brand", sa.String()),
        sa.Column("subject", sa.Text()),
        sa.Column("text", sa.Text()),
        sa.Column("html", sa.Text()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_messages_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
        sa.UniqueConstraint("case_id", "cycle", "kind", "seq", name=op.f("uq_messages_case_id_cycle_kind_seq")),
    )
    op.create_index(op.f("ix_messages_kind_state_case_id"), "messages", ["kind", "state", "case_id"])
    op.create_table(
        "promises",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("ended_as", sa.String()),
        sa.Column("ended_at", INSTANT),
        sa.Column("late_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_promises_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_promises")),
    )
    op.create_index(op.f("ix_promises_ended_as_late_s_case_id"), "promises", ["ended_as", "late_s", "case_id"])
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("try_no", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("provider_id", sa.String()),
        sa.Column("reason", sa.String()),
        sa.ForeignKeyConstraint(["message_id"], ["messages.message_id"], name=op.f("fk_deliveries_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("message_id", "channel", "try_no", name=op.f("uq_deliveries_message_id_channel_try_no")),
    )


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("promises")
    op.drop_table("messages")
    op.drop_table("facts")
    op.drop_table("case_tags")
    op.drop_table("watches")
    op.drop_table("texts")
    op.drop_table("outbox")
    op.drop_table("contacts")
    op.drop_table("cases")
    op.drop_table("alerts")
