"""Operators: arithmetic, logic and ``??``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.literals import literal_items
from hyper.lang.check.narrow import facts_of
from hyper.lang.check.relations import (
    FLEX_INT,
    FLEX_NUM,
    FLEX_TEXT,
    describe,
    fits,
    is_flexible,
    join,
    join_numbers,
    number_kind,
    optional,
    waits,
    widened,
    without_none,
)
from hyper.lang.check.settle import adopted
from hyper.lang.types import (
    ANY_DECIMAL,
    BIGINT,
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    FLOAT,
    INT,
    NONE,
    STRING,
    UNKNOWN,
    ListOf,
    Opt,
    Type,
    Unknown,
)

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker

_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "//", "%"})
_TIME: Final[dict[tuple[str, Type, Type], Type]] = {
    ("-", DATETIME, DATETIME): DURATION,
    ("-", DATE, DATE): DURATION,
    ("+", DATETIME, DURATION): DATETIME,
    ("-", DATETIME, DURATION): DATETIME,
    ("+", DATE, DURATION): DATE,
    ("-", DATE, DURATION): DATE,
    ("+", DURATION, DURATION): DURATION,
    ("-", DURATION, DURATION): DURATION,
}


def infer_unary(checker: Checker, node: tree.Unary, hint: Type | None) -> Type:
    """``-x``, ``+x`` and ``not x``."""
    if node.op == "not":
        checker.condition(node.operand)
        return BOOL
    return _arithmetic(checker, node, hint)


def infer_binary(checker: Checker, node: tree.Binary, hint: Type | None) -> Type:
    """``and``, ``or``, ``??`` and arithmetic."""
    if node.op in _ARITHMETIC:
        return _arithmetic(checker, node, hint)
    if node.op == "??":
        return _coalesce(checker, node, hint)
    left = checker.condition(node.left)
    holds, fails = facts_of(checker, node.left)
    with checker.assuming(holds if node.op == "and" else fails):
        if not left and hint is not None and hint != BOOL:
            # `x or default` of other languages: the left side is reported.
            checker.value(node.right, hint)
            return UNKNOWN
        checker.condition(node.right)
    return BOOL


def _default_hint(left: Opt, hint: Type | None) -> Type:
    """What a default is expected to be: as the left side, or the wider number that both become."""
    wanted = None if hint is None else without_none(hint)
    if left.inner == INT and wanted == BIGINT:
        return BIGINT
    return left if is_flexible(left) else left.inner


def _coalesce(checker: Checker, node: tree.Binary, hint: Type | None) -> Type:
    left = checker.infer(node.left, hint)
    if isinstance(left, Unknown):
        checker.value(node.right, hint)
        return UNKNOWN
    if left == NONE:
        checker.report(
            "E0402", "the left side of `??` is always none: write the default alone", node.left
        )
        return checker.value(node.right, hint)
    if not isinstance(left, Opt):
        left = checker.settle(node.left, left, hint)
        checker.report(
            "W0401", "the left side of `??` is never none here: leave out the default", node
        )
        checker.value(node.right, left)
        return left
    right = checker.infer(node.right, _default_hint(left, hint))
    meet = join(left.inner, right, checker.world)
    if meet is None and hint is not None:
        wanted = without_none(hint)
        if fits(left.inner, wanted, checker.world) and fits(
            without_none(right), wanted, checker.world
        ):
            meet = wanted if not isinstance(right, Opt) else optional(wanted)
    if meet is None:
        checker.report(
            "E0401",
            f"the sides of `??` are {describe(left.inner)} and {describe(right)}: they must be of one type",
            node,
        )
        return UNKNOWN
    if waits(meet):
        return meet
    meet = optional(meet) if isinstance(right, Opt) or right == NONE else meet
    checker.bring(node.left, left, optional(meet))
    checker.bring(node.right, right, meet)
    return meet


# ---------------------------------------------------------------- arithmetic


def _strip(node: tree.Expr) -> tree.Expr:
    while isinstance(node, tree.Paren):
        node = node.inner
    return node


def _leaves(node: tree.Expr, found: list[tree.Expr]) -> None:
    """Collect the operands of a tree of arithmetic, in order."""
    inner = _strip(node)
    if isinstance(inner, tree.Binary) and inner.op in _ARITHMETIC:
        _leaves(inner.left, found)
        _leaves(inner.right, found)
    elif isinstance(inner, tree.Unary) and inner.op in "+-":
        _leaves(inner.operand, found)
    else:
        found.append(node)


def _arithmetic(checker: Checker, node: tree.Binary | tree.Unary, hint: Type | None) -> Type:
    """Type a tree of arithmetic: its operands once, from the left, then its operators from the inside.

    The widest number among the operands, else the expected one, is what its literals become.
    """
    leaves: list[tree.Expr] = []
    _leaves(node, leaves)
    _mark_negated(checker, node)
    wanted = without_none(hint) if hint is not None else None
    guide = wanted if isinstance(wanted, ListOf) else None
    kinds = [checker.infer(leaf, guide) for leaf in leaves]
    widest = _widest(kinds, wanted)
    if widest == ANY_DECIMAL:
        for leaf, kind in zip(leaves, kinds, strict=True):
            if kind == FLOAT:
                # It may be float for its literals only, as in ``if c then n else 0.5``.
                checker.infer(leaf, ANY_DECIMAL)
    kind = _combine(checker, node, widest)
    target = adopted(kind, wanted, checker.world)
    if not waits(kind) or waits(target):
        return kind
    for leaf in leaves:
        checker.infer(leaf, target)
    return _combine(checker, node, widest)


def _mark_negated(checker: Checker, node: tree.Expr) -> None:
    inner = _strip(node)
    if isinstance(inner, tree.Binary) and inner.op in _ARITHMETIC:
        _mark_negated(checker, inner.left)
        _mark_negated(checker, inner.right)
    elif isinstance(inner, tree.Unary):
        operand = _strip(inner.operand)
        if inner.op == "-" and isinstance(operand, tree.IntLit):
            checker.negated.add(operand)
        _mark_negated(checker, inner.operand)


def _widest(kinds: list[Type], hint: Type | None) -> Type | None:
    names = {number_kind(without_none(kind)) for kind in kinds}
    for name, kind in (("decimal", ANY_DECIMAL), ("float", FLOAT), ("bigint", BIGINT)):
        if name in names:
            return kind
    expected = number_kind(hint) if hint is not None else None
    if expected == "decimal":
        return ANY_DECIMAL
    if expected in ("float", "bigint"):
        return hint
    return None


def _combine(checker: Checker, node: tree.Expr, widest: Type | None) -> Type:
    inner = _strip(node)
    checker.typing.coerced.pop(inner, None)
    checker.typing.coerced.pop(node, None)
    if isinstance(inner, tree.Binary) and inner.op in _ARITHMETIC:
        left = _combine(checker, inner.left, widest)
        right = _combine(checker, inner.right, widest)
        kind = _binary(checker, inner, left, right, widest)
    elif isinstance(inner, tree.Unary) and inner.op in "+-":
        kind = _signed(checker, inner, _combine(checker, inner.operand, widest))
    else:
        return checker.typing.types[node]
    while True:
        checker.typing.types[node] = kind
        if not isinstance(node, tree.Paren):
            return kind
        node = node.inner


def _signed(checker: Checker, node: tree.Unary, kind: Type) -> Type:
    kind = widened(checker.known(node.operand, kind))
    if isinstance(kind, Unknown) or number_kind(kind) or (kind == DURATION and node.op == "-"):
        return kind
    checker.report("E0402", f"`{node.op}` does not go with {describe(kind)}", node)
    return UNKNOWN


def _binary(
    checker: Checker, node: tree.Binary, left: Type, right: Type, widest: Type | None
) -> Type:
    left = widened(checker.known(node.left, left))
    right = widened(checker.known(node.right, right))
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return _despite_unknown(checker, node, left, right)
    if number_kind(left) and number_kind(right):
        return _numbers(checker, node, left, right, widest)
    if node.op == "+":
        texts = (STRING, FLEX_TEXT)
        meet = join(left, right, checker.world)
        if meet is not None and (meet in texts or isinstance(meet, ListOf)):
            return _same(checker, node, left, right, meet)
        if (
            {left, right} & {STRING, FLEX_TEXT}
            and fits(left, STRING, checker.world)
            and fits(right, STRING, checker.world)
        ):
            return _same(checker, node, left, right, STRING)
    result = _TIME.get((node.op, left, right))
    if result is not None:
        checker.typing.operands[node] = UNKNOWN
        return result
    _report_operator(checker, node, left, right)
    return UNKNOWN


def _despite_unknown(checker: Checker, node: tree.Binary, left: Type, right: Type) -> Type:
    """Settle the other side of what has an error already."""
    for child, kind in ((node.left, left), (node.right, right)):
        if is_flexible(kind):
            checker.settle(child, kind, None)
    return UNKNOWN


def _same(checker: Checker, node: tree.Binary, left: Type, right: Type, meet: Type) -> Type:
    if waits(meet):
        return meet
    checker.bring(node.left, left, meet)
    checker.bring(node.right, right, meet)
    checker.typing.operands[node] = meet
    return meet


def _numbers(
    checker: Checker, node: tree.Binary, left: Type, right: Type, widest: Type | None
) -> Type:
    meet = _meeting(node.op, left, right, widest)
    if meet is None:
        _report_numbers(checker, node, left, right)
        return UNKNOWN
    if is_flexible(meet):
        return FLEX_NUM if node.op == "/" else meet
    checker.bring(node.left, left, meet)
    checker.bring(node.right, right, meet)
    checker.typing.operands[node] = meet
    return FLOAT if node.op == "/" and meet in (INT, BIGINT) else meet


def _meeting(op: str, left: Type, right: Type, widest: Type | None) -> Type | None:
    """The type at which an operator works on two numbers."""
    meet = join_numbers(left, right)
    if meet is None:
        return None
    flexible = is_flexible(left) or is_flexible(right)
    if not flexible:
        return ANY_DECIMAL if number_kind(meet) == "decimal" else meet
    if is_flexible(meet):
        if widest is None or (widest == BIGINT and meet == FLEX_NUM):
            return meet
        return widest
    if widest == BIGINT and meet == INT:
        return BIGINT
    if widest == ANY_DECIMAL and op == "/" and meet == INT:
        return ANY_DECIMAL
    return ANY_DECIMAL if number_kind(meet) == "decimal" else meet


def _report_numbers(checker: Checker, node: tree.Binary, left: Type, right: Type) -> None:
    kinds = {number_kind(left), number_kind(right)}
    if "bigint" in kinds:
        other = right if number_kind(left) == "bigint" else left
        name = describe(other) if number_kind(other) == "float" else "decimal"
        name = "float" if other == FLEX_NUM else name
        checker.report("E0403", f"bigint with {name}: write `{name}(…)` around the bigint", node)
        return
    message = (
        "float with decimal: write `decimal(…)` around the float, or `float(…)` around the decimal"
    )
    checker.report("E0403", literal_items(checker, node) or message, node)


def _report_operator(checker: Checker, node: tree.Binary, left: Type, right: Type) -> None:
    hint = ""
    if node.op == "+" and {left, right} & {STRING, FLEX_TEXT}:
        other = right if left in (STRING, FLEX_TEXT) else left
        if not isinstance(other, ListOf):
            hint = f": write `string(…)` around the {describe(other)}"
    elif FLEX_INT in (left, right) and {left, right} & {DATE, DATETIME, DURATION}:
        hint = ": say of what, as in `days(…)` or `hours(…)`"
    checker.report(
        "E0402",
        f"`{node.op}` does not go with {describe(left)} and {describe(right)}{hint}",
        node,
    )
