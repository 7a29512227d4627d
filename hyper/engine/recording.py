"""Counts what tier 0 does, as a profile: for ``hyper run --record`` and ``hyper tune``."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

from hyper.ir.decisions import decisions, function_digest
from hyper.ir.interpreter.json_out import to_json
from hyper.ir.interpreter.shapes import Shapes
from hyper.ir.interpreter.values import EnumValue, Record
from hyper.ir.interpreter.watch import Silent
from hyper.ir.program import CalcDef, RuleDef, TableDef
from hyper.jit.profile_records import SPARED, add, is_constant
from hyper.jit.profiles import LONGEST_CONSTANT, Counters, FunctionProfile, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hyper.ir import nodes
    from hyper.ir.interpreter.values import Value
    from hyper.ir.program import DeriveDef, Program, RequireDef

_TIER: Final = "0"
_VARIABLE: Final = "HYPER_PROFILE_OUT"
_MOST_PARTS: Final = 16
"""Entities in the arguments of a function whose fields are looked at."""
_SCALARS: Final = (bool, int, float, str)


@contextmanager
def recorded_packages(path: str) -> Iterator[None]:
    """While this lasts, generated packages that are imported add what they do to a profile. Raises ``OSError``, and ``ValueError``
    for a file that is no profile, before anything is done."""
    add(path, {})
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = os.path.abspath(path)
    known = list(sys.meta_path)
    try:
        yield
    finally:
        # A package may be gone by now; what finds its modules is not, and knows what they counted.
        for finder in [each for each in sys.meta_path if each not in known]:
            save: Callable[[], None] | None = getattr(finder, "save", None)
            if save is not None:
                save()
                sys.meta_path.remove(finder)
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


class _Counts:
    """What is counted of one function."""

    __slots__ = (
        "calls",
        "constants",
        "definition",
        "digest",
        "missed",
        "nanoseconds",
        "outcomes",
        "parts",
    )

    def __init__(self, name: str, definition: CalcDef | TableDef | RuleDef) -> None:
        self.definition = definition
        self.digest = function_digest(name, definition)
        self.outcomes = [(each.node, [0] * each.outcomes) for each in decisions(definition)]
        self.calls = 0
        self.nanoseconds = 0
        self.constants: dict[str, str | None] = {}
        self.missed: dict[str, int] = {}
        """How often each had another value than at first."""
        self.parts: set[str] = set()
        """The paths of the entities whose fields are looked at."""


class Recorder(Silent):
    """A watch that makes a profile of all evaluations that it hears of. Times are those of tier 0 while it is watched, and are
    of a function with all that it calls."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._shapes = Shapes(program)
        self._functions: dict[str, _Counts | None] = {}
        self._outcomes: dict[int, list[int]] = {}
        self._running: list[tuple[str, int]] = []

    def profile(self) -> Profile:
        """What was counted."""
        functions = {}
        for name, counts in self._functions.items():
            if counts is None:
                continue
            calls = Counters(counts.calls, counts.calls, 0, counts.nanoseconds)
            functions[counts.digest] = FunctionProfile(
                name,
                tuple(tuple(counted) for _, counted in counts.outcomes),
                {
                    path: text if is_constant(counts.missed.get(path, 0), counts.calls) else None
                    for path, text in counts.constants.items()
                },
                {_TIER: calls},
            )
        return Profile(functions)

    def enter(self, function: str, args: Sequence[Value], /) -> None:
        """A call begins."""
        if function not in self._functions:
            self._functions[function] = self._known(function)
        counts = self._functions[function]
        if counts is not None:
            counts.calls += 1
            names = ["self"]
            if not isinstance(counts.definition, RuleDef):
                names = [param.name for param in counts.definition.params]
            for name, value in zip(names, args, strict=True):
                self._see(counts, name, value)
        self._running.append((function, perf_counter_ns()))

    def leave(self, function: str, _value: Value, /) -> None:
        """It ends; calls inside of it that are still there have failed."""
        while self._running:
            name, began = self._running.pop()
            if name == function:
                counts = self._functions[name]
                if counts is not None:
                    counts.nanoseconds += perf_counter_ns() - began
                return

    def branch(self, _path: str, stmt: nodes.If, taken: int, /) -> None:
        """A branch is taken."""
        self._count(stmt, taken)

    def choice(self, expr: nodes.Choose, held: bool, /) -> None:
        """A side is taken."""
        self._count(expr, int(held))

    def row(self, _path: str, table: TableDef, place: int, /) -> None:
        """A row fits."""
        self._count(table, place)

    def clause(self, _path: str, clause: RequireDef | DeriveDef, held: bool, /) -> None:
        """A clause is decided."""
        self._count(clause, int(held))

    def _known(self, function: str) -> _Counts | None:
        definition = self._program.definitions[function]
        if not isinstance(definition, CalcDef | TableDef | RuleDef):
            return None
        counts = _Counts(function, definition)
        self._outcomes |= {id(node): counted for node, counted in counts.outcomes}
        return counts

    def _count(self, node: object, outcome: int) -> None:
        counted = self._outcomes.get(id(node))
        if counted is not None:
            counted[outcome] += 1

    def _see(self, counts: _Counts, name: str, value: Value) -> None:
        if isinstance(value, Record) and (name in counts.parts or len(counts.parts) < _MOST_PARTS):
            counts.parts.add(name)
            for field in self._shapes.entity(value.entity).fields:
                self._see(counts, f"{name}.{field.name}", value.fields.get(field.name))
        if counts.constants.get(name, "") is None:
            return
        text = self._text(value)
        if counts.constants.setdefault(name, text) != text:
            missed = counts.missed[name] = counts.missed.get(name, 0) + 1
            if not is_constant(missed - SPARED, counts.calls):
                counts.constants[name] = None

    def _text(self, value: Value) -> str | None:
        """A value as JSON, where it is short and has no parts."""
        if isinstance(value, EnumValue):
            value = to_json(value, self._shapes)
        elif isinstance(value, Decimal | date):
            value = str(value)
        if value is not None and not isinstance(value, _SCALARS):
            return None
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return None
        text = json.dumps(value)
        return text if len(text) <= LONGEST_CONSTANT else None
