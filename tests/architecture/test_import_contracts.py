"""The contracts of import-linter name the modules of `activities` one by one: a new one must not slip past them."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ACTIVITIES = {
    f"activities.{path.stem}"
    for path in (ROOT / "activities").iterdir()
    if path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").is_file())
}
# Who is named by a contract, and which modules of `activities` it leaves out on purpose.
LEFT_OUT = {
    "workflows": {"activities.contracts"},
    "starter": {"activities.contracts", "activities.templates"},
    "activities.adapters": {"activities.adapters", "activities.ports", "activities.templates"},
}


def _contract(source: str) -> dict[str, list[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract["source_modules"] == [source])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("source", LEFT_OUT)
def test_whoever_may_not_import_activities_is_kept_from_every_module_of_it(source: str) -> None:
    forbidden = {name for name in _contract(source)["forbidden_modules"] if name.startswith("activities.")}
    assert forbidden == ACTIVITIES - LEFT_OUT[source]


def test_vendor_sdks_are_kept_from_every_module_of_activities_but_the_adapters() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (one for one in settings["tool"]["importlinter"]["contracts"] if one["name"] == "vendor SDKs only in adapters")
    kept = {name for name in contract["source_modules"] if name.startswith("activities.")}
    assert kept == ACTIVITIES - {"activities.adapters"}
