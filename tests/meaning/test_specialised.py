"""Kernels for constants that a profile tells of agree with tier 0, where the constants come and where they do not."""

from __future__ import annotations

import collections
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from hyper.emit.native.weights import Weights
from hyper.engine.recording import Recorder
from hyper.jit.kernel import specialise
from tests.meaning.back_ends import BACK_ENDS, Subject, compare
from tests.meaning.groups import NOW, answered
from tests.meaning.native import Kernels
from tests.meaning.native_programs import NATIVE
from tests.meaning.programs import program

if TYPE_CHECKING:
    from hyper.ir.program import Program

PROGRAMS = int(os.environ.get("HYPER_PROGRAMS", "0")) or (
    1000 if os.environ.get("HYPER_LONG") else 6
)
NAMES = (
    "scalar-host-O3",
    "batches-host-O3",
    "batches-host-O0",
    "library-calls",
    "library-rows",
    "wasm-O2",
)


def constants(
    made: Program, rows: dict[str, list[list[Any]]], source: random.Random
) -> dict[str, Any]:
    """What a recorder saw of one call of each function, some of it left out."""
    recorder = Recorder(made)
    for name, given in rows.items():
        if given:
            recorder.enter(name, source.choice(given))
    return {
        known.name: {path: text for path, text in known.constants.items() if source.random() < 0.7}
        for known in recorder.profile().functions.values()
    }


@pytest.mark.parametrize("guarded", [False, True])
def test_random_programs(guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialise, "LEAST_GONE", -(10**9))
    monkeypatch.setattr(specialise, "MOST_LEFT", 10**9)
    monkeypatch.setattr(specialise, "LEAST_GONE_OF_CALLS", -(10**9) if guarded else 10**9)
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(PROGRAMS):
        source = random.Random(seed)
        made = program(source, 6, 1 + seed % 3, NATIVE)
        with Subject(made) as subject:
            found_by_name = {name: answered(source, subject, name) for name in subject.functions}
            rows = {name: given for name, (given, _) in found_by_name.items()}
            expected = {name: outcomes for name, (_, outcomes) in found_by_name.items()}
            known = constants(made, rows, source)
            subject.kernels = Kernels(made, weights=Weights({}, moves=False, constants=known))
            special = [each for each in subject.kernels.unit.kernels if each.bodies is not None]
            chosen = [each for each in BACK_ENDS if each.name in NAMES]
            found = compare(subject, rows, expected, NOW, chosen)
        assert found.differences == [], f"seed {seed}"
        counts += collections.Counter(
            kernels=len(subject.kernels.natives),
            special=len(special),
            same=sum(found.same.values()),
        )
    assert counts["special"] * 4 > counts["kernels"], counts
    assert counts["same"] > 1000, counts
