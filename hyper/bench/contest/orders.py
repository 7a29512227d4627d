"""Orders of the storefront as columns of Arrow, made up from a seed, and their pricing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from hyper.bench.contest.entry import Entry
from hyper.bench.report import BenchError
from hyper.engine.compiler import Compiler

if TYPE_CHECKING:
    from hyper.bench.contest.entry import Array, Task
    from hyper.engine.batch.result import BatchResult

_COUNTRIES: Final = ("DE", "FR", "US", "GB", "CH")
_TIERS: Final = ("bronze", "silver", "gold")
_CITIES: Final = ("Berlin", "Lyon", "Leeds", "Zürich", "Boston")
CHECKED: Final = 2000
"""Orders whose prices are compared."""
_MOST_LINES: Final = 5


def orders(rows: int, seed: int) -> Any:
    """A table with the fields of ``Order`` that pricing reads."""
    source = np.random.default_rng(seed)
    counts = source.integers(1, _MOST_LINES + 1, rows)
    lines = int(counts.sum())
    priced = pa.StructArray.from_arrays(
        [
            pa.array(source.integers(1, 20, lines)),
            _money(source.integers(100, 50_000, lines), 12),
        ],
        ["quantity", "unit_price"],
    )
    tiers = pa.DictionaryArray.from_arrays(source.integers(0, 3, rows, np.int32), pa.array(_TIERS))
    addresses = pa.ListArray.from_arrays(_starts(np.ones(rows, np.int64)), _address(rows, source))
    customer = pa.StructArray.from_arrays([tiers, addresses], ["tier", "addresses"])
    elsewhere = _address(rows, source, absent=source.random(rows) < 0.7)
    return pa.table(
        {
            "customer": customer,
            "lines": pa.ListArray.from_arrays(_starts(counts), priced),
            "discount": _money(source.integers(0, 100, rows), 14),
            "shipping": _money(np.full(rows, 490), 12),
            "deliver_to": elsewhere,
        }
    )


def _starts(counts: Array) -> Any:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))


def _money(cents: Array, precision: int) -> Any:
    """Decimals of two digits from whole cents."""
    words = np.zeros((len(cents), 2), np.int64)
    words[:, 0] = cents
    return pa.Array.from_buffers(
        pa.decimal128(precision, 2), len(cents), [None, pa.py_buffer(words)]
    )


def _address(rows: int, source: np.random.Generator, absent: Array | None = None) -> Any:
    def text(values: tuple[str, ...]) -> Any:
        return pa.DictionaryArray.from_arrays(
            source.integers(0, len(values), rows, np.int32), pa.array(values)
        )

    fields = {
        "street": text(("Hauptstr. 1", "Rue 2", "High St 3")),
        "city": text(_CITIES),
        "postcode": text(("10115", "69001", "02110")),
        "country": text(_COUNTRIES),
        "region": pa.nulls(rows, pa.string()),
    }
    mask = None if absent is None else pa.array(absent)
    return pa.StructArray.from_arrays(list(fields.values()), list(fields), mask=mask)


def prepare(task: Task) -> Entry:
    """Price the first ``rows`` of ``orders``; a figure is of one order. With ``package`` in its generated Python, from objects
    that are there."""
    rows = task["rows"]
    table = orders(task["orders"], task["seed"])
    if "package" in task:
        return _generated(task, table.slice(0, max(rows, CHECKED)).to_pylist())
    with Compiler(cache=None, incremental=False, jit="3" if task["cores"] > 1 else "2") as compiler:
        functions = compiler.functions(task["tree"])
    functions.cores = task["cores"]
    function = functions.function(f"storefront.orders.{task['function']}")

    def run() -> BatchResult:
        result = function.batch(table.slice(0, rows))
        assert not isinstance(result, Iterator)
        if len(result.errors) or result.stats.native != rows:
            raise BenchError(f"not all orders were priced as machine code: {result.stats}")
        return result

    def answers(_: BatchResult) -> list[Array]:
        # Contestants price another number of orders: the first are compared.
        result = function.batch(table.slice(0, CHECKED))
        assert not isinstance(result, Iterator)
        return [np.array([str(value) for value in result.values])]

    return Entry(run, answers, rows)


def _generated(task: Task, given: list[dict[str, Any]]) -> Entry:
    sys.path.insert(0, task["package"])
    module = importlib.import_module("storefront.orders")
    customers = importlib.import_module("storefront.customer")
    function = getattr(module, task["function"])
    sample = module.sample_order(customers.Tier.gold, Decimal(1))

    def address(fields: dict[str, Any]) -> Any:
        place = sample.customer.addresses[0]
        country = customers.Country(fields["country"])
        return place.model_copy(update={**fields, "country": country})

    def order(row: dict[str, Any]) -> Any:
        tier = customers.Tier(row["customer"]["tier"])
        places = [address(each) for each in row["customer"]["addresses"]]
        fields = {
            "customer": sample.customer.model_copy(update={"tier": tier, "addresses": places}),
            "lines": [sample.lines[0].model_copy(update=line) for line in row["lines"]],
            "discount": row["discount"],
            "shipping": row["shipping"],
        }
        if row["deliver_to"] is not None:
            fields["deliver_to"] = address(row["deliver_to"])
        return sample.model_copy(update=fields)

    made = [order(row) for row in given]
    timed = made[: task["rows"]]

    def run() -> None:
        for each in timed:
            function(each)

    return Entry(
        run, lambda _: [np.array([str(function(each)) for each in made[:CHECKED]])], len(timed)
    )
