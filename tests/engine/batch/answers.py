"""Rows of a batch and of tier 0 in one form."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from hyper.engine.batch.values import at_path, plain
from hyper.ir.interpreter import EvaluationError, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from hyper.engine.batch.functions import Function
    from hyper.engine.batch.result import BatchResult


def same(value: Any) -> Any:
    """A value in a form that tells ``0.0`` from ``-0.0``, ``1.0`` from ``1.00`` and NaN from nothing."""
    match value:
        case bool() | np.bool_():
            return ("bool", bool(value))
        case float():
            return ("float", "nan" if math.isnan(value) else float(value).hex())
        case int() | np.integer():
            return ("int", int(value))
        case Decimal():
            return ("decimal", format(value, "f"))
        case list():
            return [same(item) for item in value]
        case dict():
            return {key: same(item) for key, item in value.items()}
        case np.datetime64():
            return ("date", str(value))
        case None:
            return None
        case _ if hasattr(value, "isoformat"):
            return (type(value).__name__, value.isoformat())
        case _:
            return (type(value).__name__, value)


def rows_of(function: Function, result: BatchResult) -> list[Any]:
    """The outcome of each row: its results in the order of the paths, or its error."""
    columns = [result.columns[name].numpy() for name in names(function)]
    found: list[Any] = []
    failures = dict(result.errors.first(len(result.errors)))
    for row in range(len(result)):
        failure = failures.get(row)
        if failure is not None:
            if failure.code == "refused":
                found.append(("refused", failure.message))
            else:
                found.append(("error", failure.code, failure.file, failure.line))
            continue
        values = []
        for column in columns:
            value = column[row]
            values.append(None if value is np.ma.masked else same(value))
        found.append(values)
    return found


def names(function: Function) -> list[str]:
    """The columns of the result."""
    steps = [path for path in function.layout.steps if path[-1:] != ("?",)]
    return [".".join(path) or "value" for path in steps]


def zero(function: Function, arguments: list[Any], now: datetime) -> Any:
    """The outcome of a row in tier 0."""
    try:
        value = function.functions.interpreter.run(function.name, arguments, now=now)
    except EvaluationError as error:
        return ("error", error.code, error.file, error.line)
    except Refused as refused:
        return ("refused", refused.message)
    made = plain(value)
    steps = [path for path in function.layout.steps if path[-1:] != ("?",)]
    return [same(at_path(made, path)) for path in steps]
