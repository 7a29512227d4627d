"""A Redis server of a benchmark's own."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from hyper.bench.redis_server import RedisServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("program", [sys.executable, ""])
def test_one_that_does_not_start_leaves_nothing(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder and no process, whose pipe would be told of as one that nobody closed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("REDIS_SERVER", program or str(tmp_path / "none"))
    with pytest.raises(OSError, match=r"[Uu]nknown option|No such file"):
        RedisServer()
    assert not list(tmp_path.iterdir())
