"""Tier 0 and every back end agree, bit for bit, or fail alike at the same line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.meaning.groups import asked, tried

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("llvmlite")

LONG = bool(os.environ.get("HYPER_LONG"))
PROGRAMS = int(os.environ.get("HYPER_PROGRAMS", "0")) or (10_000 if LONG else 24)
MANY = 100
"""Programs from which on each is asked of some back ends, in turn."""
GROUP = 200 if PROGRAMS > MANY else 12


@pytest.mark.parametrize("group", range(-(-PROGRAMS // GROUP)))
def test_random_programs(group: int, record_property: Callable[[str, object], None]) -> None:
    seeds = range(group * GROUP, min(PROGRAMS, (group + 1) * GROUP))
    found = tried(seeds, asked(group) if PROGRAMS > MANY else None)
    told = {name: count for name, count in found.counts.items() if " in " not in name}
    record_property("trial", ", ".join(f"{count} {name}" for name, count in told.items()))
    assert not found.differences, "\n".join(
        f"seed {seed}: {text}" for seed, text in found.differences
    )
    assert told["same"] > told["guarded"], told
    assert told["errors"] * 20 > told["values"], told
