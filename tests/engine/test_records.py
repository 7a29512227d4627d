"""The records of builds: what counts as one, and when they go."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from hyper.engine.record import DAY, Records
from tests.engine.test_incremental import Tree, misses

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree that was built once."""
    made = Tree(tmp_path)
    assert made.build().success
    return made


def test_a_record_that_is_not_what_was_written_counts_as_none(tree: Tree) -> None:
    path = tree.record()
    whole = path.read_bytes()
    for cut in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert misses(tree.build()) == [("", "no build of this with this output is on record")]
    for at in range(0, len(whole), 97):
        assert Records(str(tree.cache)).load(path.name) is not None
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert Records(str(tree.cache)).load(path.name) is None
        path.write_bytes(whole)


def _days_old(path: Path, days: float) -> Path:
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def test_records_that_nobody_asks_for_go_when_something_is_built(tree: Tree) -> None:
    """So does what a build that was killed left of one; what is no record, and what may be being written, stays."""
    built, records = tree.record(), tree.cache / "records"
    tree.build("check")
    (checked,) = [p for p in records.iterdir() if p.name not in {built.name, "compiler"}]
    _days_old(checked, 31)
    left = [records / f".{checked.name}.1", records / f".{checked.name}.2", records / "mine"]
    for path, days in zip(left, (2, 0.5, 99), strict=True):
        path.write_bytes(b"half")
        _days_old(path, days)
    tree.build()
    assert checked.exists()
    (tree.sources / "more.intent").write_text("entity More:\n    a: int\n")
    tree.build()
    assert not checked.exists()
    assert [path.exists() for path in left] == [False, True, True]
    assert Records(str(tree.cache)).names() == sorted([built.name, "compiler"])


def test_a_record_that_is_asked_for_is_not_old(tree: Tree) -> None:
    path = _days_old(tree.record(), 31)
    tree.build()
    assert tree.parsed == []
    assert Records(str(tree.cache)).sweep(30 * DAY) == 0
    assert path.exists()


def test_a_record_that_was_asked_for_today_is_not_touched(tree: Tree) -> None:
    path = _days_old(tree.record(), 0.5)
    before = os.stat(path).st_mtime_ns
    Records(str(tree.cache)).load(path.name)
    assert os.stat(path).st_mtime_ns == before


def test_clearing_passes_over_a_record_that_goes_meanwhile(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Records(str(tree.cache))
    there = records.names()
    monkeypatch.setattr(records, "_there", lambda: [f".{there[0]}.1", *there])
    records.clear()
    monkeypatch.undo()
    assert records.names() == []
