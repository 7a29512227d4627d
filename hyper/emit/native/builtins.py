"""The builtin functions as steps of a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.emit.native import days
from hyper.emit.native.scalars import LEAST
from hyper.emit.native.values import Decimal, NotNative, Ratio, Scalar, Value
from hyper.ir.types import INT, ListOf, MapOf
from hyper.jit.kernel.builder import floating, integer
from hyper.jit.kernel.ir import Imm

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.native.expressions import Expressions
    from hyper.ir import nodes
    from hyper.jit.kernel.ir import Operand

AGGREGATES: Final = frozenset({"sum", "count", "min", "max", "avg", "any", "all", "first", "last"})
_TESTS: Final = frozenset({"is_nan", "is_finite", "is_infinite"})
_WHOLE: Final = {"round": "rint", "floor": "floor", "ceil": "ceil"}
_MOST_FACTORS: Final = 63
_MOST_PLACES: Final = 22
"""Powers of ten up to this one are floats exactly."""


class Builtins:
    """The builtins of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder
        self._scalars = expressions.scalars
        self._decimals = expressions.decimals
        self._days = days.Days(expressions.builder, expressions.sites)

    def value(self, expr: nodes.Builtin, args: list[Value]) -> Value:
        """What a builtin gives. Raises ``NotNative``."""
        kinds = [self._expressions.kinds.present(arg.type) for arg in expr.args]
        name = expr.name
        if kinds and isinstance(kinds[0], ListOf):
            return self._of_list(name, kinds[0], args)
        if kinds and isinstance(kinds[0], MapOf):
            return self._expressions.maps.builtin(name, args)
        if name in {"min", "max"} and len(args) > 1:
            return self._extreme(name, args)
        if name in _TESTS and isinstance(args[0], Scalar):
            return Scalar("bool", self._test(name, args[0].operand))
        if name == "pow":
            return self._pow(kinds[0] == INT, args)
        made = self._expressions.durations.builtin(name, args)
        if made is not None:
            return made
        own: dict[str, Callable[..., Value]] = {
            "abs": self._abs,
            "sign": self._sign,
            "round": self._round,
            "floor": lambda value: self._whole("floor", value),
            "ceil": lambda value: self._whole("ceil", value),
            "clamp": self._clamp,
            "sqrt": self._sqrt,
            "exp": lambda value: self._libm("exp", value),
            "log": lambda value: self._logarithm("log", value),
            "log10": lambda value: self._logarithm("log10", value),
        }
        if name in own:
            return own[name](*args)
        found = self._days.builtin(name, args)
        if found is None:
            raise NotNative(f"{name} has no native form")
        return found

    def _of_list(self, name: str, kind: ListOf, args: list[Value]) -> Value:
        source = args[0]
        if name in AGGREGATES and len(args) == 1:
            item = self._expressions.kinds.present(kind.item)
            return self._expressions.aggregates.of_list(name, item, source)
        if name == "contains":
            return Scalar("bool", self._expressions.aggregates.contains(source, args[1]))
        if name == "length":
            return Scalar("int", self._expressions.lists.length(source))
        raise NotNative(f"{name} of a list has no native form")

    def _extreme(self, name: str, args: list[Value]) -> Value:
        expressions = self._expressions
        best = args[0]
        for value in args[1:]:
            better = expressions.aggregates.better(name, value, best)
            slot = expressions.slots.for_both(best, value)
            expressions.slots.store(slot, best)
            with self._builder.block() as taken:
                expressions.slots.store(slot, value)
            self._builder.when(better, taken)
            best = expressions.slots.read(slot)
        return best

    def _test(self, name: str, operand: Operand) -> Operand:
        if name != "is_infinite":
            return self._builder.op(name, "bool", operand)
        size = self._builder.op("abs", "float", operand)
        return self._builder.op("eq", "bool", size, floating(float("inf")))

    def _abs(self, value: Value) -> Value:
        if isinstance(value, Decimal):
            return self._decimals.absolute(value)
        if isinstance(value, Ratio):
            return self._scalars.quotients.absolute(value)
        operand, kind = _number(value)
        if kind == "int":
            least = self._builder.op("eq", "bool", operand, integer(LEAST))
            self._builder.fail(least, self._scalars.overflow())
            return Scalar("int", self._builder.op("abs", "int", operand))
        return Scalar("float", self._builder.op("abs", "float", operand))

    def _sign(self, value: Value) -> Value:
        if isinstance(value, Decimal):
            return Scalar("int", self._decimals.sign(value))
        operand, kind = _number(value)
        zero: Imm = integer(0)
        if kind == "float":
            zero = floating(0.0)
            nan = self._builder.op("is_nan", "bool", operand)
            self._builder.fail(nan, self._domain("NaN has no sign"))
        up = self._builder.op("gt", "bool", operand, zero)
        down = self._builder.op("lt", "bool", operand, zero)
        ups = self._builder.op("from_bool", "int", up)
        downs = self._builder.op("from_bool", "int", down)
        return Scalar("int", self._builder.op("sub", "int", ups, downs))

    def _domain(self, message: str) -> int:
        return self._expressions.sites.error("domain", message)

    def _round(self, value: Value, digits: Value | None = None) -> Value:
        if digits is None:
            return self._whole("round", value)
        places = _constant(digits)
        if isinstance(value, Decimal):
            if places is None:
                raise NotNative("round to digits that are computed")
            if not -28 <= places <= 28:
                raise NotNative("round to more than 28 digits")
            return self._decimals.rounded(value, places)
        if isinstance(value, Ratio) and places is not None and 0 <= places <= _MOST_PLACES:
            return self._scalars.quotients.rounded(value, places)
        operand, kind = _number(value)
        if places is None or places < 0:
            raise NotNative("round to digits that are computed, or to tens")
        if kind == "int":
            return value
        if not 0 < places <= _MOST_PLACES:
            raise NotNative("a float rounded to no digits, or to more than 22")
        return Scalar("float", self._rounded(operand, 10.0**places))

    def _rounded(self, operand: Operand, power: float) -> Operand:
        """A float rounded to parts of a power of ten. From 2**52 on a float is whole; one whose digits do not fit 52 bits is left
        to a lower tier."""
        builder, limit = self._builder, floating(2.0**52)
        product = builder.op("mul", "float", operand, floating(power))
        long = builder.op("ge", "bool", builder.op("abs", "float", product), limit)
        whole = builder.op("ge", "bool", builder.op("abs", "float", operand), limit)
        parts = builder.op("not", "bool", whole)
        site = self._expressions.sites.guard("a float of more than 15 digits, rounded")
        builder.fail(builder.op("and", "bool", long, parts), site, guard=True)
        made = builder.op("round_digits", "float", operand, floating(power))
        return builder.op("select", "float", whole, operand, made)

    def _whole(self, name: str, value: Value) -> Value:
        if isinstance(value, Decimal):
            how = {"round": "even", "floor": "floor", "ceil": "ceil"}[name]
            return Scalar("int", self._decimals.to_int(value, how))  # type: ignore[arg-type]
        operand, kind = _number(value)
        if kind == "int":
            return value
        how = _WHOLE[name]
        return Scalar("int", self._scalars.to_int(Scalar("float", operand), how))  # type: ignore[arg-type]

    def _clamp(self, value: Value, low: Value, high: Value) -> Value:
        expressions = self._expressions
        wrong = self._scalars.compare("lt", high, low)
        for bound in (low, high):
            if isinstance(bound, Scalar) and bound.kind == "float":
                nan = self._builder.op("is_nan", "bool", bound.operand)
                wrong = self._builder.op("or", "bool", wrong, nan)
        self._builder.fail(wrong, self._domain("the bounds of clamp are in the wrong order"))
        below = self._scalars.compare("lt", value, low)
        above = self._scalars.compare("lt", high, value)
        return expressions.choose(
            below, lambda: low, lambda: expressions.choose(above, lambda: high, lambda: value)
        )

    def _pow(self, whole: bool, args: list[Value]) -> Value:
        base, exponent = args
        if (
            whole
            and isinstance(base, Scalar)
            and isinstance(exponent, Scalar)
            and exponent.kind == "int"
        ):
            return self._int_power(base.operand, _constant(exponent))
        if not isinstance(base, Scalar) or not isinstance(exponent, Scalar):
            raise NotNative("a power of a decimal")
        return self._float_power(self._as_float(base), self._as_float(exponent))

    def _as_float(self, value: Scalar) -> Operand:
        if value.kind == "int":
            return self._builder.op("to_float", "float", value.operand)
        return value.operand

    def _int_power(self, base: Operand, exponent: int | None) -> Value:
        if exponent is None or not 0 <= exponent <= _MOST_FACTORS:
            raise NotNative("a power of an int whose exponent is computed, negative or above 63")
        if exponent == 0:
            return Scalar("int", integer(1))
        product = base
        for _ in range(exponent - 1):
            product = self._builder.checked("mul", product, base, self._scalars.overflow())
        return Scalar("int", product)

    def _float_power(self, base: Operand, exponent: Operand) -> Value:
        builder = self._builder
        zero = builder.op("eq", "bool", base, floating(0.0))
        below = builder.op("lt", "bool", exponent, floating(0.0))
        by_zero = self._expressions.sites.error("division_by_zero", "division by zero")
        builder.fail(builder.op("and", "bool", zero, below), by_zero)
        made = builder.op("pow", "float", base, exponent)
        no_number = builder.op("is_nan", "bool", made)
        given = builder.op("is_nan", "bool", base)
        other = builder.op("is_nan", "bool", exponent)
        known = builder.op("not", "bool", builder.op("or", "bool", given, other))
        wrong = builder.op("and", "bool", no_number, known)
        builder.fail(wrong, self._domain("a power of a negative number that is not whole"))
        return Scalar("float", made)

    def _sqrt(self, value: Value) -> Value:
        operand, kind = _number(value)
        if kind != "float":
            raise NotNative("the square root of an int or a decimal")
        below = self._builder.op("lt", "bool", operand, floating(0.0))
        self._builder.fail(below, self._domain("the square root of a negative number"))
        return Scalar("float", self._builder.op("sqrt", "float", operand))

    def _libm(self, name: str, value: Value) -> Value:
        operand, kind = _number(value)
        if kind != "float":
            raise NotNative(f"{name} of an int or a decimal")
        return Scalar("float", self._builder.op(name, "float", operand))

    def _logarithm(self, name: str, value: Value) -> Value:
        operand, kind = _number(value)
        if kind != "float":
            raise NotNative(f"{name} of an int or a decimal")
        below = self._builder.op("le", "bool", operand, floating(0.0))
        self._builder.fail(below, self._domain("the logarithm of zero or a negative number"))
        return self._libm(name, value)


def _number(value: Value) -> tuple[Operand, str]:
    if isinstance(value, Scalar) and value.kind in {"int", "float"}:
        return value.operand, value.kind
    raise NotNative("a function of a duration, a text or a quotient that is not rounded")


def _constant(value: Value) -> int | None:
    if isinstance(value, Scalar) and value.kind == "int" and isinstance(value.operand, Imm):
        return int(value.operand.text)
    return None
