"""The benchmarks run: on a tiny description, without the peer's minutes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import cache_store, cold_build
from benchmarks.processes import Run, once, summary

if TYPE_CHECKING:
    from pathlib import Path

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {"/notes": {"get": {"responses": {"204": {"description": "None."}}}}},
}


def test_cold_build_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cold_build, "_version", lambda _name: None)
    spec = tmp_path / "notes.json"
    spec.write_text(json.dumps(SPEC))
    report = cold_build.run(spec, tmp_path, 1)
    assert "is skipped" in capsys.readouterr().err
    assert set(report["figures"]) == {
        "bare python",
        "hyper build",
        "hyper build, nothing changed",
    }
    assert report["figures"]["hyper build"]["wall_seconds"] > 0


def test_cache_store_measures(tmp_path: Path) -> None:
    report = cache_store.run(str(tmp_path), 1, 3)
    assert report["blobs"] == {"count": 3, "bytes": 60_000}
    assert all(each["median"] > 0 for each in report["milliseconds"].values())
    assert {"put_many", "flush", "get_many, warm"} <= set(report["milliseconds"])


def test_a_missing_description_is_skipped_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cold_build", "/nowhere.json"])
    assert cold_build.main() == 0
    assert "skipped" in capsys.readouterr().err


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        once((sys.executable, "-c", "raise SystemExit('no such thing')"))


def test_medians() -> None:
    figures = summary({"x": [Run(1.0, 0.5, 10), Run(9.0, 0.7, 30), Run(2.0, 0.6, 20)]})
    assert figures["x"]["wall_seconds"] == 2.0
    assert figures["x"]["wall_range"] == [1.0, 9.0]
    assert figures["x"]["peak_bytes"] == 20
