"""The tables of the books.

Owns names, keys and indexes. Must never hold logic; a change here needs a migration (a test compares them). Called by
the store only. What identifies a thing is its key or a unique constraint, because everything is written at least
once.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from store.column_types import Key, UtcInstant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Said in these words in a query, too: SQLite takes a partial index for a condition that it finds again, word by word.
UNDONE = "status NOT IN ('resolved', 'closed')"


QUEUE_COLUMNS = (
    "list_order",
    "case_id",
    "merchant",
    "owner",
    "kind",
    "segment",
    "shadow",
    "breach_at",
    "at_risk_since",
    "unanswered_since",
    "recovery_since",
)


def _few(*columns: str, where: str) -> Index:
    """An index over some of the rows."""
    name = f"ix_cases_{'_'.join(columns)}_few"
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


cases = Table(
    "cases",
    metadata,
    Column("case_id", Key, primary_key=True),
    Column("workflow_id", Key, nullable=False),
    Column("kind", String, nullable=False),
    Column("merchant", Key, nullable=False),
    Column("brand", String),
    Column("reference", Key, nullable=False),
    Column("order_ref", Key, nullable=False),  # CaseRow.order: ORDER is a word of SQL
    Column("customer_key", Key, nullable=False),
    Column("contact_ref", Key, nullable=False),
    Column("segment", String),
    Column("owner", String),
    Column("status", String, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("escalation", Integer, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("next_at", UtcInstant),
    Column("next_what", String),
    Column("resolve_by", UtcInstant),
    Column("next_word_at", UtcInstant),
    Column("hold_reason", String),
    Column("resolution", JSON(none_as_null=True)),
    Column("promises", JSON, nullable=False),
    Column("clocks_met", Integer, nullable=False),
    Column("clocks_breached", Integer, nullable=False),
    Column("csat", Integer),
    Column("nps", Integer),
    Column("tags", JSON, nullable=False),
    Column("digests", JSON, nullable=False),
    Column("shadow", Boolean, nullable=False),
    Column("closed_at", UtcInstant),
    Column("breached_at", UtcInstant),
    Column("at_risk_since", UtcInstant),
    Column("unanswered_since", UtcInstant),
    Column("recovery_since", UtcInstant),
    Column("as_of_seq", Integer, nullable=False),
    # One number to sort by: what is due first, then what is due never, then closed cases, the latest first
    # (case_rows.py).
    Column("list_order", BigInteger, nullable=False),
    Column("breach_at", UtcInstant),  # when it was breached or will be (case_rows.py)
    Index(None, "list_order", "case_id"),
    Index(None, "status", "list_order", "case_id"),
    Index(None, "merchant", "list_order", "case_id"),
    Index(None, "merchant", "reference"),
    Index(None, "customer_key", "opened_at", "case_id"),
    Index(None, "reference"),
    Index(None, "order_ref"),
    Index(None, "workflow_id"),
    Index(None, "escalation", "list_order", "case_id"),
    Index(None, "shadow", "case_id"),
    # The queue. Each holds the few cases that it is about and not the many that are done: small, and cheap for whoever writes a row.
    # With all that filters and groups ask of a row: what a rare filter leaves out is never read from the table.
    Index("ix_cases_queue", *QUEUE_COLUMNS, sqlite_where=text(UNDONE), postgresql_where=text(UNDONE)),
    _few("breach_at", "case_id", where="breach_at IS NOT NULL"),
    _few("at_risk_since", where="at_risk_since IS NOT NULL"),
    _few("unanswered_since", "case_id", where="unanswered_since IS NOT NULL"),
    _few("recovery_since", "case_id", where="recovery_since IS NOT NULL"),
    Index(None, "shadow", "opened_at", "case_id"),
)

case_tags = Table(
    "case_tags",
    metadata,
    Column("case_id", Key, ForeignKey("cases.case_id", ondelete="CASCADE"), nullable=False),
    Column("tag", Key, nullable=False),
    PrimaryKeyConstraint("tag", "case_id"),
    Index(None, "case_id"),
)

# The few of each timeline that figures over all cases need.
INSIGHT_FACTS = ("opened", "policy_changed", "resolved", "customer_replied", "lead_replied", "phone_contact")

facts = Table(
    "facts",
    metadata,
    Column("case_id", Key, ForeignKey("cases.case_id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("occurred_at", UtcInstant, nullable=False),
    Column("learned_at", UtcInstant, nullable=False),
    Column("actor", JSON(none_as_null=True)),
    Column("detail", JSON, nullable=False),
    PrimaryKeyConstraint("case_id", "seq"),
)
Index(
    "ix_facts_of_insight",
    facts.c.case_id,
    facts.c.seq,
    facts.c.type,
    facts.c.occurred_at,
    sqlite_where=facts.c.type.in_(INSIGHT_FACTS),
    postgresql_where=facts.c.type.in_(INSIGHT_FACTS),
)

promises = Table(
    "promises",
    metadata,
    Column("case_id", Key, ForeignKey("cases.case_id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("made_at", UtcInstant, nullable=False),
    Column("due_at", UtcInstant, nullable=False),
    Column("made_by", String, nullable=False),
    Column("ended_as", String),  # NULL: still open. Never changed once set.
    Column("ended_at", UtcInstant),
    Column("late_s", Integer, nullable=False),
    PrimaryKeyConstraint("case_id", "number"),
    Index(None, "ended_as", "late_s", "case_id"),  # the figures need no row
)

messages = Table(
    "messages",
    metadata,
    Column("message_id", Key, primary_key=True),
    Column("case_id", Key, ForeignKey("cases.case_id", ondelete="CASCADE"), nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("also", JSON, nullable=False),
    Column("message_class", String, nullable=False),
    Column("contact_ref", Key, nullable=False),
    Column("must_arrive", Boolean, nullable=False),
    Column("shadow", Boolean, nullable=False),
    Column("keeps", Integer),
    Column("kept_until", UtcInstant),
    Column("makes", Integer),
    Column("next_word_at", UtcInstant),
    Column("state", String, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("ended_at", UtcInstant),
    Column("recorded_at", UtcInstant),
    Column("channel", String),
    Column("reason", String),
    Column("retry_at", UtcInstant),
    Column("template_id", String),
    Column("template_version", String),
    Column("locale", String),
    Column("brand", String),
    Column("subject", Text),
    Column("text", Text),
    Column("html", Text),
    UniqueConstraint("case_id", "cycle", "kind", "seq"),
    Index(None, "kind", "state", "case_id"),  # the figures need no row
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Key, primary_key=True),
    Column("message_id", Key, ForeignKey("messages.message_id", ondelete="CASCADE"), nullable=False),
    Column("channel", String, nullable=False),
    Column("try_no", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", UtcInstant, nullable=False),
    Column("lease_until", UtcInstant, nullable=False),
    Column("ended_at", UtcInstant),
    Column("provider_id", String),
    Column("reason", String),
    UniqueConstraint("message_id", "channel", "try_no"),
    Index(None, "provider_id"),  # a report that names the provider's id only
)

watches = Table(
    "watches",
    metadata,
    Column("case_id", Key, nullable=False),  # no foreign key: a check may come before the case's first entry
    Column("provider", String, nullable=False),
    Column("reference", Key, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("status", String),
    Column("last_checked_at", UtcInstant, nullable=False),
    Column("last_answered_at", UtcInstant),
    Column("failing_since", UtcInstant),
    Column("checks", Integer, nullable=False),
    Column("checks_in_generation", Integer, nullable=False),
    PrimaryKeyConstraint("case_id", "provider", "reference"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Key, primary_key=True),
    Column("case_id", Key, nullable=False),  # no foreign key: an alert goes out even when its case is not in the books
    Column("kind", String, nullable=False),
    Column("merchant", String, nullable=False),
    Column("role", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("clock", String),
    Column("due_at", UtcInstant),
    Column("since", UtcInstant, nullable=False),
    Column("shadow", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("people", JSON, nullable=False),
    Column("sent_at", UtcInstant),
    Column("title", Text),
    Column("body", Text),
    Column("owner", String),  # of the case, when the alert was raised
    Column("gathered_by", Key),  # the digest that tells it; NULL: told at once
    Column("told_in", Key),  # the digest's message, put down before it is sent
    Index(None, "case_id"),
    Index(None, "gathered_by", "state"),
    Index(None, "told_in"),
)

call_tasks = Table(
    "call_tasks",
    metadata,
    Column("task_id", Key, primary_key=True),
    Column("case_id", Key, nullable=False),  # no foreign key, as with alerts
    Column("contact_ref", Key, nullable=False),  # never the number: it is read where the task is shown
    Column("role", String, nullable=False),
    Column("owner", String),
    Column("reason", String, nullable=False),
    Column("script", Text),  # personal; NULL once the person is erased
    Column("locale", String, nullable=False),
    Column("message_id", Key),
    Column("opened_at", UtcInstant, nullable=False),
    Column("due_at", UtcInstant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_tried_at", UtcInstant),
    Column("next_try_at", UtcInstant),
    Column("ended_at", UtcInstant),
    Column("ended_by", String),
    Column("result", String),
    Index(None, "ended_at", "due_at"),
    Index(None, "case_id"),
)

# Written before the case exists: no foreign keys to cases in contacts and texts.
contacts = Table(
    "contacts",
    metadata,
    Column("contact_ref", Key, primary_key=True),
    Column("case_id", Key, nullable=False),
    Column("merchant", String, nullable=False),
    Column("name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("locale", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("saved_at", UtcInstant, nullable=False),
    Column("updated_at", UtcInstant, nullable=False),
    Column("erased_at", UtcInstant),
    # What signed links carry instead of a case id. NULL only in rows that a program older than this column wrote.
    Column("link_id", Key),
    Column("email_normal", Key),  # as store.normal makes it: found however its letters are written
    Index(None, "saved_at"),
    Index(None, "case_id"),
    Index(None, "link_id", unique=True),
    Index(None, "email_normal"),
    Index(None, "phone"),
)

texts = Table(
    "texts",
    metadata,
    Column("text_ref", Key, primary_key=True),
    Column("case_id", Key, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("actor", JSON, nullable=False),
    Column("written_at", UtcInstant, nullable=False),
    Index(None, "case_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("delivery_id", Key, nullable=False, unique=True),
    Column("provider_id", Key, nullable=False),
    Column("message_id", Key),
    Column("case_id", Key, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("locale", String, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("put_at", UtcInstant, nullable=False),
    Index(None, "case_id", "id"),
)

# Written before the case exists, like contacts: which cases a provider's reference belongs to.
case_references = Table(
    "case_references",
    metadata,
    Column("provider", Key, nullable=False),
    Column("reference", Key, nullable=False),
    Column("case_id", Key, nullable=False),
    Column("type", String, nullable=False),
    Column("saved_at", UtcInstant, nullable=False),
    PrimaryKeyConstraint("provider", "reference", "case_id"),  # one payment may be two cases' matter
    Index(None, "case_id"),
)

webhook_inbox = Table(
    "webhook_inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("provider", Key, nullable=False),
    Column("event_key", Key, nullable=False),
    Column("kind", String, nullable=False),
    Column("reference", Key),  # by which its case is found: of the provider, of a delivery, of a link
    Column("received_at", UtcInstant, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("case_id", Key),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcInstant),  # while somebody works on it: the end of his lease
    Column("done_at", UtcInstant),
    Column("problem", String),
    UniqueConstraint("provider", "event_key"),
    Index(None, "state", "next_try_at", "id"),
    Index(None, "state", "provider", "reference"),
    Index(None, "case_id", "id"),
    Index(None, "received_at"),
)

delivery_events = Table(
    "delivery_events",
    metadata,
    Column("provider", Key, nullable=False),
    Column("event_key", Key, nullable=False),
    Column("delivery_id", Key, ForeignKey("deliveries.delivery_id", ondelete="CASCADE"), nullable=False),
    Column("state", String, nullable=False),
    Column("permanent", Boolean, nullable=False),
    Column("reason", String),
    Column("at", UtcInstant, nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    Column("provider_id", String),
    PrimaryKeyConstraint("provider", "event_key"),
    Index(None, "delivery_id", "at"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("channel", String, nullable=False),
    Column("address", Key, nullable=False),  # as store.normal makes it
    Column("reason", String, nullable=False),
    Column("covers", String, nullable=False),  # which classes of message: all, or status (updates and surveys)
    Column("since", UtcInstant, nullable=False),
    Column("lifted_at", UtcInstant),
    Column("source", String, nullable=False),
    PrimaryKeyConstraint("channel", "address", "reason"),
)

channel_parks = Table(
    "channel_parks",
    metadata,
    Column("channel", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("sender", Key, nullable=False, server_default=text("''")),  # one sender of ours; "": all of them
    Column("reason", String, nullable=False),
    Column("since", UtcInstant, nullable=False),
    Column("probe_at", UtcInstant, nullable=False),  # when one message may try again
    Column("alerted_at", UtcInstant),
    Column("alert_lease_until", UtcInstant),  # somebody is telling it until then
    Column("reported_at", UtcInstant),  # the newest report of the fault; NULL: the answer to a sending named it
    Column("taken_at", UtcInstant),  # a message was taken since that report, which proves nothing yet
    Column("lifted_at", UtcInstant),
    PrimaryKeyConstraint("channel", "provider", "sender"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Key, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),  # SHA-256 of the secret, which is nowhere
    Column("scopes", JSON, nullable=False),
    Column("merchant", Key),  # NULL: every merchant's cases
    Column("per_minute", Integer, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("created_by", String, nullable=False),
    Column("expires_at", UtcInstant),
    Column("revoked_at", UtcInstant),
    Column("last_used_at", UtcInstant),
    Column("replaced_by", Key),  # its successor, once it was rotated
)

people = Table(
    "people",
    metadata,
    Column("person_id", Key, primary_key=True),
    Column("name", Key, nullable=False, unique=True),  # with which the person signs in, and which stands on timelines
    Column("shown_name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("merchants", JSON, nullable=False),  # []: every merchant's cases
    Column("password", String, nullable=False),  # argon2id, with its parameters and salt
    Column("must_change", Boolean, nullable=False),  # a one-time password, good for nothing but choosing another
    Column("one_time_until", UtcInstant),
    Column("failures", Integer, nullable=False),  # this and the next: nobody reads them since revision 0011 (sign_in_tries); to be dropped
    Column("locked_until", UtcInstant),
    Column("created_at", UtcInstant, nullable=False),
    Column("created_by", String, nullable=False),
    Column("disabled_at", UtcInstant),
    Column("last_sign_in_at", UtcInstant),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("digest", Key, primary_key=True),  # SHA-256 of what the cookie holds, which is nowhere
    Column("person_id", Key, ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    Column("began_at", UtcInstant, nullable=False),
    Column("seen_at", UtcInstant, nullable=False),
    Column("ends_at", UtcInstant, nullable=False),  # however busy
    Index(None, "person_id"),
    Index(None, "ends_at"),
)

# Only ever added to: triggers of the database refuse anything else. No foreign keys: what was done stays told, whoever is gone.
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("counted", Key, primary_key=True),  # person:<id>, name:<keyed hash>, device:<id> (starter/web/console/lock_out.py)
    Column("failures", Integer, nullable=False),
    Column("failed_at", UtcInstant, nullable=False),
    Column("locked_until", UtcInstant),
    Column("forget_at", UtcInstant, nullable=False),
    Index(None, "forget_at"),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcInstant, nullable=False),
    Column("person", Key),  # the name at signing in; NULL: nobody we know
    Column("role", String),
    Column("act", Key, nullable=False),
    Column("case_id", Key),
    Column("detail", JSON, nullable=False),
    Index(None, "person", "id"),
    Index(None, "act", "id"),
    Index(None, "case_id", "id"),
)
audit_sums = Table(
    "audit_sums",
    metadata,
    Column("what", Key, primary_key=True),  # act and person
    Column("began_at", UtcInstant, nullable=False),  # of the span that is counted
    Column("times", Integer, nullable=False),  # in it
    Column("untold", Integer, nullable=False),  # of these no row of the log tells yet
)
