"""`python -m tests.real.forking_worker PIDFILE`: a worker that is back a moment after kill -9, as a container platform has it.

Everything is imported once; each worker is a fork of that. The parent writes the living child's id into PIDFILE, starts the next when one
dies, and ends with its own parent. Called by test_kill_while_sending.py.
"""

import os
import sys
from pathlib import Path

import httpcore2  # noqa: F401 - imported late by a worker, so each fork would read it again; as are the next two

import activities.adapters.channels  # noqa: F401
import store.migrations.head  # noqa: F401
import worker
from activities.templates.sources import built_in
from starter.settings import load_settings


def main(pid_file: Path) -> None:
    parent = os.getppid()
    load_settings()  # what reading them builds is there for every child
    texts = built_in("en")
    for name in texts.sources:
        texts.environment.get_template(name)
    while os.getppid() == parent:
        child = os.fork()  # nothing of the engine's client runs yet: no thread is lost by it
        if child == 0:
            os._exit(worker.main())
        pid_file.write_text(str(child), encoding="utf-8")
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
