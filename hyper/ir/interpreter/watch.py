"""What tier 0 tells whoever watches an evaluation: for explanations, coverage and counts of rows.

Without a watch nothing of this is compiled into the closures, so that it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.ir import nodes
    from hyper.ir.interpreter.values import Value
    from hyper.ir.program import DeriveDef, RequireDef, TableDef


class Watch(Protocol):
    """Hears what an evaluation does, in the order in which it happens. Nodes are those of the program itself."""

    def enter(self, function: str, args: Sequence[Value], /) -> None:
        """A function, by its qualified name, is about to run."""

    def leave(self, function: str, value: Value, /) -> None:
        """It gave this value. Not told where it failed."""

    def at(self, path: str, line: int, /) -> None:
        """An expression on this line is about to be evaluated."""

    def value(self, path: str, line: int, name: str, value: Value, /) -> None:
        """A local, or a field that a rule sets, has this value; the name is empty for the value of a row or body."""

    def branch(self, path: str, stmt: nodes.If, taken: int, /) -> None:
        """A branch by its place is taken; the ``orelse`` is the one after the last."""

    def choice(self, expr: nodes.Choose, held: bool, /) -> None:
        """A conditional expression takes one of its sides."""

    def row(self, path: str, table: TableDef, place: int, /) -> None:
        """A row fits and its result is about to be evaluated."""

    def clause(self, path: str, clause: RequireDef | DeriveDef, held: bool, /) -> None:
        """The condition of a rule's clause was evaluated."""


class Silent:
    """Hears everything and does nothing: a watch overrides what it wants to know."""

    def enter(self, function: str, args: Sequence[Value], /) -> None:
        """As ``Watch.enter``."""

    def leave(self, function: str, value: Value, /) -> None:
        """As ``Watch.leave``."""

    def at(self, path: str, line: int, /) -> None:
        """As ``Watch.at``."""

    def value(self, path: str, line: int, name: str, value: Value, /) -> None:
        """As ``Watch.value``."""

    def branch(self, path: str, stmt: nodes.If, taken: int, /) -> None:
        """As ``Watch.branch``."""

    def choice(self, expr: nodes.Choose, held: bool, /) -> None:
        """As ``Watch.choice``."""

    def row(self, path: str, table: TableDef, place: int, /) -> None:
        """As ``Watch.row``."""

    def clause(self, path: str, clause: RequireDef | DeriveDef, held: bool, /) -> None:
        """As ``Watch.clause``."""
