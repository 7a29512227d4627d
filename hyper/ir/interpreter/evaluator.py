"""Tier 0: the definition of what a program means.

An ``Interpreter`` evaluates the functions of one program, or single expressions. It is pure but for externs, which run only where a
loader is given, and keeps nothing from one evaluation to the next but the closures that it made.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hyper.ir.interpreter import functions
from hyper.ir.interpreter.constants import constant
from hyper.ir.interpreter.expressions import Expressions
from hyper.ir.interpreter.json_in import Reader
from hyper.ir.interpreter.json_out import to_json
from hyper.ir.interpreter.machine import COMPILER_BYTES, COMPILER_STEPS, Machine
from hyper.ir.interpreter.records import Records
from hyper.ir.interpreter.shapes import Shapes
from hyper.ir.interpreter.stack import Depths, run_deep
from hyper.ir.interpreter.statements import Statements
from hyper.ir.interpreter.values import EvaluationError, Value
from hyper.ir.program import CalcDef, ExternDef, RuleDef, TableDef
from hyper.lang.types import Dec, Entity, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from hyper.ir import nodes
    from hyper.ir.interpreter.functions import ExternLoader, Function
    from hyper.ir.interpreter.statements import Trace
    from hyper.ir.interpreter.watch import Watch
    from hyper.ir.program import FieldDef, Program


class Interpreter:
    """Evaluates a program.

    ``externs`` loads the user's functions; without it, reaching one is ``ExternsNotLoaded``. ``steps`` and ``size``
    are the budget of one evaluation, infinite unless it is the compiler that evaluates
    (``Interpreter.for_compiler``). ``trace`` is told of every statement, ``watch`` of
    all that is decided.
    """

    def __init__(
        self,
        program: Program,
        *,
        externs: ExternLoader | None = None,
        steps: float = float("inf"),
        size: float = float("inf"),
        trace: Trace | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.program = program
        self.shapes = Shapes(program)
        self.records = Records(self.shapes, self._default)
        self.reader = Reader(self.records)
        self._externs = externs
        self._budget = (steps, size)
        self._trace = trace
        self._watch = watch
        self._machine = Machine()
        self._expressions = Expressions(self._machine, self.shapes, self.records, self, watch)
        self._functions: dict[str, Function] = {}
        self._depths = Depths(program)
        self._running = False
        self._shared = False

    @classmethod
    def for_compiler(
        cls,
        program: Program,
        *,
        externs: ExternLoader | None = None,
        trace: Trace | None = None,
        watch: Watch | None = None,
    ) -> Interpreter:
        """An interpreter with the budget of what the compiler evaluates itself."""
        return cls(
            program,
            externs=externs,
            steps=COMPILER_STEPS,
            size=COMPILER_BYTES,
            trace=trace,
            watch=watch,
        )

    def evaluate(
        self,
        expr: nodes.Expr,
        *,
        path: str = "",
        line: int = 0,
        local: Mapping[str, Value] | None = None,
        now: datetime | None = None,
    ) -> Value:
        """The value of one expression. Its own errors are placed at ``path`` and ``line``.

        Raises ``EvaluationError``, ``Refused``, ``ExternFailure``, ``ExternsNotLoaded`` or ``ClockNotSet``.
        """
        statements = Statements(self._expressions, path, self._trace, self._watch)
        code = statements.expression(expr, line)
        return self._start(lambda: code(dict(local or {})), self._depths.of_expression(expr), now)

    def run(self, name: str, args: Sequence[Value], *, now: datetime | None = None) -> Value:
        """The value of a calc, table, rule or extern, by its qualified name."""
        return self._start(lambda: self.call(name, list(args)), self._depths.of_function(name), now)

    def run_json(self, name: str, args: Mapping[str, Any], *, now: datetime | None = None) -> Any:
        """The same from JSON to JSON; ``args`` by parameter, ``self`` for the entity of a rule. Raises ``InputError`` too."""
        if not self._running:
            self._machine.now = now  # the default of a field may read the clock
        values = [self.read_argument(args, param, kind) for param, kind in self.params(name)]
        return self.to_json(self.run(name, values, now=now))

    def begin(self, now: datetime | None) -> None:
        """Set the clock, and a fresh budget, for records that are built outside of an evaluation: defaults may read it."""
        if not self._running:
            self._machine.start(*self._budget, now)

    def read_argument(self, args: Mapping[str, Any], param: str, kind: Type) -> Value:
        """One argument from JSON; a missing one is none where its type allows it."""
        return self.reader.read_member(args, param, kind)

    def params(self, name: str) -> list[tuple[str, Type]]:
        """The parameters of a function and their types."""
        definition = self.program.definitions[name]
        if isinstance(definition, RuleDef):
            return [("self", Entity(definition.entity))]
        if isinstance(definition, CalcDef | TableDef | ExternDef):
            return [(param.name, param.type) for param in definition.params]
        raise TypeError(f"{name} is no function")

    def to_json(self, value: Value) -> Any:
        """A value as JSON."""
        return to_json(value, self.shapes)

    def constant(self, value: Value, kind: Type) -> nodes.Expr:
        """A value as an expression of constants, as ``ConstRef.value`` holds it."""
        return constant(value, kind, self.shapes)

    def _start(self, action: Callable[[], Value], frames: int, now: datetime | None) -> Value:
        if self._running:
            return action()
        if self._shared:
            self._machine.now = now
        else:
            self._machine.start(*self._budget, now)
        self._running = True
        try:
            return run_deep(action, frames)
        finally:
            self._running = False

    @contextmanager
    def one_budget(self) -> Iterator[None]:
        """All evaluations inside share one budget, as the steps of a scenario do."""
        self._machine.start(*self._budget, None)
        self._shared = True
        try:
            yield
        finally:
            self._shared = False

    def call(self, function: str, args: list[Value]) -> Value:
        """Call a function inside of a running evaluation."""
        code = self._functions.get(function)
        if code is None:
            code = self._functions[function] = self._watched(function, self._link(function))
        self._machine.step(1)
        return code(args)

    def _watched(self, name: str, code: Function) -> Function:
        watch = self._watch
        if watch is None:
            return code

        def run(args: Sequence[Value]) -> Value:
            watch.enter(name, args)
            value = code(args)
            watch.leave(name, value)
            return value

        return run

    def _link(self, name: str) -> Function:
        definition = self.program.definitions[name]
        path = self.program.home[name].path
        statements = Statements(self._expressions, path, self._trace, self._watch)
        match definition:
            case CalcDef():
                return functions.calc(definition, statements)
            case TableDef():
                return functions.table(definition, statements, path, self.records)
            case RuleDef():
                return functions.rule(definition, name, statements, path, self.records)
            case ExternDef():
                return functions.extern(definition, self._externs, self._accept)
            case _:
                raise TypeError(f"{name} is no function")

    def _accept(self, value: object, kind: Type, target: str) -> Value:
        """What an extern gave, as a value of its declared type."""
        bare = self.shapes.bare(kind)
        if isinstance(bare, Dec) and self.shapes.fits(value, bare):
            return functions.quantised(value, bare)
        if not self.shapes.fits(value, kind):
            raise EvaluationError("conversion", f"{target} gave a value of another type")
        check = self.records.constraints.check(kind)
        wrong = check(value) if check is not None else None
        if wrong is not None:
            raise EvaluationError("domain", f"{target}: {wrong}")
        return value

    def _default(self, entity: str, field: FieldDef) -> Value:
        if field.default is None:
            raise TypeError(field.name)
        key = f"{entity}.{field.name}"
        code = self._functions.get(key)
        if code is None:
            path = self.program.home[entity].path
            made = Statements(self._expressions, path).expression(field.default, field.line)
            code = self._functions[key] = lambda _args: made({})
        return code([])
