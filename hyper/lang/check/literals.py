"""Literals: they take the type of where they stand."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.relations import (
    FLEX_INT,
    FLEX_NUM,
    FLEX_TEXT,
    describe,
    normal,
    number_kind,
    variants_of,
    without_none,
)
from hyper.lang.check.settle import adopted
from hyper.lang.check.texts import canonical, example
from hyper.lang.check.walk import expressions
from hyper.lang.types import ANY_DECIMAL, BOOL, NONE, Lit, Prim, Type, Union

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
MAX_DIGITS: Final = 28
_MAX_EXPONENT: Final = 400


def infer_int(checker: Checker, node: tree.IntLit, hint: Type | None) -> Type:
    """A whole number: int, float, decimal or bigint."""
    value = -node.value if node in checker.negated else node.value
    literal = _literal_type(value, hint, checker)
    if literal is not None:
        return literal
    kind = adopted(FLEX_INT, hint, checker.world)
    check_number(checker, node, value, kind)
    return kind


def infer_number(checker: Checker, node: tree.NumLit, hint: Type | None) -> Type:
    """A number with a point or an exponent: float or decimal."""
    kind = adopted(FLEX_NUM, hint, checker.world)
    check_number(checker, node, node.value, kind)
    return kind


def infer_text(checker: Checker, node: tree.StrLit, hint: Type | None) -> Type:
    """A string, or what else a text may stand for."""
    literal = _literal_type(node.value, hint, checker)
    if literal is not None:
        return literal
    kind = adopted(FLEX_TEXT, hint, checker.world)
    if isinstance(kind, Prim):
        check_text(checker, node, node.value, kind)
    return kind


def infer_bool(checker: Checker, node: tree.BoolLit, hint: Type | None) -> Type:
    """``true`` or ``false``."""
    return _literal_type(node.value, hint, checker) or BOOL


def infer_none(_checker: Checker, _node: tree.NoneLit, _hint: Type | None) -> Type:
    """``none``."""
    return NONE


def _literal_type(value: str | int | bool, hint: Type | None, checker: Checker) -> Type | None:
    """The literal type that is expected, where the literal is its value."""
    if hint is None:
        return None
    hint = without_none(normal(hint, checker.world))
    candidates = variants_of(hint, checker.world) if isinstance(hint, Union) else [hint]
    for kind in candidates:
        if isinstance(kind, Lit) and type(kind.value) is type(value) and kind.value == value:
            return kind
    return None


def check_number(checker: Checker, node: tree.Node, value: object, kind: Type) -> None:
    """Report a number that its type cannot hold."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return
    name = number_kind(kind)
    if name == "int" and isinstance(value, int) and not INT_MIN <= value <= INT_MAX:
        checker.report(
            "E0404",
            f"{_short(value)} is outside of int (64 bits): use a bigint, a float or a decimal",
            node,
        )
    elif kind == ANY_DECIMAL and _digits(value) > MAX_DIGITS:
        checker.report(
            "E0404", f"{_short(value)} has more than {MAX_DIGITS} digits: no decimal holds it", node
        )
    elif name == "float" and _too_large(value):
        checker.report("E0404", f"{_short(value)} is too large for a float", node)


def _short(value: int | Decimal) -> str:
    text = str(value) if not isinstance(value, int) or value.bit_length() < 400 else "the number"
    return text if len(text) <= 44 else f"{text[:40]}…"


def _digits(value: int | Decimal) -> int:
    if isinstance(value, int):
        if value.bit_length() > 128:
            return MAX_DIGITS + 1
        return len(str(abs(value)).rstrip("0"))
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > _MAX_EXPONENT:
        return MAX_DIGITS + 1
    return len("".join(map(str, digits)).strip("0"))


def _too_large(value: int | Decimal) -> bool:
    try:
        number = float(value)
    except OverflowError:
        return True
    return number in (float("inf"), float("-inf"))


def check_text(checker: Checker, node: tree.Node, value: str, kind: Prim) -> None:
    """Report a text that is no value of the type that it stands for."""
    if kind.name in ("#text", "string") or canonical(kind.name, value) is not None:
        return
    if _is_shaped(kind.name, value):
        checker.report("E0415", f"there is no such {_NAMES[kind.name]} as {value}", node)
        return
    checker.report(
        "E0415",
        f'this text is not a {describe(kind)}: write one as in "{example(kind.name)}"',
        node,
    )


_SHAPES: Final = {
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?"),
    "datetime": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[-+][0-9]{2}:[0-9]{2})"
    ),
}
_NAMES: Final = {"date": "day", "time": "time of day", "datetime": "day or time of day"}


def _is_shaped(name: str, value: str) -> bool:
    """Whether a text has the form of its type, so that only its numbers are wrong."""
    shape = _SHAPES.get(name)
    return shape is not None and shape.fullmatch(value) is not None


def literal_items(checker: Checker, node: tree.Expr) -> str | None:
    """What to say where floats of a list that stands after ``for`` meet decimals: nothing tells the list its type there."""
    for item in expressions(node):
        source = item.source if isinstance(item, tree.Comprehension) else None
        if isinstance(item, tree.Name):
            source = checker.loop_sources.get(item.name)
        while isinstance(source, tree.Paren):
            source = source.inner
        if isinstance(source, tree.ListLit) and source.items:
            text = checker.unit.source.text[source.start : source.end]
            shown = text if len(text) <= 40 and "\n" not in text else "[…]"
            return (
                f"the items of `{shown}` are float here: name the list with its type first, as in"
                f" `let items: list[decimal(10, 2)] = {shown}`"
            )
    return None
