"""Whatever a table lies in, each of its rows comes out as tier 0 has it."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from hyper.engine.batch.result import BatchResult
from hyper.engine.batch.values import as_json
from hyper.engine.evaluation import read_arguments
from tests.engine.batch.answers import rows_of, zero
from tests.engine.batch.programs import function

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.engine.batch.functions import Function

pa = pytest.importorskip("pyarrow")

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONEY: Final = pa.decimal128(12, 2)
LINE: Final = pa.struct(
    [
        ("sku", pa.string()),
        ("quantity", pa.int64()),
        ("unit_price", MONEY),
        ("discount", pa.decimal128(4, 3)),
    ]
)
CUSTOMER: Final = pa.struct(
    [
        ("name", pa.string()),
        ("tier", pa.string()),
        ("since", pa.date32()),
        ("home", pa.string()),
    ]
)
ORDER: Final = pa.struct(
    [
        ("customer", CUSTOMER),
        ("lines", pa.list_(LINE)),
        ("weight", pa.float64()),
        ("express", pa.bool_()),
        ("shipping", pa.decimal128(9, 2)),
        ("note", pa.string()),
    ]
)
SCHEMAS: Final = {
    "total": [("order", ORDER)],
    "average_weight": [("order", ORDER)],
    "greeting": [("order", ORDER)],
    "free": [("self", ORDER)],
    "line_total": [("line", LINE)],
    "discount": [("tier", pa.string()), ("amount", pa.decimal128(14, 2))],
    "share": [("parts", pa.int64()), ("of", pa.int64())],
    "age": [("born", pa.date32()), ("size", pa.int64())],
    "same_name": [("one", pa.string()), ("other", pa.string())],
    "half": [("amount", pa.decimal128(28, 4))],
    "maybe": [("amount", pa.int64())],
    "offer": [("tier", pa.string()), ("day", pa.date32())],
}


class Made:
    """Random values that fit, most of them near a limit."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def units(self, precision: int, scale: int) -> Decimal:
        most = 10**precision - 1
        chosen = self.random.choice(
            [0, 1, -1, most, -most, self.random.randint(-most, most), self.random.randint(0, 9999)]
        )
        return Decimal(chosen).scaleb(-scale)

    def whole(self) -> int:
        return self.random.choice([0, 1, -1, 2**63 - 1, -(2**63), self.random.randint(-9, 9)])

    def day(self) -> date:
        return date.fromordinal(
            self.random.choice([1, 719_163, 3_652_059, self.random.randint(1, 3_652_059)])
        )

    def text(self) -> str:
        return self.random.choice(["a", "anyone", "Ünïcode 🦀", "x" * 20, "line\nbreak"])

    def tier(self) -> str:
        return self.random.choice(["basic", "silver", "Gold"])

    def maybe(self, value: Any) -> Any:
        return value if self.random.random() < 0.7 else None

    def line(self) -> dict[str, Any]:
        return {
            "sku": self.text(),
            "quantity": self.random.randint(1, 999),
            "unit_price": self.units(12, 2),
            "discount": self.maybe(self.units(4, 3)),
        }

    def order(self) -> dict[str, Any]:
        return {
            "customer": {
                "name": self.text(),
                "tier": self.tier(),
                "since": self.day(),
                "home": self.maybe(self.text()),
            },
            "lines": [self.line() for _ in range(self.random.randint(0, 4))],
            "weight": self.random.choice([0.0, -0.0, 1e308, 2.5, self.random.random()]),
            "express": self.maybe(self.random.random() < 0.5),
            "shipping": self.maybe(self.units(9, 2)),
            "note": self.maybe(self.text()),
        }

    def rows(self, name: str, count: int) -> list[dict[str, Any]]:
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "line_total": lambda: {"line": self.line()},
            "discount": lambda: {"tier": self.tier(), "amount": self.units(14, 2)},
            "share": lambda: {"parts": self.whole(), "of": self.whole()},
            "age": lambda: {"born": self.day(), "size": self.maybe(self.random.choice([1, 2]))},
            "same_name": lambda: {"one": self.text(), "other": self.maybe(self.text())},
            "half": lambda: {"amount": self.units(28, 4)},
            "maybe": lambda: {"amount": self.maybe(self.whole())},
            "offer": lambda: {"tier": self.tier(), "day": self.day()},
            "free": lambda: {"self": self.order()},
        }
        make = makers.get(name)
        return [{"order": self.order()} if make is None else make() for _ in range(count)]


def arguments(of: Function, row: dict[str, Any]) -> list[Any]:
    """A row as tier 0 takes it, with the names of JSON; fields that may lack are left out where they are none."""
    text = json.dumps(as_json(_without_gaps(row)))
    given = read_arguments(of.functions.program, of.name, text)
    reader = of.functions.interpreter.reader
    params = dict(of.functions.interpreter.params(of.name))
    return [reader.read(given[param], kind) for param, kind in params.items()]


def _without_gaps(value: Any) -> Any:
    gaps = {"home", "express", "shipping", "note"}
    if isinstance(value, dict):
        return {
            {"weight": "grams"}.get(key, key): _without_gaps(item)
            for key, item in value.items()
            if item is not None or key not in gaps
        }
    return [_without_gaps(item) for item in value] if isinstance(value, list) else value


def table(name: str, rows: list[dict[str, Any]]) -> Any:
    return pa.Table.from_pylist(rows, schema=pa.schema(SCHEMAS[name]))


def _polars(name: str, rows: list[dict[str, Any]]) -> Any:
    polars = pytest.importorskip("polars")
    return polars.from_arrow(table(name, rows))


