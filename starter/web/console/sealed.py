"""What a page must hand back but may not show: an address in a hidden field, or in a path, as a sealed word.

Owns sealing and opening, under the link keys for this purpose alone. Must never be taken for a permission: who opens it is asked by the
guard. Called by pages whose forms are about an address.
"""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_PURPOSE = b"makegood-console-sealed-v1:"
_LIFETIME_S = 12 * 3600  # as the tokens of forms (csrf_token.py)
_LONGEST = 2000  # characters; an address of 320 makes about 530


class Sealed:
    """`keys`: newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        each = (base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + key.encode()).digest()) for key in keys)
        self._box = MultiFernet([Fernet(key) for key in each])

    def seal(self, text: str, at: int) -> str:
        """`at`: POSIX seconds. Letters that stand in an address without quoting."""
        return self._box.encrypt_at_time(text.encode(), at).decode().rstrip("=")

    def open(self, sealed: str, at: int) -> str | None:
        """What was sealed; None if it was not us, or too long ago."""
        if not sealed or len(sealed) > _LONGEST or not sealed.isascii():
            return None
        padded = sealed + "=" * (-len(sealed) % 4)
        try:
            return self._box.decrypt_at_time(padded.encode(), _LIFETIME_S, at).decode()
        except (InvalidToken, ValueError):
            return None
