"""The store keeps the books: the only room that knows SQLAlchemy, SQLite and PostgreSQL.

`store.recorder` is written by activities only, `store.desk_books` by starter, `store.outbox` by the embedded channels;
`store.queries` is what people read. The store decides nothing and has no clock: every moment is handed in.
"""
