"""What a batch gives, and what it says of data that it cannot take."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pytest

from hyper import batch
from hyper.engine.batch.functions import Functions
from hyper.engine.batch.result import BatchResult
from hyper.engine.batch.running import Run
from hyper.jit.columns.tables import table_of
from tests.engine.batch.programs import SHOP, function, functions

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)


def run(name: str, data: Any, level: int = 3) -> BatchResult:
    result = function(name, level).batch(data, now=NOW)
    assert isinstance(result, BatchResult)
    return result


@pytest.mark.parametrize("level", [0, 1, 3])
def test_bad_rows_are_errors_of_rows(level: int) -> None:
    lines = [
        {"sku": "a", "quantity": 2, "unit_price": "1.50", "discount": None},
        {"sku": "a", "quantity": 0, "unit_price": "1.50"},
        {"sku": "a", "quantity": 2, "unit_price": "1.505"},
        {"sku": "a", "quantity": None, "unit_price": "1.50"},
        {"sku": "a", "quantity": "2", "unit_price": "1.50"},
        {"sku": "a", "quantity": 3, "unit_price": Decimal("1.5"), "discount": 0.25},
    ]
    result = run("line_total", {"line": lines}, level)
    assert result.errors.row.tolist() == [1, 2, 3, 4]
    assert set(result.errors.code) == {"input"}
    assert ["quantity" in column for column in result.errors.column] == [True, False, True, True]
    assert result.values.tolist() == [Decimal("3.00"), *[None] * 4, Decimal("3.38")]
    assert result.errors.counts() == {"input": 4}


def test_an_error_has_its_line_and_a_refusal_its_message() -> None:
    result = run("share", {"parts": [1, 2], "of": [0, 1]})
    assert result.errors.to_arrow().to_pylist() == [
        {
            "row": 0,
            "code": "division_by_zero",
            "message": "division by zero",
            "column": "",
            "file": "shop.intent",
            "line": 47,
        }
    ]
    assert result.values.tolist() == [None, 2]
    customer = {"name": "A", "tier": "Gold", "since": date(2020, 1, 1)}
    line = {"sku": "a", "quantity": 1, "unit_price": 1}
    orders = [{"customer": customer, "lines": each, "weight": 1.0} for each in ([], [line])]
    refused = run("free", orders)
    assert refused.errors.message.tolist() == ["an order needs lines"]
    assert refused.errors.code.tolist() == ["refused"]
    assert refused.values["shipping"].tolist() == [None, Decimal("0.00")]


def test_a_record_is_a_column_a_field() -> None:
    result = run("offer", {"tier": ["Gold", "basic"], "day": np.array(["2026-01-01"] * 2, "M8[D]")})
    assert list(result.values) == ["rate", "label", "until"]
    assert result.values["label"].tolist() == ["much", "none"]
    assert result.values["until"].tolist() == [date(2026, 1, 1), None]
    pandas = pytest.importorskip("pandas")
    assert isinstance(result.to_pandas(), pandas.DataFrame)
    polars = pytest.importorskip("polars")
    assert result.to_polars()["rate"].to_list() == [Decimal("0.15"), Decimal("0.00")]
    assert result.to_polars().schema["rate"] == polars.Decimal(3, 2)


def test_what_a_guard_leaves_runs_in_python() -> None:
    result = run("half", {"amount": [Decimal(10**24 - 1), Decimal(2)]})
    assert result.values.tolist() == [Decimal("499999999999999999999999.5000"), Decimal("1.0000")]
    ran = result.stats.native + result.stats.generated + result.stats.interpreted
    assert ran == 2
    assert sum(guard.rows for guard in result.stats.guards) == 2 - result.stats.native


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"parts": [1]}, "there is no column of"),
        ({"parts": [1], "off": [2]}, "is it 'off'"),
        ({"of": [1], "part": [2]}, "but of, part; is it 'part'"),
        ({"parts": [1], "of": [1, 2]}, "column of has 2 rows"),
        ({"parts": np.array(["a"]), "of": [1]}, "column parts: int is expected, not <U1"),
        ({"parts": np.array([1.5]), "of": [1]}, "column parts: int is expected, not float64"),
    ],
)
def test_a_table_of_another_shape_raises(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function("share").batch(data)


def test_a_column_that_is_read_for_another_parameter_is_not_offered() -> None:
    text = (
        "enum Country:\n    de\n    us\n\n"
        "calc duty(country: Country, amount: int) -> int:\n    if country == us then amount else 0\n"
    )
    compiled = functions(text=text).function("duty")
    with pytest.raises(ValueError, match=r"there is no column country .* but land, amount$"):
        compiled.batch({"land": ["us"], "amount": [1]})


@pytest.mark.parametrize("data", ["text", 7, [1, 2], {"parts": "ab", "of": 1}])
def test_what_is_no_table_raises(data: Any) -> None:
    with pytest.raises(TypeError):
        function("share").batch(data)


def test_a_clock_has_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        function("share").batch({"parts": [1], "of": [1]}, now=NOW.replace(tzinfo=None))


def arrays_of(name: str, data: Any) -> list[Any]:
    """What a kernel gets of a table, from its tenth row to the twentieth."""
    run = Run(function(name), table_of(data), NOW)
    return run._binding.bind(run._table, 10, 20, run._texts, run._whole).arrays


def test_nothing_lies_twice() -> None:
    parts = np.arange(100)
    assert all(
        np.shares_memory(each, parts) for each in arrays_of("share", {"parts": parts, "of": parts})
    )
    pa = pytest.importorskip("pyarrow")
    array = pa.array(parts)
    (address,) = {each.ctypes.data for each in arrays_of("share", {"parts": array, "of": array})}
    assert address == array.buffers()[1].address + 80
    halves = pa.array(list(range(100)), pa.decimal128(28, 4))
    (made,) = arrays_of("half", {"amount": halves})
    assert made.ctypes.data == halves.buffers()[1].address + 160
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"parts": parts, "of": parts})
    lent = frame["parts"].to_numpy(allow_copy=False)
    assert arrays_of("share", frame)[0].ctypes.data == lent.ctypes.data + 80
    pandas = pytest.importorskip("pandas")
    held = pandas.DataFrame({"parts": parts, "of": parts})
    assert np.shares_memory(arrays_of("share", held)[0], held["parts"].to_numpy())


def test_without_llvm_python_runs_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    made = Functions(functions().program).function("share")
    result = made.batch({"parts": [7], "of": [2]})
    assert isinstance(result, BatchResult)
    assert result.values.tolist() == [3]
    assert (result.stats.native, result.stats.generated) == (0, 1)
    assert "hypercompiler[jit]" in result.stats.reason


def test_several_threads_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from hyper.engine.batch import running

    monkeypatch.setattr(running, "PIECE", 64)
    monkeypatch.setattr(running, "_WORTH", 0.0)
    monkeypatch.setattr(running, "_GAIN", 0.0)
    parts, of = np.arange(1000), np.arange(1000) % 7
    names = [f"n{place % 50}" for place in range(1000)]
    one = run("share", {"parts": parts, "of": of})
    many = function("share", cores=4).batch({"parts": parts, "of": of})
    assert isinstance(many, BatchResult)
    assert (one.stats.threads, many.stats.threads) == (1, 4)
    assert one.values.tolist() == many.values.tolist()
    assert one.errors.row.tolist() == many.errors.row.tolist() == list(range(0, 1000, 7))
    same = function("same_name", cores=4).batch({"one": names, "other": names[::-1]})
    assert isinstance(same, BatchResult)
    wanted = [left == right for left, right in zip(names, names[::-1], strict=True)]
    assert same.values.tolist() == wanted
    # Where it turns out to be no faster, one goes on alone.
    monkeypatch.setattr(running, "_GAIN", 1e9)
    alone = function("share", cores=4).batch({"parts": parts, "of": of})
    assert isinstance(alone, BatchResult)
    assert alone.stats.threads == 1
    assert alone.values.tolist() == one.values.tolist()


def test_the_function_of_some_sources(tmp_path: Any) -> None:
    (tmp_path / "shop.intent").write_text(SHOP, encoding="utf-8")
    result = batch(tmp_path, "shop.share", {"parts": [7], "of": [2]}, jit=1, incremental=False)
    assert isinstance(result, BatchResult)
    assert (result.values.tolist(), result.stats.generated) == ([3], 1)
    with pytest.raises(LookupError):
        batch(tmp_path, "shop.nothing", {}, incremental=False)
    (tmp_path / "shop.intent").write_text("calc x() -> nonsense:\n    1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"an error: shop\.intent:1: there is no type"):
        batch(tmp_path, "x", {}, incremental=False)


def test_each_text_is_checked_once_and_each_row_has_its_message() -> None:
    customer = {"tier": "Gold", "since": date(2020, 1, 1)}
    names = ["A", "", "A", "x" * 21, ""]
    orders = [{"customer": customer | {"name": name}, "lines": [], "weight": 1.0} for name in names]
    result = run("greeting", orders)
    assert result.values.tolist() == ["A!", None, "A!", None, None]
    # A kernel reads texts that it tells apart.
    shop = SHOP + (
        "\nentity Card:\n    code: string @length(2, 3)\n    other: string? @length(2, 3)\n"
        "\ncalc same_card(card: Card) -> bool:\n    card.code == card.other\n"
    )
    of = functions(text=shop).function("same_card")
    for _ in range(2):
        made = of.batch({"code": ["ab", "a", "abcd", "ab"], "other": ["ab", "ab", "ab", None]})
        assert isinstance(made, BatchResult)
        assert (made.stats.native, made.errors.row.tolist()) == (2, [1, 2])
        assert len(set(made.errors.message)) == 2
        assert made.values.tolist() == [True, None, None, False]
