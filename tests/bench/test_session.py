"""Sessions in a process of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.bench.edits import Edits, apply, write_tree
from hyper.bench.report import BenchError
from hyper.bench.session import Session

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_builds_what_is_there_now(tmp_path: Path) -> None:
    work = Edits(4, 1)
    tree = str(tmp_path / "tree")
    write_tree(tree, work.files())
    out = tmp_path / "out"
    with Session(tree, {"out": str(out), "cache": str(tmp_path / "cache")}) as session:
        assert session.build().wall > 0
        before = (out / "company1" / "manifest.json").read_bytes()
        apply(tree, work.next("body"))
        assert session.build().peak > 0
        assert (out / "company1" / "manifest.json").read_bytes() != before
        (tmp_path / "tree" / "service.intent").write_text("wrong")
        with pytest.raises(BenchError, match="a build in a session failed"):
            session.build()


def test_a_session_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="ended by itself"):
        Session(str(tmp_path), {"no such option": 1})
