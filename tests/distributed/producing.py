"""Puts jobs into a queue, that of documents to check where no other is named, and waits for what becomes of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import redis

from hyper.distributed.client import bullmq_options
from tests.distributed.workers import PATIENCE

if TYPE_CHECKING:
    from hyper.distributed.settings import FleetSettings


def send(settings: FleetSettings, message: Any, job: str, queue: str | None = None) -> None:
    """Add a job with that id."""

    async def add() -> None:
        from bullmq import Queue

        options = bullmq_options(settings, skipVersionCheck=True)
        line: Any = Queue(queue or settings.names.checks(), options)
        await line.add("check", message, {"jobId": job})
        await line.close()

    asyncio.run(add())


def outcome(
    url: str, settings: FleetSettings, job: str, queue: str | None = None
) -> tuple[str, Any]:
    """``completed`` and what was returned, or ``failed`` and the reason."""
    stream, last = f"{settings.names.prefix}:{queue or settings.names.checks()}:events", "0-0"
    with redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE) as client:
        while True:
            read: Any = client.xread({stream: last}, block=int(PATIENCE * 1000))
            assert read, f"nothing became of {job}"
            for last, fields in read[0][1]:  # noqa: B007
                if fields.get("jobId") == job and fields["event"] == "completed":
                    return "completed", json.loads(fields["returnvalue"])
                if fields.get("jobId") == job and fields["event"] == "failed":
                    return "failed", fields["failedReason"]
