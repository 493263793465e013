"""In whose name we answer a keyword: the shop's name and how a person is reached, from brands.toml.

Owns this small view of that file, whose form the brands adapter owns and checks when the worker starts. Must never refuse to answer:
without a file, or with one that cannot be read, the merchant's own name stands. Built by the web process.
"""

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_log = logging.getLogger("makegood.web.webhooks")


@dataclass(frozen=True)
class Shop:
    """`reach`: a telephone number or an address where a person answers; None: nobody has said."""

    name: str
    reach: str | None


class Shops:
    def __init__(self, content: Mapping[str, Any] | None = None) -> None:
        """`content`: brands.toml as it was read."""
        given = content or {}
        self._fallback = _section(given.get("fallback"))
        self._shops = _section(given.get("shops"))

    @classmethod
    def of_file(cls, path: Path | None) -> "Shops":
        if path is None:
            return cls()
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            _log.warning("the brands file cannot be read; keywords are answered under the merchants' own names")
            return cls()

    def of(self, merchant: str | None, brand: str | None) -> Shop:
        """As the messages name it: the brand's shop, else the merchant's, else the fallback under the merchant's own name."""
        found = _section(self._shops.get(f"{merchant}/{brand}")) or _section(self._shops.get(merchant or ""))
        name = found.get("name") or brand or merchant or self._fallback.get("name") or "Customer care"
        either = found or self._fallback
        return Shop(name=str(name), reach=_text(either.get("phone")) or _text(either.get("reply_address")))


def _section(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
