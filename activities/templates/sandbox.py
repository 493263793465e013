"""Where a merchant's own texts run: what they reach is the documented names, and no slip of theirs does harm.

Owns what is refused: every attribute that documented.py does not name, methods, filters that lift escaping, arithmetic that could fill
the memory, and changing what is shared. Must never be the only guard: overrides are written by operators, not by strangers. Called by
sources.
"""

from enum import Enum
from typing import Any

from jinja2 import Undefined
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from activities.templates.documented import FIELDS, JINJA_FILTERS, LOOP

_TEMPLATE_OWN = (Namespace, TemplateModule, TemplateReference, BlockReference, Macro)


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment that knows the documented names only."""

    intercepted_binops = frozenset({"*", "**", "%"})  # "x" * 10**9 is a slip of one key

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.globals = {"namespace": Namespace}
        self.filters = {name: filter_ for name, filter_ in self.filters.items() if name in JINJA_FILTERS}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if attr.startswith("_") or callable(value):
            return isinstance(obj, _TEMPLATE_OWN) and not attr.startswith("_")
        if isinstance(obj, _TEMPLATE_OWN):
            return True
        if isinstance(obj, LoopContext):
            return attr in LOOP
        return attr in FIELDS.get(type(obj), frozenset())

    def wrap_str_format(self, value: Any) -> None:
        """Not even str.format made safe: a width in it could fill the memory, and filters say the same."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not isinstance(left, int) or not isinstance(right, int):
            raise SecurityError(f"{operator} is for small whole numbers only")
        return super().call_binop(context, operator, left, right)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        of = "text" if isinstance(obj, str) and not isinstance(obj, Enum) else type(obj).__name__
        return self.undefined(f'no name "{attribute}" is there for texts on a {of}', name=attribute, exc=SecurityError)
