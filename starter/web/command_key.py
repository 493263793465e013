"""The key of a command that came as a form: the same form sent twice is one command; sent again with other words it is another.

Owns how such a key is made. Must never hold what was typed: only a digest of it. Called by the console and the customer's page.
"""

import hashlib


def command_key(face: str, act: str, once: str | None, *content: object) -> str | None:
    """`once`: the number of the form; without one nothing is recognised. Letters that may stand in an id of the engine."""
    return f"{face}-{act}-{once}-{digest_of(*content)}" if once is not None else None


def digest_of(*content: object) -> str:
    """Of what was typed, in its order; None is as good as empty."""
    return hashlib.sha256("\x1f".join("" if part is None else str(part) for part in content).encode()).hexdigest()[:16]
