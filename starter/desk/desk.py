"""The desk: everything an app does with cases, in one object.

Owns nothing of its own: opening, reading, acting, preferences and policy changes are its parts. Must never hold rules. Built by the CLI,
the web process and tests.
"""

from starter.desk.opening import Opening
from starter.desk.policy_change import Repolicing


class Desk(Opening, Repolicing):
    """Desk(client, desk_books, queries, policy books, identity)."""
