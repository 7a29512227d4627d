"""Requests of the storefront in a session: amounts after discount, taxes, shipping, credits over years and price levels."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.bench.contest.entry import Entry
from hyper.engine.calls.loaded import CallError, Loaded
from hyper.engine.compiler import Compiler

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.bench.contest.entry import Array, Task

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_DIFFERENT: Final = 1_000
"""Requests that are made up; then they come again."""


def _cents(draw: random.Random, most: int) -> str:
    return f"{draw.randrange(1, most) / 100:.2f}"


_KINDS: Final[tuple[tuple[str, Callable[[random.Random], dict[str, Any]]], ...]] = (
    (
        "storefront.pricing.discounted",
        lambda draw: {
            "tier": draw.choice(("gold", "silver", "bronze")),
            "amount": _cents(draw, 200_000),
            "extra": draw.choice(("0.00", "0.02", "0.10")),
        },
    ),
    (
        "storefront.pricing.tax",
        lambda draw: {
            "country": draw.choice(("DE", "FR", "US", "GB", "CH")),
            "net": _cents(draw, 200_000),
        },
    ),
    (
        "storefront.shipping.shipping_cost",
        lambda draw: {"country": draw.choice(("DE", "US")), "amount": _cents(draw, 20_000)},
    ),
    (
        "storefront.pricing.compound",
        lambda draw: {
            "amount": _cents(draw, 200_000),
            "rate": draw.choice(("0.01", "0.025")),
            "years": draw.randrange(1, 30),
        },
    ),
    (
        "storefront.pricing.smoothed",
        lambda draw: {
            "prices": [draw.uniform(1.0, 99.0) for _ in range(30)],
            "alpha": draw.choice((0.1, 0.3)),
        },
    ),
)


def prepare(task: Task) -> Entry:
    """A service with the tiers up to a level."""
    draw = random.Random(task["seed"])  # noqa: S311  # requests, no secrets
    made = [(name, make(draw)) for name, make in (draw.choice(_KINDS) for _ in range(_DIFFERENT))]
    requests = [made[place % _DIFFERENT] for place in range(task["requests"])]
    with Compiler() as compiler:
        program = compiler.load(task["tree"]).program

    def run() -> list[str]:
        shop = Loaded(program, level=task["level"])
        found = [_answer(shop, name, arguments) for name, arguments in requests]
        shop.wait()
        return found

    return Entry(run, _columns, task["requests"])


def _answer(shop: Loaded, name: str, arguments: dict[str, Any]) -> str:
    try:
        return repr(shop.call(name, arguments, now=_NOW))
    except CallError as error:
        return f"{error.code} {error.file}:{error.line}"


def _columns(answers: list[str]) -> list[Array]:
    return [np.array(answers)]
