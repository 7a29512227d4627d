"""What a profile tells of kernels: the order of rows, ways of branches, and arguments that hardly ever changed."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from hyper.ir.decisions import decisions
from hyper.ir.frequency import order_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hyper.ir.decisions import Function
    from hyper.ir.program import Program, TableDef

    Counts: TypeAlias = Sequence[Sequence[int]]
    """How often each outcome of each decision of a function came about (``hyper.ir.decisions``)."""

Ways: TypeAlias = tuple[int, int]
"""How often a condition held, and how often it did not."""
Constants: TypeAlias = "Mapping[str, str | None]"
"""The JSON of values that hardly ever changed, by parameter or path from one; ``None`` for one that varied."""


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one function, as data."""

    counts: tuple[tuple[int, ...], ...]
    constants: dict[str, str | None]


class Weights:
    """Counts of functions, by qualified name; those of functions that are not there are not known. ``constants`` are what their
    arguments were. ``moves``: rows may change places."""

    def __init__(
        self,
        counts: Mapping[str, Counts],
        *,
        moves: bool,
        constants: Mapping[str, Constants] = MappingProxyType({}),
    ) -> None:
        self._counts = counts
        self._moves = moves
        self._constants = constants
        self._known: dict[str, dict[int, Sequence[int]]] = {}
        self._nodes: dict[int, Sequence[int]] = {}

    def look(self, name: str, definition: Function) -> None:
        """A function is about to be made, whose decisions are asked for by their nodes from now on."""
        counts = self._counts.get(name)
        if counts and name not in self._known:
            pairs = zip(decisions(definition), counts, strict=True)
            known = {id(decision.node): each for decision, each in pairs}
            self._known[name] = known
            self._nodes |= known

    def known(self, names: Iterable[str]) -> dict[str, Known]:
        """What is known of functions, of those of which anything is."""
        return {
            name: Known(
                tuple(tuple(each) for each in self._counts.get(name, ())),
                dict(self.constants(name)),
            )
            for name in names
            if name in self._counts or self.constants(name)
        }

    @property
    def moves(self) -> bool:
        """Whether rows may change places."""
        return self._moves

    def constants(self, name: str) -> Constants:
        """What the arguments of a function always were."""
        return self._constants.get(name, {})

    def branch(self, node: object, place: int) -> Ways | None:
        """Of a branch by its place: how often it was taken, and how often one behind it was."""
        counts = self._nodes.get(id(node))
        if counts is None:
            return None
        return _ways(counts[place], sum(counts[place + 1 :]))

    def choice(self, node: object) -> Ways | None:
        """Of a clause or a conditional expression."""
        counts = self._nodes.get(id(node))
        return _ways(counts[1], counts[0]) if counts is not None else None

    def table(self, table: TableDef, program: Program) -> tuple[TableDef, list[Ways | None]]:
        """A table of which the first row that fits is taken, its rows in the order in which they are tried; of each how often it
        fitted, and how often one behind it did."""
        counts = self._nodes.get(id(table))
        if counts is None:
            return table, [None] * len(table.rows)
        by_row = {id(row): count for row, count in zip(table.rows, counts, strict=True)}
        ordered = order_rows(table, program, counts) if self._moves else table
        left = sum(counts)
        found: list[Ways | None] = []
        for row in ordered.rows:
            left -= by_row[id(row)]
            found.append(_ways(by_row[id(row)], left))
        return ordered, found


def _ways(held: int, other: int) -> Ways | None:
    return (held, other) if held or other else None


NO_WEIGHTS = Weights({}, moves=False)


def of_known(known: Mapping[str, Known], *, moves: bool) -> Weights:
    """The weights that ``Weights.known`` told of."""
    counts = {name: each.counts for name, each in known.items() if each.counts}
    constants = {name: each.constants for name, each in known.items()}
    return Weights(counts, moves=moves, constants=constants)
