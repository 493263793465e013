"""Somebody must be able to sign in to the console of a stack that was just started.

Owns the words in which its first admin is told, on the terminal of whoever started it, once; the logs of its parts never hold them.
Called by `makegood up`.
"""

from datetime import UTC, datetime

from starter.accounts import Accounts
from starter.cli.printing import say
from starter.passwords import Passwords
from store.engine import open_store


async def tell_first_admin(store_url: str) -> None:
    """Make an admin if there is nobody, and say the one-time password. The tables are there. Raises StoreError."""
    store = await open_store(store_url)
    try:
        made = await Accounts(store, Passwords(), lambda: datetime.now(UTC)).first_admin("makegood up")
    finally:
        await store.close()
    if made is not None:
        person, password = made
        say(f"  Nobody could sign in yet: there is an admin now, name {person.name}, one-time password {password}")
        say("  It is shown once; `makegood people reset admin` makes another.")
