"""The baselines' whole store: one table, one row per message. Straight sqlite3, in the file mode that the books use.

Owns this table. Must never be used by ours. Called by the activities of the skeleton and of the naive version, and read by the parts.
"""

import sqlite3
from datetime import datetime
from pathlib import Path


class Rows:
    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS messages (case_id TEXT, seq INTEGER, kind TEXT, due REAL, sent REAL)")

    def add(self, case_id: str, seq: int, kind: str, due_at: datetime | None, sent_at: datetime) -> None:
        due = due_at.timestamp() if due_at is not None else None
        self._connection.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", (case_id, seq, kind, due, sent_at.timestamp()))

    def count(self, kind: str) -> int:
        return int(self._connection.execute("SELECT count(*) FROM messages WHERE kind = ?", (kind,)).fetchone()[0])

    def kinds(self, case_id: str) -> list[str]:
        return [row[0] for row in self._connection.execute("SELECT kind FROM messages WHERE case_id = ? ORDER BY seq", (case_id,))]

    def lateness_s(self) -> list[float]:
        """Sent minus due, of every message that was due at a moment."""
        return [row[0] for row in self._connection.execute("SELECT sent - due FROM messages WHERE due IS NOT NULL")]

    def repeated(self) -> int:
        """Messages that went out more than once."""
        query = "SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY case_id, seq HAVING count(*) > 1)"
        return int(self._connection.execute(query).fetchone()[0])

    def close(self) -> None:
        self._connection.close()
