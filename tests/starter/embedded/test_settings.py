"""Settings: where they come from, and what is refused in which words."""

from pathlib import Path

import pytest

from starter.settings import BOOKS, SettingsError, load_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_live_in_the_state_folder(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.state_dir == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/makegood.sqlite"
    assert settings.policy_book_files == [BOOKS / "retail.toml"]
    assert settings.max_cached_workflows == 200


def test_environment_file_and_options_in_rising_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("MAKEGOOD_LOG_LEVEL=debug\nMAKEGOOD_LOG_JSON=true\nOTHER=1\nMAKEGOOD_PAY_KEY=k\n")
    monkeypatch.setenv("MAKEGOOD_LOG_LEVEL", "warning")
    assert (load_settings().log_level, load_settings().log_json) == ("warning", True)
    assert load_settings(log_level="error").log_level == "error"


@pytest.mark.parametrize("separator", [",", ":", " , "])
def test_books_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str) -> None:
    books = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for book in books:
        book.touch()
    monkeypatch.setenv("MAKEGOOD_POLICY_BOOKS", separator.join(map(str, books)))
    assert load_settings().policy_book_files == books


def test_a_child_gets_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.toml").touch()
    settings = load_settings(policy_books="a.toml", metrics_bind="127.0.0.1:9464", log_json=True, messages_per_second=2.5)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir("/")
    assert load_settings() == settings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MAKEGOOD_STORE_URL", "mysql://x", "MAKEGOOD_STORE_URL: right would be sqlite:///path or postgresql://"),
        ("MAKEGOOD_STORE_URI", "sqlite:///x", "MAKEGOOD_STORE_URI: no such setting; did you mean MAKEGOOD_STORE_URL?"),
        ("MAKEGOOD_PROVIDERS_FILE", "gone.toml", "MAKEGOOD_PROVIDERS_FILE: there is no file gone.toml"),
        ("MAKEGOOD_POLICY_BOOKS", "gone.toml", "MAKEGOOD_POLICY_BOOKS: there is no file gone.toml"),
        ("MAKEGOOD_METRICS_BIND", "9464", "MAKEGOOD_METRICS_BIND: String should match pattern"),
        ("MAKEGOOD_MESSAGES_PER_SECOND", "0", "MAKEGOOD_MESSAGES_PER_SECOND: Input should be greater than 0"),
        ("MAKEGOOD_LOG_LEVEL", "loud", "MAKEGOOD_LOG_LEVEL: Input should be 'debug'"),
    ],
)
def test_what_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert message in str(raised.value)


def test_a_book_that_is_not_shipped() -> None:
    with pytest.raises(SettingsError, match=r'MAKEGOOD_POLICY_BOOK: no book "wholesale" is shipped; there are: .*retail'):
        _ = load_settings(policy_book="wholesale").policy_book_files


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEGOOD_METRICS_BIND", "")
    assert load_settings().metrics_bind is None
