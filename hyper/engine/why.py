"""Why an evaluation gave what it gave: its calls, rows, clauses, branches and values, in the order in which they happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from hyper.engine.evaluation import Outcome, interpret, parameters
from hyper.ir.interpreter.json_out import to_json
from hyper.ir.interpreter.shapes import Shapes
from hyper.ir.interpreter.watch import Silent
from hyper.ir.program import CalcDef, ExternDef, RequireDef, RuleDef, TableDef

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from hyper.ir import nodes
    from hyper.ir.interpreter.values import Value
    from hyper.ir.program import DeriveDef, Program

MOST: Final = 10_000
"""Steps that are kept; a loop over a large list has more than anyone reads."""

Kind: TypeAlias = Literal[
    "call", "value", "branch", "choice", "row", "require", "derive", "result", "failure"
]


class Step(msgspec.Struct, frozen=True):
    """One step. ``depth`` counts the calls around it, ``line`` is from 1.

    ``name`` is of a ``call`` the function, of a ``value`` the local or field (empty for the result of one row among several), of a
    ``branch`` its place from 1 or ``else``, of a ``choice`` ``then`` or ``else``, of a ``row`` its place from 1, of a ``failure``
    the code. ``value`` is JSON: of a ``call`` the arguments by parameter, of a ``failure`` the message.
    ``held`` is of ``require`` and ``derive`` whether the condition did.
    """

    kind: Kind
    depth: int
    file: str
    line: int
    name: str = ""
    value: Any = None
    held: bool | None = None


class Why(msgspec.Struct, frozen=True):
    """The steps, and how many more there were."""

    steps: tuple[Step, ...]
    left_out: int = 0


def why(
    program: Program, name: str, arguments: dict[str, Any], now: datetime
) -> tuple[Outcome, Why]:
    """Evaluate by tier 0, and tell how. Every other tier gives the same outcome by the same steps."""
    watch = _Steps(program)
    outcome = interpret(program, name, arguments, now, watch)
    failure = outcome.failure
    if failure is not None:
        watch.add("failure", failure.file, failure.line, failure.code, lambda: failure.message)
    return outcome, Why(tuple(watch.steps), watch.left_out)


class _Frame:
    """A call that is running: its definition, where it is, and its last value without a name."""

    __slots__ = ("definition", "given", "given_line", "path")

    def __init__(self, path: str, definition: Any) -> None:
        self.path = path
        self.definition = definition
        self.given: Value = None
        self.given_line = 0


class _Steps(Silent):
    """Notes what it hears."""

    def __init__(self, program: Program) -> None:
        self.steps: list[Step] = []
        self.left_out = 0
        self._program = program
        self._shapes = Shapes(program)
        self._frames: list[_Frame] = []
        self._place = ("", 0)

    def add(
        self,
        kind: Kind,
        file: str,
        line: int,
        name: str = "",
        value: Callable[[], Any] = lambda: None,
        *,
        held: bool | None = None,
    ) -> None:
        """Note a step; its value is made only where the step is kept."""
        if len(self.steps) >= MOST and kind != "failure":
            self.left_out += 1
            return
        depth = len(self._frames)
        self.steps.append(Step(kind, depth, file, line, name, value(), held))

    def enter(self, function: str, args: Sequence[Value]) -> None:
        """A call, with its arguments."""
        definition = self._program.definitions[function]
        path = self._program.home[function].path
        names = parameters(self._program, function)
        given = dict(zip(names, args, strict=True))
        self.add("call", path, definition.line, function, lambda: self._json(given))
        self._frames.append(_Frame(path, definition))

    def leave(self, function: str, value: Value) -> None:
        """The result of a call, on the line that made it."""
        frame = self._frames[-1]
        line = frame.definition.line
        if frame.given_line and frame.given is value:
            line = frame.given_line
        self.add("result", frame.path, line, function, lambda: self._json(value))
        self._frames.pop()

    def at(self, path: str, line: int) -> None:
        """Where the next choice is made."""
        self._place = (path, line)

    def value(self, path: str, line: int, name: str, value: Value) -> None:
        """A local or a field; names that the compiler made are nobody's."""
        if name:
            if not name.startswith("_"):
                self.add("value", path, line, name, lambda: self._json(value))
            return
        frame = self._frames[-1]
        frame.given, frame.given_line = value, line
        table = frame.definition
        if isinstance(table, TableDef) and table.policy not in {"unique", "first", "any"}:
            self.add("value", path, line, "", lambda: self._json(value))

    def branch(self, path: str, stmt: nodes.If, taken: int) -> None:
        """The branch that is taken, at its own line."""
        if taken < len(stmt.branches):
            self.add("branch", path, stmt.branches[taken].line, str(taken + 1))
        else:
            self.add("branch", path, stmt.line, "else")

    def choice(self, _expr: nodes.Choose, held: bool, /) -> None:
        """The side that is taken."""
        self.add("choice", *self._place, "then" if held else "else")

    def row(self, path: str, table: TableDef, place: int) -> None:
        """A row that fits."""
        self.add("row", path, table.rows[place].line, str(place + 1))

    def clause(self, path: str, clause: RequireDef | DeriveDef, held: bool) -> None:
        """Whether a clause of a rule acts."""
        kind: Kind = "require" if isinstance(clause, RequireDef) else "derive"
        self.add(kind, path, clause.line, held=held)

    def _json(self, value: Value) -> Any:
        if isinstance(value, range):  # the source of a loop
            value = list(value)
        return to_json(value, self._shapes)


def runs_user_code(program: Program, name: str) -> bool:
    """Whether an evaluation may run the user's own Python, which then must run once."""
    definition = program.definitions[name]
    if isinstance(definition, ExternDef):
        return True
    assert isinstance(definition, CalcDef | TableDef | RuleDef), name
    return definition.reaches_extern
