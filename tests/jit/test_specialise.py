"""Bodies for constants: what falls away, where they are made, and that a guard stands before them."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from hyper.emit.native.unit import Unit
from hyper.emit.native.weights import NO_WEIGHTS, Weights
from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import FALSE, TRUE, integer
from hyper.jit.kernel.specialise import cost, folded, specialised
from hyper.jit.kernel.verify import dump_unit, load_unit, verify
from tests.check.programs import program

COUNTRIES: Final = 12
NAME: Final = "m0.fee"


def tariff(countries: int = COUNTRIES, *, between: str = "") -> str:
    """A table with three rows for each country."""
    lines = [
        "enum Country: " + ", ".join(f"c{place}" for place in range(countries)),
        "",
        "table fee(country: Country, kg: int) -> int, first:",
        "    country | kg => result",
    ]
    for place in range(countries):
        lines += [
            f"    c{place} | < {limit} => {place * 10 + limit}" for limit in (5, 20, 10**6 + 1)
        ]
        if between:
            lines.append(between.format(place))
    lines += ["    - | - => 0", "", "calc twice(country: Country, kg: int) -> int:"]
    lines += ["    fee(country, kg) + fee(country, kg + 1)"]
    return "\n".join(lines) + "\n"


def unit(text: str, constants: dict[str, Any] | None, *names: str, rows: bool = True) -> ir.Unit:
    """The unit of a table for what its arguments always were."""
    known = {path: json.dumps(value) for path, value in (constants or {}).items()}
    weights = Weights({}, moves=False, constants=dict.fromkeys(names or (NAME,), known))
    made = Unit(program(text), weights if constants is not None else NO_WEIGHTS)
    found = made.unit(names or (NAME,), rows=rows)
    assert verify(found) == []
    return found


def functions(found: ir.Unit) -> dict[str, ir.Function]:
    return {each.name: each for each in found.functions}


def test_what_constants_decide_falls_away() -> None:
    found = unit(tariff(), {"country": "c7"})
    held, general = (functions(found)[name] for name in (f"{NAME}:held", NAME))
    assert cost(held.body, {}) * 5 < cost(general.body, {})
    (kernel,) = found.kernels
    assert kernel.bodies == ir.Bodies(held.name, NAME, ((0, integer(7)),))
    assert load_unit(dump_unit(found)) == found


def test_only_of_a_large_function_each_call_asks() -> None:
    small, large = unit(tariff(), {"country": "c3"}), unit(tariff(40), {"country": "c3"})
    assert set(functions(small)) == {NAME, f"{NAME}:held"}
    assert set(functions(large)) == {NAME, f"{NAME}:held", f"{NAME}:general"}
    guard = functions(large)[NAME]
    assert ir.calls(guard.body) == {f"{NAME}:held", f"{NAME}:general"}
    assert functions(large)[f"{NAME}:general"].body == functions(unit(tariff(40), None))[NAME].body


def test_what_only_rows_need_is_not_there_for_calls() -> None:
    assert unit(tariff(), {"country": "c3"}, rows=False) == unit(tariff(), None)


def test_where_little_falls_away_nothing_is_made() -> None:
    plain = unit(tariff(), None)
    for constants in ({}, {"kg": 3}, {"other": 1}, {"country": None}):
        assert unit(tariff(), constants) == plain
    assert unit(tariff(2), {"country": "c1"}) == unit(tariff(2), None)


@pytest.mark.parametrize("value", ["c99", 3, True, 1.5, [], {}, "", "c7 "])
def test_a_constant_that_is_none_of_its_column_is_left_out(value: Any) -> None:
    assert unit(tariff(), {"country": value}) == unit(tariff(), None)


def test_a_caller_takes_the_body_for_its_own_constants() -> None:
    found = functions(unit(tariff(), {"country": "c7"}, NAME, "m0.twice"))
    assert ir.calls(found["m0.twice:held"].body) == {f"{NAME}:held`0`"}
    assert [each.name for each in found[f"{NAME}:held`0`"].params] == ["kg"]
    assert ir.calls(found["m0.twice:general"].body) == {NAME}


LEAVES: Final = """
entity Order:
    express: bool
    placed: date
    rate: decimal(5, 4)
    huge: decimal(28, 2)
    note?: string
    weight: float

