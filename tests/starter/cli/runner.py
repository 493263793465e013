"""The program called in this process: as typer's runner does it, with the tree of commands built once and not at each call.

Owns nothing but that; in a suite of hundreds of calls the building was most of each. What a call prints and how it ends is the same.
"""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from typer import Typer
from typer.main import get_command
from typer.testing import CliRunner

_tree = cache(get_command)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended. `exception`: what it raised, a SystemExit other than 0 included."""

    exit_code: int
    stdout: str
    stderr: str
    output: str
    exception: BaseException | None


class Runner(CliRunner):
    """Called like typer's."""

    # Its own result is a class that needs the runner's inside.
    def invoke(  # type: ignore[override]
        self,
        app: Typer,
        args: str | Sequence[str] | None = None,
        input: bytes | str | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Ended:
        given = shlex.split(args) if isinstance(args, str) else list(args or ())
        tree: Any = _tree(app)
        with self.isolation(input=input, env=env) as streams:
            code = 0
            raised: BaseException | None = None
            try:
                tree.main(args=given, prog_name=self.get_default_prog_name(tree))
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
                raised = ended if code else None
            except Exception as error:
                code, raised = 1, error
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
            out, err, both = (stream.getvalue().decode(self.charset, "replace") for stream in streams)
        return Ended(code, out, err, both, raised)
