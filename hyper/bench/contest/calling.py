"""One function called from Python again and again: machine code, the generated Python, and Python by hand."""

from __future__ import annotations

import importlib
import itertools
import sys
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any, Final

from hyper.bench.contest.entry import AbsentError, Entry
from hyper.bench.contest.kernels import COUNTRIES, TIERS, inputs
from hyper.bench.contest.package import MODULE, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hyper.bench.contest.entry import Task

CALLED: Final = ("is_adult", "price", "margin", "rate", "eligible", "smoothed", "share")
CALLS: Final = 20_000
"""Of a run: what asks for the time is then nothing beside them."""
_ROWS: Final = 200
_CENT: Final = Decimal("0.01")


def prepare(task: Task) -> Entry:
    """``task["who"]`` is native, generated or by hand; the package lies in ``task["out"]``."""
    sys.path.insert(0, task["out"])
    module = importlib.import_module(f"{PACKAGE}.{MODULE}")
    name, who = task["function"], task["who"]
    function = by_hand(module)[name] if who == "by hand" else getattr(module, name)
    compiled = type(function) is type(len)
    if compiled != (who == "native"):
        raise AbsentError(f"{name} is {'machine code' if compiled else 'Python'} here")
    rows = arguments(module, name, task["seed"])
    times = task["calls"]
    repeat = _LOOPS[len(rows[0])]
    first = rows[1]

    def run() -> None:
        repeat(function, itertools.repeat(None, times), *first)

    def answers(_: None) -> list[Any]:
        import numpy as np

        return [np.array([repr(function(*row)) for row in rows])]

    return Entry(run, answers, times)


def arguments(module: Any, name: str, seed: int) -> list[tuple[Any, ...]]:
    """Arguments that give no error."""
    if name == "is_adult":
        return [(int(age),) for age in inputs("eligible", _ROWS, seed)["age"]]
    if name == "share":
        amounts = inputs("margin", _ROWS, seed)["cost"]
        return [
            (Decimal(int(amount)).scaleb(-2), Decimal(place * 7).scaleb(-4))
            for place, amount in enumerate(amounts)
        ]
    given = inputs(name, _ROWS * (30 if name == "smoothed" else 1), seed)
    if name == "smoothed":
        starts, items = given["prices"].tolist(), given["prices[]"].tolist()
        pairs = itertools.pairwise(starts)
        lists = [items[start:stop] for start, stop in pairs if stop > start]
        return list(zip(lists, given["alpha"].tolist(), strict=False))
    columns: list[list[Any]] = []
    for path, column in given.items():
        values: list[Any] = column.tolist()
        if path in {"tier", "country"}:
            known, members = (TIERS, module.Tier) if path == "tier" else (COUNTRIES, module.Country)
            values = [members[known[value]] for value in values]
        elif path == "member":
            values = [bool(value) for value in values]
        columns.append(values)
    rows = list(zip(*columns, strict=True))
    if name == "margin":
        rows = [row for row in rows if row[2] and row[0] < 10**9]
    return rows


def by_hand(module: Any) -> dict[str, Callable[..., Any]]:
    """What a Python programmer writes, without the checks that the language asks for."""
    tiers, countries = module.Tier, module.Country
    gold, silver, bronze = tiers.gold, tiers.silver, tiers.bronze
    de, fr, us, gb, ch = (countries[name] for name in COUNTRIES)

    def is_adult(age: int) -> bool:
        return age >= 18

    def price(quantity: int, unit_price: float, tier: Any) -> float:
        total = quantity * unit_price
        return total * 0.9 if tier is gold and total >= 100.0 else total

    def margin(revenue: int, cost: int, units: int) -> int:
        return (revenue - cost) * 1000 // units

    def rate(tier: Any, amount: float, country: Any) -> float:
        if tier is gold:
            if amount >= 500.0:
                return 0.15
            return 0.12 if country in {de, fr} else 0.10
        if tier is silver:
            if amount >= 500.0:
                return 0.07
            if amount >= 100.0 and country in {de, fr, gb}:
                return 0.05
            return 0.03 if country is ch else 0.0
        return 0.02 if tier is bronze and amount >= 1000.0 else 0.0

    def eligible(  # noqa: PLR0917  # as the function that it is compared with
        age: int, income: float, debt: float, score: int, country: Any, member: bool
    ) -> bool:
        return (
            age >= 18
            and income > 20000.0
            and debt < income * 0.4
            and score >= 600
            and country is not us
            and member
        )

    def smoothed(prices: list[float], alpha: float) -> float:
        level = prices[0]
        for each in prices:
            level = alpha * each + (1.0 - alpha) * level
        return level

    def share(amount: Decimal, rate: Decimal) -> Decimal:
        return (amount * rate).quantize(_CENT, ROUND_HALF_EVEN)

    return {
        each.__name__: each for each in (is_adult, price, margin, rate, eligible, smoothed, share)
    }


def _loop(count: int) -> Callable[..., None]:
    """A loop of calls with so many arguments, each a local of its own."""
    names = "".join(f", a{place}" for place in range(count))
    text = f"def loop(f, times{names}):\n    for _ in times:\n        f({names[2:]})\n"
    made: dict[str, Any] = {}
    exec(text, made)  # noqa: S102  # our own text
    found: Callable[..., None] = made["loop"]
    return found


_LOOPS: Final[Mapping[int, Callable[..., None]]] = {count: _loop(count) for count in range(1, 7)}


def names(of: Iterable[str] = ()) -> list[str]:
    """Those of these that are called; all where none is named."""
    chosen = set(of)
    return [name for name in CALLED if not chosen or name in chosen]
