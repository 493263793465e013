"""Alembic's entry: runs the revisions on the connection that `head` opened and locked.

Owns nothing else. Must never open a connection of its own: then nobody would hold the lock. Loaded by Alembic.
"""

from alembic import context

from store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
