"""Arithmetic and comparisons as Python has them, on machine numbers: what would give another answer ends in a check."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from hyper.jit.numeric.source import MOST_INT, NotNumericError
from hyper.jit.numeric.writing import Value, constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.jit.numeric.writing import Writer

_EXACT: Final = 1 << 53
"""Ints up to here are floats exactly."""
_PRODUCT: Final = "9.2e18"
"""Below this in floats a product of ints is within 64 bits, with the rounding of three operations."""
_LEAST: Final = f"(-{MOST_INT} - 1)"
_MOST_POWER: Final = 64
_PLAIN: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_BITS: Final = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
_COMPARED: Final = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class Arithmetic:
    """Operations of one function. ``site`` makes the number of a check from a line and a reason."""

    def __init__(self, writer: Writer, site: Callable[[int, str], int]) -> None:
        self._out = writer
        self._site = site

    def check(self, failed: str, line: int, reason: str) -> None:
        """Leave the call to Python where a condition holds."""
        self._out.check(failed, self._site(line, reason))

    def to_float(self, value: Value) -> Value:
        """The nearest float."""
        if value.kind == "float":
            return value
        if value.known is not None:
            return constant(float(value.known))
        return self._out.put(f"float({value.text})", "float")

    def to_int(self, value: Value) -> Value:
        """A bool as an int."""
        if value.kind != "bool":
            return value
        if value.known is not None:
            return constant(int(value.known))
        return self._out.put(f"1 if {value.text} else 0", "int")

    def truth(self, value: Value) -> Value:
        """Whether it counts as true."""
        if value.kind == "bool":
            return value
        zero = "0" if value.kind == "int" else "0.0"
        return self._out.put(f"{value.text} != {zero}", "bool")

    def binary(self, operator: ast.operator, left: Value, right: Value, line: int) -> Value:
        """``left operator right``."""
        kind = type(operator)
        if kind in _BITS:
            return self._bits(_BITS[kind], left, right, line)
        if kind in {ast.LShift, ast.RShift}:
            return self._shift(kind is ast.LShift, left, right, line)
        if kind is ast.Pow:
            return self._power(left, right, line)
        if kind not in _PLAIN and kind not in {ast.Div, ast.FloorDiv, ast.Mod}:
            raise NotNumericError("an operator of other things than numbers", line)
        if "float" in {left.kind, right.kind}:
            return self._floats(kind, self.to_float(left), self.to_float(right), line)
        return self._ints(kind, self.to_int(left), self.to_int(right), line)

    def negative(self, value: Value, line: int) -> Value:
        """``-value``."""
        if value.known is not None:
            return constant(-value.known, line)
        value = self.to_int(value)
        if value.kind == "int":
            self.check(f"{value.text} == {_LEAST}", line, "int overflow")
        return self._out.put(f"-{value.text}", value.kind)

    def absolute(self, value: Value, line: int) -> Value:
        """``abs(value)``."""
        value = self.to_int(value)
        if value.kind == "int":
            self.check(f"{value.text} == {_LEAST}", line, "int overflow")
        return self._out.put(f"abs({value.text})", value.kind)

    def compare(self, operator: ast.cmpop, left: Value, right: Value, line: int) -> Value:
        """``left operator right``, exact between ints and floats."""
        sign = _COMPARED.get(type(operator))
        if sign is None:
            raise NotNumericError("a test of other things than numbers", line)
        left, right = self.to_int(left), self.to_int(right)
        if left.kind != right.kind:
            for value in (left, right):
                if value.kind == "int":
                    self._exact(value, line, "an int beyond 53 bits beside a float")
            left, right = self.to_float(left), self.to_float(right)
        return self._out.put(f"{left.text} {sign} {right.text}", "bool")

    def rounded(self, how: str, value: Value, line: int) -> Value:
        """An int of a float by a function of the text; ``floor``, ``ceil``, ``int`` or ``nearest_even``."""
        value = self.to_int(value)
        if value.kind == "int":
            return value
        self.check(f"not (-{_PRODUCT} < {value.text} < {_PRODUCT})", line, "a float beyond 64 bits")
        return self._out.put(f"int({how}({value.text}))", "int")

    def _exact(self, value: Value, line: int, reason: str) -> None:
        if value.known is None:
            self.check(f"not (-{_EXACT} <= {value.text} <= {_EXACT})", line, reason)
        elif not -_EXACT <= value.known <= _EXACT:
            raise NotNumericError(reason, line)

    def _zero(self, value: Value, line: int) -> None:
        if value.known is None or value.known == 0:
            zero = "0.0" if value.kind == "float" else "0"
            self.check(f"{value.text} == {zero}", line, "division by zero")

    def _floats(self, kind: type[ast.operator], left: Value, right: Value, line: int) -> Value:
        if kind in _PLAIN:
            return self._out.put(f"{left.text} {_PLAIN[kind]} {right.text}", "float")
        self._zero(right, line)
        if kind is ast.Div:
            return self._out.put(f"{left.text} / {right.text}", "float")
        name = "float_floordiv" if kind is ast.FloorDiv else "float_mod"
        return self._out.put(f"{name}({left.text}, {right.text})", "float")

    def _ints(self, kind: type[ast.operator], left: Value, right: Value, line: int) -> Value:
        if kind is ast.Mult:
            return self._product(left, right, line)
        if kind in _PLAIN:
            made = self._out.put(f"{left.text} {_PLAIN[kind]} {right.text}", "int")
            a, b, r = left.text, right.text, made.text
            signs = (
                f"({a} ^ {r}) & ({b} ^ {r})" if kind is ast.Add else f"({a} ^ {b}) & ({a} ^ {r})"
            )
            self.check(f"{signs} < 0", line, "int overflow")
            return made
        self._zero(right, line)
        if kind is ast.Div:
            for value in (left, right):
                self._exact(value, line, "an int beyond 53 bits is divided")
            return self._out.put(f"float({left.text}) / float({right.text})", "float")
        if right.known is None or right.known == -1:
            overflow = f"{left.text} == {_LEAST} and {right.text} == -1"
            self.check(overflow, line, "int overflow")
        return self._out.put(
            f"{left.text} {'//' if kind is ast.FloorDiv else '%'} {right.text}", "int"
        )

    def _product(self, left: Value, right: Value, line: int) -> Value:
        size = f"float({left.text}) * float({right.text})"
        self.check(f"not (-{_PRODUCT} < {size} < {_PRODUCT})", line, "int overflow")
        return self._out.put(f"{left.text} * {right.text}", "int")

    def _bits(self, sign: str, left: Value, right: Value, line: int) -> Value:
        if "float" in {left.kind, right.kind}:
            raise NotNumericError("bits of a float", line)
        if left.kind == right.kind == "bool":
            compared = {"&": "and", "|": "or", "^": "!="}[sign]
            return self._out.put(f"{left.text} {compared} {right.text}", "bool")
        return self._out.put(f"{self.to_int(left).text} {sign} {self.to_int(right).text}", "int")

    def _shift(self, to_left: bool, left: Value, right: Value, line: int) -> Value:
        if "float" in {left.kind, right.kind}:
            raise NotNumericError("bits of a float", line)
        left, right = self.to_int(left), self.to_int(right)
        self.check(f"not (0 <= {right.text} <= 62)", line, "a shift by less than 0 or more than 62")
        if not to_left:
            return self._out.put(f"{left.text} >> {right.text}", "int")
        made = self._out.put(f"{left.text} << {right.text}", "int")
        self.check(f"({made.text} >> {right.text}) != {left.text}", line, "int overflow")
        return made

    def _power(self, left: Value, right: Value, line: int) -> Value:
        if "float" in {left.kind, right.kind}:
            left, right = self.to_float(left), self.to_float(right)
            status, name = self._out.new(), self._out.new()
            self._out.line(f"{status}, {name} = float_pow({left.text}, {right.text})")
            self.check(f"{status} != 0", line, "a power beyond plain numbers")
            return Value(name, "float")
        if not isinstance(right.known, int) or not 0 <= right.known <= _MOST_POWER:
            raise NotNumericError("`**` of ints, other than with a small constant above it", line)
        base = self.to_int(left)
        if right.known == 0:
            return constant(1)
        made = base
        for bit in f"{right.known:b}"[1:]:
            made = self._product(made, made, line)
            if bit == "1":
                made = self._product(made, base, line)
        return made
