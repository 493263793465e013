"""Where the keys of signed links come from: a setting, a file, or the state folder; and the links made under them.

Owns their making and the words for their absence. Must never log or print a key. Called by the web process (reads links), worker.py
(makes links for messages) and the embedded stack.
"""

import os
import re
import secrets
import tempfile
from pathlib import Path

from starter.settings import PREFIX, Settings, SettingsError
from store.link_tokens import SHORTEST_KEY, LinkSigner, LinkUrls

FILE_NAME = "link.keys"
_NAME = f"{PREFIX}LINK_KEYS"
_ABSENT = (
    f"{_NAME} is not set. It is the secret under which links are signed, needed wherever the books are a database of their own. "
    f"Make one with `openssl rand -hex 32` and give it, as {_NAME} or as a file ({_NAME}_FILE), to the web process and to every worker. "
    "To change it, put the new one in front, separated by a comma, and keep the old one for two years: unsubscribing must go on working"
)


def link_keys(settings: Settings) -> list[str]:
    """The keys, newest first. Books in the state folder have them beside them: made at the first call. Raises SettingsError."""
    if settings.link_keys is not None and settings.link_keys_file is not None:
        raise SettingsError(f"{_NAME}: is given twice, also as {_NAME}_FILE; give one of them")
    if settings.link_keys is not None:
        return _checked(settings.link_keys.get_secret_value(), _NAME)
    if settings.link_keys_file is not None:
        return _checked(_read(settings.link_keys_file, f"{_NAME}_FILE"), f"{_NAME}_FILE")
    if settings.store_url is not None:
        raise SettingsError(_ABSENT)
    path = made(settings.state_dir)
    return _checked(_read(path, str(path)), str(path))


def signer_of(settings: Settings) -> LinkSigner:
    """Raises SettingsError."""
    return LinkSigner(link_keys(settings))


def links_of(settings: Settings) -> LinkUrls | None:
    """What writes links into messages; None if no public address is set: a link to nowhere is worse than none. Raises SettingsError."""
    return None if settings.public_url is None else LinkUrls(settings.public_url, signer_of(settings))


def made(state_dir: Path) -> Path:
    """The file of keys in the state folder, made if there is none. Of two processes that make it at once both use the first's."""
    path = state_dir / FILE_NAME
    if path.exists():
        return path
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=state_dir, prefix=".link-")  # readable for its owner only (0600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())  # links go out under it: it must outlive a power cut
            os.link(name, path)  # never replaces a file
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"{path}: the link key cannot be written ({error.strerror})") from None
    return path


def _checked(text: str, name: str) -> list[str]:
    keys = [key for key in re.split(r"[\s,]+", text) if key]
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise SettingsError(f"{name}: right would be keys of at least {SHORTEST_KEY} characters each, as `openssl rand -hex 32` gives")
    return keys


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{name}: the keys cannot be read ({said})") from None
