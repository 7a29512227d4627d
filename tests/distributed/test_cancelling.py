"""Tasks that take a cancellation for something else."""

from __future__ import annotations

import asyncio

from hyper.distributed.dispatch.cancelling import cancel


def test_who_goes_on_all_the_same_is_cancelled_again() -> None:
    swallowed: list[str] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                swallowed.append("once")
                if len(swallowed) > 2:
                    raise

    async def story() -> None:
        tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(0))]
        await asyncio.wait(tasks[1:])
        await cancel(tasks)
        assert all(task.done() for task in tasks)

    asyncio.run(story())
    assert len(swallowed) == 3
