"""What stands between Python's objects and a kernel: how objects are read, and where that costs more than it gains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.emit.native.worth import is_worth
from hyper.emit.native.wrappers import wrappers
from hyper.emit.python.names import Names
from tests.check.programs import program
from tests.native.packages import RUNS_HERE, asked, build

if TYPE_CHECKING:
    from pathlib import Path

PASSED = """
intent shop

enum Tier: basic, gold

entity Line:
    net: decimal(9, 2)
    tier: Tier
    day: date
    count: int

calc same(a: decimal(9, 2)) -> decimal(9, 2): a
calc least(a: decimal(9, 2), b: decimal(9, 2)) -> decimal(9, 2): if a < b then a else b
calc inside(a: decimal(9, 2), low: decimal(9, 2), high: decimal(9, 2)) -> decimal(9, 2):
    let below = a < low
    if below:
        low
    elif a > high:
        high
    else:
        a
calc price(line: Line) -> decimal(9, 2): line.net
calc later(one: date, other: date) -> date: if one > other then one else other

calc taxed(a: decimal(9, 2)) -> decimal(9, 2): a * 0.19
calc most(days: list[date]) -> int: length(days)
calc either(one: bool, a: int, b: int) -> int: if one then a else b
calc tier(line: Line) -> Tier: line.tier
calc many(line: Line) -> bool: line.count > 3 and line.tier == Tier.gold
calc fits(a: decimal(9, 2)) -> bool: a > 1.00
calc alike(one: Line, other: Line) -> bool: one == other
table rate(a: decimal(9, 2)) -> decimal(3, 2), first:
    a     => result
    >= 50 => 0.15
    -     => 0.00
"""


def test_what_only_passes_decimals_and_dates_on_stays_in_python() -> None:
    made = wrappers("shop", Names(program(PASSED), "built"), lambda _name: True)
    reasons = {name: reason for name, (reason, *_place) in made.left.items()}
    passed = {name for name, reason in reasons.items() if "only compares and passes on" in reason}
    assert passed == {"same", "least", "inside", "price", "later"}
    found = [each.wrapper for each in made.functions]
    bound = {wrapper.name for wrapper in found}
    assert bound >= {"taxed", "either", "tier", "many", "fits", "rate"}
    definitions = program(PASSED).definitions
    for wrapper in found:
        definition = definitions[f"shop.{wrapper.name}"]
        assert is_worth(definition, wrapper.arguments, wrapper.result)  # type: ignore[arg-type]


READ = """
intent shop

entity Size:
    width: float
    height?: float
    fits: bool

entity Box:
    size: Size?
    inner?: Size
    name: string

entity Holder:
    box: Box
    spare: Box?

calc area(holder: Holder) -> float:
    let own = if holder.box.size is none then 0.0 else holder.box.size.width * (holder.box.size.height ?? 10.0)
    let spare = if holder.spare is none then -1.0 else if holder.spare.inner is none then 3.0 else holder.spare.inner.width
    own + 100.0 * spare + (if holder.box.name == "x" then 0.5 else 0.0)
"""
ASKED = """
import json, itertools, sys
from built import shop
from built.shop import Box, Holder, Size, area

assert type(area) is type(len)
sizes = [None, Size(width=2.0, fits=True), Size(width=2.0, height=3.0, fits=False)]
boxes = [Box(size=size, name=name, **({"inner": inner} if inner else {}))
         for size in sizes for inner in sizes for name in "xy"]
holders = [Holder(box=box, spare=spare) for box in boxes for spare in (None, *boxes)]
# What is not as it is declared is left to Python.
odd = Holder.model_construct(box=boxes[-1], spare=Box.model_construct(size=None, inner=Size.model_construct(width=1)))
lacking = Holder.model_construct(box=boxes[-1].model_copy(), spare=None)
del lacking.box.__dict__["size"]

class Counting:
    def __init__(self, **values):
        self.__dict__["values"], self.__dict__["asked"] = values, []
    def __getattr__(self, name):
        self.asked.append(name)
        return self.values[name]

