"""What all trials have: a bound of time, and a line in the end that says what was done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from benchmarks.remote_server import RedisServer
from tests.redis_server import require_server
from tests.trials.bounds import within
from tests.trust.command import LONG

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND = 3600.0 if LONG else 600.0


@pytest.fixture(autouse=True)
def _ends(request: pytest.FixtureRequest) -> Iterator[None]:
    with within(BOUND, request.node.name):
        yield


@pytest.fixture
def did(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Counts of what the trial does, by what it is; printed after all tests (``tests/conftest.py``)."""
    counts: Counter[str] = Counter()
    yield counts
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    request.node.user_properties.append(("trial", said))


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of the trial's own."""
    require_server()
    started = RedisServer()
    yield started
    started.close()
