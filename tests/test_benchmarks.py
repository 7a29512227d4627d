"""The benchmarks of parts of the compiler run, on little."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from benchmarks import cache_store, gpu_crossover, worker_pool
from tests.gpu.adapters import fresh

if TYPE_CHECKING:
    from pathlib import Path


def test_cache_store_measures(tmp_path: Path) -> None:
    report = cache_store.run(str(tmp_path), 1, 3)
    assert report["blobs"] == {"count": 3, "bytes": 60_000}
    assert all(each["median"] > 0 for each in report["milliseconds"].values())
    assert {"put_many", "flush", "get_many, warm"} <= set(report["milliseconds"])


def test_sizes_that_are_none_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for sizes in ("x", "9,", "2,1", "0"):
        monkeypatch.setattr("sys.argv", ["gpu_crossover", "--sizes", sizes])
        with pytest.raises(SystemExit):
            gpu_crossover.main()
        assert f"{sizes!r} is not some numbers" in capsys.readouterr().err


def test_the_crossover_of_a_graphics_adapter_is_measured() -> None:
    pytest.importorskip("numba")
    backend = fresh()
    report = gpu_crossover.run(backend, [4096, 8192], b"route GET /a:\n    b = 1 # note\n")
    backend.close()
    warm = report["tables"]["warm, milliseconds"]
    assert [(row["operation"], row["bytes"]) for row in warm[:2]] == [("cut", 4096), ("cut", 8192)]
    assert len(warm) == 14
    assert all(row[f"{name} ms"] > 0 for row in warm for name in ("numba", "numpy", "wgpu"))
    assert len(report["tables"]["crossover, bytes"]) == 7
    assert report["adapter"]["software"] == (report["adapter"]["kind"] == "CPU")


def test_where_lines_cross() -> None:
    slow, fast = [(0, 1.0), (1000, 2.0)], [(0, 0.0), (1000, 3.0)]
    assert gpu_crossover.crossover(slow, fast, 0) == pytest.approx(500)
    assert gpu_crossover.crossover(slow, fast, 1) == pytest.approx(1000)
    assert gpu_crossover.crossover(fast, slow, 0) is None
    assert gpu_crossover.line([(10, 2.0), (100, 1.0)]) == (0, 0.01)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")
def test_the_pool_of_a_worker_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for count in ("PROCESSES", "TASKS", "ITEMS"):
        monkeypatch.setattr(worker_pool, count, 2)
    sandbox, figures = asyncio.run(worker_pool.measured())
    assert "audit" in sandbox
    assert len(figures) >= 6
    assert all(each > 0 for each in figures.values())
