"""The benchmark of the shared cache runs, and what it says of round trips is so."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from benchmarks import shared_cache
from tests.redis_server import require_server

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_counts_round_trips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    require_server()
    out = tmp_path / "shared.json"
    arguments = ["--keys", "300", "--latency", "0", "--questions", "20", "--out", str(out)]
    monkeypatch.setattr(shared_cache, "ROUNDS", 1)
    monkeypatch.setattr(sys, "argv", ["shared_cache", *arguments])
    assert shared_cache.main() == 0
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == 6
    assert all(row["round trips without"] == 20 for row in rows)
    for row in rows:
        least = max(2, round(20 * row["there"]))
        assert least <= row["round trips with"] <= least + 8
    assert "| latency ms |" in capsys.readouterr().out


def test_without_a_server_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shared_cache, "executable", lambda: None)
    monkeypatch.setattr(sys, "argv", ["shared_cache"])
    assert shared_cache.main() == 1
    assert "no redis-server" in capsys.readouterr().out
