"""Comparisons: chains of ``== != < <= > >= in`` and ``is none``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.lang import tree
from hyper.lang.check.names import looks_like_member
from hyper.lang.check.narrow import facts_of
from hyper.lang.check.relations import (
    FLEX_INT,
    FLEX_NUM,
    FLEX_TEXT,
    describe,
    fits,
    is_flexible,
    is_ordered,
    join,
    natural,
    number_kind,
    waits,
    widened,
    without_none,
)
from hyper.lang.types import (
    ANY,
    ANY_DECIMAL,
    BOOL,
    FLOAT,
    INT,
    NONE,
    STRING,
    UNKNOWN,
    Dec,
    Enum,
    ListOf,
    MapOf,
    Opt,
    Type,
    Unknown,
)

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker

_EXACT: Final = frozenset({INT, FLOAT})


def infer_compare(checker: Checker, node: tree.Compare, _hint: Type | None) -> Type:
    """A chain of comparisons. Each link is typed with its two sides; the middle is evaluated once."""
    operands = [node.first, *node.rest]
    kinds = [_first(checker, node)]
    for op, operand in zip(node.ops, node.rest, strict=True):
        kinds.append(_right(checker, op, kinds[-1], operand))
    if len(node.ops) > 1 and any(isinstance(without_none(kind), Dec) for kind in kinds):
        for place, kind in enumerate(kinds):
            if kind in (FLEX_INT, FLEX_NUM):  # a literal of a chain with decimals is one
                kinds[place] = checker.settle(operands[place], kind, ANY_DECIMAL)
    pairs: list[Type | None] = []
    for place, op in enumerate(node.ops):
        left, right = operands[place], operands[place + 1]
        left_side = Side(left, checker.typing.types[left])
        pairs.append(_link(checker, op, left_side, Side(right, kinds[place + 1])))
    checker.typing.pairs[node] = pairs
    return BOOL


def _first(checker: Checker, node: tree.Compare) -> Type:
    """Type the first operand; a bare member takes its enum from the second."""
    if looks_like_member(checker, node.first) and not looks_like_member(checker, node.rest[0]):
        other = checker.infer(node.rest[0])
        hint = (
            other.item if node.ops[0] in ("in", "not in") and isinstance(other, ListOf) else other
        )
        return checker.infer(node.first, hint)
    return checker.infer(node.first)


def _right(checker: Checker, op: str, left: Type, right: tree.Expr) -> Type:
    hint: Type | None = without_none(left) if left != NONE else None
    if op in ("in", "not in") and hint is not None:
        hint = ListOf(hint)
    if hint is not None and isinstance(hint, Unknown):
        hint = None
    return checker.infer(right, hint)


class Side(NamedTuple):
    """An operand of a comparison with its type."""

    node: tree.Expr
    type: Type


def _link(checker: Checker, op: str, left_side: Side, right_side: Side) -> Type | None:
    left, lk = left_side
    right, rk = right_side
    if op in ("is", "is not"):
        if rk != NONE and not isinstance(rk, Unknown):
            checker.report("E0402", f"`{op}` stands before `none` only: write `==`", right)
        _settled_alone(checker, left, lk)
        return None
    if op in ("in", "not in"):
        return _membership(checker, left, right, lk, rk)
    if op in ("==", "!="):
        return _equality(checker, op, left_side, right_side)
    return _order(checker, op, left_side, right_side)


def _settled_alone(checker: Checker, node: tree.Expr, kind: Type) -> None:
    if is_flexible(kind):
        checker.settle(node, kind, None)


def _bring(checker: Checker, node: tree.Expr, kind: Type, pair: Type) -> None:
    if is_flexible(kind):
        checker.settle(node, kind, pair)


def _meet(checker: Checker, left: tree.Expr, right: tree.Expr, lk: Type, rk: Type) -> Type | None:
    """The type at which two sides are compared; ``None`` where there is none."""
    meet = join(widened(lk), widened(rk), checker.world)
    if meet is None:
        return None
    if number_kind(meet) == "decimal":
        meet = ANY_DECIMAL
    if is_flexible(meet):
        meet = natural(meet)
    _bring(checker, left, lk, meet)
    _bring(checker, right, rk, meet)
    return meet


def _equality(checker: Checker, op: str, left_side: Side, right_side: Side) -> Type | None:
    left, lk = left_side
    right, rk = right_side
    if NONE in (lk, rk):
        _settled_alone(checker, left, lk)
        _settled_alone(checker, right, rk)
        return None
    if isinstance(lk, Unknown) or isinstance(rk, Unknown):
        _settled_alone(checker, left, lk)
        _settled_alone(checker, right, rk)
        return UNKNOWN
    if _is_exact(checker, left_side, right_side):
        return None
    meet = _meet(checker, left, right, lk, rk)
    if meet is None:
        _report_pair(checker, op, Side(left, lk), Side(right, rk))
    return meet


def _is_exact(checker: Checker, left: Side, right: Side) -> bool:
    """Whether an int meets a float: they are compared as they are."""
    kinds: list[Type] = []
    for node, kind in (left, right):
        inner = without_none(kind)
        is_literal = inner == FLEX_NUM
        other = right.type if node is left.node else left.type
        if is_literal and without_none(other) == INT:
            inner = without_none(checker.settle(node, kind, FLOAT))
        kinds.append(inner)
    return set(kinds) == _EXACT


def _order(checker: Checker, op: str, left_side: Side, right_side: Side) -> Type | None:
    left, lk = left_side
    right, rk = right_side
    lk, rk = checker.known(left, lk), checker.known(right, rk)
    if isinstance(lk, Unknown) or isinstance(rk, Unknown):
        _settled_alone(checker, left, lk)
        _settled_alone(checker, right, rk)
        return UNKNOWN
    for node, kind in ((left, lk), (right, rk)):
        if not is_ordered(kind):
            checker.report("E0402", f"`{op}` does not go with {describe(kind)}", node)
            return UNKNOWN
    if _is_exact(checker, left_side, right_side):
        return None
    meet = _meet(checker, left, right, lk, rk)
    if meet is None:
        _report_pair(checker, op, Side(left, lk), Side(right, rk))
    return meet


def _report_pair(checker: Checker, op: str, left_side: Side, right_side: Side) -> None:
    left, lk = left_side
    right, rk = right_side
    kinds = {number_kind(without_none(lk)), number_kind(without_none(rk))}
    whole = tree.BadExpr(left.start, right.end)
    if {"float", "decimal"} <= kinds:
        checker.report(
            "E0403",
            "float with decimal: write `decimal(…)` around the float, or `float(…)` around the decimal",
            whole,
        )
        return
    hint = ""
    texts = (STRING, FLEX_TEXT)
    if isinstance(without_none(lk), Enum) and without_none(rk) in texts:
        hint = ": name a member of the enum"
    checker.report(
        "E0402",
        f"`{op}` compares values of one type, not {describe(lk)} and {describe(rk)}{hint}",
        whole,
    )


def _membership(
    checker: Checker, left: tree.Expr, right: tree.Expr, lk: Type, rk: Type
) -> Type | None:
    rk = checker.known(right, rk)
    if isinstance(rk, Unknown) or isinstance(lk, Unknown):
        _settled_alone(checker, left, lk)
        _settled_alone(checker, right, rk)
        return UNKNOWN
    if isinstance(rk, ListOf):
        return _in_list(checker, left, right, lk, rk)
    lk = checker.known(left, lk)
    if isinstance(rk, MapOf) or rk in (STRING, FLEX_TEXT):
        if not isinstance(lk, Unknown) and not fits(lk, STRING, checker.world):
            what = "a key" if isinstance(rk, MapOf) else "a part of a string"
            checker.report("E0402", f"{what} is a string, not {describe(lk)}", left)
            return UNKNOWN
        _bring(checker, left, lk, STRING)
        _settled_alone(checker, right, rk)
        return STRING
    checker.report(
        "E0402", f"`in` looks into a list, a map or a string, not into {describe(rk)}", right
    )
    return UNKNOWN


def _in_list(
    checker: Checker, left: tree.Expr, right: tree.Expr, lk: Type, rk: ListOf
) -> Type | None:
    if not isinstance(rk.item, Opt):
        lk = checker.known(left, lk)
    if isinstance(lk, Unknown):
        _settled_alone(checker, right, rk)
        return UNKNOWN
    if is_flexible(rk):
        meet = join(rk.item, widened(lk), checker.world)
        settled = checker.settle(right, rk, None if meet is None else ListOf(meet))
        rk = settled if isinstance(settled, ListOf) else rk
    if is_flexible(lk):
        lk = checker.settle(left, lk, rk.item)
    item = widened(rk.item)
    if {lk, item} == _EXACT or lk == item:
        return None
    if isinstance(item, Dec) and number_kind(lk) in ("int", "decimal"):
        return ANY_DECIMAL
    if fits(lk, item, checker.world):
        return item
    if item == ANY:
        return ANY
    _report_pair(checker, "in", Side(left, lk), Side(right, rk))
    return UNKNOWN


def infer_conditional(checker: Checker, node: tree.Conditional, hint: Type | None) -> Type:
    """``if c then a else b``: both branches become one type."""
    checker.condition(node.condition)
    holds, fails = facts_of(checker, node.condition)
    yes_hint, no_hint = hint, hint
    if hint is None and looks_like_member(checker, node.yes):
        with checker.assuming(fails):
            yes_hint = checker.infer(node.no)
    with checker.assuming(holds):
        yes = checker.infer(node.yes, yes_hint)
    if hint is None:
        no_hint = yes
    with checker.assuming(fails):
        no = checker.infer(node.no, no_hint)
    meet = join(yes, no, checker.world)
    if meet is None:
        if hint is None or not (fits(yes, hint, checker.world) and fits(no, hint, checker.world)):
            checker.report(
                "E0401",
                f"the branches give {describe(yes)} and {describe(no)}: they must be of one type",
                node,
            )
            return UNKNOWN
        meet = hint
    if waits(meet):
        return meet
    for branch, kind, facts in ((node.yes, yes, holds), (node.no, no, fails)):
        with checker.assuming(facts):
            checker.bring(branch, kind, meet)
    return meet


def check_conditional(checker: Checker, node: tree.Conditional, expected: Type) -> bool | None:
    """A conditional whose branches are lists, maps or records takes its expected type into both."""
    if number_kind(without_none(expected)) is not None:
        return None
    checker.condition(node.condition)
    holds, fails = facts_of(checker, node.condition)
    with checker.assuming(holds):
        yes = checker.check(node.yes, expected)
    with checker.assuming(fails):
        no = checker.check(node.no, expected)
    return yes and no
