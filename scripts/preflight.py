"""Says in plain words what this machine lacks before anything is installed. Called by make; needs only the standard library.

It runs under whatever Python the machine has: nothing newer than Python 3.6 here, or an old one could not say that it is old.
"""

import importlib.util
import os
import platform
import sys

NEEDED = (3, 11)
OPTIONS = ("--python", "--folder")


def problems(version, folder):
    """What is missing, a sentence each. `version` of Python, such as "3.9.2"; `folder`: where Makegood was cloned to."""
    found = []
    if tuple(int(part) for part in version.split(".")[:2]) < NEEDED:
        found.append(
            f"Python 3.11 or newer is needed, this is {version} ({sys.executable}). "
            "Install one and say: make PYTHON=/path/to/python3.11 ..."
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        found.append("The module venv (with ensurepip) is missing: on Debian and Ubuntu `apt install python3-venv`.")
    if not can_be_written(folder):
        found.append(f"This folder cannot be written: {os.path.abspath(folder)}. Clone Makegood into a folder of your own.")
    return found


def can_be_written(folder):
    """Tried, not asked: access() tells root that it may write where nobody can."""
    trial = os.path.join(folder, f".preflight-{os.getpid()}")
    try:
        os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.remove(trial)
    except OSError:
        return False
    return True


def main(arguments):
    """0; 1 with a line on stderr for each problem; 2 for wrong usage. With the options it judges another Python, another folder."""
    if len(arguments) % 2 or any(name not in OPTIONS for name in arguments[::2]):
        sys.stderr.write("usage: preflight.py [--python VERSION] [--folder PATH]\n")
        return 2
    given = dict(zip(arguments[::2], arguments[1::2]))  # noqa: B905  # strict= is Python 3.10's
    found = problems(given.get("--python", platform.python_version()), given.get("--folder", "."))
    for problem in found:
        sys.stderr.write(f"makegood: {problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
