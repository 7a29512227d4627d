"""Numeric Python functions compiled: the same bits as Python gives, or a check that leaves the call to Python."""

from __future__ import annotations

import math
import random
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper.jit.numeric.machine_code import CheckFailedError, Code, scalar_code
from hyper.jit.numeric.source import MOST_INT, NotNumericError, kind_of
from hyper.jit.numeric.text import same_number
from hyper.jit.numeric.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTS: Final = (
    *(0, 1, -1, 2, -2, 3, 7, -7, 10, 63, 64, 100, -100),
    *(2**31, 2**53 - 1, 2**53 + 1, -(2**53) - 1, 3037000500, 2**62, -(2**62)),
    *(MOST_INT, MOST_INT - 1, -MOST_INT, -MOST_INT - 1),
)
FLOATS: Final = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 3.0, -7.25, 1e-320, 1e-300, 1e300),
    *(9.3e18, -9.3e18, 4503599627370495.5, math.inf, -math.inf, math.nan, 709.9, 5e-324),
)
RATE: Final = 0.19
LIMIT = 1_000


def arithmetic(a: int, b: int) -> int:
    return (a + b) * 3 - (a - b) // (b % 7 - 3) + a % b - (-a) * abs(b)


def bits(a: int, b: int) -> int:
    return ((a & b) | (a ^ 12)) + (~a >> 3) + (1 << (b % 70)) + (a << 2)


def quotient(a: int, b: int) -> float:
    return a / b + a**2 / 3


