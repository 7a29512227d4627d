"""What a child said before it ended, as the pool hears it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hyper.distributed.pool import PoolError, frames
from hyper.distributed.pool.frames import Answer, Begin, Confined, Ended, Forked, Loaded
from hyper.distributed.pool.launch import NearZygote
from hyper.distributed.pool.near import Child, End

if TYPE_CHECKING:
    from pathlib import Path


class Keeper:
    """Tells how a child ended, whichever it is."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def kill(self, child: Child) -> None:
        del child

    async def ended(self, child: Child) -> Ended | None:
        return Ended(child.number, 1, 0.0)


def test_what_a_child_answered_counts_though_it_ended_with_items_unread() -> None:
    async def story() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        child = Child(Keeper(), 1, 1)
        with far:
            far.sendall(frames.encode(Confined()))
            await child.open(near)
            await child.send(Begin("act", b"key", 0, []), [], [b"one", b"two", b"three"], 0)
            far.sendall(frames.encode(Loaded("", "", 0)))
            far.sendall(frames.encode(Answer(0, "", b"done", 0.0, 0.0, 0, "")))
        # It is gone, and what was sent to it was not read: the connection is broken before anybody listens.
        child.ended.set_result(Ended(1, 1, 0.0))
        for _ in range(10):
            await asyncio.sleep(0)
        await child.send(Begin("act", b"key", 0, []), [], [b"four"], 0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert isinstance(await child.hear(5.0, 100), Loaded)
        answer = await child.hear(5.0, 100)
        assert isinstance(answer, Answer)
        assert answer.data == b"done"
        assert isinstance(await child.hear(5.0, 100), End)

    asyncio.run(story())


def test_what_a_process_said_that_ended_at_once_is_told(tmp_path: Path) -> None:
    """That it is there and that it is no more may be heard together."""
    process = subprocess.Popen([sys.executable, "-c", ""])

    async def story() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        zygote = NearZygote(process, near, str(tmp_path / "home"))
        with far:
            forking = asyncio.ensure_future(zygote.fork())
            _, (channel,), _, _ = await asyncio.to_thread(socket.recv_fds, far, 4096, 1)
            frames.write(channel, Loaded("failed", "no such means", 0))
            os.close(channel)
            far.sendall(frames.encode(Forked(1, 1)) + frames.encode(Ended(1, 1, 0.0)))
            with pytest.raises(PoolError, match="cannot be confined: no such means"):
                await forking
        await zygote.close()

    asyncio.run(story())


@pytest.mark.parametrize("cost", [-1.0, 1e9, float("inf"), float("nan")])
def test_costs_that_no_item_has_are_not_believed(cost: float) -> None:
    """They would be told to the build, which refuses an answer with such figures in it as a whole."""

    async def story() -> End:
        near, far = socket.socketpair()
        near.setblocking(False)
        child = Child(Keeper(), 1, 1)
        with far:
            far.sendall(frames.encode(Confined()))
            await child.open(near)
            far.sendall(frames.encode(Answer(0, "", b"done", cost, 0.0, 0, "")))
            said = await child.hear(5.0, 100)
        assert isinstance(said, End)
        return said

    assert asyncio.run(story()).reason == "it said what it should not"
