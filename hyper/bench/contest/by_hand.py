"""What someone who knows numba writes: loops over arrays that make the same checks, with a status a row where rows can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numba
import numpy as np

from hyper.bench.contest.entry import Entry
from hyper.bench.contest.kernels import BOUNDS, DIVISION, GOLD, OVERFLOW, inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.bench.contest.entry import Array, Task

_MOST: Final = 2**63 - 1


def _price(quantity: Any, unit_price: Any, tier: Any, out: Any) -> None:
    for i in range(len(quantity)):
        total = quantity[i] * unit_price[i]
        out[i] = total * 0.9 if tier[i] == GOLD and total >= 100.0 else total


def _rate(tiers: Any, amounts: Any, countries: Any, out: Any) -> None:
    # Sets and tuples are slower in numba than comparisons.
    for i in range(len(tiers)):
        tier, amount, country = tiers[i], amounts[i], countries[i]
        if tier == 2 and amount >= 500.0:
            result = 0.15
        elif tier == 2 and (country == 0 or country == 1):  # noqa: PLR1714
            result = 0.12
        elif tier == 2:
            result = 0.10
        elif tier == 1 and amount >= 500.0:
            result = 0.07
        elif (
            tier == 1
            and 100.0 <= amount <= 500.0
            and (country == 0 or country == 1 or country == 3)  # noqa: PLR1714
        ):
            result = 0.05
        elif tier == 1 and country == 4:
            result = 0.03
        elif tier == 0 and amount >= 1000.0:
            result = 0.02
        else:
            result = 0.0
        out[i] = result


def _eligible(  # noqa: PLR0917  # an array for each column
    age: Any, income: Any, debt: Any, score: Any, country: Any, member: Any, out: Any
) -> None:
    for i in range(len(age)):
        out[i] = (
            (age[i] >= 18)
            & (income[i] > 20000.0)
            & (debt[i] < income[i] * 0.4)
            & (score[i] >= 600)
            & (country[i] != 2)
            & (member[i] != 0)
        )


def _smoothed(starts: Any, prices: Any, alphas: Any, out: Any, status: Any) -> None:
    for i in range(len(alphas)):
        start, stop = starts[i], starts[i + 1]
        if start == stop:
            out[i] = 0.0
            status[i] = BOUNDS
            continue
        alpha = alphas[i]
        level = prices[start]
        for place in range(start, stop):
            level = alpha * prices[place] + (1.0 - alpha) * level
        out[i] = level
        status[i] = 0


def _margin(revenues: Any, costs: Any, units: Any, out: Any, status: Any) -> None:
    for i in range(len(revenues)):
        revenue, cost, unit = revenues[i], costs[i], units[i]
        profit = revenue - cost
        out[i] = 0
        wrapped = ((revenue ^ cost) & (revenue ^ profit)) < 0
        if wrapped or profit > _MOST // 1000 or profit < -(_MOST // 1000):
            status[i] = OVERFLOW
        elif unit == 0:
            status[i] = DIVISION
        else:
            # The least int is no product here: no quotient is too large.
            out[i] = (profit * 1000) // unit
            status[i] = 0


class Loop(NamedTuple):
    """``function`` takes the columns in order, then ``dtypes`` as many arrays for what it gives."""

    function: Callable[..., None]
    dtypes: tuple[str, ...]


LOOPS: Final[Mapping[str, Loop]] = {
    "price": Loop(_price, ("f8",)),
    "rate": Loop(_rate, ("f8",)),
    "eligible": Loop(_eligible, ("u1",)),
    "smoothed": Loop(_smoothed, ("f8", "i4")),
    "margin": Loop(_margin, ("i8", "i4")),
}


def _price_of(quantity: Any, unit_price: Any, tier: Any) -> Any:
    total = quantity * unit_price
    return total * 0.9 if tier == GOLD and total >= 100.0 else total


def _rate_of(tier: Any, amount: Any, country: Any) -> Any:
    if tier == 2 and amount >= 500.0:
        return 0.15
    if tier == 2 and (country == 0 or country == 1):  # noqa: PLR1714
        return 0.12
    if tier == 2:
        return 0.10
    if tier == 1 and amount >= 500.0:
        return 0.07
    if (
        tier == 1 and 100.0 <= amount <= 500.0 and (country == 0 or country == 1 or country == 3)  # noqa: PLR1714
    ):
        return 0.05
    if tier == 1 and country == 4:
        return 0.03
    if tier == 0 and amount >= 1000.0:
        return 0.02
    return 0.0


def _is_eligible(  # noqa: PLR0917  # as above
    age: Any, income: Any, debt: Any, score: Any, country: Any, member: Any
) -> Any:
    return (
        age >= 18
        and income > 20000.0
        and debt < income * 0.4
        and score >= 600
        and country != 2
        and member != 0
    )


CALLS: Final[Mapping[str, Callable[..., Any]]] = {
    "price": _price_of,
    "rate": _rate_of,
    "eligible": _is_eligible,
}
"""The functions of one row."""


def prepare(task: Task) -> Entry:
    """A kernel over columns, into new ones."""
    given = inputs(task["kernel"], task["rows"], task["seed"])
    loop = LOOPS[task["kernel"]]
    compiled = numba.njit(error_model="numpy", nogil=True)(loop.function)
    columns = list(given.values())
    rows = len(columns[-1])

    def run() -> list[Array]:
        outputs = [np.empty(rows, dtype) for dtype in loop.dtypes]
        compiled(*columns, *outputs)
        return outputs

    return Entry(run, lambda answer: answer)
