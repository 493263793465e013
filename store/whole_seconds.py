"""A moment as a number of whole seconds, so that spans and weeks are counted alike on both engines.

Owns this one function of SQL. Must never hold a statement. Called by the store's figures.
"""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class whole_seconds(FunctionElement[int]):
    """Seconds since 1970 (UTC) of a column of moments, rounded down."""

    name = "whole_seconds"
    type = BigInteger()
    inherit_cache = True


@compiles(whole_seconds, "sqlite")
def _sqlite(element: whole_seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **options)}) AS INTEGER)"


@compiles(whole_seconds, "postgresql")
def _postgresql(element: whole_seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(floor(extract(epoch FROM {compiler.process(element.clauses, **options)})) AS BIGINT)"
