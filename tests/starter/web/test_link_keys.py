"""The keys of signed links: given, read or made once; never shown."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policies.links import LinkPurpose
from starter.link_keys import FILE_NAME, link_keys, links_of, made, signer_of
from starter.settings import SettingsError, load_settings

ONE, TWO = "1" * 64, "2" * 64


def test_the_state_folder_gets_one_key_for_its_owner_only(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path / "var")
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: tuple(link_keys(settings)), range(16)))
    assert len(set(keys)) == 1
    assert stat.S_IMODE((tmp_path / "var" / FILE_NAME).stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "var").iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", [f"{ONE},{TWO}", f" {ONE} , {TWO}\n", f"{ONE}\n{TWO}\n"])
def test_keys_are_given_newest_first(text: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    assert link_keys(load_settings(link_keys=text)) == [ONE, TWO]
    assert link_keys(load_settings(link_keys_file=file, store_url="postgresql://u@h/d")) == [ONE, TWO]


def test_books_of_their_own_need_a_key_of_their_own() -> None:
    with pytest.raises(SettingsError, match=r"MAKEGOOD_LINK_KEYS is not set.*openssl rand -hex 32"):
        link_keys(load_settings(store_url="postgresql://u@h/d"))


def test_a_weak_key_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError) as raised:
        link_keys(load_settings(link_keys=f"{ONE},hunter2"))
    assert "at least 32 characters" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(ONE)
    with pytest.raises(SettingsError, match="is given twice"):
        link_keys(load_settings(link_keys=ONE, link_keys_file=tmp_path / "keys"))


def test_keys_never_stand_in_a_printed_setting_but_reach_a_child() -> None:
    settings = load_settings(link_keys=ONE)
    assert ONE not in repr(settings)
    assert settings.environment()["MAKEGOOD_LINK_KEYS"] == ONE


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="the link key cannot be written"):
        made(tmp_path / "file")


def test_worker_and_web_process_of_one_folder_understand_each_other(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path, public_url="https://care.example.com")
    links = links_of(settings)
    assert links is not None
    token = links.url(LinkPurpose.STATUS, "a" * 22).rpartition("/")[2]
    assert signer_of(settings).read(LinkPurpose.STATUS, token) == "a" * 22


def test_without_a_public_address_no_links_are_written(tmp_path: Path) -> None:
    assert links_of(load_settings(state_dir=tmp_path)) is None


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("care.example.com", "absolute address"),
        ("ftp://care.example.com", "absolute address"),
        ("https://user@care.example.com", "absolute address"),
        ("https://care.example.com/shop", "without a path"),
        ("http://care.example.com", "https://"),
    ],
)
def test_public_addresses_that_are_refused(value: str, right: str) -> None:
    with pytest.raises(SettingsError, match=f"MAKEGOOD_PUBLIC_URL: .*{right}"):
        load_settings(public_url=value)


def test_public_addresses_that_are_taken() -> None:
    assert load_settings(public_url="https://care.example.com/").public_url == "https://care.example.com"
    assert load_settings(public_url="http://127.0.0.1:8400").public_url == "http://127.0.0.1:8400"
    assert load_settings(public_url="").public_url is None


def test_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEGOOD_WEB_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,192.0.2.1")
    assert load_settings().web_trusted_proxies == ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]
    monkeypatch.setenv("MAKEGOOD_WEB_TRUSTED_PROXIES", "*")
    with pytest.raises(SettingsError, match=r"addresses or networks, for example 10\.0\.0\.0/8"):
        load_settings()
