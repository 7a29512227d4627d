"""A worker on a server that is not of the tests' own: that of ``REDIS_URL``, as a service of continuous integration has it."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Any

import pytest

from tests.distributed.fleets import fleet

URL = os.environ.get("REDIS_URL", "")

pytestmark = [
    pytest.mark.skipif(not URL, reason="REDIS_URL names no server"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks"),
]


def test_jobs_are_done_on_the_server_of_the_environment() -> None:
    project = f"test-{uuid.uuid4().hex}"

    async def whole() -> None:
        async with fleet(URL, project=project) as there:
            done = await there.do("j1", "echo", [b"one", b"two"], [b"of "])
            assert [each.state for each in done] == ["done", "done"]
            deadly = await there.do("j2", "act", [b"kill", b"say three"])
            assert sorted(each.state for each in deadly) == ["deadly", "done"]
            client: Any = there.client
            names = [name async for name in client.scan_iter(match=f"hyper:{project}:*")]
            assert names
            await client.delete(*names)

    asyncio.run(whole())
