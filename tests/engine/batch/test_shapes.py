"""Lists and records that are none, in some rows or in all, and those that stand in cells as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from hyper.engine.batch.result import BatchResult
from hyper.jit.columns.formats import Read
from hyper.jit.columns.lists import ListNode
from tests.engine.batch.programs import function, functions

SHAPES = """
entity Point:
    x?: int
    y?: int

calc reach(point: Point) -> int:
    (point.x ?? 0) + (point.y ?? 0)

calc far(point: Point?) -> int:
    if point is none then -1 else (point.x ?? 0)

calc total(xs: list[int]) -> int:
    sum(xs)

calc nested(points: list[Point]) -> int:
    sum(point.x ?? 0 for point in points)

calc size(names: map[string, int]) -> int:
    if names == {} then 0 else 1

calc late(when: datetime) -> int:
    year(when)

calc same(id: uuid, other: uuid?) -> bool:
    id == other
"""


def run(name: str, data: Any, *, cells: bool = False, level: int = 2) -> BatchResult:
    result = functions(level, text=SHAPES).function(name).batch(data, cells=cells)
    assert isinstance(result, BatchResult)
    return result


@pytest.mark.parametrize("level", [1, 2])
def test_a_value_that_is_no_record_or_list_is_an_error_of_its_row(level: int) -> None:
    points = [{"x": 1}, 5, "x", {}, [1], {"y": 2}]
    result = run("reach", {"point": points}, level=level)
    assert result.values.tolist() == [1, None, None, 0, None, 2]
    assert result.errors.message[0] == "5 is no record"
    assert run("far", {"point": [None, 5, {}]}, level=level).values.tolist() == [-1, None, 0]
    lists = [[1, 2], 5, {"a": 1}, None, "ab", (3,), np.array([4, 5])]
    result = run("total", {"xs": lists}, level=level)
    assert result.values.tolist() == [3, None, None, None, None, 3, 9]
    assert result.errors.column.tolist() == ["xs"] * 4
    result = run("nested", {"points": [[{"x": 1}, 7], [{"x": 3}], None]}, level=level)
    assert result.values.tolist() == [None, 3, None]
    assert result.errors.column.tolist() == ["points[]", "points"]


def test_a_column_that_is_none_raises() -> None:
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="column xs: a list is expected, not int64"):
        run("total", {"xs": np.arange(3)})
    with pytest.raises(ValueError, match="column xs: a list is expected, not string"):
        run("total", pa.table({"xs": ["a"]}))


@pytest.mark.parametrize("arrow", [False, True])
@pytest.mark.parametrize("level", [1, 2])
def test_cells_hold_json(arrow: bool, level: int) -> None:
    pa = pytest.importorskip("pyarrow")

    def cells(name: str, **columns: list[str]) -> list[Any]:
        data = pa.table(columns) if arrow else columns
        found: list[Any] = run(name, data, cells=True, level=level).values.tolist()
        return found

    assert cells("total", xs=["[1,2]", "", "[1", '["a"]', "[]", "7"]) == [3, *[None] * 3, 0, None]
    assert cells("nested", points=['[{"x": 4}, {}]', "{}"]) == [4, None]
    assert cells("reach", point=['{"x": 4, "y": 1}', "4"]) == [5, None]
    assert cells("reach", x=["4", ""], y=["1", "2"]) == [5, 2]
    assert cells("size", names=['{"a": 1}', "{", '{"a": "b"}']) == [1, None, None]
    assert cells("late", when=["2026-01-01T00:00:00Z", "2026"]) == [2026, None]
    one = "6f1c2a3e-0000-4000-8000-000000000001"
    assert cells("same", id=[one, one], other=[one, ""]) == [True, False]


def test_arrow_of_every_kind_of_list() -> None:
    pa = pytest.importorskip("pyarrow")
    rows = [[1, 2], [], [3], None, [4, 5, 6]]
    wanted = [3, 0, 3, None, 15]
    for kind in (pa.list_(pa.int64()), pa.large_list(pa.int32()), pa.list_view(pa.int64())):
        array = pa.array([[9], *rows, [9]], kind)[1:-1]
        assert run("total", {"xs": array}).values.tolist() == wanted
    fixed = pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2))
    assert run("total", {"xs": fixed}).values.tolist() == [3, None, 7]
    assert run("total", {"xs": fixed[2:]}).values.tolist() == [7]
    # What lies beneath a null may be anything.
    hidden = pa.ListArray.from_arrays(
        pa.array([0, 2, 4, 5]), pa.array([1, 2, 7, 7, 3]), mask=pa.array([False, True, False])
    )
    assert run("total", {"xs": hidden}).values.tolist() == [3, None, 3]
    assert run("total", {"xs": np.arange(6).reshape(3, 2)}).values.tolist() == [1, 5, 9]
    assert run("total", {"xs": [np.array([1]), np.array([])]}).values.tolist() == [1, 0]


@pytest.mark.parametrize("level", [1, 3])
@pytest.mark.parametrize("offsets", [[0, 1, 100], [0, 2**30, 3], [0, 3, 2], [-9, 1, 3]])
def test_offsets_that_lead_outside_of_their_items_are_refused(
    level: int, offsets: list[int]
) -> None:
    pa = pytest.importorskip("pyarrow")
    memory = np.array([0, 1, 3], np.int32)
    buffers = [None, pa.py_buffer(memory)]
    array = pa.ListArray.from_buffers(
        pa.list_(pa.int64()), 2, buffers, children=[pa.array([1] * 3)]
    )
    memory[:] = offsets  # Arrow has looked by now, and does not look again
    with pytest.raises(ValueError, match="column xs: lists that lead outside of their items"):
        run("total", {"xs": array}, level=level)


def test_fewer_values_than_a_list_has_items_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ListNode.read

    def short(self: ListNode, form: Any, texts: Any) -> Read:
        return Read(whole(self, form, texts).array[:-1], [])

    monkeypatch.setattr(ListNode, "read", short)
    with pytest.raises(ValueError, match=r"column xs\[\]: fewer values"):
        run("total", {"xs": [[1, 2], [3]]})


def test_views_of_texts_in_lists_of_records() -> None:
    polars = pytest.importorskip("polars")
    lines = [{"sku": "a", "quantity": 1, "unit_price": 1.5, "discount": None}]
    frame = polars.DataFrame(
        {
            "lines": [lines * 2, None, lines],
            "tier": ["Gold", "Gold", None],
            "since": [date(2020, 1, 1)] * 3,
            "name": ["a", "b", "c"],
            "weight": [1.0, 2.0, 4.0],
        }
    )
    data = {
        "customer": frame.select("name", "tier", "since").to_struct(),
        "lines": frame["lines"],
        "weight": frame["weight"],
    }
    result = function("average_weight").batch(data)
    assert isinstance(result, BatchResult)
    assert result.values.tolist() == [0.5, None, 4.0]
