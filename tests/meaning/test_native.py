"""Tier 0 and every back end agree, bit for bit, or fail alike at the same line."""

from __future__ import annotations

import collections
import os
import random
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from hyper.ir.text import dump_node
from hyper.ir.types import Dec, ListOf
from hyper.ir.verify import verify
from tests.meaning.back_ends import BACK_ENDS, Subject, compare
from tests.meaning.native_programs import NATIVE
from tests.meaning.programs import program
from tests.meaning.values import calm, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.types import Type
    from tests.meaning.back_ends import BackEnd

pytest.importorskip("llvmlite")

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LONG = bool(os.environ.get("HYPER_LONG"))
PROGRAMS = int(os.environ.get("HYPER_PROGRAMS", "0")) or (4000 if LONG else 8)
MANY = 100
BLOCK = 4
FUNCTIONS = 6
ROWS = 24


def extreme(source: random.Random, kind: Type) -> Any:
    """A value of a type; a decimal has all its digits, a list hundreds of items."""
    found = value(source, kind)
    if isinstance(kind, Dec) and kind.precision:
        most = Decimal(10**kind.precision - 1)
        return source.choice((most, -most)).scaleb(-kind.scale, Context(prec=28))
    return found * 150 if isinstance(kind, ListOf) else found


def inputs(
    source: random.Random, subject: Subject
) -> tuple[dict[str, list[list[Any]]], dict[str, list[Any]]]:
    """Rows for each function, and what tier 0 gives; without those that are too expensive for it."""
    rows: dict[str, list[list[Any]]] = {}
    expected: dict[str, list[Any]] = {}
    for name in subject.functions:
        kinds = [kind for _, kind in subject.interpreter.params(name)]
        given = [
            [(calm if row % 2 else value)(source, kind) for kind in kinds] for row in range(ROWS)
        ]
        given[-2:] = [[extreme(source, kind) for kind in kinds] for _ in range(2)]
        outcomes = subject.expected(name, given, NOW)
        kept = [place for place, each in enumerate(outcomes) if each[1:2] != ("too_expensive",)]
        rows[name] = [given[place] for place in kept]
        expected[name] = [outcomes[place] for place in kept]
    return rows, expected


def asked(seed: int) -> list[BackEnd]:
    """Back ends for the program of a seed: all, but of many programs two of them, in turn."""
    if PROGRAMS <= MANY:
        return BACK_ENDS
    return [BACK_ENDS[(seed + shift) % len(BACK_ENDS)] for shift in (0, len(BACK_ENDS) // 2)]


def compared(seed: int) -> collections.Counter[str]:
    """How many evaluations of the random program of a seed were the same, and how many were guarded."""
    source = random.Random(seed)
    made = program(source, FUNCTIONS, 1 + seed % 3, NATIVE)
    assert verify(made) == []
    with Subject(made) as subject:
        rows, expected = inputs(source, subject)
        found = compare(subject, rows, expected, NOW, asked(seed))
    for difference in found.differences:
        text = dump_node(made.definitions[difference.function])
        given = rows[difference.function][difference.row]
        pytest.fail(f"seed {seed}: {difference}\n{text}\n{given}")
    outcomes = [each for found in expected.values() for each in found]
    errors = sum(isinstance(each, tuple) and each[0] in {"error", "refused"} for each in outcomes)
    return collections.Counter(
        {
            "programs": 1,
            "functions": len(rows),
            "with a native form": len(subject.kernels.natives),
            "values": len(outcomes) - errors,
            "errors": errors,
            "same": sum(found.same.values()),
            "guarded": sum(found.guarded.values()),
        }
    )


@pytest.mark.parametrize("block", range(-(-PROGRAMS // BLOCK)))
def test_random_programs(block: int, record_property: Callable[[str, object], None]) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(block * BLOCK, min(PROGRAMS, (block + 1) * BLOCK)):
        counts += compared(seed)
    record_property("trial", ", ".join(f"{count} {name}" for name, count in counts.items()))
    assert counts["same"] > counts["guarded"], counts
    assert counts["errors"] * 20 > counts["values"], counts
