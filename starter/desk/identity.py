"""What stands for a person outside the store: hashes under a secret key.

Owns every hash that is made of something personal. A plain hash of a telephone number or a customer id is no secret: all of them are
tried within minutes. Must never keep or show the key; its fingerprint says which one it is. Called by the desk's parts; the key comes
from identity_key.py.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable

from policies.case import case_id as ids
from policies.case.vocabulary import CaseKind

FINGERPRINT = "identity_key"  # beside the digests of a request: under which key they were made


class Identity:
    """The key at work. The same words give the same hash as long as the key is the same.

    `given_up`: fingerprints of lost keys whose cases may stand in the books all the same.
    """

    def __init__(self, key: bytes, given_up: Collection[str] = ()) -> None:
        if not key:
            raise ValueError("the identity key is empty")
        self._key = key
        self._given_up = frozenset(given_up)

    def digest(self, purpose: str, *parts: str, length: int) -> str:
        """`length` hexadecimal characters; another purpose gives another hash of the same words."""
        named = "\x1f".join(("makegood", purpose, *parts)).encode()
        return hmac.new(self._key, named, hashlib.sha256).hexdigest()[:length]

    @property
    def fingerprint(self) -> str:
        """Which key this is; says nothing of the key."""
        return self.digest("fingerprint", length=12)

    def strangers(self, fingerprints: Iterable[str]) -> list[str]:
        """Those that are neither this key's nor given up."""
        return sorted(set(fingerprints) - {self.fingerprint} - self._given_up)

    def case_id(self, merchant: str, kind: CaseKind, reference: str) -> str:
        """The case's id; the key counts only where the reference looks personal."""
        return ids.case_id(merchant, kind, reference, self._key)

    def public_reference(self, reference: str) -> str:
        """The reference as it may travel: itself, or a hash where it looks personal."""
        return "h-" + self.digest("reference", reference, length=16) if ids.looks_personal(reference) else reference

    def customer_key(self, merchant: str, customer_id: str) -> str:
        """Finds the customer's other cases, says nothing of the person."""
        return self.digest("customer", merchant, customer_id, length=24)
