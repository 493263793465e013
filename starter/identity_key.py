"""Where the identity key comes from: a setting, a file, or the state folder of books that live there.

Owns its making and the words for its absence. Must never log or print a key. Called by whatever builds a desk and by `makegood setup`.
"""

import os
import secrets
import tempfile
from pathlib import Path

from starter.desk.identity import Identity
from starter.settings import PREFIX, Settings, SettingsError

FILE_NAME = "identity.key"
SHORTEST = 32  # characters: as hexadecimal digits 128 bits, more than anyone can try
_NAME = f"{PREFIX}IDENTITY_KEY"
_ABSENT = (
    f"{_NAME} is not set. It is the secret under which customers are hashed, needed wherever the books are a database of their own. "
    f"Make one with `openssl rand -hex 32`, give it as {_NAME} or as a file ({_NAME}_FILE) to every process that opens cases, "
    "keep a copy with the backup of the books, and never change it"
)


def identity_of(settings: Settings) -> Identity:
    """What a desk needs. Raises SettingsError."""
    return Identity(identity_key(settings), settings.identity_keys_lost)


def identity_key(settings: Settings) -> bytes:
    """The key of these books. Books in the state folder have it beside them: made at the first call. Raises SettingsError."""
    known = known_identity_key(settings)
    if known is not None:
        return known
    if settings.store_url is not None:
        raise SettingsError(_ABSENT)
    return _made(settings.state_dir / FILE_NAME)


def known_identity_key(settings: Settings) -> bytes | None:
    """The key if there is one; makes none. Raises SettingsError if it cannot be used."""
    if settings.identity_key is not None and settings.identity_key_file is not None:
        raise SettingsError(f"{_NAME}: is given twice, also as {_NAME}_FILE; give one of them")
    if settings.identity_key is not None:
        return _checked(settings.identity_key.get_secret_value(), _NAME)
    if settings.identity_key_file is not None:
        return _checked(_read(settings.identity_key_file, f"{_NAME}_FILE"), f"{_NAME}_FILE")
    beside = settings.state_dir / FILE_NAME
    if settings.store_url is None and beside.exists():
        return _checked(_read(beside, str(beside)), str(beside))
    return None


def _checked(text: str, name: str) -> bytes:
    key = text.strip()
    if len(key) < SHORTEST:
        raise SettingsError(f"{name}: has {len(key)} characters; right would be at least {SHORTEST}, as `openssl rand -hex 32` gives")
    return key.encode()


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{name}: the key cannot be read ({said})") from None


def _made(path: Path) -> bytes:
    """A new key, for its owner only. Of two processes that make one at once both use the first's: a link never replaces a file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".identity-")  # readable for its owner only
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())  # cases are opened under it: it must outlive a power cut
            os.link(name, path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"{path}: the identity key cannot be written ({error.strerror})") from None
    return _checked(_read(path, str(path)), str(path))
