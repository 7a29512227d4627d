"""Statements of a numeric function: which variables have which kind on every way, and where it ends."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hyper.jit.numeric.expressions import Expressions, Variables
from hyper.jit.numeric.source import NotNumericError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.jit.numeric.expressions import Context
    from hyper.jit.numeric.source import Kind, Source
    from hyper.jit.numeric.writing import Writer

_RANGE: Final = 1 << 62
_MOST_ROUNDS: Final = 16


class _Loop:
    """A loop that is being written: the variables where it is left, and where it begins again."""

    def __init__(self) -> None:
        self.left: list[Variables] = []
        self.again: list[Variables] = []


class Statements:
    """The body of one function. ``result`` is the kind of what it gives, as soon as that is known."""

    def __init__(self, context: Context, source: Source, writer: Writer) -> None:
        self.result: Kind | None = None
        self.expressions = Expressions(context, source, writer)
        self._context = context
        self._source = source
        self._out = writer
        self._loops: list[_Loop] = []
        self._ends = False

    def function(self, body: Sequence[ast.stmt]) -> None:
        """Write it. Raises ``NotNumericError``."""
        self._block(body)
        if not self._ends:
            raise NotNumericError("it may end without a value", body[-1].lineno)

    def _block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if self._ends:
                return
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(value=ast.Call() as call):
                self.expressions.value(call)
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._set(name, value)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
                read = ast.copy_location(ast.Name(name, ast.Load()), target)
                self._set(name, ast.copy_location(ast.BinOp(read, operator, value), node))
            case ast.If():
                self._if(node)
            case ast.For() if not node.orelse:
                self._for(node)
            case ast.While() if not node.orelse:
                self._while(node)
            case ast.Break():
                self._loops[-1].left.append(dict(self.expressions.variables))
                self._out.line("break")
                self._ends = True
            case ast.Continue():
                self._loops[-1].again.append(dict(self.expressions.variables))
                self._out.line("continue")
                self._ends = True
            case ast.Return(value=ast.expr() as value):
                self._return(value)
            case ast.Raise():
                self._leave(node.lineno, "an exception")
            case ast.Assert(test=test):
                holds = self.expressions.condition(test).text
                self.expressions.arithmetic.check(f"not {holds}", node.lineno, "an assertion")
            case _:
                what = type(node).__name__.lower()
                raise NotNumericError(f"a statement of the kind {what}", node.lineno)

    def _leave(self, line: int, reason: str) -> None:
        site = self._context.site(self._source, line, reason)
        self._out.line(f"return {site}, ?")
        self._ends = True

    def _return(self, node: ast.expr) -> None:
        value = self.expressions.value(node)
        if self.result not in {None, value.kind}:
            kinds = f"{self.result} and {value.kind}"
            raise NotNumericError(f"results of two kinds, {kinds}", node.lineno)
        self.result = value.kind
        self._out.line(f"return 0, {value.text}")
        self._ends = True

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            self._set(targets[0].id, value)
            return
        match targets:
            case [ast.Tuple(elts=names)] if isinstance(value, ast.Tuple):
                if len(names) == len(value.elts) and all(
                    isinstance(name, ast.Name) for name in names
                ):
                    self._set_all([each.id for each in names if isinstance(each, ast.Name)], value)
                    return
        raise NotNumericError("an assignment to more than names", value.lineno)

    def _set_all(self, names: Sequence[str], value: ast.Tuple) -> None:
        """All values are known before the first name is set."""
        values = [self.expressions.value(each) for each in value.elts]
        kept = [self._out.put(each.text, each.kind) for each in values]
        for name, each in zip(names, kept, strict=True):
            self.let(name, each.text, each.kind)

    def _set(self, name: str, node: ast.expr) -> None:
        value = self.expressions.value(node)
        self.let(name, value.text, value.kind)

    def let(self, name: str, text: str, kind: Kind) -> None:
        """A variable has a value from here on."""
        self._out.line(f"v_{kind}_{name} = {text}")
        self.expressions.variables[name] = kind

    def _if(self, node: ast.If) -> None:
        test = self.expressions.condition(node.test).text
        before = dict(self.expressions.variables)
        ways: list[Variables] = []
        for head, body in ((f"if {test}:", node.body), ("else:", node.orelse)):
            self.expressions.variables = dict(before)
            with self._out.block(head):
                self._block(body)
            if not self._ends:
                ways.append(self.expressions.variables)
            self._ends = False
        self._ends = not ways
        self.expressions.variables = _joined(ways) if ways else before

    def _while(self, node: ast.While) -> None:
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)

        def once() -> Variables:
            with self._out.block("while True:"):
                after: Variables = {}
                if not endless:
                    test = self.expressions.condition(node.test).text
                    after = dict(self.expressions.variables)
                    self._out.line(f"if not {test}: break")
                self._block(node.body)
            return after

        self._loop(once, falls_through=not endless)

    def _for(self, node: ast.For) -> None:
        match node:
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=args, keywords=[]),
            ) if 1 <= len(args) <= 3:
                bounds = self._range(args, node.lineno)
            case _:
                raise NotNumericError("a loop over other than a range", node.lineno)
        index = self._out.new()

        def once() -> Variables:
            after = dict(self.expressions.variables)
            with self._out.block(f"for {index} in range({bounds}):"):
                self.let(name, index, "int")
                self._block(node.body)
            return after

        self._loop(once, falls_through=True)

    def _range(self, args: Sequence[ast.expr], line: int) -> str:
        arithmetic = self.expressions.arithmetic
        texts = []
        for place, arg in enumerate(args):
            value = arithmetic.to_int(self.expressions.value(arg))
            if value.kind != "int":
                raise NotNumericError("a range of floats", line)
            if value.known is None or not 0 < abs(value.known) < _RANGE:
                value = self._out.put(value.text, "int")
                outside = f"not (-{_RANGE} < {value.text} < {_RANGE})"
                arithmetic.check(outside, line, "a range beyond 62 bits")
                if place == 2:
                    arithmetic.check(f"{value.text} == 0", line, "a range with a step of 0")
            texts.append(value.text)
        return ", ".join(texts)

    def _loop(self, once: Callable[[], Variables], *, falls_through: bool) -> None:
        """Write a loop again until the variables at its begin are those of all ways that lead there."""
        start = dict(self.expressions.variables)
        for _ in range(_MOST_ROUNDS):
            mark = len(self._out.lines)
            loop = _Loop()
            self._loops.append(loop)
            self.expressions.variables = dict(start)
            after = once()
            self._loops.pop()
            if not self._ends:
                loop.again.append(self.expressions.variables)
            self._ends = False
            joined = _joined([start, *loop.again])
            if joined == start:
                # The way past the last round has what every begin of a round has.
                left = [*loop.left, *([after] if falls_through else [])]
                self._ends = not left
                self.expressions.variables = _joined(left) if left else start
                return
            del self._out.lines[mark:]
            start = joined
        raise AssertionError("each round has fewer variables of one kind")


def _joined(ways: Sequence[Variables]) -> Variables:
    """What is known where ways meet."""
    first, *others = ways
    return {
        name: kind if all(other[name] == kind for other in others) else None
        for name, kind in first.items()
        if all(name in other for other in others)
    }
