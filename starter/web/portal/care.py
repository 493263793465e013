"""In whose name the page speaks and how a person is reached, from brands.toml.

Owns this view of that file, whose form the brands adapter owns and checks when the worker starts. Must never keep a page from being
shown: without a file, or with one that cannot be read, the merchant's own name stands. Built with the portal.
"""

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

_log = logging.getLogger("makegood.web.portal")


@dataclass(frozen=True, slots=True)
class Care:
    """`email` and `phone`: where a person answers; None: nobody has said."""

    name: str
    email: str | None
    phone: str | None
    tone: Literal["warm", "sober"] = "warm"

    @property
    def written_to(self) -> str:
        """The address for a mailto: link (RFC 6068)."""
        name, at, domain = (self.email or "").rpartition("@")
        return f"{quote(name)}{at}{domain}"

    @property
    def dialled(self) -> str:
        """The number for a tel: link (RFC 3966): without the signs that only help reading."""
        return "".join(sign for sign in self.phone or "" if sign.isdigit() or sign == "+")


class CareOfShops:
    def __init__(self, content: Mapping[str, Any] | None = None) -> None:
        """`content`: brands.toml as it was read."""
        given = content or {}
        self._fallback = _section(given.get("fallback"))
        self._shops = _section(given.get("shops"))

    @classmethod
    def of_file(cls, path: Path) -> "CareOfShops":
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            _log.warning("the brands file cannot be read; pages speak under the merchants' own names")
            return cls()

    def of(self, merchant: str, brand: str | None) -> Care:
        """As the messages name it: the brand's shop, else the merchant's, else the fallback under the merchant's own name."""
        found = _section(self._shops.get(f"{merchant}/{brand}")) or _section(self._shops.get(merchant))
        reach = found or self._fallback
        return Care(
            name=_text(found.get("name")) or brand or merchant,
            email=_text(reach.get("reply_address")),
            phone=_text(reach.get("phone")),
            tone="sober" if reach.get("tone") == "sober" else "warm",
        )


def _section(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
