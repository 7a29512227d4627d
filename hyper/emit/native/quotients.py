"""Decimals that a division has made and nothing has rounded to a type yet: exact fractions, and how far the language is off them.

The language rounds each step to 28 digits, a kernel keeps the fraction ``N / D`` of whole numbers. After ``n`` steps the two are
apart by less than ``n * P / D`` parts of 10**27, where ``P`` is at least the magnitude of every numerator that led here. What is
decided of the value in the end (how it is rounded, how it compares) is the same for both where the fraction is at least 1 in
``D`` away from where the decision changes, and ``P`` is below 10**24: a fraction that is not at that very place is so far away.
One that is there, and what is larger, is left to a lower tier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.emit.native.values import Decimal, NotNative, Ratio
from hyper.jit.kernel.builder import integer
from hyper.jit.kernel.ir import Imm

if TYPE_CHECKING:
    from hyper.emit.native.decimals import Decimals
    from hyper.emit.native.sites import Sites
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand

LIMIT: Final = 10**24
_MOST_STEPS: Final = 100
_MOST_PARTS: Final = 10**6
"""Divisors from which on a division is not turned into a product."""


class Quotients:
    """Fractions of one kernel."""

    def __init__(self, builder: Builder, sites: Sites, decimals: Decimals) -> None:
        self._builder = builder
        self._sites = sites
        self._decimals = decimals

    def divide(self, left: Decimal, right: Decimal) -> Decimal | Ratio:
        """``/`` of decimals; by a constant whose quotients all end, a decimal."""
        made = self._ended(left, right)
        return self._decimals.divide(left, right) if made is None else made

    def _ended(self, left: Decimal, right: Decimal) -> Decimal | None:
        if not isinstance(right.operand, Imm):
            return None
        by = int(right.operand.text)
        size, digits = abs(by), 0
        if not 0 < size <= _MOST_PARTS:
            return None
        while 10**digits % size and digits <= 20:
            digits += 1
        factor = 10**digits // by
        if 10**digits % size or left.bound * abs(factor) * 10**right.scale >= 10**28:
            return None
        made = self._decimals.arithmetic("mul", left, self._decimals.constant(factor, digits))
        made = Decimal(made.operand, made.scale - right.scale, made.bound)
        return self._decimals.scaled_up(made, max(0, made.scale))

    def arithmetic(self, name: str, left: Decimal | Ratio, right: Decimal | Ratio) -> Ratio:
        """``+ - * /``, one of them a fraction. Raises ``NotNative``."""
        one, other = self._fraction(left), self._fraction(right)
        steps = one.steps + other.steps + 1
        if steps > _MOST_STEPS:
            raise NotNative("more steps with quotients that are not rounded")
        match name:
            case "mul":
                return Ratio(
                    self._times(one.dividend, other.dividend),
                    self._times(one.divisor, other.divisor),
                    steps,
                    self._peaks(one, other),
                )
            case "div":
                return self._divided(one, other, steps)
            case "add" | "sub":
                return self._summed(name, one, other, steps)
            case _:
                raise NotNative("whole division of a quotient that is not rounded")

    def _fraction(self, value: Decimal | Ratio) -> Ratio:
        if isinstance(value, Ratio):
            return value
        return Ratio(value, self._decimals.constant(1, 0), 0)

    def _times(self, left: Decimal, right: Decimal) -> Decimal:
        for one, other in ((left, right), (right, left)):
            if one.operand == integer(1) and not one.scale:
                return other
        return self._decimals.arithmetic("mul", left, right)

    def _peak(self, value: Ratio) -> Decimal:
        return value.peak or self._decimals.absolute(value.dividend)

    def _peaks(self, one: Ratio, other: Ratio) -> Decimal | None:
        if one.peak is None and other.peak is None:
            return None
        return self._times(self._peak(one), self._peak(other))

    def _divided(self, one: Ratio, other: Ratio, steps: int) -> Ratio:
        if other.peak is not None:
            raise NotNative("a division by a sum with quotients that are not rounded")
        self._decimals.not_zero(other.dividend)
        peak = None if one.peak is None else self._times(one.peak, self.size(other.divisor))
        return Ratio(
            self._times(one.dividend, other.divisor),
            self._times(one.divisor, other.dividend),
            steps,
            peak,
        )

    def size(self, value: Decimal) -> Decimal:
        """The magnitude of a divisor."""
        if isinstance(value.operand, Imm):
            return self._decimals.constant(value.bound, value.scale)
        return self._decimals.absolute(value)

    def _summed(self, name: str, one: Ratio, other: Ratio, steps: int) -> Ratio:
        decimals = self._decimals
        first = self._times(one.dividend, other.divisor)
        second = self._times(other.dividend, one.divisor)
        peak = decimals.arithmetic(
            "add",
            self._times(self._peak(one), self.size(other.divisor)),
            self._times(self._peak(other), self.size(one.divisor)),
        )
        made = decimals.arithmetic("sub" if name == "sub" else "add", first, second)
        return Ratio(made, self._times(one.divisor, other.divisor), steps, peak)

    def negated(self, value: Ratio) -> Ratio:
        """``-x``: nothing is rounded."""
        dividend = self._decimals.negated(value.dividend)
        return Ratio(dividend, value.divisor, value.steps, value.peak)

    def absolute(self, value: Ratio) -> Ratio:
        """``abs(x)``."""
        dividend, divisor = self._decimals.absolute(value.dividend), self.size(value.divisor)
        return Ratio(dividend, divisor, value.steps, value.peak)

    def _within(self, value: Ratio, up: int) -> Decimal:
        """The dividend, of which ``10**up`` times is below the limit, as are all that led here; else a guard fails."""
        limit = LIMIT // 10**up
        peak = self._peak(value)
        if peak.bound >= limit:
            size = self._decimals.wide(peak)
            over = self._builder.op("ge", "bool", size, integer(limit, "wide"))
            site = self._sites.guard("a quotient of decimals of more than 23 digits")
            self._builder.fail(over, site, guard=True)
        return Decimal(
            value.dividend.operand, value.dividend.scale, min(value.dividend.bound, limit)
        )

    def rounded(self, value: Ratio, scale: int) -> Decimal:
        """The value at a scale, half-even."""
        if value.steps == 1:
            return self._decimals.quotient(value, scale)
        up = scale + value.divisor.scale - value.dividend.scale
        if not -24 < up < 24:
            raise NotNative("a quotient of decimals with more digits than two words hold")
        dividend = self._within(value, max(0, up))
        made = self._decimals.quotient(Ratio(dividend, value.divisor), scale)
        self._not_halfway(dividend, value.divisor, made, up)
        return made

    def _not_halfway(self, dividend: Decimal, divisor: Decimal, made: Decimal, up: int) -> None:
        """A guard: the fraction is not in the middle between two roundings."""
        builder, decimals = self._builder, self._decimals
        whole = decimals.wide(decimals.scaled_up(dividend, dividend.scale + max(0, up)))
        by = decimals.wide(decimals.scaled_up(divisor, divisor.scale + max(0, -up)))
        back = builder.op("mul", "wide", decimals.wide(made), by)
        rest = builder.op("abs", "wide", builder.op("sub", "wide", whole, back))
        twice = builder.op("add", "wide", rest, rest)
        half = builder.op("eq", "bool", twice, builder.op("abs", "wide", by))
        site = self._sites.guard("a quotient of decimals halfway between two roundings")
        builder.fail(half, site, guard=True)

    def compare(self, name: str, left: Decimal | Ratio, right: Decimal | Ratio) -> Operand:
        """A comparison by value, one of them a fraction."""
        one, other = self._fraction(left), self._fraction(right)
        difference = self._summed("sub", one, other, one.steps + other.steps)
        dividend = self._within(difference, 0)
        zero = self._decimals.constant(0, 0)
        same = self._decimals.compare("eq", dividend, zero).operand
        if max(one.steps, other.steps) > 1:
            site = self._sites.guard("a quotient of decimals that may be equal to another decimal")
            self._builder.fail(same, site, guard=True)
        held = self._decimals.compare(name, dividend, zero).operand
        if name in {"eq", "ne"}:
            return held
        # A divisor below 0 turns the order round.
        minus = self._decimals.compare("lt", difference.divisor, zero).operand
        turned = self._decimals.compare(_TURNED[name], dividend, zero).operand
        return self._builder.op("select", "bool", minus, turned, held)


_TURNED: Final = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
