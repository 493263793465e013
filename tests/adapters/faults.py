"""Conditions of the network that no server can be scripted to: shared by the tests of the vendors' adapters."""

import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from activities.adapters.outcomes.table import Fault, OutcomeTable
from tests.vendors.answers import Reply
from tests.vendors.loopback import Loopback, Request, serving

NO_SUCH_NAME = "https://nowhere.invalid"  # RFC 6761: never resolves


class Silent(Loopback):
    """Only there to be connected to."""

    def answer(self, request: Request) -> Reply:
        return Reply(404)


@contextlib.asynccontextmanager
async def with_a_certificate_nobody_vouches_for(folder: Path) -> AsyncIterator[str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "loopback.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with serving(Silent(), context) as server:
        yield server.url


@contextlib.asynccontextmanager
async def a_proxy_that_reaches_nobody() -> AsyncIterator[str]:
    async with serving(Silent()) as server:
        yield server.url


def untested(table: OutcomeTable, faults: list[Fault]) -> list[str]:
    """Values of the table's rows that no fault of the tests meets as its first fitting row."""
    missing = []
    for place, row in enumerate(table.rows):
        met = [fault for fault in faults if next((r for r in table.rows if r.fits(fault)), None) is row]
        missing += [f"{place}: {word}" for word in row.transport if word not in {fault.transport for fault in met}]
        missing += [f"{place}: {code}" for code in row.code if code not in {fault.code for fault in met}]
        statuses = {fault.status for fault in met} | {f"{fault.status // 100}xx" for fault in met if fault.status}
        missing += [f"{place}: {status}" for status in row.status if status not in statuses]
        if not met:
            missing.append(f"{place}: {row.why}")
    return missing
