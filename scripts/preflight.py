"""Says in plain words what this machine lacks before anything is installed. Called by make; needs only the standard library."""

import importlib.util
import os
import sys

PROBLEMS = []
if sys.version_info < (3, 11):  # noqa: UP036  # this file runs under whatever Python the machine has
    PROBLEMS.append(
        f"Python 3.11 or newer is needed, this is {sys.version.split()[0]} ({sys.executable}). "
        "Install one and say: make PYTHON=/path/to/python3.11 ..."
    )
if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
    PROBLEMS.append("The module venv (with ensurepip) is missing: on Debian and Ubuntu `apt install python3-venv`.")
if not os.access(".", os.W_OK):
    PROBLEMS.append(f"This folder cannot be written: {os.getcwd()}. Clone Makegood into a folder of your own.")
for problem in PROBLEMS:
    sys.stderr.write(f"makegood: {problem}\n")
sys.exit(1 if PROBLEMS else 0)
