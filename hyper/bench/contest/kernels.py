"""The kernels that are contested, as an intent file, and inputs for them that are made up from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from hyper.bench.contest.entry import Array

SOURCE: Final = '''\
"""What is compiled, beside the same by hand."""
intent contest

enum Tier: bronze, silver, gold

enum Country: de, fr, us, gb, ch

calc price(quantity: int, unit_price: float, tier: Tier) -> float:
    let total = quantity * unit_price
    if tier == gold and total >= 100.0 then total * 0.9 else total

table rate(tier: Tier, amount: float, country: Country) -> float, first:
    tier   | amount        | country    => result
    gold   | >= 500.0      | -          => 0.15
    gold   | -             | de, fr     => 0.12
    gold   | -             | -          => 0.10
    silver | >= 500.0      | -          => 0.07
    silver | 100.0..500.0  | de, fr, gb => 0.05
    silver | -             | ch         => 0.03
    bronze | >= 1000.0     | -          => 0.02
    -      | -             | -          => 0.0

calc eligible(age: int, income: float, debt: float, score: int, country: Country, member: bool) -> bool:
    age >= 18 and income > 20000.0 and debt < income * 0.4 and score >= 600 and country != us and member

calc smoothed(prices: list[float], alpha: float) -> float:
    var level = prices[0]
    for price in prices:
        level = alpha * price + (1.0 - alpha) * level
    level

calc margin(revenue: int, cost: int, units: int) -> int:
    (revenue - cost) * 1000 // units
'''

TIERS: Final = ("bronze", "silver", "gold")
COUNTRIES: Final = ("de", "fr", "us", "gb", "ch")
GOLD: Final = 2
"""Members are numbers by their order, as kernels and all peers have them."""
OVERFLOW: Final = 1
DIVISION: Final = 2
BOUNDS: Final = 3
NO_MATCH: Final = 4
STATUS: Final[Mapping[str, int]] = {
    "overflow": OVERFLOW,
    "division_by_zero": DIVISION,
    "out_of_bounds": BOUNDS,
    "no_match": NO_MATCH,
}
"""The number of an error in the answers."""
CHECKED: Final = 200
"""Answers that are compared where contestants do not all give the same number."""
_SERIES: Final = 100
"""Items of a list, on average."""


def inputs(kernel: str, rows: int, seed: int) -> dict[str, Array]:
    """The columns of a kernel by their paths. Of ``smoothed``, ``rows`` is the number of prices."""
    import numpy as np

    return _INPUTS[kernel](rows, np.random.default_rng(seed))


def _price(rows: int, source: np.random.Generator) -> dict[str, Array]:
    return {
        "quantity": source.integers(1, 50, rows),
        "unit_price": source.uniform(0.5, 20.0, rows),
        "tier": source.integers(0, len(TIERS), rows, "int32"),
    }


def _rate(rows: int, source: np.random.Generator) -> dict[str, Array]:
    return {
        "tier": source.integers(0, len(TIERS), rows, "int32"),
        "amount": source.uniform(0.0, 1500.0, rows),
        "country": source.integers(0, len(COUNTRIES), rows, "int32"),
    }


def _eligible(rows: int, source: np.random.Generator) -> dict[str, Array]:
    return {
        "age": source.integers(14, 90, rows),
        "income": source.uniform(5_000.0, 120_000.0, rows),
        "debt": source.uniform(0.0, 60_000.0, rows),
        "score": source.integers(300, 851, rows),
        "country": source.integers(0, len(COUNTRIES), rows, "int32"),
        "member": source.integers(0, 2, rows, "uint8"),
    }


def _smoothed(rows: int, source: np.random.Generator) -> dict[str, Array]:
    """Lists of 0 to 200 prices, as many as take all of them."""
    import numpy as np

    lengths = source.integers(0, 2 * _SERIES + 1, rows // _SERIES + 1)
    ends = np.minimum(np.cumsum(lengths), rows)
    ends[-1] = rows
    return {
        "prices": np.concatenate([np.zeros(1, np.int64), ends]),
        "prices[]": source.uniform(1.0, 100.0, rows),
        "alpha": source.uniform(0.05, 0.5, len(ends)),
    }


def _margin(rows: int, source: np.random.Generator) -> dict[str, Array]:
    """Some are divided by zero, and some are too large."""
    revenue = source.integers(-(10**9), 10**9, rows)
    units = source.integers(1, 1000, rows)
    revenue[::997] = 2**62
    units[::1009] = 0
    return {"revenue": revenue, "cost": source.integers(0, 10**9, rows), "units": units}


_INPUTS: Final[Mapping[str, Callable[[int, np.random.Generator], dict[str, Array]]]] = {
    "price": _price,
    "rate": _rate,
    "eligible": _eligible,
    "smoothed": _smoothed,
    "margin": _margin,
}
KERNELS: Final = tuple(_INPUTS)
