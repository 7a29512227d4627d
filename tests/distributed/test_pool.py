from __future__ import annotations

import asyncio
import itertools
import os
import random
import select
import signal
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Final

import pytest

from hyper.distributed.pool import Limits, Pool, Ran, Task, near
from tests.distributed.pools import BRIEF, LIMITS, act, outcomes, outcomes_of, ran, task, with_pool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")


def test_results_come_in_order() -> None:
    found = outcomes(task("echo", "one", "two", "", context="of "))
    assert [(each.index, each.state, each.data) for each in found] == [
        (0, "done", b"of one"),
        (1, "done", b"of two"),
        (2, "done", b"of "),
    ]


@pytest.mark.parametrize(
    ("what", "state", "reason"),
    [
        ("raise no such thing", "failed", "ValueError: no such thing"),
        ("leave 3", "failed", "SystemExit: 3"),
        ("text of no bytes", "failed", "TypeError: the stage gave a str, and no bytes"),
        (
            f"large {(1 << 20) + 1}",
            "failed",
            "ValueError: the result has 1048577 bytes, and may have 1048576",
        ),
        ("allocate 1000", "memory", "it needs more memory than it may have"),
        ("exit 3", "died", "its process exited with 3"),
        ("kill", "died", "its process was ended by SIGKILL, as systems without memory do"),
        ("overflow", "died", "its process was ended by SIGSEGV"),
        ("scribble \x01\x00\x00\x00\x00\x00\x00\x00\xc1", "died", "it said what it should not"),
        ("scribble \x00\x00\x00\x00\x00\x00\x00\x7f", "died", "it said what it should not"),
    ],
)
def test_what_becomes_of_an_item_is_its_own(what: str, state: str, reason: str) -> None:
    before, found, after = outcomes(act("say before", what, "say after"))
    assert (before.state, before.data) == ("done", b"before")
    assert (found.index, found.state, found.reason) == (1, state, reason)
    assert (after.index, after.state, after.data) == (2, "done", b"after")


def test_a_process_that_is_silent_and_stays_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_END_SECONDS", 0.1)
    before, found, after = outcomes(act("say before", "close", "say after"))
    assert (before.data, after.data) == (b"before", b"after")
    assert (found.state, found.reason) == ("died", "its process closed its socket")


@pytest.mark.parametrize("what", ["spin", "pause"])
def test_an_item_has_so_much_time(what: str) -> None:
    async def body(pool: Pool) -> None:
        async with aclosing(pool.run(act("say before", what, "say after"))) as results:
            assert (await anext(results)).data == b"before"
            pool.limits = BRIEF
            found = await anext(results)
            assert (found.index, found.state) == (1, "time")
            assert found.reason == "it took longer than 0.1 seconds"
            pool.limits = LIMITS
            assert (await anext(results)).data == b"after"

    with_pool(body)


def test_the_system_ends_what_the_pool_does_not() -> None:
    async def body(pool: Pool) -> None:
        pool.limits = LIMITS
        (found,) = await ran(pool, act("pause"))
        assert found.state == "time"
        assert found.reason == "it took longer than it may, and was ended by SIGALRM"

    with_pool(body, limits=BRIEF)


def test_the_time_to_load_a_context_is_bounded() -> None:
    async def body(pool: Pool) -> None:
        pool.limits = BRIEF
        found = await ran(pool, task("loads", "one", "two", context="spin"))
        reason = "while its context was loaded, it took longer than 0.1 seconds"
        assert [(each.state, each.reason) for each in found] == [("time", reason)] * 2

    with_pool(body)


@pytest.mark.parametrize(
    ("what", "state", "reason"),
    [
        ("raise no context", "failed", "its context cannot be loaded: ValueError: no context"),
        (
            "allocate 1000",
            "memory",
            "its context cannot be loaded: it needs more memory than it may have",
        ),
        ("exit 3", "died", "while its context was loaded, its process exited with 3"),
    ],
)
def test_a_context_that_cannot_be_loaded_is_the_reason_of_all(
    what: str, state: str, reason: str
) -> None:
    found = outcomes(task("loads", "one", "two", context=what))
    assert [(each.index, each.state, each.reason) for each in found] == [
        (0, state, reason),
        (1, state, reason),
    ]


def test_a_stage_that_is_not_there_is_the_reason_of_all() -> None:
    (found,) = outcomes(task("missing", "one"))
    assert (found.state, found.reason) == ("failed", "there is no stage missing")


