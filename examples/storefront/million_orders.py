"""Makes up orders of the shop as a table: ``python million_orders.py FILE [COUNT]`` writes Parquet or Arrow.

The columns are those that ``storefront.orders.total`` names; of an address its answer depends on the country alone. The same count
gives the same orders.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PART = 100_000
MONEY = pa.decimal128(12, 2)
COUNTRIES = pa.array(["DE", "FR", "US", "GB", "CH"])
STREETS = pa.array([f"Hauptstrasse {number}" for number in range(1, 1000)])
CITIES = pa.array(["Bern", "Berlin", "Paris", "London", "Boston"])


def money(random: np.random.Generator, count: int, most: int) -> Any:
    """Amounts of up to ``most`` cents."""
    cents = np.zeros((count, 2), np.int64)
    cents[:, 0] = random.integers(0, most, count)
    return pa.Array.from_buffers(MONEY, count, [None, pa.py_buffer(cents)])


def lists(random: np.random.Generator, count: int, most: int) -> Any:
    """Where each of so many lists of 1 to ``most`` items begins, and the last one ends."""
    lengths = random.integers(1, most + 1, count)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def addresses(random: np.random.Generator, count: int) -> Any:
    """Addresses, of which one in five has a region."""
    fields = {
        "street": STREETS.take(pa.array(random.integers(0, len(STREETS), count))),
        "city": CITIES.take(pa.array(random.integers(0, len(CITIES), count))),
        "postcode": pa.array(random.integers(1000, 99999, count)).cast(pa.string()),
        "country": COUNTRIES.take(pa.array(random.integers(0, len(COUNTRIES), count))),
        "region": pa.array(["BE"] * count, pa.string(), mask=random.integers(0, 5, count) > 0),
    }
    return pa.StructArray.from_arrays(list(fields.values()), list(fields))


def orders(seed: int, count: int) -> Any:
    """A batch of orders with 1 to 4 lines, one in ten of them sent elsewhere than to the customer."""
    random = np.random.default_rng(seed)
    homes = lists(random, count, 2)
    customer = {"addresses": pa.ListArray.from_arrays(homes, addresses(random, homes[-1].as_py()))}
    starts = lists(random, count, 4)
    size = starts[-1].as_py()
    line = {
        "quantity": pa.array(random.integers(1, 10, size)),
        "unit_price": money(random, size, 50_000),
    }
    elsewhere = addresses(random, count)
    sent = pa.array(random.integers(0, 10, count) > 0)
    columns = {
        "customer": pa.StructArray.from_arrays(list(customer.values()), list(customer)),
        "lines": pa.ListArray.from_arrays(
            starts, pa.StructArray.from_arrays(list(line.values()), list(line))
        ),
        "shipping": money(random, count, 2_500),
        "discount": money(random, count, 100),
        "deliver_to": pa.StructArray.from_arrays(
            elsewhere.flatten(), fields=list(elsewhere.type), mask=sent
        ),
    }
    return pa.RecordBatch.from_pydict(columns)


def main(path: str, count: int) -> None:
    """Write the table, part by part."""
    schema = orders(0, 1).schema
    parquet = path.endswith(".parquet")
    writer = pq.ParquetWriter(path, schema) if parquet else pa.ipc.new_file(path, schema)
    with writer:
        for start in range(0, count, PART):
            batch = orders(start, min(PART, count - start))
            writer.write_batch(batch)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
