"""Arithmetic and comparisons of the types that are one number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hyper.emit.native.quotients import Quotients
from hyper.emit.native.values import Decimal, Maybe, Nothing, NotNative, Ratio, Scalar, Value
from hyper.jit.kernel.builder import FALSE, TRUE, floating, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.native.decimals import Decimals
    from hyper.emit.native.sites import Sites
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand


def _no_parts(_left: Value, _right: Value) -> Operand:
    raise NotNative("a comparison of what is no number")


_SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
LEAST = -(2**63)


class Scalars:
    """Operators of one kernel."""

    def __init__(self, builder: Builder, sites: Sites, decimals: Decimals) -> None:
        self._builder = builder
        self._sites = sites
        self._decimals = decimals
        self.quotients = Quotients(builder, sites, decimals)
        self.by_parts: Callable[[Value, Value], Operand] = _no_parts
        """Whether two values that are no single numbers are equal."""

    def overflow(self) -> int:
        """The site of an int that does not fit."""
        return self._sites.error("overflow", "the int does not fit 64 bits")

    def arithmetic(self, name: str, left: Value, right: Value) -> Value:
        """``+ - * / // %`` of two operands of one type."""
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            return self._of_decimals(name, left, right)
        if isinstance(left, Decimal | Ratio) and isinstance(right, Decimal | Ratio):
            return self.quotients.arithmetic(name, left, right)
        if isinstance(left, Scalar) and isinstance(right, Scalar) and left.kind == right.kind:
            if left.kind == "int":
                return self._of_ints(name, left.operand, right.operand)
            if left.kind == "float":
                return self._of_floats(name, left.operand, right.operand)
        raise NotNative(f"{name} of texts, times or lists")

    def _of_decimals(self, name: str, left: Decimal, right: Decimal) -> Value:
        match name:
            case "add" | "sub" | "mul":
                return self._decimals.arithmetic(name, left, right)
            case "div":
                return self.quotients.divide(left, right)
            case _:
                which: Literal["floordiv", "mod"] = "floordiv" if name == "floordiv" else "mod"
                return self._decimals.floor_divide(which, left, right)

    def _not_zero(self, divisor: Operand, zero: Operand) -> None:
        none = self._builder.op("eq", "bool", divisor, zero)
        self._builder.fail(none, self._sites.error("division_by_zero", "division by zero"))

    def _of_ints(self, name: str, left: Operand, right: Operand) -> Scalar:
        if name in {"add", "sub", "mul"}:
            checked: Literal["add", "sub", "mul"] = name  # type: ignore[assignment]
            return Scalar("int", self._builder.checked(checked, left, right, self.overflow()))
        self._not_zero(right, integer(0))
        if name == "div":
            return Scalar("float", self._builder.op("ratio", "float", left, right))
        if name == "mod":
            return Scalar("int", self._builder.op("floormod", "int", left, right))
        least = self._builder.op("eq", "bool", left, integer(LEAST))
        minus = self._builder.op("eq", "bool", right, integer(-1))
        self._builder.fail(self._builder.op("and", "bool", least, minus), self.overflow())
        return Scalar("int", self._builder.op("floordiv", "int", left, right))

    def _of_floats(self, name: str, left: Operand, right: Operand) -> Scalar:
        if name in {"div", "floordiv", "mod"}:
            self._not_zero(right, floating(0.0))
        operation = "floormod" if name == "mod" else name
        return Scalar("float", self._builder.op(operation, "float", left, right))

    def negated(self, value: Value) -> Value:
        """``-x``."""
        if isinstance(value, Decimal):
            return self._decimals.negated(value)
        if isinstance(value, Ratio):
            return self.quotients.negated(value)
        if isinstance(value, Scalar) and value.kind == "float":
            return Scalar("float", self._builder.op("neg", "float", value.operand))
        if isinstance(value, Scalar) and value.kind == "int":
            made = self._builder.checked("sub", integer(0), value.operand, self.overflow())
            return Scalar("int", made)
        raise NotNative("the negative of a duration, or of a quotient that is not rounded")

    def compare(self, name: str, left: Value, right: Value) -> Operand:
        """``== != < <= > >=``."""
        if isinstance(left, Nothing | Maybe) or isinstance(right, Nothing | Maybe):
            return self._compare_options(name, left, right)
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            return self._decimals.compare(name, left, right).operand
        if isinstance(left, Decimal | Ratio) and isinstance(right, Decimal | Ratio):
            return self.quotients.compare(name, left, right)
        if not isinstance(left, Scalar) or not isinstance(right, Scalar):
            same = self.by_parts(left, right)
            return self._builder.op("not", "bool", same) if name == "ne" else same
        if left.kind == right.kind:
            if left.kind == "text" and name not in {"eq", "ne"}:
                raise NotNative("the order of texts")
            return self._builder.op(name, "bool", left.operand, right.operand)
        if {left.kind, right.kind} == {"int", "float"}:
            return self._exact(name, left, right)
        return FALSE if name == "eq" else TRUE

    def _exact(self, name: str, left: Scalar, right: Scalar) -> Operand:
        """An int and a float, by value."""
        if left.kind == "float":
            left, right, name = right, left, _SWAPPED[name]
        order = self._builder.op("compare_exact", "int", left.operand, right.operand)
        held = self._builder.op(name, "bool", order, integer(0))
        if name not in {"gt", "ge"}:
            return held
        known = self._builder.op("ne", "bool", order, integer(2))
        return self._builder.op("and", "bool", held, known)

    def _compare_options(self, name: str, left: Value, right: Value) -> Operand:
        if name not in {"eq", "ne"}:
            raise NotNative("the order of values that may be none")
        here, there = self.presence(left), self.presence(right)
        both = self._builder.op("and", "bool", here, there)
        neither = self._builder.op("eq", "bool", here, there)
        one = left.value if isinstance(left, Maybe) else left
        other = right.value if isinstance(right, Maybe) else right
        if isinstance(one, Nothing) or isinstance(other, Nothing):
            same = neither
        else:
            # Where one is not there, its number is anything, and what it compares to is not used.
            equal = self.compare("eq", one, other)
            same = self._builder.op("select", "bool", both, equal, neither)
        return self._builder.op("not", "bool", same) if name == "ne" else same

    def presence(self, value: Value) -> Operand:
        """Whether a value is not none."""
        if isinstance(value, Nothing):
            return FALSE
        return value.present if isinstance(value, Maybe) else TRUE

    def to_int(self, value: Scalar, how: Literal["zero", "rint", "floor", "ceil"]) -> Operand:
        """A float as an int. Not finite: ``conversion`` where it is converted, ``domain`` where it is rounded."""
        finite = self._builder.op("is_finite", "bool", value.operand)
        wrong = self._builder.op("not", "bool", finite)
        site = (
            self._sites.error("conversion", "the float is no whole number")
            if how == "zero"
            else self._sites.error("domain", "NaN and infinities have no whole number near")
        )
        self._builder.fail(wrong, site)
        whole = value.operand if how == "zero" else self._builder.op(how, "float", value.operand)
        below = self._builder.op("lt", "bool", whole, floating(-(2.0**63)))
        above = self._builder.op("ge", "bool", whole, floating(2.0**63))
        self._builder.fail(self._builder.op("or", "bool", below, above), self.overflow())
        return self._builder.op("to_int", "int", whole)