def test_a_context_is_loaded_once() -> None:
    (one,), (two,), (same,), (again,) = outcomes_of(
        task("number", "", context="one"),
        task("number", "", context="two"),
        task("number", "", context="one"),
        task("number", "", context="two"),
    )
    assert one.data == same.data != two.data == again.data


def test_contexts_are_kept_by_their_bytes_and_their_use() -> None:
    async def body(pool: Pool) -> list[bytes]:
        names = ("a" * 40, "b" * 40, "a" * 40, "c" * 40, "a" * 40, "b" * 40, "d" * 200, "d" * 200)
        return [(await ran(pool, task("number", "", context=each)))[0].data for each in names]

    found = with_pool(body, context_bytes=100)
    loads = [int(each.split()[1]) for each in found]
    # The third leaves the second; what is larger than the bound is kept alone.
    assert loads == [0, 1, 0, 2, 0, 3, 4, 4]


def test_who_has_the_context_is_preferred() -> None:
    async def body(pool: Pool) -> None:
        places: dict[str, bytes] = {}

        async def at_once(*names: str) -> None:
            """Tasks that are all under way before one of them is through."""
            async with AsyncExitStack() as stack:
                for name in names:
                    work = task("number", "", "", context=name)
                    results = await stack.enter_async_context(aclosing(pool.run(work)))
                    first = await anext(results)
                    assert places.setdefault(name, first.data) == first.data
                    stack.push_async_callback(_rest, results)

        await at_once("one", "two", "three")
        assert (pool.started, pool.idle, pool.busy) == (3, 3, 0)
        await at_once("three", "one", "two")
        await at_once("two")
        assert pool.started == 3
        assert len({each.split()[0] for each in places.values()}) == 3

    with_pool(body, slots=3)


async def _rest(results: AsyncGenerator[Ran, None]) -> None:
    async for each in results:
        assert each.state == "done"


def test_who_has_all_outcomes_need_not_ask_again() -> None:
    async def body(pool: Pool) -> None:
        async with aclosing(pool.run(act("say one"))) as results:
            assert (await anext(results)).data == b"one"
            assert (pool.busy, pool.idle) == (0, 1)
        async with aclosing(pool.run(act("say one", "exit 1"))) as results:
            states = [(await anext(results)).state for _ in range(2)]
            assert (states, pool.busy, pool.idle) == (["done", "died"], 0, 0)
        assert pool.started == 1

    with_pool(body)


def test_a_process_is_replaced_after_its_jobs() -> None:
    async def body(pool: Pool) -> list[bytes]:
        return [(await ran(pool, act("facts pid")))[0].data for _ in range(5)]

    found = with_pool(body, jobs_per_process=2)
    assert [found.index(each) for each in found] == [0, 0, 2, 2, 4]


def test_a_process_that_has_grown_is_replaced() -> None:
    async def body(pool: Pool) -> list[bytes]:
        works = (act("facts pid"), act("allocate 100", "facts pid"), act("facts pid"))
        return [(await ran(pool, each))[-1].data for each in works]

    one, same, other = with_pool(body, grown=90 << 20)
    assert one == same != other


def test_what_earlier_work_has_kept_is_no_reason_against_an_item() -> None:
    async def body(pool: Pool) -> None:
        found = await ran(pool, act("hoard 150", "allocate 150", "allocate 1000", "hoard 150"))
        assert [each.state for each in found] == ["done", "done", "memory", "done"]
        assert pool.started == 3
        await ran(pool, act("hoard 150"))
        (after,) = await ran(pool, task("loads", "it", context="allocate 150"))
        assert (after.state, pool.deaths) == ("done", 0)

    with_pool(body)


def test_what_earlier_work_has_kept_is_no_reason_against_what_is_sent() -> None:
    """There is no memory left even to take the item, or the context, in."""
    large = "x" * (15 << 20)

    async def body(pool: Pool) -> None:
        found = await ran(pool, act("hoard 230", f"say {large}"))
        assert [each.state for each in found] == ["done", "done"]
        await ran(pool, act("hoard 230"))
        (found_,) = await ran(pool, task("echo", "it", context=large))
        assert (found_.state, pool.deaths) == ("done", 0)
        assert pool.started == 3

    with_pool(body, limits=Limits(memory=256 << 20, result=16 << 20), grown=1 << 40)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no descriptors of processes")