size = Counting(width=2.0, height=3.0)
box = Counting(size=size, name="x")
holder = Counting(box=box, spare=None)
counts = sys.getrefcount(boxes[-1]), sys.getrefcount(sizes[-1]), sys.getrefcount(None) // 1000
found = [area(each) for each in holders]
kept = []
for each in (odd, lacking):
    try:
        kept.append(area(each))
    except Exception as error:
        kept.append(type(error).__name__)
assert counts == (sys.getrefcount(boxes[-1]), sys.getrefcount(sizes[-1]), sys.getrefcount(None) // 1000)
python = [area.__self__.function(each) for each in holders]
print(json.dumps([found == python, len(found), len({*found}), kept, area(holder), holder.asked, box.asked, size.asked]))
"""


@pytest.mark.skipif(not RUNS_HERE, reason="machine code of packages is for x86-64 Linux")
def test_an_attribute_that_several_values_lie_behind_is_read_once(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    result = build(tmp_path, {"shop.intent": READ})
    assert result.success, result.diagnostics
    equal, count, different, kept, area, *reads = asked(tmp_path / "out", ASKED)
    assert equal
    assert count == 342
    assert different > 6
    assert kept == [106, "AttributeError"]
    assert area == -93.5
    assert reads == [["box", "spare"], ["size", "name"], ["width", "height"]]


LONG = """
intent shop

entity Line:
    net: decimal(28, 4)
    gross: decimal(20, 2)?

calc half(a: decimal(28, 4)) -> decimal(28, 4): a * 0.5
calc plus(a: decimal(20, 2), b: decimal(10, 2)) -> decimal(22, 2): a + b
calc total(lines: list[Line]) -> decimal(28, 4): sum(line.net for line in lines)
calc maybe(line: Line) -> decimal(20, 2)?: if line.gross is none then none else line.gross * 1.00
calc large(a: decimal(28, 0)) -> bool: a * 2.0 > 1.0
"""
COMPARED = """
import json, random
from decimal import Context, Decimal
from built import shop
from built.shop import Line

made = random.Random(5)
exact = Context(prec=60)

def decimal(precision, scale):
    if made.random() < 0.05:
        return made.choice([Decimal(text) for text in ("NaN", "-0.00", "1E+5", "0", "1E-9")])
    digits = made.choice((1, 5, 18, 19, 20, precision - 1, precision, precision + 1))
    return Decimal(made.choice((made.randrange(10**digits), 10**digits - 1)) * made.choice((1, -1))).scaleb(-scale, exact)

def outcome(function, args):
    try:
        return repr(function(*args))
    except Exception as error:
        return [type(error).__name__, str(error)]

def line():
    return Line.model_construct(net=decimal(28, 4), gross=made.choice((None, decimal(20, 2))))

different, machine = [], 0
for _ in range(1500):
    for name, args in (
        ("half", (decimal(28, 4),)),
        ("plus", (decimal(20, 2), decimal(10, 2))),
        ("total", ([line() for _ in range(made.randrange(4))],)),
        ("maybe", (line(),)),
        ("large", (decimal(28, 0),)),
    ):
        function = getattr(shop, name)
        plain = function.__self__
        python, left = plain.function, []
        plain.function = lambda *args: left.append(args) or python(*args)
        found = outcome(function, args)
        plain.function = python
        machine += not left
        if found != outcome(python, args):
            different.append([name, repr(args), found])
print(json.dumps([different, machine]))
"""


@pytest.mark.skipif(not RUNS_HERE, reason="machine code of packages is for x86-64 Linux")
@pytest.mark.parametrize("level", ["0", "2", "'s'"])
def test_decimals_of_two_words_are_taken_and_given(level: str, tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    (tmp_path / "pyproject.toml").write_text(f"[tool.hyper.hardware.own]\nopt_level = {level}\n")
    result = build(tmp_path, {"shop.intent": LONG}, hardware=None)
    assert result.success, result.diagnostics
    different, machine = asked(tmp_path / "out", COMPARED)
    assert different == []
    assert machine > 4000
