"""What a worker does beside its jobs: nothing waits for it, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hyper.distributed.worker import aside
from hyper.distributed.worker.aside import Aside

if TYPE_CHECKING:
    import pytest


def test_what_is_under_way_at_the_end_is_waited_for_and_faults_are_nobodys() -> None:
    done: list[int] = []

    async def note(number: int) -> None:
        await asyncio.sleep(0)
        if number == 1:
            raise OSError("the server is gone")
        done.append(number)

    async def main() -> None:
        beside = Aside()
        for number in range(3):
            beside.do(note(number))
        assert done == []
        await beside.close(10.0)

    asyncio.run(main())
    assert done == [0, 2]


def test_what_does_not_end_is_broken_off_and_no_more_than_so_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aside, "_MOST", 2)
    broken: list[int] = []

    async def hang(number: int) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            broken.append(number)

    async def main() -> None:
        beside = Aside()
        for number in range(3):
            beside.do(hang(number))
        await asyncio.sleep(0)
        await beside.close(0.0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert sorted(broken) == [0, 1]
