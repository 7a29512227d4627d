"""Decimals as whole numbers of their smallest unit, with a bound of their magnitude.

The language computes decimals to 28 digits. A result of at most 28 digits is exact there, and so it is here. Where the bound does
not show that a result has so few, a guard does when the kernel runs: beyond it a lower tier is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from hyper.emit.native.values import Decimal, NotNative, Ratio, Scalar
from hyper.jit.kernel.builder import floating, integer

if TYPE_CHECKING:
    from hyper.emit.native.sites import Sites
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand

    DecimalOp = Literal["add", "sub", "mul"]

EXACT: Final = 10**28
"""Magnitudes below have at most 28 digits."""
_WORD: Final = 1 << 63
_HALF_WORD: Final = 1 << 62
_WIDE: Final = 1 << 126
"""Magnitudes below can be doubled, or added once, within 128 bits."""
_WORD_DIGITS: Final = 18
_FLOAT_DIGITS: Final = 22
"""Powers of ten up to this one are floats exactly."""


class Decimals:
    """Arithmetic of decimals in one kernel."""

    def __init__(self, builder: Builder, sites: Sites) -> None:
        self._builder = builder
        self._sites = sites

    def constant(self, units: int, scale: int) -> Decimal:
        """A constant of that many units."""
        kind: Literal["int", "wide"] = "int" if abs(units) < _WORD else "wide"
        return Decimal(integer(units, kind), scale, abs(units))

    def of_int(self, value: Operand) -> Decimal:
        """A whole number."""
        return Decimal(value, 0, _WORD)

    def wide(self, value: Decimal) -> Operand:
        """The operand in two words."""
        return self._fitted(value, _WORD)

    def _fitted(self, value: Decimal, bound: int) -> Operand:
        """The operand in the kind that results of that bound need."""
        kind = self._builder.kind(value.operand)
        if bound >= _WORD and kind == "int":
            return self._builder.op("widen", "wide", value.operand)
        return value.operand

    def _alike(self, left: Decimal, right: Decimal, bound: int) -> tuple[Operand, Operand]:
        """Both operands in one kind, that which results of that bound need."""
        if "wide" in {self._builder.kind(left.operand), self._builder.kind(right.operand)}:
            bound = max(bound, _WORD)
        return self._fitted(left, bound), self._fitted(right, bound)

    def _narrowed(self, operand: Operand, scale: int, bound: int) -> Decimal:
        if bound < _WORD and self._builder.kind(operand) == "wide":
            operand = self._builder.op("narrow", "int", operand)
        return Decimal(operand, scale, bound)

    def _of(self, value: int, like: Operand) -> Operand:
        kind = self._builder.kind(like)
        assert kind in {"int", "wide"}
        return integer(value, "wide" if kind == "wide" else "int")

    def scaled_up(self, value: Decimal, scale: int) -> Decimal:
        """The same value at a larger scale."""
        by = scale - value.scale
        if not by:
            return value
        if not value.bound:
            return self.constant(0, scale)
        bound = value.bound * 10**by
        if bound >= _WIDE:
            raise NotNative("a decimal with more digits than two words hold")
        operand = self._fitted(value, bound)
        kind = self._builder.kind(operand)
        return Decimal(
            self._builder.op("mul", kind, operand, self._of(10**by, operand)), scale, bound
        )

    def _aligned(self, left: Decimal, right: Decimal) -> tuple[Decimal, Decimal]:
        scale = max(left.scale, right.scale)
        return self.scaled_up(left, scale), self.scaled_up(right, scale)

    def _exact(self, result: Decimal) -> Decimal:
        """The result, or a failing guard where it has more than 28 digits."""
        if result.bound < EXACT:
            return result
        size = self._builder.op("abs", "wide", result.operand)
        over = self._builder.op("ge", "bool", size, integer(EXACT, "wide"))
        self._builder.fail(over, self._sites.guard("a decimal of more than 28 digits"), guard=True)
        return Decimal(result.operand, result.scale, EXACT - 1)

    def held(self, value: Decimal, scale: int) -> Decimal:
        """The same value at a larger scale, or a failing guard where it has more than 28 digits then."""
        if value.bound * 10 ** (scale - value.scale) >= _WIDE:
            limit = EXACT // 10 ** (scale - value.scale)
            size = self._builder.op("abs", "wide", self.wide(value))
            over = self._builder.op("ge", "bool", size, integer(limit, "wide"))
            site = self._sites.guard("a decimal of more than 28 digits")
            self._builder.fail(over, site, guard=True)
            value = Decimal(value.operand, value.scale, limit)
        return self._exact(self.scaled_up(value, scale))

    def arithmetic(self, name: DecimalOp, left: Decimal, right: Decimal) -> Decimal:
        """``+ - *``."""
        if name == "mul":
            return self._product(left, right)
        left, right = self._aligned(left, right)
        bound = left.bound + right.bound
        one, other = self._alike(left, right, bound)
        operand = self._builder.op(name, self._builder.kind(one), one, other)
        return self._exact(Decimal(operand, left.scale, bound))

    def _product(self, left: Decimal, right: Decimal) -> Decimal:
        if left.bound * right.bound >= _WIDE:
            left, right = self._within_word(left), self._within_word(right)
        bound = left.bound * right.bound
        one, other = self._alike(left, right, bound)
        operand = self._builder.op("mul", self._builder.kind(one), one, other)
        return self._exact(self._narrowed(operand, left.scale + right.scale, bound))

    def _within_word(self, value: Decimal) -> Decimal:
        """The value, or a failing guard where it does not fit one word."""
        if value.bound < _WORD:
            return value
        limit = _WORD - 1
        size = self._builder.op("abs", "wide", self._fitted(value, value.bound))
        over = self._builder.op("gt", "bool", size, integer(limit, "wide"))
        self._builder.fail(over, self._sites.guard("a factor of more than 18 digits"), guard=True)
        return self._narrowed(self._fitted(value, value.bound), value.scale, limit)

    def divide(self, left: Decimal, right: Decimal) -> Ratio:
        """``/``, to be rounded by what it is used for."""
        self.not_zero(right)
        return Ratio(left, right)

    def not_zero(self, divisor: Decimal) -> None:
        """``division_by_zero`` where it is."""
        zero = self._builder.op("eq", "bool", divisor.operand, self._of(0, divisor.operand))
        self._builder.fail(zero, self._sites.error("division_by_zero", "division by zero"))

    def floor_divide(
        self, name: Literal["floordiv", "mod"], left: Decimal, right: Decimal
    ) -> Decimal:
        """``//`` and ``%``."""
        self.not_zero(right)
        left, right = self._aligned(left, right)
        if max(left.bound, right.bound) >= _WORD:
            raise NotNative("whole division of decimals of more than 18 digits")
        if name == "floordiv":
            operand = self._builder.op("floordiv", "int", left.operand, right.operand)
            return Decimal(operand, 0, left.bound + 1)
        operand = self._builder.op("floormod", "int", left.operand, right.operand)
        return Decimal(operand, left.scale, right.bound)

    def compare(self, name: str, left: Decimal, right: Decimal) -> Scalar:
        """A comparison by value."""
        left, right = self._aligned(left, right)
        bound = max(left.bound, right.bound)
        one, other = self._alike(left, right, bound)
        return Scalar("bool", self._builder.op(name, "bool", one, other))

    def negated(self, value: Decimal) -> Decimal:
        """``-x``."""
        operand = self._fitted(value, value.bound)
        operand = self._builder.op("neg", self._builder.kind(operand), operand)
        return Decimal(operand, value.scale, value.bound)

    def absolute(self, value: Decimal) -> Decimal:
        """``abs(x)``."""
        operand = self._fitted(value, value.bound)
        operand = self._builder.op("abs", self._builder.kind(operand), operand)
        return Decimal(operand, value.scale, value.bound)

    def sign(self, value: Decimal) -> Operand:
        """-1, 0 or 1."""
        zero = self._of(0, value.operand)
        up = self._builder.op("gt", "bool", value.operand, zero)
        down = self._builder.op("lt", "bool", value.operand, zero)
        return self._builder.op(
            "sub",
            "int",
            self._builder.op("from_bool", "int", up),
            self._builder.op("from_bool", "int", down),
        )

    def rounded(self, value: Decimal, scale: int) -> Decimal:
        """Half-even at a scale that is not larger than its own; below 0 to tens, hundreds and so on."""
        by = value.scale - scale
        if by <= 0:
            return value
        bound = value.bound // 10**by + 1
        operand = self._fitted(value, value.bound)
        if by > 18 and self._builder.kind(operand) == "int":
            operand = self._builder.op("widen", "wide", operand)
        if by > 37:
            return self.constant(0, max(scale, 0))
        kind = self._builder.kind(operand)
        operand = self._builder.op("scale_down", kind, operand, integer(by))
        result = self._narrowed(operand, scale, bound)
        if scale >= 0:
            return result
        return self.scaled_up(Decimal(result.operand, scale, result.bound), 0)

    def quantised(self, value: Decimal, precision: int, scale: int) -> Decimal:
        """The value at a scale, half-even; ``overflow`` where it has more digits than the type."""
        if value.scale > scale:
            return self.fits(self.rounded(value, scale), precision, scale)
        most = 10**precision - 1
        if value.bound * 10 ** (scale - value.scale) >= _WIDE:
            before = most // 10 ** (scale - value.scale)
            value = self.fits(value, precision, scale, before)
        return self.fits(self.scaled_up(value, scale), precision, scale)

    def fits(self, value: Decimal, precision: int, scale: int, most: int | None = None) -> Decimal:
        """The value, or ``overflow`` where it has more digits than its type."""
        limit = 10**precision - 1 if most is None else most
        if value.bound <= limit:
            return value
        operand = self._fitted(value, value.bound)
        size = self._builder.op("abs", self._builder.kind(operand), operand)
        over = self._builder.op("gt", "bool", size, self._of(limit, operand))
        message = f"the value does not fit decimal({precision}, {scale})"
        self._builder.fail(over, self._sites.error("overflow", message))
        return self._narrowed(operand, value.scale, limit)

    def quotient(self, value: Ratio, scale: int) -> Decimal:
        """The quotient at a scale. Rounding it once is the same as rounding to 28 digits first, as long as ten times the
        dividend and the divisor have at most 28 digits: then no quotient but an exact one is so near to a half that 28
        digits would not tell it apart."""
        up = scale + value.divisor.scale - value.dividend.scale
        dividend = self.scaled_up(value.dividend, value.dividend.scale + max(0, up))
        divisor = self.scaled_up(value.divisor, value.divisor.scale + max(0, -up))
        for part in (dividend, divisor):
            if 10 * part.bound >= EXACT:
                self._guard_digits(part)
        bound = max(dividend.bound, divisor.bound)
        wide = bound >= _HALF_WORD
        one, other = self._alike(dividend, divisor, _WORD if wide else bound)
        kind = self._builder.kind(one)
        # A divisor is a whole number of units that is not zero: the quotient is at most the dividend.
        return self._narrowed(
            self._builder.op("div_even", kind, one, other), scale, dividend.bound + 1
        )

    def _guard_digits(self, part: Decimal) -> None:
        operand = self._fitted(part, part.bound)
        size = self._builder.op("abs", self._builder.kind(operand), operand)
        over = self._builder.op("ge", "bool", size, self._of(EXACT // 10, operand))
        site = self._sites.guard("a quotient of decimals of more than 27 digits")
        self._builder.fail(over, site, guard=True)

    def to_float(self, value: Decimal) -> Operand:
        """The nearest float."""
        if value.bound > 1 << 53 and (value.bound >= _WORD or value.scale > _WORD_DIGITS):
            raise NotNative("a decimal of more than 18 digits as a float")
        if value.scale > _FLOAT_DIGITS:
            raise NotNative("a decimal of more than 22 digits after the point as a float")
        if value.bound > 1 << 53:
            return self._builder.op("ratio", "float", value.operand, integer(10**value.scale))
        whole = self._builder.op("to_float", "float", value.operand)
        if not value.scale:
            return whole
        return self._builder.op("div", "float", whole, floating(float(10**value.scale)))

    def to_int(self, value: Decimal, how: Literal["even", "floor", "ceil", "zero"]) -> Operand:
        """A whole number; ``overflow`` where it does not fit 64 bits."""
        if how == "even":
            value = self.rounded(value, 0)
        elif value.scale:
            value = self._cut(value, how)
        if value.bound < _WORD or self._builder.kind(value.operand) == "int":
            return value.operand
        back = self._builder.op("narrow", "int", value.operand)
        again = self._builder.op("widen", "wide", back)
        over = self._builder.op("ne", "bool", again, value.operand)
        self._builder.fail(over, self._sites.error("overflow", "the int does not fit 64 bits"))
        return back

    def _cut(self, value: Decimal, how: Literal["even", "floor", "ceil", "zero"]) -> Decimal:
        if value.bound >= _WORD or value.scale > 18:
            raise NotNative("a whole part of a decimal of more than 18 digits")
        by = integer(10**value.scale)
        down = self._builder.op("floordiv", "int", value.operand, by)
        bound = value.bound // 10**value.scale + 1
        if how == "floor":
            return Decimal(down, 0, bound)
        minus = self._builder.op("neg", "int", value.operand)
        under = self._builder.op("floordiv", "int", minus, by)
        up = self._builder.op("neg", "int", under)
        if how == "ceil":
            return Decimal(up, 0, bound)
        positive = self._builder.op("ge", "bool", value.operand, integer(0))
        return Decimal(self._builder.op("select", "int", positive, down, up), 0, bound)
