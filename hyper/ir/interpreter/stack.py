"""Room for deep evaluations.

Closures call closures, so an evaluation takes Python frames: at most so many a node on the longest path through the calls.
Programs do not recurse, so that this is known before. Where it is more than the stack has left, the evaluation runs
in a thread of its own with room enough, and past ``DEEPEST`` frames it is ``too_expensive``.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TypeVar

from hyper.ir import nodes
from hyper.ir.interpreter.values import EvaluationError
from hyper.ir.program import CalcDef
from hyper.ir.weight import definition_expressions, depth, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.ir.program import Def, Program

T = TypeVar("T")

DEEPEST = 400_000
"""Frames that an evaluation may need."""

_PER_NODE = 3
_PER_CALL = 20
_SHALLOW = 300
_STACK_BYTES = 512 * 1024 * 1024


def _nesting(definition: Def) -> int:
    """Frames of nested statements."""
    if not isinstance(definition, CalcDef):
        return 4
    deepest = 0
    stack = [(stmt, 1) for stmt in definition.body]
    while stack:
        stmt, level = stack.pop()
        deepest = max(deepest, level)
        if isinstance(stmt, nodes.For):
            stack.extend((inner, level + 1) for inner in stmt.body)
        elif isinstance(stmt, nodes.If):
            for branch in stmt.branches:
                stack.extend((inner, level + 1) for inner in branch.body)
            stack.extend((inner, level + 1) for inner in stmt.orelse)
    return 3 * deepest


class Depths:
    """How many frames the functions of a program need at most; each is worked out once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._own: dict[str, tuple[int, list[str]]] = {}
        self._whole: dict[str, int] = {}

    def _shape(self, name: str) -> tuple[int, list[str]]:
        """The frames of a function without its calls, and the functions that it calls."""
        if name not in self._own:
            definition = self._program.definitions[name]
            frames, calls = 0, dict[str, None]()
            for expr in definition_expressions(definition):
                frames = max(frames, depth(expr))
                calls.update(dict.fromkeys(_calls(expr)))
            own = _PER_NODE * frames + _nesting(definition) + _PER_CALL
            self._own[name] = (own, list(calls))
        return self._own[name]

    def of_function(self, name: str) -> int:
        """The frames of a function with its calls."""
        stack = [name]
        while stack:
            top = stack[-1]
            own, calls = self._shape(top)
            waiting = [call for call in calls if call not in self._whole]
            if waiting and top not in self._whole:
                if len(stack) > len(self._program.definitions):
                    raise RecursionError(top)
                stack.extend(waiting[:1])
                continue
            stack.pop()
            self._whole[top] = own + max((self._whole[call] for call in calls), default=0)
        return self._whole[name]

    def of_expression(self, expr: nodes.Expr) -> int:
        """The frames of one expression with its calls."""
        calls = [self.of_function(name) for name in _calls(expr)]
        return _PER_NODE * depth(expr) + _PER_CALL + max(calls, default=0)


def _calls(expr: nodes.Expr) -> Iterator[str]:
    return (node.function for node in walk(expr) if isinstance(node, nodes.Call))


def levels(definition: Def) -> int:
    """How deep statements and expressions nest in a function together."""
    deepest = max(map(depth, definition_expressions(definition)), default=0)
    return deepest + _nesting(definition)


def run_deep(action: Callable[[], T], frames: int) -> T:
    """Run ``action``, which needs at most so many Python frames."""
    if frames <= _SHALLOW:
        return action()
    if frames > DEEPEST:
        raise EvaluationError("too_expensive", "the calls and expressions nest too deeply")
    outcome: list[T] = []
    failure: list[BaseException] = []

    def target() -> None:
        try:
            outcome.append(action())
        except BaseException as error:  # noqa: BLE001  # it is raised again where it belongs
            failure.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(max(limit, frames + 1_000))
    try:
        thread = threading.Thread(target=target, name="hyper-evaluation")
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if failure:
        raise failure[0]
    return outcome[0]
