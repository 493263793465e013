"""The id under which a worker takes tasks changes with the rules, and with nothing else."""

import re
from importlib.metadata import version
from pathlib import Path

from starter.rules_build import rules_build, rules_digest


def _shop(root: Path, **files: str) -> Path:
    for folder in ("policies", "workflows", "activities/contracts", "store"):
        (root / folder).mkdir(parents=True)
    for name, text in files.items():
        (root / name.replace("__", "/")).with_suffix(".py").write_text(text, encoding="utf-8")
    return root


def test_it_names_the_release_and_the_rules() -> None:
    assert re.fullmatch(re.escape(version("makegood")) + "-[0-9a-f]{12}", rules_build())


def test_it_changes_with_a_rule_or_its_place_and_with_nothing_else(tmp_path: Path) -> None:
    usual = {"policies__clock": "X = 1\n", "workflows__case": "Y = 1\n", "store__rows": "Z = 1\n"}
    packages = {"tzdata": "2026.1"}
    digests = [
        rules_digest(_shop(tmp_path / str(number), **files), packages)
        for number, files in enumerate(
            (
                usual,
                usual,
                {**usual, "store__rows": "Z = 2\n"},
                {**usual, "policies__clock": "X = 2\n"},
                {**usual, "workflows__case": "Y = 2\n"},
                {"policies__hour": usual["policies__clock"], "workflows__case": "Y = 1\n"},
                {**usual, "activities__contracts__names": "QUEUE = 'q'\n"},
            )
        )
    ]
    assert digests[0] == digests[1] == digests[2]
    digests.append(rules_digest(tmp_path / "0", {"tzdata": "2026.2"}))
    assert len(set(digests)) == 6
