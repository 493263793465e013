"""How the person at the terminal calls us: the words to type before a command, as they work from the present folder.

Owns these words. Must never start anything. Called where the command line tells what to type next.
"""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "makegood"


def typed(state_dir: Path | None = None, *, search: str | None = None, beside: Path | None = None) -> str:
    """`makegood` if the PATH knows this very program, else its path. `state_dir`: the folder, if a plain call would mean another.

    `search`: a PATH other than the environment's; `beside`: the folder of this program, if it is not this Python's.
    """
    ours = (beside or Path(sys.executable).parent) / NAME
    found = shutil.which(NAME, path=search)
    program = NAME if not ours.exists() or (found is not None and Path(found).samefile(ours)) else shlex.quote(_near(ours))
    return f"{program} --state-dir {shlex.quote(_near(state_dir))}" if state_dir is not None else program


def _near(path: Path) -> str:
    """Relative to the present folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