def _pandas(name: str, rows: list[dict[str, Any]]) -> Any:
    pandas = pytest.importorskip("pandas")
    return table(name, rows).to_pandas(types_mapper=pandas.ArrowDtype)


def _encoded(name: str, rows: list[dict[str, Any]]) -> Any:
    made = table(name, rows)
    for place, field in enumerate(made.schema):
        if field.type == pa.string():
            made = made.set_column(place, field.name, made.column(place).dictionary_encode())
    return made


def _chunked(name: str, rows: list[dict[str, Any]]) -> Any:
    """In chunks, each a part of a longer one."""
    pieces = [rows[place : place + 7] for place in range(0, len(rows), 7)]
    return pa.concat_tables([table(name, [each[0], *each, each[0]])[1:-1] for each in pieces])


FORMS: Final[dict[str, Callable[[str, list[dict[str, Any]]], Any]]] = {
    "records": lambda _name, rows: rows,
    "columns of lists": lambda _name, rows: {key: [row[key] for row in rows] for key in rows[0]},
    "arrow": table,
    "record batch": lambda name, rows: table(name, rows).to_batches()[0],
    "chunks with offsets": _chunked,
    "dictionaries": _encoded,
    "large": lambda name, rows: _encoded(name, rows).cast(_large(SCHEMAS[name])),
    "polars": _polars,
    "pandas": _pandas,
}


def _large(fields: list[tuple[str, Any]]) -> Any:
    return pa.schema(
        [(name, pa.large_string() if kind == pa.string() else kind) for name, kind in fields]
    )


def compared(of: Function, rows: list[dict[str, Any]], data: Any) -> BatchResult:
    result = of.batch(data, now=NOW)
    assert isinstance(result, BatchResult)
    got = rows_of(of, result)
    assert len(got) == len(rows)
    for row, outcome in zip(rows, got, strict=True):
        assert outcome == zero(of, arguments(of, row), NOW), row
    return result


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SCHEMAS)
def test_each_row_comes_out_as_in_tier_0(name: str, form: str) -> None:
    rows = Made(len(name) * 31 + len(form)).rows(name, 60)
    compared(function(name), rows, FORMS[form](name, rows))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("name", SCHEMAS)
def test_every_level_gives_the_same(name: str, level: int) -> None:
    rows = Made(7).rows(name, 40)
    of = function(name, level)
    result = compared(of, rows, table(name, rows))
    if level < 2:
        assert result.stats.native == 0
        assert of.why
    ran = result.stats.native + result.stats.generated + result.stats.interpreted
    assert ran + result.stats.unread == result.stats.rows == 40


def test_what_has_no_kernel_runs_row_by_row_and_tells_why() -> None:
    rows = Made(3).rows("greeting", 10)
    result = compared(function("greeting"), rows, table("greeting", rows))
    assert (result.stats.native, result.stats.generated) == (0, 10)
    assert result.stats.reason
    assert (result.stats.file, result.stats.line) == ("shop.intent", 54)


def test_arrays_of_numpy_of_every_layout() -> None:
    random = np.random.default_rng(1)
    parts = random.integers(-9, 9, 50)
    of = random.integers(-2, 2, 50)
    rows = [{"parts": int(a), "of": int(b)} for a, b in zip(parts, of, strict=True)]
    wide = np.zeros((50, 3), np.int64)
    wide[:, 1] = of
    for left in (parts, parts.astype(">i8"), parts.astype(np.int8), np.repeat(parts, 2)[::2]):
        compared(function("share"), rows, {"parts": left, "of": wide[:, 1]})
    both = np.zeros(50, [("of", "<i4"), ("parts", ">i2")])
    both["of"], both["parts"] = of, parts
    compared(function("share"), rows, both)


def test_masked_arrays_and_dates_that_are_none() -> None:
    born = np.array(["2000-02-29", "NaT", "0001-01-01"], "M8[D]")
    size = np.ma.MaskedArray([1, 2, 2], mask=[False, False, True])
    result = function("age").batch({"born": born, "size": size}, now=NOW)
    assert isinstance(result, BatchResult)
    ((row, failure),) = result.errors.first(5)
    assert (row, failure.code, failure.column) == (1, "input", "born")
    assert result.values[2] == zero(function("age"), [date(1, 1, 1), None], NOW)[0][1]


@pytest.mark.parametrize("form", ["records", "arrow", "polars", "pandas"])
def test_nothing_comes_of_nothing(form: str) -> None:
    if form == "records":
        result = function("total").batch([], now=NOW)
    else:
        result = function("total").batch(FORMS[form]("total", []), now=NOW)
    assert isinstance(result, BatchResult)
    assert len(result) == len(result.values) == len(result.errors) == 0
    assert result.to_arrow().num_rows == 0


def test_a_stream_is_worked_on_piece_by_piece() -> None:
    rows = Made(5).rows("discount", 90)
    asked = []

    def pieces() -> Any:
        for start in range(0, 90, 30):
            asked.append(start)
            yield table("discount", rows[start : start + 30])

    results = function("discount").batch(pieces(), now=NOW)
    assert not asked
    assert not isinstance(results, BatchResult)
    first = next(results)
    assert (asked, len(first)) == ([0], 30)
    assert sum(map(len, results)) == 60
    reader = table("discount", rows).to_reader(max_chunksize=20)
    made: list[BatchResult] = list(function("discount").batch(reader, now=NOW))  # type: ignore[arg-type]
    assert [len(each) for each in made] == [20, 20, 20, 20, 10]
    got = [outcome for each in made for outcome in rows_of(function("discount"), each)]
    assert got == [
        zero(function("discount"), arguments(function("discount"), r), NOW) for r in rows
    ]