calc f(order: Order) -> int:
    var found = 0
BRANCHES
    found
"""


def test_leaves_of_every_kind() -> None:
    tests = [
        "order.express", "order.placed == date(2024, 2, 29)", "order.rate == 0.19",
        "order.huge < 0", 'order.note == "free"', "order.note == none", "order.weight > 2.5",
    ]  # fmt: skip
    branches = [
        f"    if {test}:\n        found = found * 3 + {place}\n    else:\n        found = found + {place}"
        for place, test in enumerate(tests * 3)
    ]
    known = {
        "express": True, "placed": "2024-02-29", "rate": "0.1900", "huge": "-12345678901234567890.5",
        "note": "free", "weight": 3.5,
    }  # fmt: skip
    given = {f"order.{name}": value for name, value in known.items()}
    text = LEAVES.replace("BRANCHES", "\n".join(branches))
    (kernel,) = unit(text, given, "m0.f").kernels
    assert kernel.bodies is not None
    found = {kernel.columns[place].path: value.text for place, value in kernel.bodies.constants}
    assert found == {
        "order.express": "1",
        "order.placed": "19782",
        "order.rate": "1900",
        "order.huge": "-1234567890123456789050",
        "order.note?": "1",
        "order.note": "0",
    }
    (kernel,) = unit(text, {"order.note": None, "order.express": False}, "m0.f").kernels
    assert kernel.bodies is not None
    assert {value for _, value in kernel.bodies.constants} == {FALSE}
    wrong = {
        "order.express": 1, "order.placed": "2024-02-30", "order.rate": "1.00001",
        "order.huge": "9" * 40, "order.note": "other", "order.weight": "x",
    }  # fmt: skip
    (kernel,) = unit(text, wrong, "m0.f").kernels
    assert kernel.bodies is None or [value for _, value in kernel.bodies.constants] == [TRUE]


def test_operations_of_constants() -> None:
    most = integer(2**63 - 1)
    assert folded("add", "int", (integer(2), integer(3))) == integer(5)
    assert folded("add", "int", (most, integer(1))) is None
    assert folded("neg", "int", (integer(-(2**63)),)) is None
    assert folded("floordiv", "int", (integer(7), integer(2))) is None
    assert folded("eq", "bool", (TRUE, FALSE)) == FALSE
    assert folded("xor", "bool", (TRUE, FALSE)) == TRUE
    assert folded("not", "bool", (TRUE,)) == FALSE
    assert folded("and", "bool", (4, FALSE)) == FALSE
    assert folded("or", "bool", (FALSE, 4)) == 4
    assert folded("and", "bool", (4, 5)) is None
    assert folded("select", "int", (TRUE, 4, 5)) == 4
    assert folded("widen", "wide", (integer(-4),)) == integer(-4, "wide")
    zero = ir.Imm("float", (0.0).hex())
    assert folded("eq", "bool", (zero, ir.Imm("float", (-0.0).hex()))) is None


def test_without_constants_there_is_none() -> None:
    function = functions(unit(tariff(), None))[NAME]
    assert specialised(function, {}, {}, lambda _name, _results: (function, (0, 1))) is None


@pytest.mark.parametrize(
    "bodies",
    [
        ir.Bodies("none", NAME, ()),
        ir.Bodies(NAME, "none", ()),
        ir.Bodies(NAME, NAME, ((9, integer(1)),)),
        ir.Bodies(NAME, NAME, ((-1, integer(1)),)),
        ir.Bodies(NAME, NAME, ((0, integer(1, "wide")),)),
        ir.Bodies(NAME, NAME, ((0, ir.Imm("int", "1; x")),)),
    ],
)
def test_bodies_that_are_malformed_are_refused(bodies: ir.Bodies) -> None:
    plain = unit(tariff(), None)
    (kernel,) = plain.kernels
    changed = ir.Kernel(kernel.function, kernel.columns, kernel.outputs, bodies)
    assert verify(ir.Unit(plain.functions, (changed,), plain.sites, plain.texts)) != []
