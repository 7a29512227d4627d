"""The same kernels in Polars and DuckDB, over tables of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.bench.contest.entry import AbsentError, Entry
from hyper.bench.contest.kernels import inputs

if TYPE_CHECKING:
    from hyper.bench.contest.entry import Array, Task

_TOTAL: Final = "quantity * unit_price"
_SQL: Final = {
    "price": f"CASE WHEN tier = 2 AND {_TOTAL} >= 100.0 THEN {_TOTAL} * 0.9::DOUBLE ELSE {_TOTAL} END",
    "rate": (
        "(CASE WHEN tier = 2 AND amount >= 500.0 THEN 0.15 WHEN tier = 2 AND country IN (0, 1) THEN 0.12"
        " WHEN tier = 2 THEN 0.10 WHEN tier = 1 AND amount >= 500.0 THEN 0.07"
        " WHEN tier = 1 AND amount BETWEEN 100.0 AND 500.0 AND country IN (0, 1, 3) THEN 0.05"
        " WHEN tier = 1 AND country = 4 THEN 0.03 WHEN tier = 0 AND amount >= 1000.0 THEN 0.02"
        " ELSE 0.0 END)::DOUBLE"
    ),
    "eligible": (
        "age >= 18 AND income > 20000.0 AND debt < income * 0.4::DOUBLE AND score >= 600 AND country != 2"
        " AND member"
    ),
}
"""Constants are doubles: DuckDB takes them for decimals."""


def prepare(task: Task) -> Entry:
    """A kernel of ``task["library"]``. Raises ``AbsentError`` where that has no form of it."""
    kernel = task["kernel"]
    if kernel not in _SQL:
        raise AbsentError(f"it has no form of {kernel} that makes the same checks")
    given = inputs(kernel, task["rows"], task["seed"])
    if "member" in given:
        given["member"] = given["member"].view(np.bool_)
    return (_polars if task["library"] == "polars" else _duckdb)(kernel, given, task["cores"])


def _polars(kernel: str, given: dict[str, Array], cores: int) -> Entry:
    import polars as pl

    assert pl.thread_pool_size() == cores  # by its variable, which is read when it is loaded
    frame = pl.DataFrame(given)
    expression = _polars_form(pl, kernel).alias("answer")

    def run() -> Any:
        return frame.lazy().select(expression).collect()

    return Entry(run, lambda answer: [_plain(answer["answer"].to_numpy())])


def _polars_form(pl: Any, kernel: str) -> Any:
    column = pl.col
    if kernel == "price":
        total = column("quantity") * column("unit_price")
        return pl.when((column("tier") == 2) & (total >= 100.0)).then(total * 0.9).otherwise(total)
    if kernel == "eligible":
        return (
            (column("age") >= 18)
            & (column("income") > 20000.0)
            & (column("debt") < column("income") * 0.4)
            & (column("score") >= 600)
            & (column("country") != 2)
            & column("member")
        )
    tier, amount, country = column("tier"), column("amount"), column("country")
    near = (country <= 1) | (country == 3)
    return (
        pl.when((tier == 2) & (amount >= 500.0))
        .then(0.15)
        .when((tier == 2) & (country <= 1))
        .then(0.12)
        .when(tier == 2)
        .then(0.10)
        .when((tier == 1) & (amount >= 500.0))
        .then(0.07)
        .when((tier == 1) & amount.is_between(100.0, 500.0) & near)
        .then(0.05)
        .when((tier == 1) & (country == 4))
        .then(0.03)
        .when((tier == 0) & (amount >= 1000.0))
        .then(0.02)
        .otherwise(0.0)
    )


def _duckdb(kernel: str, given: dict[str, Array], cores: int) -> Entry:
    import duckdb

    database = duckdb.connect()
    database.execute(f"SET threads = {cores}")
    database.execute("SET preserve_insertion_order = true")
    database.register("given", given)
    names = ", ".join(f'"{name}"' for name in given)
    database.execute(f"CREATE TABLE rows AS SELECT {names} FROM given")  # noqa: S608  # our own names
    query = f"SELECT {_SQL[kernel]} AS answer FROM rows"  # noqa: S608  # our own text

    def run() -> Any:
        return database.execute(query).fetchnumpy()["answer"]

    return Entry(run, lambda answer: [_plain(np.asarray(answer))])


def _plain(answer: Array) -> Array:
    return answer.view(np.uint8) if answer.dtype == np.bool_ else answer
