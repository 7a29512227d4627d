"""Programs written out, asked of the back ends."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from tests.check.programs import program
from tests.meaning.back_ends import BACK_ENDS, Subject, compare

SOME = ("package", "scalar-host-O3", "batches-host-O0", "batches-x86-64-O3", "wasm-O2")
"""Back ends that every run asks; all are asked in full trials, and of random programs."""
WRITTEN = [each for each in BACK_ENDS if os.environ.get("HYPER_LONG") or each.name in SOME]
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LEAST, MOST = -(2**63), 2**63 - 1
WORLD = """
enum Tier: gold, silver = "s", bronze

entity Line:
    quantity: int @range(1, 999)
    price: decimal(12, 2)
    weights: list[float]
    note?: string

entity Order:
    lines: list[Line]
    placed: date
    limit?: decimal(12, 2)
    boss: int?
    tier: Tier = silver

entity Small:
    count: int @range(-3, 10)
    share: float @range(0.0, 1.0)
    size: int @format("int8")
    limit?: int
"""


def agree(text: str, *rows: dict[str, Any], name: str = "f") -> list[Any]:
    """The outcomes of a function, which has a native form, for arguments in JSON: the same in every back end, and no row is
    left to a lower tier."""
    function = f"m0.{name}"
    with Subject(program(f"{WORLD}\n{text}")) as subject:
        if function in subject.kernels.refused:
            raise subject.kernels.refused[function]
        interpreter = subject.interpreter
        params = interpreter.params(function)
        given = [
            [interpreter.read_argument(row, param, kind) for param, kind in params] for row in rows
        ]
        expected = subject.expected(function, given, NOW)
        found = compare(subject, {function: given}, {function: expected}, NOW, WRITTEN)
    assert found.differences == []
    assert set(found.guarded.values()) == {0}
    return expected


def codes(outcomes: list[Any]) -> list[str]:
    return [each[1] if each[0] == "error" else each[0] for each in outcomes]
