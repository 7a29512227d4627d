"""The Redis server that tests start, which the extra ``dev`` brings along."""

from __future__ import annotations

import sys

import pytest

from benchmarks.remote_server import executable


def require_server() -> None:
    """Skip where Redis does not run at all, and fail where it should be installed: its tests must not go missing unseen."""
    if executable() is not None:
        return
    if sys.platform == "win32":
        pytest.skip("Redis does not run on Windows")
    pytest.fail("no redis-server: the extra `dev` brings one, and REDIS_SERVER names another")