def floats(x: float, y: float) -> float:
    return (x // y) + x % y - x * y / (y + 0.1) + -x


def powers(x: float, y: float) -> float:
    found: float = x**2 + x**y if x > y else x**0.5 - y**3
    return found


def compared(a: int, x: float) -> bool:
    return a < x <= 2 * a or (a == x and not a > 3) or (a > 7 and x != 2)


def chosen(a: int, b: int) -> int:
    return (a and b) or (5 if b > 3 else LIMIT)


def library(x: float, y: float) -> float:
    found = math.sqrt(x) + math.exp(y) + math.log(x) - math.sin(x) * math.cos(y) + math.tanh(y)
    return math.copysign(found, y) + math.fabs(x) + math.atan(x) + math.pi


def rounded(x: float, y: float) -> int:
    whole = math.floor(x) + math.ceil(y) - int(x) + round(y)
    return whole + max(round(x), 3, int(y)) - min(math.trunc(x), -3)


def loops(n: int, x: float) -> float:
    total = 0.0
    for i in range(n % 13 - 2):
        if i == 7:
            continue
        total += x * i + taxed(x, i)
        while total > 1e6:
            total = total / 10
            if total < 2e5:
                break
    else_ = 1
    for j in range(10, -3, -2):
        if j == n:
            return total
        else_ += j
    return total + else_


def taxed(x: float, i: int) -> float:
    """A function that the others call."""
    if x < 0 and i > 5:
        raise ValueError(x)
    return x * RATE


def swapped(a: int, b: int) -> int:
    """Greatest common divisor."""
    while b:
        a, b = b, a % b
    assert a != 7, "seven"
    return a


def flags(p: bool, q: bool) -> int:
    return (p and not q) + (p ^ q) * 2 + (True if p else q) * 4 + (p & q) - q


CASES: Final[Sequence[Callable[..., Any]]] = (
    *(arithmetic, bits, quotient, floats, powers, compared, chosen, library, rounded),
    *(loops, swapped, flags),
)
VALUES: Final[dict[str, Sequence[Any]]] = {"int": INTS, "float": FLOATS, "bool": (True, False)}


def compiled(function: Any) -> Code:
    kinds = tuple(function.__annotations__[name] for name in function.__code__.co_varnames[:2])
    return scalar_code(Unit(function, kinds))


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except (ArithmeticError, ValueError, AssertionError, TypeError) as error:
        return error


@pytest.mark.parametrize("function", CASES, ids=lambda each: each.__name__)
def test_the_bits_are_those_of_python(function: Callable[..., Any]) -> None:
    code = compiled(function)
    draw = random.Random(1)
    kinds = code.unit.main.kinds
    rows = [(a, b) for a in VALUES[kinds[0]] for b in VALUES[kinds[1]]]
    usual: dict[str, Callable[[], Any]] = {
        "int": lambda: draw.randrange(-200, 200),
        "float": lambda: draw.gauss(0.0, 20.0),
        "bool": lambda: draw.random() < 0.5,
    }
    rows += [(usual[kinds[0]](), usual[kinds[1]]()) for _ in range(2_000)]
    given = 0
    for row in rows:
        expected = outcome(function, *row)
        try:
            found = code.call(*row)
        except CheckFailedError as error:
            site = code.unit.sites[error.args[0] - 1]
            assert site.line > function.__code__.co_firstlineno - 30
            continue
        given += 1
        assert not isinstance(expected, Exception), row
        both_nan = found != found and expected != expected  # noqa: PLR0124  # only NaN differs from itself
        assert both_nan or same_number(found, expected), (row, found, expected)
    assert given > len(rows) // 8


def test_a_check_names_its_line() -> None:
    code = compiled(loops)
    with pytest.raises(CheckFailedError) as caught:
        code.call(11, -1.0)
    site = code.unit.sites[caught.value.args[0] - 1]
    assert (site.reason, site.line) == ("an exception", taxed.__code__.co_firstlineno + 3)
    assert [held.name for held in code.unit.held] == ["taxed", "RATE"]


def test_constants_are_guarded_bit_by_bit() -> None:
    def scaled(x: float, n: int) -> float:
        return x * n

    assert isinstance(scaled, FunctionType)
    code = scalar_code(Unit(scaled, ("float", "int"), {0: 0.0}))
    assert same_number(code.call(0.0, -1), -0.0)
    for other in (-0.0, 1.0, math.nan):
        with pytest.raises(CheckFailedError):
            code.call(other, 3)


def unset(a: int) -> int:
    if a > 3:
        b = 1
    return b


def mixed(a: int) -> float:
    total = 0
    for i in range(a):
        total += i * 0.5  # type: ignore[assignment]
    return total


def either(a: int) -> float:
    return 1 if a else 2.5


def nothing(a: int) -> int | None:
    if a:
        return 1
    return None


def ends(a: int) -> int:  # type: ignore[return]  # noqa: RET503  # what is tried
    if a:
        return 1


def recursive(a: int) -> int:
    return a if a < 2 else recursive(a - 1) + recursive(a - 2)


def listed(a: int) -> int:
    return sum([a, 1])


def texts(a: int) -> bool:
    return a == "x"  # type: ignore[comparison-overlap]


def prints(a: int) -> int:
    print(a)  # noqa: T201  # what is tried
    return a


def power(a: int) -> int:
    found: int = a**a
    return found


def big(a: int) -> int:
    return a + 9_223_372_036_854_775_808


def named(a: int, *, b: int) -> int:
    return a - b


def by_place(a: int) -> int:
    return a if a > 0 else named(a, a)  # type: ignore[call-arg]  # what is tried


REFUSED: Final = (
    (unset, "`b` may not have a value here", 3),
    (mixed, "`total` is an int or a float, as it comes", 3),
    (either, "the value is an int or a float, as it comes", 1),
    (nothing, "`None` is no arithmetic of numbers", 3),
    (ends, "it may end without a value", 1),
    (recursive, "`recursive` calls itself", 1),
    (listed, "`[a, 1]` is no arithmetic of numbers", 1),
    (texts, "`'x'` is no arithmetic of numbers", 1),
    (prints, "`print` has no compiled form", 1),
    (power, "`**` of ints, other than with a small constant above it", 1),
    (big, "a number of more than 64 bits", 1),
    (by_place, "more arguments than `named` takes by place", 1),
)


@pytest.mark.parametrize(("function", "reason", "line"), REFUSED)
def test_what_has_no_compiled_form_says_why_at_its_line(
    function: FunctionType, reason: str, line: int
) -> None:
    with pytest.raises(NotNumericError) as caught:
        Unit(function, ("int",))
    assert caught.value.reason == reason
    assert caught.value.line == function.__code__.co_firstlineno + line


def test_kinds_are_exact() -> None:
    class Own(int):
        pass

    values = (1, True, 1.0, 2**63, Own(3), "x", None)
    assert [kind_of(value) for value in values] == ["int", "bool", "float", *[None] * 4]
