"""``tiered`` over columns: the results of the plain function for each row, whatever runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hyper.jit import tiered
from hyper.jit.numeric.columns import COMPILED, PARALLEL, Columns, Signature
from hyper.jit.policy.machine import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 0.25


def price(quantity: int, each: float) -> float:
    total = quantity * each * (1 + RATE)
    if quantity > 90:
        total = total - total / 10
    return total


def share(total: int, parts: int) -> int:
    return total * 3 // parts


def made(function: Callable[..., Any], *, cores: int = 2) -> Columns:
    """Columns whose compiles run at once and whose clock says that each tier is faster."""
    found: list[Columns] = []
    now = [0.0]

    def clock() -> float:
        tiers = [
            tier for each in found for driver in each.ladders.values() for tier in driver.tiers()
        ]
        now[0] += 2.0 / 8 ** max(tiers, default=0)
        return now[0]

    found.append(Columns(function, Settings(), cores=cores, clock=clock, start=lambda work: work()))
    return found[0]


def same(found: Any, expected: list[Any]) -> bool:
    values = found.tolist()
    return len(values) == len(expected) and all(
        type(one) is type(other) and repr(one) == repr(other)
        for one, other in zip(values, expected, strict=True)
    )


def test_a_batch_climbs_under_way_with_the_same_results() -> None:
    columns = made(price)
    draw = np.random.default_rng(1)
    quantity, each = draw.integers(-100, 100, 400_000), draw.normal(0.0, 50.0, 400_000)
    each.flags.writeable = False
    expected = [price(*row) for row in zip(quantity.tolist(), each.tolist(), strict=True)]
    for _ in range(6):
        found = columns.over(quantity, each)
        assert found.dtype == np.float64
        assert same(found, expected)
    (driver,) = columns.ladders.values()
    assert list(columns.ladders) == [Signature(("int", "float"), (True, True))]
    assert set(driver.code) == {COMPILED, PARALLEL}
    assert driver.tiers() == (PARALLEL,)


def compiled(function: Callable[..., Any], *arguments: Any) -> Columns:
    """Columns that have come to compiled code on one core."""
    columns = made(function, cores=1)
    for _ in range(60):
        columns.over(*arguments)
        (driver,) = columns.ladders.values()
        if driver.tiers()[-1] == COMPILED:
            return columns
    raise AssertionError(driver.refusals)


def test_rows_that_machine_numbers_do_not_hold_are_those_of_python() -> None:
    totals, parts = np.arange(1_000), np.full(1_000, 7)
    columns = compiled(share, totals, parts)
    totals[500] = 2**62
    found = columns.over(totals, parts)
    assert same(found, [share(*row) for row in zip(totals.tolist(), parts.tolist(), strict=True)])
    assert found.dtype == np.int64
    parts[500] = 1
    found = columns.over(totals, parts)
    assert found.dtype == object
    assert found[500] == 3 * 2**62
    (driver,) = columns.ladders.values()
    why = driver.deoptimisations[-1]
    assert (why.reason, why.tier) == ("int overflow", 2)
    assert why.value == "share(4611686018427387904, 1)"
    assert driver.guard_failures == 2
    parts[700] = 0
    with pytest.raises(ZeroDivisionError):
        columns.over(totals, parts)


def test_rows_of_a_series_are_those_at_their_places() -> None:
    pandas = pytest.importorskip("pandas")
    backwards = range(999, -1, -1)
    totals = pandas.Series(np.arange(1_000), index=backwards)
    parts = pandas.Series(np.full(1_000, 7), index=backwards)
    columns = compiled(share, totals, parts)
    totals.iloc[500], parts.iloc[500] = 2**62, 1
    found = columns.over(totals, parts)
    assert found[500] == 3 * 2**62
    assert found[499] == share(499, 7)


def test_what_is_masked_is_never_compiled() -> None:
    masked = np.ma.MaskedArray(np.arange(1_000), mask=np.arange(1_000) == 500)
    columns = made(share)
    with pytest.raises(TypeError):
        columns.over(masked, 7)
    assert not columns.ladders


def test_numbers_stand_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    each = np.linspace(0.0, 9.0, 1_000)
    columns = compiled(price, 3, each)
    assert list(map(str, columns.ladders)) == ["int, float[]"]
    for quantity in (3, 95, np.int64(4)):
        assert same(columns.over(quantity, each), [price(int(quantity), x) for x in each.tolist()])
    monkeypatch.setitem(globals(), "RATE", 0.5)
    assert same(columns.over(3, each), [price(3, x) for x in each.tolist()])
    (driver,) = columns.ladders.values()
    assert driver.deoptimisations[-1].reason == "`RATE` is no longer what it was"


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "<i4", "<f4", "<u8", object])
def test_columns_of_any_numbers(dtype: Any) -> None:
    columns = made(share)
    given = np.array([0, 1, 1, 0] * 300).astype(dtype)
    expected = [share(value, 2) for value in given.tolist()] if dtype != "<f4" else []
    for _ in range(8):
        found = columns.over(given, 2)
        assert same(found, expected or [share(value, 2) for value in given.tolist()])
    assert bool(columns.ladders) == (dtype not in {"<u8", object})


def test_other_columns() -> None:
    columns = made(price)
    for arguments in ((1, 2.0), (np.zeros((2, 2)), 1.0), (np.zeros(2), np.zeros(3))):
        with pytest.raises(ValueError, match="one dimension and of one length"):
            columns.over(*arguments)
    assert columns.over(np.zeros(0), np.zeros(0)).tolist() == []


def test_the_decorator_tells_of_columns() -> None:
    function = tiered(price)
    each = np.arange(5.0)
    assert function.over(2, each).tolist() == [price(2, x) for x in each.tolist()]
    assert function.status().over["int, float[]"].tier == 1
    assert "price over int, float[]: tier 1" in function.explain()
    plain = tiered(abs)
    assert plain.over(np.array([-1, 2])).tolist() == [1, 2]
