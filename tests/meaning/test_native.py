"""Tier 0 and kernels over rows agree, bit for bit, or fail alike at the same line."""

from __future__ import annotations

import collections
import os
import random
from datetime import UTC, datetime

import pytest

from hyper.ir.text import dump_node
from hyper.ir.verify import verify
from tests.meaning.native import GUARDED, Kernels
from tests.meaning.native_programs import NATIVE
from tests.meaning.programs import program
from tests.meaning.values import value

pytest.importorskip("llvmlite")

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
PROGRAMS = 2000 if os.environ.get("HYPER_LONG") else 12
FUNCTIONS = 12
ROWS = 24


def compare(seed: int) -> collections.Counter[str]:
    """How many evaluations of the random programs of a seed were the same, and how many were guarded."""
    source = random.Random(seed)
    made = program(source, FUNCTIONS, 1 + seed % 3, NATIVE)
    assert verify(made) == []
    kernels = Kernels(made)
    counts: collections.Counter[str] = collections.Counter()
    counts["refused"] = len(kernels.refused)
    counts["native"] = len(kernels.natives)
    for name in kernels.natives:
        kinds = [kind for _, kind in kernels.interpreter.params(name)]
        rows = [[value(source, kind) for kind in kinds] for _ in range(ROWS)]
        for row, seen in zip(rows, kernels.both(name, rows, NOW), strict=True):
            if seen.native == GUARDED:
                counts["guarded"] += 1
                continue
            text = f"seed {seed}\n{dump_node(made.definitions[name])}\n{row}"
            assert seen.native == seen.zero, text
            counts["same"] += 1
            counts["failed"] += seen.zero[0] in {"error", "refused"}
    return counts


@pytest.mark.parametrize("block", range(PROGRAMS // 4))
def test_random_programs(block: int) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(block * 4, block * 4 + 4):
        counts += compare(seed)
    assert counts["same"] > 20 * counts["guarded"], counts
    assert counts["failed"] * 20 > counts["same"], counts
