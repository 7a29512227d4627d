"""The benchmark of the sketches runs, and its arithmetic is right."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import sketches
from hyper.cache.sketches.count_min import MOST, CountMin

if TYPE_CHECKING:
    from pathlib import Path


def test_it_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sketches.json"
    monkeypatch.setattr(sketches, "ROUNDS", 1)
    monkeypatch.setattr(sketches, "SEEN", (100,))
    monkeypatch.setattr(sketches, "imports", lambda: [{"module": "json", "ms": 1.0}])
    monkeypatch.setattr(sys, "argv", ["sketches", "--keys", "50,200", "--out", str(out)])
    assert sketches.main() == 0
    tables = json.loads(out.read_text())["tables"]
    assert [row["keys"] for row in tables["Bloom filter"]] == [50, 50, 50, 200, 200, 200]
    assert "| keys at once |" in capsys.readouterr().out
    assert sketches.imports()


def test_imports_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "ROUNDS", 1)
    monkeypatch.setattr(sketches, "MODULES", ("json",))
    (row,) = sketches.imports()
    assert row["module"] == "json"


def test_gain_counts_questions() -> None:
    figures = {
        "measured rate": 0.01,
        "hit ns": 1000,
        "miss ns": 500,
        "import ms": 2.0,
        "load ms": 1.0,
        "bytes": 12500,
    }
    row = sketches.gain(figures, 0.5, 1000, 100)
    # Of 500 misses, 5 seem to be there: 505 keys take 6 questions instead of 10.
    assert (row["trips without"], row["trips with"], row["saved"]) == (10, 6, "40%")
    # 0.75 ms of look-ups for 4 trips; 3 ms more to import and load; 1 ms more to fetch, and one trip.
    assert row["pays from ms, at hand"] == pytest.approx(0.75 / 4, abs=0.001)
    assert row["pays from ms, kept"] == pytest.approx(3.75 / 4, abs=0.001)
    assert row["pays from ms, fetched"] == pytest.approx(4.75 / 3, abs=0.001)
    assert sketches.gain(figures, 1.0, 1000, 100)["pays from ms, kept"] == "never"


def test_the_sketch_with_numpy_counts_too() -> None:
    ours, theirs = CountMin(64), sketches.NumPyCountMin(64)
    asked = sketches.keys("asked", 30) * 3
    theirs.add(asked)
    for key in asked:
        ours.add(key)
    for key, estimate in zip(asked, theirs.estimate(asked), strict=True):
        assert 3 <= ours.estimate(key) <= estimate <= MOST
