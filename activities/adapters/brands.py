"""Whose name a message carries, from a TOML file: shops by merchant and brand, with a sender per channel.

Owns that file's form and the choice. Must never hold texts. Built by worker.py, called by the message activity.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from activities.adapters.toml_file import load
from activities.templates.brand import Brand
from policies.case.vocabulary import Channel
from policies.contract import Strict


class BrandsFileInvalid(ValueError):
    """brands.toml cannot be used; the message names the file, the key and what would be right."""


class Shop(Strict):
    """One shop: `merchant`, or `merchant/brand`, in the file."""

    name: str = Field(min_length=1, max_length=80)
    senders: dict[Channel, str] = Field(min_length=1)  # a mailbox for e-mail, a number for SMS and voice
    reply_address: str | None = None
    phone: str | None = None
    tone: Literal["warm", "sober"] = "warm"

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for sender in self.senders.values():
            _brand(self, sender)
        return self


class _BrandsFile(Strict):
    fallback: Shop
    shops: dict[str, Shop] = Field(default_factory=dict)


class Brands:
    """The shops by their keys."""

    def __init__(self, fallback: Shop, shops: dict[str, Shop]) -> None:
        self._fallback = fallback
        self._shops = shops

    def of(self, merchant: str, brand: str | None, channel: Channel) -> Brand:
        """The shop of the brand, else of the merchant, else the fallback under the merchant's own name."""
        shop = self._shops.get(f"{merchant}/{brand}") if brand else None
        shop = shop or self._shops.get(merchant) or self._fallback.model_copy(update={"name": brand or merchant})
        return _brand(shop, shop.senders.get(channel) or self._fallback.senders.get(channel) or shop.name)


def load_brands(path: Path) -> Brands:
    """Read brands.toml. Raises BrandsFileInvalid."""
    file = load(path, _BrandsFile, BrandsFileInvalid)
    return Brands(file.fallback, file.shops)


def _brand(shop: Shop, sender: str) -> Brand:
    return Brand.model_validate({**shop.model_dump(exclude={"senders"}), "sender": sender})
