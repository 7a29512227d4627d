"""Pools with the registry of tests, and tasks for them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyper.distributed.pool import Limits, Pool, Ran, Task
from tests.distributed.registry import PLACE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

LIMITS: Final = Limits(seconds=60.0, memory=256 << 20, result=1 << 20)
BRIEF: Final = Limits(seconds=0.1, memory=256 << 20, result=1 << 20)


def act(*texts: str, context: str = "") -> Task:
    """A task whose items say what to do."""
    return task("act", *texts, context=context)


def task(stage: str, *texts: str, context: str = "") -> Task:
    """A task with a context of one blob, or of none."""
    blobs = [(f"digest of {context}", context.encode())] if context else []
    return Task(stage, blobs, [each.encode("latin-1") for each in texts])


async def ran(pool: Pool, work: Task) -> list[Ran]:
    """The outcomes of a task."""
    async with aclosing(pool.run(work)) as results:
        return [each async for each in results]


def with_pool(
    body: Callable[[Pool], Coroutine[Any, Any, T]],
    slots: int = 1,
    limits: Limits = LIMITS,
    **more: Any,
) -> T:
    """What the body gives, for a pool that is closed afterwards."""

    async def main() -> T:
        pool = Pool(PLACE, slots, limits, **more)
        await pool.start()
        try:
            return await body(pool)
        finally:
            await pool.close()

    return asyncio.run(main())


def outcomes(work: Task, limits: Limits = LIMITS, **more: Any) -> list[Ran]:
    """The outcomes of a task, in a pool of its own."""
    return with_pool(lambda pool: ran(pool, work), limits=limits, **more)


def outcomes_of(*tasks: Task) -> list[list[Ran]]:
    """The outcomes of tasks, one after the other in one process."""

    async def body(pool: Pool) -> list[list[Ran]]:
        found = [await ran(pool, each) for each in tasks]
        assert pool.started == 1
        return found

    return with_pool(body)


def words_of_sandbox() -> str:
    """What holds children here."""

    async def body(pool: Pool) -> str:
        return pool.sandbox

    return with_pool(body)
