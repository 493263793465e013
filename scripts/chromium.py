"""Sees to it that there is a Chromium for the tests in a browser: installs Debian's where it can, and says what to do where it cannot.

Owns where a browser is looked for and what is run to get one. Must never replace one that is there. Called by make before the suite;
the tests and the pictures take the path from here, and fail with the same words.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
VARIABLE = "CHROMIUM"
WHAT_TO_DO = (
    "no Chromium was found, and tests look at the pages with it: "
    f"`apt install chromium` on Debian, or {VARIABLE}=/path/to/a/chromium in the environment."
)
_PACKAGE = "chromium"
# A slow mirror, 90 MB and what they need; without an end a hanging mirror would hang `make test`.
_PATIENCE_S = 900


def found() -> str | None:
    """The path of a browser: the one that CHROMIUM names, or the first on the PATH."""
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def commands() -> list[list[str]] | None:
    """What would install it here, one after the other; None if nobody here may, or there is no apt-get."""
    apt = shutil.which("apt-get")
    if os.environ.get(VARIABLE) or apt is None:  # a browser that was named and is not there is not for us to make up for
        return None
    before = _as_root()
    if before is None:
        return None
    return [[*before, apt, "update", "-qq"], [*before, apt, "install", "-qq", "-y", "--no-install-recommends", _PACKAGE]]


def _as_root() -> Sequence[str] | None:
    """What stands before a command of root: nothing if we are root, sudo if it asks for no password; None otherwise."""
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo is None or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode != 0:
        return None
    return (sudo, "-n")


def _installed(steps: list[list[str]]) -> Iterator[str]:
    """Runs them; what went wrong, a sentence each. A failed `update` does not end it: the lists that are there may do."""
    for step in steps:
        try:
            run = subprocess.run(
                step,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            yield f"`{' '.join(step)}` did not end within {_PATIENCE_S // 60} minutes"
            continue
        if run.returncode != 0:
            last = (run.stderr.strip() or run.stdout.strip() or "without a word").splitlines()[-1]
            yield f"`{' '.join(step)}` failed: {last}"


def main() -> int:
    """0 if there is a browser, or now is one; otherwise 1 and the reasons on stderr."""
    if found() is not None:
        return 0
    steps, problems = commands(), list[str]()
    if steps is not None:
        sys.stdout.write("makegood: installing Chromium for the tests in a browser (once)\n")
        sys.stdout.flush()
        problems = list(_installed(steps))
        if found() is not None:
            return 0
    for problem in [*problems, WHAT_TO_DO]:
        sys.stderr.write(f"makegood: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
