"""A workflow whose module imports a package that nobody passed through. Used by test_lean_sandbox.py."""

import tomllib  # noqa: F401 - the standard library is let through ...

import jinja2  # noqa: F401 - ... this is not
from temporalio import workflow


@workflow.defn
class Careless:
    @workflow.run
    async def run(self) -> str:
        return "done"
