"""Exact values of constant expressions, without a type: ``0.1 + 0.2`` is three tenths.

A number is an ``int`` or a ``Fraction``; texts, bools, none, lists and maps are themselves; a member of an
enum is a ``MemberRef``. What needs a call to be known has no exact value here (``NotExact``).
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from hyper.lang import tree
from hyper.lang.check.literals import check_number, check_text
from hyper.lang.check.relations import number_kind, without_none
from hyper.lang.check.typed import BuiltinRef, ConstRef, MemberRef
from hyper.lang.types import ListOf, MapOf, Prim, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.check.checker import Checker
    from hyper.lang.check.typed import ConstFacts, Typing

_MAX_BITS: Final = 4000
_MAX_EXPONENT: Final = 400


class NotExact(Exception):  # noqa: N818 - says that the value is not known, which is no error
    """The value of an expression is not known without running something."""


class Failing(Exception):  # noqa: N818 - carries the code of an evaluation error
    """The evaluation of a constant fails: ``code`` says how."""

    def __init__(self, code: str, node: tree.Node) -> None:
        super().__init__(code)
        self.code = code
        self.node = node


class ExactEvaluator:
    """Evaluates expressions that were typed already."""

    def __init__(self, typing: Typing, consts: Callable[[str], ConstFacts | None]) -> None:
        self.typing = typing
        self.consts = consts

    def value(self, node: tree.Expr) -> Any:
        """The exact value of an expression.

        Raises ``NotExact`` where something must run first, ``Failing`` where the evaluation fails.
        """
        match node:
            case tree.IntLit() | tree.StrLit() | tree.BoolLit():
                return node.value
            case tree.NumLit():
                return _fraction(node.value)
            case tree.NoneLit():
                return None
            case tree.Paren():
                return self.value(node.inner)
            case tree.Name() | tree.Attr():
                return self._name(node)
            case tree.ListLit():
                return [self.value(item) for item in node.items]
            case tree.MapLit():
                return self._map(node)
            case tree.Unary():
                return self._unary(node)
            case tree.Binary():
                return self._binary(node)
            case tree.Call():
                return self._call(node)
        raise NotExact

    def _name(self, node: tree.Expr) -> Any:
        ref = self.typing.refs.get(node)
        if isinstance(ref, MemberRef):
            return ref
        if isinstance(ref, ConstRef):
            facts = self.consts(ref.name)
            if facts is not None and facts.exact:
                return facts.value
        raise NotExact

    def _map(self, node: tree.MapLit) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for entry in node.entries:
            key = self.value(entry.key)
            if not isinstance(key, str):
                raise NotExact
            entries[key] = self.value(entry.value)
        return entries

    def _unary(self, node: tree.Unary) -> Any:
        value = self.value(node.operand)
        if node.op in "+-" and _is_number(value):
            return -value if node.op == "-" else value
        raise NotExact

    def _binary(self, node: tree.Binary) -> Any:
        if number_kind(self.typing.types.get(node, Prim("string"))) not in ("#int", "#number"):
            raise NotExact
        left, right = self.value(node.left), self.value(node.right)
        if not (_is_number(left) and _is_number(right)):
            raise NotExact
        if node.op in ("/", "//", "%") and right == 0:
            raise Failing("division_by_zero", node)
        match node.op:
            case "+":
                return _sized(left + right, node)
            case "-":
                return _sized(left - right, node)
            case "*":
                return _sized(left * right, node)
            case "/":
                return _sized(Fraction(left) / Fraction(right), node)
            case "//":
                return left // right
            case "%":
                return left % right
        raise NotExact

    def _call(self, node: tree.Call) -> Any:
        """``date("2024-01-31")`` and ``decimal(0.1)`` are as exact as their literal."""
        ref = self.typing.refs.get(node)
        if isinstance(ref, BuiltinRef) and ref.form == "conversion" and len(node.args) == 1:
            argument = node.args[0].value
            if self.typing.types.get(argument) == ref.signature.returns:
                return self.value(argument)
        raise NotExact


def _is_number(value: object) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def _sized(value: int | Fraction, node: tree.Node) -> int | Fraction:
    """Keep a number to a size that costs nothing to compute with."""
    top = value if isinstance(value, int) else max(abs(value.numerator), value.denominator)
    if top.bit_length() > _MAX_BITS:
        raise Failing("too_expensive", node)
    return value


def _fraction(value: Decimal) -> Fraction:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MAX_EXPONENT:
        raise NotExact
    return Fraction(value)


def as_decimal(value: int | Fraction) -> Decimal:
    """A number as a decimal: exact where its digits end, else at precision 28, half-even."""
    if isinstance(value, int):
        return Decimal(value)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    wide = Context(prec=_MAX_BITS if rest == 1 else 28)
    return wide.divide(Decimal(value.numerator), Decimal(value.denominator))


def check_exact(checker: Checker, node: tree.Node, value: object, kind: Type) -> None:
    """Report the parts of a const's value that the type of a use cannot hold."""
    kind = without_none(kind)
    if isinstance(value, list) and isinstance(kind, ListOf):
        for item in value:
            check_exact(checker, node, item, kind.item)
    elif isinstance(value, dict) and isinstance(kind, MapOf):
        for item in value.values():
            check_exact(checker, node, item, kind.value)
    elif isinstance(value, str) and isinstance(kind, Prim):
        check_text(checker, node, value, kind)
    elif isinstance(value, Fraction):
        if value.denominator != 1 or number_kind(kind) != "int":
            check_number(checker, node, as_decimal(value), kind)
    elif isinstance(value, int):
        check_number(checker, node, value, kind)
