"""The audit log's two side doors: a row written over (SQLite), a table emptied as a whole (PostgreSQL)."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# INSERT OR REPLACE takes the old row away without firing a trigger for DELETE (unless a connection asks for recursive_triggers, and
# whoever means harm does not): so the number of a row that is there cannot be given again. A number that was not given reads -1 here.
_SQLITE_NUMBERS = """
CREATE TRIGGER audit_keeps_numbers BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
"""
# Triggers for each row do not see TRUNCATE.
_POSTGRESQL_WHOLE = """
CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()
"""


def upgrade() -> None:
    op.execute(_POSTGRESQL_WHOLE if op.get_bind().dialect.name == "postgresql" else _SQLITE_NUMBERS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_keeps_all ON audit")
    else:
        op.execute("DROP TRIGGER audit_keeps_numbers")
