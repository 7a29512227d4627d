"""Columns of every type that a type of the language is read from, at their limits, and those that are none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import numpy as np
import pytest

from hyper.engine.batch.result import BatchResult
from tests.engine.batch.programs import functions

pa = pytest.importorskip("pyarrow")

INPUTS: Final = """
enum Tier: basic, silver, gold = "Gold"

enum Grade: a = 1, b = 2

calc whole(x: int) -> int:
    x

calc maybe(x: int?) -> int?:
    x

calc real(x: float) -> float:
    x

calc some(x: float?) -> float?:
    x

calc narrow(x: decimal(6, 2)) -> decimal(6, 2):
    x

calc wide(x: decimal(28, 4)) -> decimal(28, 4):
    x

calc huge(x: decimal(28, 0)) -> decimal(28, 0):
    x

calc born(x: date) -> date:
    x

calc tier(x: Tier) -> Tier:
    x

calc grade(x: Grade) -> Grade:
    x

calc yes(x: bool) -> bool:
    x

calc text(x: string, y: string) -> bool:
    x == y

calc small(x: int @range(0, 10)) -> int:
    x

calc even(x: int @multiple(2)) -> int:
    x

calc share(x: float @above(0) @below(1)) -> float:
    x

calc rate(x: decimal(5, 4) @range(0, 0.5)) -> decimal(5, 4):
    x
