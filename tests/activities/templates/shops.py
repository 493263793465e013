"""Folders of shops' own texts for the tests of this room."""

from pathlib import Path

from activities.templates.overrides import Overrides, read_overrides


def folder(root: Path, files: dict[str, str]) -> Path:
    """The folder with these files: "northwind/de/greeting.j2" -> its text."""
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def unchecked(root: Path, files: dict[str, str]) -> Overrides:
    """As a worker holds them, but without the check of its start: what breaks later has passed it."""
    return read_overrides(folder(root, files))[0]
