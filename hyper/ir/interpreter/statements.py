"""Statements compiled to closures: blocks, loops and branches, and the line of each error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from hyper.ir import nodes
from hyper.ir.interpreter.values import EvaluationError, Value
from hyper.ir.weight import weight

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.expressions import Code, Expressions, Locals
    from hyper.ir.interpreter.watch import Watch

    Trace: TypeAlias = Callable[[str, int, Locals], None]
    """Told the file and line of a statement that is about to run, and the locals before it."""

    Step: TypeAlias = Callable[[Locals], Value]

GOES_ON: Final = object()
"""What a statement gives that is not a ``Return``."""


class Statements:
    """Compiles the statements of one file. ``path`` is where errors are placed."""

    def __init__(
        self,
        expressions: Expressions,
        path: str,
        trace: Trace | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._expressions = expressions
        self._machine = expressions.machine
        self.path = path
        self._trace = trace if watch is None else _told(watch, trace)
        self.watch = watch

    def expression(self, expr: nodes.Expr, line: int) -> Code:
        """An expression on a line of its own: paid for, and its errors placed."""
        code = self._expressions.compile(expr)
        machine, path, trace = self._machine, self.path, self._trace
        cost = weight(expr)

        def run(local: Locals) -> Value:
            try:
                machine.step(cost)
                if trace is not None:
                    trace(path, line, local)
                return code(local)
            except EvaluationError as error:
                if not error.line:
                    error.file, error.line = path, line
                raise

        return run

    def block(self, body: tuple[nodes.Stmt, ...]) -> Step:
        """Statements one after another, until one returns."""
        steps = [self._statement(stmt) for stmt in body]

        def run(local: Locals) -> Value:
            for step in steps:
                value = step(local)
                if value is not GOES_ON:
                    return value
            return GOES_ON

        return run

    def _statement(self, stmt: nodes.Stmt) -> Step:
        match stmt:
            case nodes.Return(value, line):
                return self.told(self.expression(value, line), line, "")
            case nodes.Let() | nodes.Assign():
                code = self.expression(stmt.value, stmt.line)
                return self._store(stmt.name, self.told(code, stmt.line, stmt.name))
            case nodes.For():
                return self._for(stmt)
            case nodes.If():
                return self._if(stmt)

    def told(self, code: Code, line: int, name: str) -> Code:
        """The same code, whose values the watch hears of under a name."""
        watch, path = self.watch, self.path
        if watch is None:
            return code

        def run(local: Locals) -> Value:
            value = code(local)
            watch.value(path, line, name, value)
            return value

        return run

    def _store(self, name: str, code: Code) -> Step:
        def run(local: Locals) -> Value:
            local[name] = code(local)
            return GOES_ON

        return run

    def _for(self, stmt: nodes.For) -> Step:
        source = self.expression(stmt.source, stmt.line)
        body, target = self.block(stmt.body), stmt.target
        machine, path, line = self._machine, self.path, stmt.line
        watch = self.watch

        def run(local: Locals) -> Value:
            for item in source(local):
                try:
                    machine.step(1)
                except EvaluationError as error:
                    error.file, error.line = path, line
                    raise
                local[target] = item
                if watch is not None:
                    watch.value(path, line, target, item)
                value = body(local)
                if value is not GOES_ON:
                    return value
            return GOES_ON

        return run

    def _if(self, stmt: nodes.If) -> Step:
        branches = [
            (self.expression(branch.condition, branch.line), self.block(branch.body))
            for branch in stmt.branches
        ]
        orelse = self.block(stmt.orelse)
        if self.watch is not None:
            return _watched_if(stmt, branches, orelse, self.path, self.watch)

        def run(local: Locals) -> Value:
            for condition, body in branches:
                if condition(local):
                    return body(local)
            return orelse(local)

        return run


def _told(watch: Watch, trace: Trace | None) -> Trace:
    def run(path: str, line: int, local: Locals) -> None:
        watch.at(path, line)
        if trace is not None:
            trace(path, line, local)

    return run


def _watched_if(
    stmt: nodes.If, branches: list[tuple[Code, Step]], orelse: Step, path: str, watch: Watch
) -> Step:
    def run(local: Locals) -> Value:
        for place, (condition, body) in enumerate(branches):
            if condition(local):
                watch.branch(path, stmt, place)
                return body(local)
        watch.branch(path, stmt, len(branches))
        return orelse(local)

    return run
