"""The two files about people and shops."""

from pathlib import Path

import pytest

from activities.adapters.brands import BrandsFileInvalid, load_brands
from activities.adapters.directory import DirectoryAdapter, DirectoryFileInvalid, load_directory
from activities.ports import DirectoryPort
from policies.case.vocabulary import Channel

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("role", "owner", "people"),
    [
        ("owner", "ana.agent", ["ana.agent@shop.example"]),
        ("owner", "someone", ["someone"]),
        ("owner", None, ["support-desk@shop.example"]),
        ("lead", "ana.agent", ["lena.lead@shop.example"]),
        ("nobody_knows", None, ["support-desk@shop.example"]),
    ],
)
def test_an_alert_always_reaches_somebody(role: str, owner: str | None, people: list[str]) -> None:
    directory: DirectoryPort = load_directory(EXAMPLES / "directory.toml")
    assert directory.people(role, owner) == people


def test_a_missing_role_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    directory: DirectoryAdapter = load_directory(EXAMPLES / "directory.toml")
    directory.people("nobody_knows", None)
    directory.people("nobody_knows", None)
    assert [record.getMessage() for record in caplog.records] == ["role without people, the fallback is told: role=nobody_knows"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("fallback = []", "fallback: List should have at least 1 item"), ('fallback = ["a"]\nrole = 1', "role: this key is not known")],
)
def test_a_wrong_directory_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "directory.toml"
    path.write_text(text)
    with pytest.raises(DirectoryFileInvalid) as raised:
        load_directory(path)
    assert f"{path}: {message}" in str(raised.value)


@pytest.mark.parametrize(
    ("merchant", "brand", "channel", "name", "sender"),
    [
        ("northwind", "summit", Channel.EMAIL, "Summit by Northwind", "help@summit.example"),
        ("northwind", "summit", Channel.SMS, "Summit by Northwind", "+15005550006"),
        ("northwind", "new brand", Channel.EMAIL, "Northwind Outfitters", "help@northwind.example"),
        ("northwind", None, Channel.EMAIL, "Northwind Outfitters", "help@northwind.example"),
        ("another", None, Channel.EMAIL, "another", "care@shop.example"),
    ],
)
def test_the_shop_of_a_case(merchant: str, brand: str | None, channel: Channel, name: str, sender: str) -> None:
    found = load_brands(EXAMPLES / "brands.toml").of(merchant, brand, channel)
    assert (found.name, found.sender) == (name, sender)


def test_a_shop_without_a_person_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text('[fallback]\nname = "X"\nsenders = { email = "x@shop.example" }')
    with pytest.raises(BrandsFileInvalid, match="how to reach a person"):
        load_brands(path)
