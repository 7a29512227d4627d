"""Constant folding: what depends on constants alone is evaluated once, by tier 0.

What fails stays as it is, so that it fails where and when it did. ``exp``, ``log``, ``log10`` and ``pow`` of floats may differ in
the last place between C libraries and stay too. Runs first: it makes the constants that later passes look for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.ir import nodes
from hyper.ir.interpreter.values import EvaluationError
from hyper.ir.passes.parts import map_expressions
from hyper.ir.rebuild import rewrite
from hyper.ir.weight import children
from hyper.lang.types import BOOL, FLOAT, Dec, Opt, Prim

if TYPE_CHECKING:
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.program import Def

_INEXACT: Final = frozenset({"exp", "log", "log10", "pow"})
_SCALARS: Final = frozenset({"bool", "int", "bigint", "float", "string"})
LONGEST: Final = 10_000
"""Characters that the text of a folded constant may have."""


def fold_constants(definition: Def, interpreter: Interpreter) -> Def:
    """The definition with its constant parts evaluated."""

    def fold(node: nodes.Expr) -> nodes.Expr:
        return _folded(node, interpreter)

    return map_expressions(definition, lambda expr: rewrite(expr, fold))


def truth(expr: nodes.Expr) -> bool | None:
    """What a constant condition is; ``None`` for any other expression."""
    if isinstance(expr, nodes.ConstRef):
        expr = expr.value
    if isinstance(expr, nodes.Const) and expr.type == BOOL:
        return expr.text == "true"
    return None


def _folded(node: nodes.Expr, interpreter: Interpreter) -> nodes.Expr:
    match node:
        case nodes.And(_, left, right):
            held = truth(left)
            return node if held is None else (right if held else left)
        case nodes.Or(_, left, right):
            held = truth(left)
            return node if held is None else (left if held else right)
        case nodes.Choose(_, condition, yes, no):
            held = truth(condition)
            return node if held is None else (yes if held else no)
        case nodes.Unary() | nodes.Binary() | nodes.IsNone() | nodes.Quantise() | nodes.Convert():
            return _evaluated(node, interpreter)
        case nodes.Builtin(kind, name, _):
            inexact = name in _INEXACT and kind == FLOAT
            return node if inexact else _evaluated(node, interpreter)
        case _:
            return node


def _evaluated(node: nodes.Expr, interpreter: Interpreter) -> nodes.Expr:
    """The value of a node whose operands are all constants, at its own scalar type."""
    operands = children(node)
    if not operands or not all(_is_scalar(operand) for operand in operands):
        return node
    if not isinstance(node.type, Dec) and not (
        isinstance(node.type, Prim) and node.type.name in _SCALARS
    ):
        return node
    try:
        value = interpreter.evaluate(node)
    except EvaluationError:
        return node
    made = interpreter.constant(value, node.type)
    short = isinstance(made, nodes.Const) and len(made.text) <= LONGEST
    return made if short else node


def _is_scalar(expr: nodes.Expr) -> bool:
    if isinstance(expr, nodes.ConstRef) and isinstance(expr.value, nodes.EnumConst):
        return True
    return isinstance(expr, nodes.Const | nodes.EnumConst) and not isinstance(expr.type, Opt)