"""
GONE: Final = object()
"""No value, with an error of the row."""


def run(name: str, values: Any, **more: Any) -> BatchResult:
    result = functions(2, text=INPUTS).function(name).batch({"x": values} | more)
    assert isinstance(result, BatchResult)
    assert result.stats.reason == ""
    return result


def read(name: str, values: Any) -> list[Any]:
    """The values as they come out, ``GONE`` for rows with an error."""
    result = run(name, values)
    failed = set(result.errors.row.tolist())
    assert set(result.errors.code) <= {"input"}
    found = [
        value.item() if isinstance(value, np.generic) else value
        for value in (None if each is np.ma.masked else each for each in result.values)
    ]
    return [GONE if row in failed else value for row, value in enumerate(found)]


D = Decimal


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("whole", np.array([1, 255], np.uint8), [1, 255]),
        ("whole", np.array([2**63, 2**63 - 1], np.uint64), [GONE, 2**63 - 1]),
        ("whole", pa.array([-(2**31), None], pa.int32()), [-(2**31), GONE]),
        ("whole", [2**63, -(2**63), 1.0, 1.5, True, "1", None], [GONE, -(2**63), 1, *[GONE] * 4]),
        ("maybe", pa.array([1, None, 3]), [1, None, 3]),
        ("maybe", [None, None], [None, None]),
        ("maybe", pa.nulls(2), [None, None]),
        ("real", np.array([1.5, np.inf, -0.0], np.float32), [1.5, float("inf"), -0.0]),
        ("real", pa.array([1.5, 2.5], pa.float16()), [1.5, 2.5]),
        ("real", np.array([1, 2**53]), [1.0, 2.0**53]),
        ("some", pa.array([1.5, None]), [1.5, None]),
        ("narrow", pa.array([D("9999.99"), None], pa.decimal128(6, 2)), [D("9999.99"), GONE]),
        ("narrow", pa.array([D("1.230"), D("1.234")], pa.decimal128(9, 3)), [D("1.23"), GONE]),
        ("narrow", pa.array([D("1.2"), D("10000")], pa.decimal128(30, 1)), [D("1.20"), GONE]),
        ("narrow", pa.array([D("-1.2")], pa.decimal256(40, 1)), [D("-1.20")]),
        ("narrow", pa.array([D("-1.2")], pa.decimal32(5, 1)), [D("-1.20")]),
        ("narrow", np.array([9999, 10000, -1]), [D("9999.00"), GONE, D("-1.00")]),
        ("narrow", np.array([0.1, 0.1 + 0.2, 1e300, np.nan, np.inf]), [D("0.10"), *[GONE] * 4]),
        (
            "narrow",
            ["1.5", "1e2", "x", "1.555", D("2")],
            [D("1.50"), D("100.00"), GONE, GONE, D("2.00")],
        ),
        ("wide", np.array([2**62, -1]), [D("4611686018427387904.0000"), D("-1.0000")]),
        (
            "wide",
            pa.array([D(10**24 - 1), None], pa.decimal128(24, 0)),
            [D("999999999999999999999999.0000"), GONE],
        ),
        (
            "huge",
            pa.array([D(10**28 - 1), D(1 - 10**28)], pa.decimal128(28, 0)),
            [D(10**28 - 1), D(1 - 10**28)],
        ),
        (
            "born",
            pa.array([0, -719162, 2932896], pa.date32()),
            [date(1970, 1, 1), date.min, date.max],
        ),
        (
            "born",
            pa.array([0, -719163, 2932897], pa.int32()).cast(pa.date32()),
            [date(1970, 1, 1), GONE, GONE],
        ),
        ("born", pa.array([86_400_000], pa.date64()), [date(1970, 1, 2)]),
        (
            "born",
            pa.array([1_767_225_600, 1_767_229_200]).cast(pa.timestamp("s")),
            [date(2026, 1, 1), GONE],
        ),
        ("born", np.array(["2026-01-01", "NaT"], "M8[D]"), [date(2026, 1, 1), GONE]),
        (
            "born",
            np.array(["2026-01", "-0001-01", "20000-01"], "M8[M]"),
            [date(2026, 1, 1), GONE, GONE],
        ),
        ("born", np.array(["2026-01-01T00:00:01"], "M8[s]"), [GONE]),
        (
            "born",
            ["2026-02-28", "2026-02-30", date(2026, 1, 1), 1],
            [date(2026, 2, 28), GONE, date(2026, 1, 1), GONE],
        ),
        ("tier", ["Gold", "gold", "basic", None, 1], ["Gold", GONE, "basic", GONE, GONE]),
        ("tier", np.array(["Gold", "gold"]), ["Gold", GONE]),
        ("tier", pa.array(["Gold", None, "x"]).dictionary_encode(), ["Gold", GONE, GONE]),
        (
            "tier",
            pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), ["Gold", None]),
            [GONE, "Gold", GONE],
        ),
        ("tier", pa.array(["basic"], pa.string_view()), ["basic"]),
        ("grade", np.array([1, 2, 3]), [1, 2, GONE]),
        ("grade", pa.array([2, None], pa.int8()), [2, GONE]),
        ("grade", [1, True, "1"], [1, GONE, GONE]),
        ("yes", np.array([True, False]), [True, False]),
        ("yes", pa.array([True, None, False])[1:], [GONE, False]),
        ("yes", [True, 1, np.True_], [True, GONE, True]),
        ("small", np.array([0, 10, 11, -1]), [0, 10, GONE, GONE]),
        ("even", np.array([4, 3]), [4, GONE]),
        ("share", np.array([0.5, 0.0, 1.0, np.nan]), [0.5, GONE, GONE, GONE]),
        ("rate", ["0.5", "0.5001", "-0.1", "0"], [D("0.5000"), GONE, GONE, D("0.0000")]),
    ],
)
def test_reading(name: str, values: Any, wanted: list[Any]) -> None:
    found = read(name, values)
    assert [(type(each), each) for each in found] == [(type(each), each) for each in wanted]


def test_nan_is_a_float_and_of_pandas_nothing() -> None:
    assert np.isnan(run("real", np.array([np.nan])).values[0])
    assert np.isnan(run("real", pa.array([float("nan")])).values[0])
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, np.nan])
    assert read("real", series) == [1.0, GONE]
    assert read("some", pandas.DataFrame({"x": series})["x"]) == [1.0, None]


class Level(Enum):
    GOLD = "Gold"


def test_members_of_an_enum_are_their_values() -> None:
    assert read("tier", [Level.GOLD]) == ["Gold"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("whole", np.array([1.0])),
        ("whole", pa.array([True])),
        ("whole", pa.array(["1"])),
        ("whole", np.array([1], "m8[s]")),
        ("narrow", pa.array(["1"])),
        ("narrow", np.array([True])),
        ("real", pa.array([D(1)])),
        ("yes", np.array([1])),
        ("born", np.array([1])),
        ("born", pa.array([datetime(2026, 1, 1, tzinfo=UTC)])),
        ("born", pa.array([timedelta(1)])),
        ("tier", pa.array([b"Gold"])),
        ("tier", np.array([1])),
        ("grade", pa.array(["1"])),
        ("text", pa.array([1])),
        ("whole", np.zeros((2, 2), np.int64)),
    ],
)
def test_a_column_of_another_type_raises(name: str, values: Any) -> None:
    more = {"y": ["a"] * len(values)} if name == "text" else {}
    with pytest.raises(ValueError, match=r"column x: .* is expected, not"):
        run(name, values, **more)


@pytest.mark.parametrize("entries", [0, 1, 5_000])
@pytest.mark.parametrize("index", [-1, 5_000])
def test_an_index_that_is_not_in_its_dictionary_is_refused(entries: int, index: int) -> None:
    texts = pa.array([str(number) for number in range(entries)], pa.string())
    array = pa.DictionaryArray.from_arrays(pa.array([index], pa.int32()), texts, safe=False)
    with pytest.raises(ValueError, match="dictionary"):
        run("text", array, y=["a"])
    nothing = pa.DictionaryArray.from_arrays(pa.array([None], pa.int32()), texts)
    assert read("tier", nothing) == [GONE]


def test_texts_of_any_kind_of_array() -> None:
    wanted = [True, False, True]
    left, right = ["a", "b", "Ü🦀"], ["a", "a", "Ü🦀"]
    kinds = [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ]
    for kind in kinds:
        made = run("text", pa.array(left).cast(kind), y=np.array(right)).values
        assert made.tolist() == wanted
    strings = np.dtypes.StringDType()
    assert run("text", np.array(left, strings), y=right).values.tolist() == wanted


def test_a_name_that_is_wrong_is_told_with_what_may_be_meant() -> None:
    with pytest.raises(LookupError, match='nothing is called "mayb"; did you mean maybe'):
        functions(2, text=INPUTS).function("mayb")


def test_a_column_that_is_called_as_the_parameter_is_the_parameter() -> None:
    text = """
intent m

entity Amount:
    amount: int
    currency: string

calc more(amount: Amount) -> int:
    amount.amount + 1

calc shown(amount: Amount) -> string:
    upper(amount.currency)
"""
    made = functions(text=text)
    rows = [{"amount": {"amount": 3, "currency": "a"}}]
    more, shown = made.function("more").batch(rows), made.function("shown").batch(rows)
    assert isinstance(more, BatchResult)
    assert isinstance(shown, BatchResult)
    assert more.values.tolist() == [4]
    assert shown.values.tolist() == ["A"]
