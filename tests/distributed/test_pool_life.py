"""Processes come and go: real ones, waited for through their descriptors."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Final

import pytest

from hyper.distributed.pool import Limits, Pool, PoolError, launch, near
from tests.distributed.pools import LIMITS, act, ran, task, with_pool
from tests.distributed.registry import PLACE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")

PATIENCE: Final = 60.0

DAEMON: Final = """\
import asyncio, json, sys
sys.path[:] = {path!r}
from contextlib import AsyncExitStack, aclosing
from hyper.distributed.pool import Limits, Pool
from tests.distributed.pools import act
from tests.distributed.registry import PLACE

async def main():
    pool = Pool(PLACE, 3, Limits(seconds=600.0, memory=1 << 28, result=1 << 20))
    await pool.start()
    pids = [pool._zygote._process.pid]
    async with AsyncExitStack() as stack:
        waiting = []
        for end in ("spin", "pause", "say done"):
            results = await stack.enter_async_context(aclosing(pool.run(act("facts pid", end))))
            pids.append(int((await anext(results)).data))
            waiting.append(asyncio.create_task(anext(results)))
        await waiting[2]
        print(json.dumps([pids, pool._zygote._home]), flush=True)
        await asyncio.gather(*waiting)

asyncio.run(main())
"""


def _wait_for_end(descriptors: list[int]) -> None:
    """Until each of these processes is no more."""
    poll = select.poll()
    for each in descriptors:
        poll.register(each, select.POLLIN)
    left = set(descriptors)
    while left:
        ended = poll.poll(PATIENCE * 1000)
        assert ended, "a process outlives the worker"
        for each, _ in ended:
            poll.unregister(each)
            os.close(each)
            left.discard(each)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no descriptors of processes")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_nothing_outlives_the_worker(how: signal.Signals) -> None:
    code = DAEMON.format(path=sys.path)
    with (
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as daemon,
        ExitStack() as ending,
    ):
        ending.callback(daemon.kill)
        assert daemon.stdout is not None
        pids, home = json.loads(daemon.stdout.readline())
        assert len(set(pids)) == 4
        descriptors = [os.pidfd_open(pid) for pid in pids]
        assert sorted(os.listdir(home)) == ["1", "2", "3"]
        daemon.send_signal(how)
        _wait_for_end(descriptors)
    assert not os.path.exists(home)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no descriptors of processes")
def test_nothing_outlives_a_pool_that_is_closed() -> None:
    async def body(pool: Pool) -> tuple[list[int], str]:
        (found,) = await ran(pool, act("facts pid"))
        assert pool._zygote is not None
        pids = [int(found.data), pool._zygote._process.pid]
        return [os.pidfd_open(each) for each in pids], pool._zygote._home

    descriptors, home = with_pool(body)
    _wait_for_end(descriptors)
    assert not os.path.exists(home)


def test_a_registry_that_cannot_be_loaded_is_told() -> None:
    async def reason(place: str) -> str:
        pool = Pool(place, 1, LIMITS)
        with pytest.raises(PoolError) as found:
            await pool.start()
        await pool.close()
        return str(found.value)

    async def main() -> list[str]:
        places = ("fails", "ends", "nobody")
        return [await reason(PLACE.replace("make", each)) for each in places]

    assert asyncio.run(main()) == [
        "ValueError: no stages today",
        "the process that loads the stages ended",
        "LookupError: no registry of stages at tests.distributed.registry:nobody",
    ]


def test_a_lost_zygote_is_started_again_and_no_item_is_blamed() -> None:
    async def body(pool: Pool) -> list[str]:
        found = []
        for word in ("at rest", "at work"):
            assert pool._zygote is not None
            zygote = pool._zygote
            async with aclosing(pool.run(act("say first", f"say {word}"))) as results:
                found.append((await anext(results)).data.decode())
                if word == "at work":
                    zygote._process.kill()
                    await zygote.lost
                found += [each.data.decode() async for each in results]
            if word == "at rest":
                zygote._process.kill()
                await zygote.lost
        # The second one was not needed again where it had answered by then.
        assert pool.zygotes in {2, 3}
        return found

    found = with_pool(body)
    assert found == ["first", "at rest", "first", "at work"]


def test_a_zygote_that_stands_still_is_ended_and_another_one_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, "_ANSWER", 0.2)
    monkeypatch.setattr(near, "_END_SECONDS", 0.1)

    async def body(pool: Pool) -> None:
        assert pool._zygote is not None
        os.kill(pool._zygote._process.pid, signal.SIGSTOP)
        assert [each.data for each in await ran(pool, act("say here"))] == [b"here"]
        assert pool.zygotes == 2
        # A child that is to be ended, with nobody who ends it: nothing says that it was to blame.
        assert pool._zygote is not None
        os.kill(pool._zygote._process.pid, signal.SIGSTOP)
        assert [each.state for each in await ran(pool, act("close"))] == ["died"]
        assert pool.zygotes == 3

    with_pool(body)


def test_who_gives_up_while_a_lost_zygote_is_tidied_up_leaves_nothing() -> None:
    async def body(pool: Pool) -> str:
        zygote = pool._zygote
        assert zygote is not None
        zygote._process.kill()
        await zygote.lost
        asking = asyncio.create_task(pool.start())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        assert [each.data for each in await ran(pool, act("say next"))] == [b"next"]
        assert pool._zygote is not zygote
        return zygote._home

    assert not os.path.exists(with_pool(body))


def test_who_gives_up_while_a_process_ends_does_no_harm() -> None:
    async def body(pool: Pool) -> None:
        assert pool._zygote is not None
        zygote = pool._zygote._process.pid
        (child,) = [int(each.data) for each in await ran(pool, act("facts pid"))]
        waiting = asyncio.ensure_future(ran(pool, act("pause")))
        async with asyncio.timeout(PATIENCE):
            while not pool.busy:  # noqa: ASYNC110  # no event tells it
                await asyncio.sleep(0.01)
        os.kill(zygote, signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        # The process is gone, and nobody tells it.
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.wait({waiting})
        os.kill(zygote, signal.SIGCONT)
        for text in ("one", "two", "three"):
            assert [each.data for each in await ran(pool, act(f"say {text}"))] == [text.encode()]
        assert pool.zygotes == 1

    with_pool(body)


def test_work_that_is_under_way_when_the_zygote_is_lost_begins_again() -> None:
    async def body(pool: Pool) -> None:
        results = pool.run(act("facts pid", "facts pid"))
        async with aclosing(results):
            first = await anext(results)
            zygote = pool._zygote
            assert zygote is not None
            work = asyncio.create_task(anext(results))
            zygote._process.kill()
            second = await work
            assert [first.state, second.state] == ["done", "done"]
            assert [first.index, second.index] == [0, 1]
        assert pool.deaths == 0

    with_pool(body)


def test_a_pool_goes_on_with_no_other_installation() -> None:
    async def main() -> None:
        pool = Pool(PLACE.replace("make", "other"), 1, LIMITS)
        assert [each.data for each in await ran(pool, act("say one"))] == [b"one"]
        identity = pool.identity
        assert pool._zygote is not None
        pool._zygote._process.kill()
        await pool._zygote.lost
        with pytest.raises(PoolError, match="another one"):
            await ran(pool, act("say two"))
        assert pool.identity == identity
        await pool.close()

    asyncio.run(main())


def _text(path: str) -> str:
    return Path(path).read_text(encoding="ascii")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no such choice")
def test_where_memory_runs_out_children_go_first() -> None:
    async def body(pool: Pool) -> str:
        (found,) = await ran(pool, act("facts pid"))
        return _text(f"/proc/{found.data.decode()}/oom_score_adj")

    assert with_pool(body).strip() == "800"


def test_a_pool_that_is_closed_takes_nothing() -> None:
    async def main() -> None:
        pool = Pool(PLACE, 1, LIMITS)
        await pool.start()
        await pool.close()
        with pytest.raises(PoolError, match="closed"):
            await ran(pool, act("say no"))
        with pytest.raises(PoolError, match="closed"):
            await pool.start()
        await pool.close()

    asyncio.run(main())


def test_closing_waits_for_what_is_being_done() -> None:
    async def main() -> None:
        pool = Pool(PLACE, 1, LIMITS)
        async with aclosing(pool.run(act("say one", "say two"))) as results:
            found = [await anext(results)]
            late = asyncio.create_task(ran(pool, act("say late")))
            await asyncio.sleep(0)
            closing = asyncio.create_task(pool.close())
            with pytest.raises(PoolError, match="closed"):
                await late
            assert not closing.done()
            found += [each async for each in results]
        await closing
        assert [each.data for each in found] == [b"one", b"two"]

    asyncio.run(main())


def test_closing_at_once_ends_what_is_being_done() -> None:
    async def main() -> None:
        pool = Pool(PLACE, 1, Limits(seconds=600.0))
        async with aclosing(pool.run(act("say one", "spin"))) as results:
            await anext(results)
            work = asyncio.create_task(anext(results))
            await asyncio.sleep(0)
            await pool.close(kill=True)
            with pytest.raises(PoolError, match="closed"):
                await work

    asyncio.run(main())


def test_who_stops_asking_ends_what_is_being_done() -> None:
    async def body(pool: Pool) -> None:
        async with aclosing(pool.run(act("say one", "spin"))) as results:
            assert (await anext(results)).data == b"one"
        assert pool.busy == 0
        assert [each.data for each in await ran(pool, act("say next"))] == [b"next"]
        assert pool.started == 2

    with_pool(body, limits=Limits(seconds=600.0))


def test_who_is_cancelled_leaves_its_place() -> None:
    async def body(pool: Pool) -> None:
        working = asyncio.create_task(ran(pool, act("spin")))
        waiting = [asyncio.create_task(ran(pool, act("say no"))) for _ in range(2)]
        last = asyncio.create_task(ran(pool, task("echo", "last")))
        await asyncio.sleep(0)
        assert (pool.busy, pool.waiting) == (1, 3)
        waiting[0].cancel()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        waiting[1].cancel()
        assert [each.data for each in await last] == [b"last"]
        assert (pool.busy, pool.waiting) == (0, 0)

    with_pool(body, limits=Limits(seconds=600.0))


def test_a_sandbox_that_does_not_hold_is_no_place_to_work() -> None:
    async def main() -> None:
        pool = Pool(PLACE.replace("make", "unsound"), 1, LIMITS)
        with pytest.raises(PoolError, match=r"cannot be confined: no such means"):
            await ran(pool, act("say one"))
        assert pool.started == 0
        await pool.close()

    asyncio.run(main())
