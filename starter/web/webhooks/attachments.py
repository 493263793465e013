"""Files that came with a customer's mail: kept under their own hash, so that a case carries an address and a hash only.

Owns the port and the store that is there without further settings, a folder. Must never take a name from outside: names may be personal
or lead elsewhere. Called by the endpoint of inbound e-mail.
"""

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol


class AttachmentStore(Protocol):
    async def put(self, content: bytes) -> str:
        """Keep it; the address under which it is found. The same content twice is kept once. Raises OSError."""


class AttachmentFolder:
    """A folder with a file for each content, named by its SHA-256 and readable for the process's user only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        await asyncio.to_thread(self._write, self.path(digest), content)
        return f"attachment:{digest}"

    async def remove(self, digest: str) -> bool:
        """Forget the content of that hash; False if it is not here. Raises OSError."""
        return await asyncio.to_thread(self._remove, self.path(digest))

    @staticmethod
    def _remove(path: Path) -> bool:
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def path(self, digest: str) -> Path:
        """Where the content of that hash is; thousands of files in one folder make it slow, hence the first two digits."""
        return self._folder / digest[:2] / digest

    def _write(self, path: Path, content: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # the sender is told that we have it
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
