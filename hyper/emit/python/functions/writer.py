"""What the expressions of one function need to know, and what they found out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.ir.kinds import Kinds
from hyper.ir.types import (
    Alias,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
    Prim,
    Type,
    Union,
)

if TYPE_CHECKING:
    from hyper.emit.python.functions.links import Links
    from hyper.emit.python.scope import Scope

DEEPEST_TYPE: Final = 90
"""Lists and maps that nest in an annotation; Python reads 200 brackets. No type is written so deep, but values of values may be."""

TIMES: Final = {"date": "date", "time": "time", "datetime": "datetime", "duration": "timedelta"}
BUILTINS: Final = {
    "bool": "bool",
    "int": "int",
    "bigint": "int",
    "float": "float",
    "string": "str",
    "url": "str",
    "email": "str",
    "bytes": "bytes",
    "none": "None",
}


class Writer:
    """The module that a function is written into, and its locals."""

    def __init__(self, scope: Scope, links: Links, module: str) -> None:
        self.scope = scope
        self.links = links
        self.module = module
        self.kinds = Kinds(scope.names.program)
        self.locals: dict[str, str] = {}
        self._numbered: dict[str, int] = {}
        self._taken: set[str] = set()
        self.guarded = False
        """Whether the function uses operators whose errors are Python's, or decimals."""
        self.reads_clock = False

    def runtime(self, module: str, name: str) -> str:
        """A name of the package's runtime."""
        return self.scope.take(f".{module}", name)

    def decimal(self) -> str:
        """``Decimal``."""
        return self.scope.take("decimal", "Decimal")

    def datetime(self) -> str:
        """The module ``datetime``."""
        return self.scope.take_module("datetime", "dt")

    def declaration(self, qualified: str) -> str:
        """A declaration that is there at run time."""
        home, symbol = self.scope.names.place(qualified)
        if home == self.scope.module:
            return symbol
        if self.links.in_ring(self.module, qualified):
            return f"{self.scope.sibling(home)}.{symbol}"
        return self.scope.need(qualified)

    def fresh(self, prefix: str) -> str:
        """The first of ``prefix1``, ``prefix2`` … that is no local and was not given before."""
        number = self._numbered.get(prefix)
        if number is None:
            # What is added to the locals from now on comes from here.
            self._taken = set(self.locals.values())
            number = 0
        number += 1
        while f"{prefix}{number}" in self._taken:
            number += 1
        self._numbered[prefix] = number
        return f"{prefix}{number}"

    def python_type(self, kind: Type, levels: int = DEEPEST_TYPE) -> str:
        """The annotation of a parameter or variable: plain Python types, and ``Any`` past so many levels."""
        if not levels:
            return self.scope.take("typing", "Any")
        match kind:
            case Prim(name) if name in TIMES:
                return f"{self.datetime()}.{TIMES[name]}"
            case Prim("uuid"):
                return self.scope.take("uuid", "UUID")
            case Prim(name) if name in BUILTINS:
                return BUILTINS[name]
            case Dec():
                return self.decimal()
            case Lit(value):
                from hyper.emit.python.constants import literal

                return f"{self.scope.take('typing', 'Literal')}[{literal(value)}]"
            case ListOf(item):
                return f"list[{self.python_type(item, levels - 1)}]"
            case MapOf(item):
                return f"dict[str, {self.python_type(item, levels - 1)}]"
            case Opt(inner):
                text = self.python_type(inner, levels)
                return text if text.endswith("| None") or text == "Any" else f"{text} | None"
            case Marked(inner, _):
                return self.python_type(inner, levels)
            case Entity(name) | Enum(name) | Union(name) | Alias(name):
                return self.scope.refer(name)
            case _:
                return self.scope.take("typing", "Any")
