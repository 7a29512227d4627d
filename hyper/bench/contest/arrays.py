"""The same kernels over whole arrays: NumPy, and numexpr where it has what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.bench.contest.entry import AbsentError, Entry
from hyper.bench.contest.kernels import DIVISION, GOLD, OVERFLOW, inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.bench.contest.entry import Array, Task

_MOST: Final = 2**63 - 1


def _price(quantity: Array, unit_price: Array, tier: Array) -> list[Array]:
    total = quantity * unit_price
    return [np.where((tier == GOLD) & (total >= 100.0), total * 0.9, total)]


def _rate(tier: Array, amount: Array, country: Array) -> list[Array]:
    large, gold, silver = amount >= 500.0, tier == GOLD, tier == 1
    middle = (amount >= 100.0) & (amount <= 500.0)
    rows = [
        (gold & large, 0.15),
        (gold & (country <= 1), 0.12),
        (gold, 0.10),
        (silver & large, 0.07),
        (silver & middle & ((country <= 1) | (country == 3)), 0.05),
        (silver & (country == 4), 0.03),
        ((tier == 0) & (amount >= 1000.0), 0.02),
    ]
    return [np.select([test for test, _ in rows], [value for _, value in rows], 0.0)]


def _eligible(  # noqa: PLR0917  # an array for each column
    age: Array, income: Array, debt: Array, score: Array, country: Array, member: Array
) -> list[Array]:
    found = (age >= 18) & (income > 20000.0) & (debt < income * 0.4) & (score >= 600)
    return [(found & (country != 2) & (member != 0)).view(np.uint8)]


def _margin(revenue: Array, cost: Array, units: Array) -> list[Array]:
    profit = revenue - cost
    bound = _MOST // 1000
    over = (((revenue ^ cost) & (revenue ^ profit)) < 0) | (profit > bound) | (profit < -bound)
    none = ~over & (units == 0)
    status = np.where(over, OVERFLOW, np.where(none, DIVISION, 0)).astype(np.int32)
    bad = over | none
    safe = np.where(bad, 0, profit * 1000)
    return [safe // np.where(bad, 1, units), status]


_NUMPY: Final[Mapping[str, Callable[..., list[Array]]]] = {
    "price": _price,
    "rate": _rate,
    "eligible": _eligible,
    "margin": _margin,
}
_NUMEXPR: Final = {
    "price": (
        "where((tier == 2) & (quantity * unit_price >= 100.0),"
        " quantity * unit_price * 0.9, quantity * unit_price)"
    ),
    "rate": (
        "where((tier == 2) & (amount >= 500.0), 0.15, where((tier == 2) & (country <= 1), 0.12,"
        " where(tier == 2, 0.10, where((tier == 1) & (amount >= 500.0), 0.07,"
        " where((tier == 1) & (amount >= 100.0) & (amount <= 500.0)"
        " & ((country <= 1) | (country == 3)), 0.05, where((tier == 1) & (country == 4), 0.03,"
        " where((tier == 0) & (amount >= 1000.0), 0.02, 0.0)))))))"
    ),
    "eligible": (
        "(age >= 18) & (income > 20000.0) & (debt < income * 0.4) & (score >= 600)"
        " & (country != 2) & (member != 0)"
    ),
}


def prepare(task: Task) -> Entry:
    """A kernel of ``task["library"]``. Raises ``AbsentError`` where that has no form of it."""
    kernel, library = task["kernel"], task["library"]
    if kernel not in (_NUMPY if library == "numpy" else _NUMEXPR):
        raise AbsentError(f"it has no form of {kernel} over whole arrays")
    given = inputs(kernel, task["rows"], task["seed"])
    if library == "numpy":
        act = _NUMPY[kernel]
        return Entry(lambda: act(**given), lambda answer: answer)
    import numexpr

    numexpr.set_num_threads(task["cores"])
    # numexpr knows no unsigned bytes.
    given = {
        name: each.view(np.bool_) if each.dtype == np.uint8 else each
        for name, each in given.items()
    }
    text = _NUMEXPR[kernel].replace("(member != 0)", "member")

    def run() -> Any:
        return numexpr.evaluate(text, local_dict=given)

    return Entry(run, _as_answers)


def _as_answers(answer: Array) -> list[Array]:
    return [answer.view(np.uint8) if answer.dtype == np.bool_ else answer]