def test_who_ended_at_rest_is_no_reason_against_a_context() -> None:
    async def body(pool: Pool) -> None:
        (first,) = await ran(pool, act("facts pid"))
        descriptor = os.pidfd_open(int(first.data))
        os.kill(int(first.data), signal.SIGKILL)
        # The loop stands still: the pool does not hear of it before it gives the process something to do.
        assert select.select([descriptor], [], [], 10.0)[0]
        os.close(descriptor)
        found = await ran(pool, task("echo", "one", "two", context="of "))
        assert [each.data for each in found] == [b"of one", b"of two"]
        assert (pool.deaths, pool.started) == (0, 2)

    with_pool(body)


def test_after_a_death_the_rest_goes_on_elsewhere() -> None:
    async def body(pool: Pool) -> None:
        found = await ran(pool, act("facts pid", "exit 1", "facts pid", "kill", "facts pid"))
        assert [each.index for each in found] == [0, 1, 2, 3, 4]
        assert len({each.data for each in found if each.state == "done"}) == 3
        assert (pool.deaths, pool.started) == (2, 3)

    with_pool(body)


def test_slots_bound_what_is_done_at_once() -> None:
    async def body(pool: Pool) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                results = await stack.enter_async_context(aclosing(pool.run(act("say a", "say b"))))
                await anext(results)
            third = asyncio.create_task(ran(pool, act("facts pid")))
            await asyncio.sleep(0)
            assert (pool.busy, pool.waiting, third.done()) == (2, 1, False)
            await pool.resize(3)
            assert (await third)[0].state == "done"
            assert (pool.busy, pool.waiting, pool.idle) == (2, 0, 1)
            await pool.resize(1)
            assert (pool.busy, pool.idle) == (2, 0)
            late = asyncio.create_task(ran(pool, act("say late")))
            await _rest(results)
            await asyncio.sleep(0)
            # Two were too many, and one has ended: there is still no slot for another.
            assert (pool.busy, pool.waiting) == (1, 1)
        assert (await late)[0].data == b"late"
        assert (pool.busy, pool.waiting, pool.idle) == (0, 0, 1)
        with pytest.raises(ValueError, match="no fewer slots"):
            await pool.resize(-1)

    with_pool(body, slots=2)


def test_a_task_says_how_long_it_waited_for_a_slot() -> None:
    async def body(pool: Pool) -> None:
        async with aclosing(pool.run(act("say first", "say last"))) as results:
            await anext(results)
            other = asyncio.create_task(ran(pool, act("say one", "say two")))
            await asyncio.sleep(0)
            assert pool.waiting == 1
            assert (await anext(results)).waited == 0.0
        one, two = await other
        assert one.waited > 0.0
        assert two.waited == 0.0

    with_pool(body, slots=1)


def test_a_pool_without_slots_waits() -> None:
    async def body(pool: Pool) -> None:
        waits = asyncio.create_task(ran(pool, act("say later")))
        await asyncio.sleep(0)
        assert (pool.busy, pool.waiting, pool.started) == (0, 1, 0)
        await pool.resize(1)
        assert (await waits)[0].data == b"later"

    with_pool(body, slots=0)


def test_much_goes_in_and_out() -> None:
    blob, item = bytes(range(256)) * 40_000, bytes(500_000)
    work = Task("echo", [("a", blob)], [item] * 3)
    found = outcomes(work, Limits(memory=1 << 30, result=12 << 20))
    assert [each.data == blob + item for each in found] == [True] * 3


_DEEDS: Final = (
    "say fine",
    "raise bad",
    "exit 1",
    "kill",
    "scribble " + "\xff" * 64,
    "leave 2",
    "text no",
)


def test_every_item_has_one_outcome_whatever_dies() -> None:
    """Many tasks at once, drawn by chance, with zygotes that are lost in between."""
    chance, count = random.Random(7), itertools.count()
    works = [[chance.choice(_DEEDS) for _ in range(chance.randrange(8))] for _ in range(40)]

    async def watched(pool: Pool, texts: list[str]) -> list[Ran]:
        found = []
        async with aclosing(pool.run(act(*texts, context="some"))) as results:
            async for each in results:
                found.append(each)
                if next(count) in {20, 70} and pool._zygote is not None:
                    pool._zygote._process.kill()
        return found

    async def body(pool: Pool) -> None:
        for texts, found in zip(
            works, await asyncio.gather(*(watched(pool, each) for each in works)), strict=True
        ):
            assert [each.index for each in found] == list(range(len(texts)))
            for text, each in zip(texts, found, strict=True):
                expected = {"say": "done", "raise": "failed", "leave": "failed", "text": "failed"}
                assert each.state == expected.get(text.split()[0], "died"), text
        assert (pool.busy, pool.waiting) == (0, 0)
        assert pool.zygotes > 1

    with_pool(body, slots=4)
