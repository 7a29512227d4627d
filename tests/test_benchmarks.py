"""The benchmarks of parts of the compiler run, on little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import cache_store

if TYPE_CHECKING:
    from pathlib import Path


def test_cache_store_measures(tmp_path: Path) -> None:
    report = cache_store.run(str(tmp_path), 1, 3)
    assert report["blobs"] == {"count": 3, "bytes": 60_000}
    assert all(each["median"] > 0 for each in report["milliseconds"].values())
    assert {"put_many", "flush", "get_many, warm"} <= set(report["milliseconds"])
