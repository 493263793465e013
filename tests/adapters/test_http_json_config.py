"""providers.toml: what is refused, in words that name the file, the key and what would be right."""

from pathlib import Path

import pytest

from activities.adapters.http_json_config import ProviderConfig, ProvidersFileInvalid, load_providers
from policies.providers.statuses import TargetType

GOOD = """
[providers.pay]
base_url = "https://pay.example/v1/"
headers = { Authorization = "Bearer ${PAY_KEY}" }
[providers.pay.refund]
path = "/refunds/{reference}"
fields = { status = "state" }
statuses = { done = "succeeded" }
"""
ENVIRONMENT = {"PAY_KEY": "k1"}
EXAMPLES = Path(__file__).parents[2] / "examples"


def written(folder: Path, text: str) -> Path:
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_filled_from_the_environment(tmp_path: Path) -> None:
    pay = load_providers(written(tmp_path, GOOD), ENVIRONMENT)["pay"]
    assert isinstance(pay, ProviderConfig)
    assert pay.headers == {"Authorization": "Bearer k1"}
    assert (pay.base_url, pay.connect_timeout_s, pay.total_timeout_s) == ("https://pay.example/v1", 3, 8)
    assert pay.target(TargetType.DISPUTE) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('done = "succeeded"', 'done = "paid"', 'refund.statuses.done: "paid" is none of our words; right would be one of pending'),
        ('done = "succeeded"', 'done = "unknown"', '"unknown" is none of our words'),
        ('status = "state"', 'status = "state", sate = "x"', "providers.pay.refund.fields.sate: this key is not known"),
        ("{reference}", "", "refund.path: it must hold {reference} exactly once"),
        ("${PAY_KEY}", "${OTHER_KEY}", "providers.pay.headers.Authorization: the environment variable OTHER_KEY is not set"),
        ("https://pay", "http://pay", "say plain_http = true"),
        ("https://pay.example/v1/", "pay.example", "base_url: it must be an absolute address"),
        ("[providers.pay.refund]", "[providers.pay.refunds]", "providers.pay.refunds: this key is not known"),
        ('"state" }', '"state" }\nfailures = { X = "Not A Code" }', "refund.failures.X: String should match pattern"),
        ('"state" }', '"state" }\nstages = { a = "second" }', "refund.stages.a: Input should be 'inquiry'"),
        ("[providers.pay]", "[providers.pay", "no valid TOML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ProvidersFileInvalid) as raised:
        load_providers(path, ENVIRONMENT)
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{path}: ")
    assert "k1" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProvidersFileInvalid, match=r"cannot be read \(No such file or directory\)"):
        load_providers(tmp_path / "none.toml")


def test_the_examples_load() -> None:
    keys = {"STRIPE_API_KEY": "k", "AFTERSHIP_API_KEY": "k", "OWN_SHOP_URL": "https://shop.example", "OWN_SHOP_KEY": "k"}
    assert set(load_providers(EXAMPLES / "providers.toml", keys)) == {"stripe", "aftership", "own-shop"}
    demo = load_providers(EXAMPLES / "providers-demo.toml", {"MAKEGOOD_SIMULATOR_URL": "http://127.0.0.1:8077"})
    assert set(demo) == {"simpay", "simship"}
