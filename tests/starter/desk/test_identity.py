"""The key under which customers are hashed: what it keeps secret, where it comes from, and what is said when it is not there."""

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policies.case.case_id import case_id
from policies.case.vocabulary import CaseKind
from starter.desk import Identity
from starter.identity_key import FILE_NAME, identity_key, identity_of, known_identity_key
from starter.settings import SettingsError, load_settings
from tests.starter.desk.requests import IDENTITY

OTHER = Identity(b"another key of thirty-two letters")
PHONE = "+44 7700 900117"
LONG = "x" * 32
POSTGRES = "postgresql://makegood@db/makegood"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # without this project's .env


def test_the_customer_key_is_per_merchant_and_cannot_be_guessed_without_the_key() -> None:
    assert IDENTITY.customer_key("a", "1") == IDENTITY.customer_key("a", "1")
    assert len({IDENTITY.customer_key("a", "1"), IDENTITY.customer_key("b", "1"), OTHER.customer_key("a", "1")}) == 3
    assert IDENTITY.customer_key("a", "1") not in hashlib.sha256(b"a|1").hexdigest()


def test_words_are_not_run_together_and_purposes_are_kept_apart() -> None:
    assert IDENTITY.digest("text", "ab", "c", length=24) != IDENTITY.digest("text", "a", "bc", length=24)
    assert IDENTITY.digest("text", "a", length=24) != IDENTITY.digest("contact", "a", length=24)


def test_the_id_of_an_ordinary_reference_does_not_rest_on_the_key() -> None:
    ids = {each.case_id("northwind", CaseKind.REFUND, "R-1") for each in (IDENTITY, OTHER)}
    assert ids == {case_id("northwind", CaseKind.REFUND, "R-1")}


@pytest.mark.parametrize("reference", [PHONE, "ada.brook@example.com"])
def test_the_id_of_a_personal_reference_does(reference: str) -> None:
    one, other = (each.case_id("northwind", CaseKind.REFUND, reference) for each in (IDENTITY, OTHER))
    plain = hashlib.sha256("\x1f".join(("northwind", "refund", reference)).encode()).hexdigest()[:8]
    assert one == IDENTITY.case_id("northwind", CaseKind.REFUND, reference)
    assert len({one, other, f"northwind-{plain}"}) == 3


def test_a_personal_reference_travels_as_a_keyed_hash_and_others_as_they_are() -> None:
    assert IDENTITY.public_reference("R-1") == "R-1"
    assert IDENTITY.public_reference(PHONE) != OTHER.public_reference(PHONE)
    assert IDENTITY.public_reference(PHONE).startswith("h-")


def test_a_lost_key_is_a_stranger_until_it_is_given_up() -> None:
    assert IDENTITY.strangers([IDENTITY.fingerprint]) == []
    assert OTHER.strangers([IDENTITY.fingerprint, OTHER.fingerprint]) == [IDENTITY.fingerprint]
    knowing = Identity(b"another key of thirty-two letters", [IDENTITY.fingerprint])
    assert knowing.strangers([IDENTITY.fingerprint]) == []


def test_books_in_the_state_folder_have_a_key_of_their_own(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path / "state")
    assert known_identity_key(settings) is None
    assert not (tmp_path / "state").exists()
    key = identity_key(settings)
    file = tmp_path / "state" / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (len(key), identity_key(settings), known_identity_key(settings)) == (64, key, key)
    assert sorted(path.name for path in file.parent.iterdir()) == [FILE_NAME]


def test_processes_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path)
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: identity_key(settings), range(64)))) == 1


def test_a_database_of_its_own_needs_one_that_is_set(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MAKEGOOD_IDENTITY_KEY is not set.*openssl rand -hex 32.*MAKEGOOD_IDENTITY_KEY_FILE"):
        identity_key(load_settings(store_url=POSTGRES))
    assert identity_key(load_settings(store_url=POSTGRES, identity_key=LONG)) == LONG.encode()
    file = tmp_path / "key"
    file.write_text(f"{LONG}\n", encoding="utf-8")
    assert identity_key(load_settings(store_url=POSTGRES, identity_key_file=file)) == LONG.encode()
    with pytest.raises(SettingsError, match="given twice"):
        identity_key(load_settings(identity_key=LONG, identity_key_file=file))


def test_a_key_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_IDENTITY_KEY: has 8 characters; right would be at least 32") as refused:
        identity_of(load_settings(identity_key="password"))
    assert "password" not in str(refused.value)
    assert "password" not in repr(load_settings(identity_key="password"))


def test_a_child_has_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(identity_key=LONG, identity_keys_lost=["abc", "def"])
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
    assert identity_key(load_settings()) == LONG.encode()
