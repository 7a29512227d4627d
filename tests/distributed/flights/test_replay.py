"""Whatever ends, comes twice, comes late or in another order: each action has one result, and every build gets it."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper.distributed.flights.twin import Twin
from tests.distributed.flights.clocked import KEYRING, NAMES, START, ClockedFlights, connected
from tests.distributed.flights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer
    from tests.distributed.flights.world import Nature

LONG: Final = bool(os.environ.get("HYPER_LONG"))
SCHEDULES: Final = 60_000 if LONG else 1200
ON_THE_SERVER: Final = 1500 if LONG else 20
NATURES: Final[list[Nature]] = [
    *("pure", "pure", "pure", "pure", "raises", "kills child", "kills worker", "impure"),
]


def in_memory(natures: list[Nature]) -> World:
    now = [START]

    async def wait(span: int) -> None:
        now[0] += span

    async def strikes_of(key: str) -> set[int]:
        record = twin.records.get(key)
        return set(record.strikes) if record is not None else set()

    twin = Twin(lambda: now[0])
    return World(twin, wait, strikes_of, natures)


def on_a_server(client: Any, natures: list[Nature]) -> World:
    now = [START]

    async def wait(span: int) -> None:
        now[0] += span
        await client.set("clock", now[0])

    async def strikes_of(key: str) -> set[int]:
        names = await client.hkeys(NAMES.flight(key))
        return {int(name[1:]) for name in names if name.startswith(b"k")}

    return World(ClockedFlights(client, NAMES, KEYRING), wait, strikes_of, natures)


async def harm(world: World, seed: int, told: Counter[str]) -> None:
    """A while in which anything may happen, then calm, and what has to hold then."""
    draw = random.Random(seed)
    numbers = range(len(world.natures))
    for number in range(draw.randint(1, 3)):
        wanted = draw.sample(numbers, draw.randint(1, len(numbers)))
        world.add_build(f"b{number}", wanted, local=draw.random() < 0.25)
    for _ in range(2):
        world.add_worker()
    events = ("step", "step", "step", "step", "build", "crash", "after", "twice", "late", "time")
    more = ("broken", "renew", "drain", "gone", "evicted", "worker")
    weights = [*[8] * len(events), *[2] * len(more)]
    weights[events.index("crash")] = weights[events.index("after")] = draw.choice([1, 4])
    for _ in range(draw.randint(10, 90)):
        event = draw.choices((*events, *more), weights)[0]
        if await happen(world, event, draw):
            told[event] += 1
        await world.check()
    await world.calm()
    await world.check_end()
    told["published"] += world.ever.total()
    told["differs"] += world.differs
    told["deadly"] += len(world.deadly)


async def happen(world: World, event: str, draw: random.Random) -> bool:
    """Whether there was anything that it could happen to."""
    builds = [build for build in world.builds.values() if build.alive]
    busy = [worker for worker in world.workers if worker.job is not None]
    idle = [worker for worker in world.workers if worker.job is None]
    match event:
        case "build" if builds:
            await world.step_build(draw.choice(builds))
        case "gone" if len(builds) > 1:
            build = draw.choice(builds)
            build.alive = False
            if draw.random() < 0.5:
                await world.flights.withdraw(build.name, build.wanted)
        case "step" if idle and world.queue:
            world.deliver(draw.choice(idle), draw.randrange(len(world.queue)))
        case "step" | "crash" | "after" if busy:
            worker = draw.choice(busy)
            if event == "crash":
                world.crash(worker)
            else:
                await world.step_worker(worker, before=event == "step")
        case "broken" if busy:
            await world.break_off(draw.choice(busy), before=draw.random() < 0.5)
        case "twice" if busy:
            job = draw.choice(busy).job
            assert job is not None
            world.queue.append(job)
        case "drain" if busy:
            draw.choice(busy).stopping = True
        case "time" | "late":
            await world.wait(draw.choice([1, 300, 1000]) if event == "time" else 7000)
        case "renew" if busy:
            await world.renew(draw.choice(busy))
        case "evicted" if len(world.blobs) > 1:
            world.evict(draw.choice(sorted(world.blobs)))
        case "worker" if len(world.workers) < 4:
            world.add_worker()
        case _:
            return False
    return True


def test_any_schedule_in_memory(record_property: Callable[[str, object], None]) -> None:
    told: Counter[str] = Counter()

    async def every() -> None:
        for seed in range(SCHEDULES):
            draw = random.Random(-seed)
            try:
                await harm(in_memory(draw.choices(NATURES, k=draw.randint(1, 6))), seed, told)
            except AssertionError as error:
                raise AssertionError(f"schedule {seed}: {error}") from error

    asyncio.run(every())
    assert (
        min(
            told[event]
            for event in ("crash", "after", "broken", "twice", "evicted", "drain", "deadly")
        )
        > 0
    )
    record_property("trial", f"{SCHEDULES} schedules: {dict(sorted(told.items()))}")


def test_some_schedules_on_a_server(server: RedisServer) -> None:
    told: Counter[str] = Counter()

    async def every() -> None:
        async with connected(server) as client:
            for seed in range(ON_THE_SERVER):
                await client.flushall()
                await client.set("clock", START)
                draw = random.Random(-seed)
                natures = draw.choices(NATURES, k=draw.randint(1, 6))
                try:
                    await harm(on_a_server(client, natures), seed, told)
                except AssertionError as error:
                    raise AssertionError(f"schedule {seed}: {error}") from error

    asyncio.run(every())
    assert told["published"] > 0


CASES: Final[list[list[Nature]]] = [
    ["pure", "pure"],
    ["pure", "raises"],
    ["kills child", "pure"],
    ["pure", "impure"],
]
Crash = tuple[int, bool]


async def crashed(natures: list[Nature], crashes: list[Crash], gone: int | None) -> bool:
    """One job of one build, done by workers that end at steps, before or after they were carried out; a second build wants the
    same, and stays when the first is gone. Whether there were so many steps."""
    world = in_memory(natures)
    first = world.add_build("b0", list(range(len(natures))))
    world.add_build("b1", list(range(len(natures))))
    await world.step_build(first)
    taken, reached = 0, True
    for at, before in crashes:
        worker = world.add_worker()
        if not world.queue:
            return False
        world.deliver(worker)
        while worker in world.workers and worker.job is not None:
            if gone is not None and taken >= gone:
                first.alive = False
            if worker.taken == at:
                if before:
                    world.crash(worker)
                else:
                    await world.step_worker(worker, before=False)
                break
            await world.step_worker(worker)
            taken += 1
        reached = reached and worker not in world.workers
        await world.check()
        await world.wait(5000)
    await world.calm()
    await world.check_end()
    assert not {key for key in world.deadly if world.natures[key] in {"pure", "raises"}}
    return reached


@pytest.mark.parametrize("natures", CASES, ids="-".join)
def test_every_crash_of_two_workers(natures: list[Nature]) -> None:
    """Each step of the first, and of the one that is given its job: before, and after without the answer."""
    steps = [(at, before) for at in range(25) for before in (True, False)]

    async def every() -> int:
        count = 0
        for one in steps:
            if not await crashed(natures, [one], None):
                continue
            for other in steps:
                count += await crashed(natures, [one, other], None)
        return count

    assert asyncio.run(every()) > 50


@pytest.mark.parametrize("natures", CASES, ids="-".join)
def test_every_moment_at_which_a_build_goes(natures: list[Nature]) -> None:
    async def every() -> None:
        moments = itertools.product(range(12), range(12), (True, False))
        for gone, at, before in moments:
            await crashed(natures, [(at, before)], gone)

    asyncio.run(every())


def test_what_ends_workers_has_no_company() -> None:
    """What was claimed together with it is claimed alone afterwards, and done, though one more worker ends at any step."""
    natures: list[Nature] = ["pure", "kills worker", "pure", "raises"]

    async def every() -> int:
        steps = itertools.product(range(25), (True, False))
        return sum([await crashed(natures, [step], None) for step in steps])

    assert asyncio.run(every()) > 8


def test_a_claim_that_ran_out_while_the_work_went_on() -> None:
    """The first that publishes wins, though another has a newer claim; that one's result is the same."""

    async def play() -> None:
        world = in_memory(["pure"])
        build = world.add_build("b0", [0])
        await world.step_build(build)
        slow, quick = world.add_worker(), world.add_worker()
        world.deliver(slow)
        while type(slow.effect).__name__ != "Publish":
            await world.step_worker(slow)
        world.queue.append(build.jobs["b0-1"])
        await world.wait(5000)
        assert slow.job is not None
        world.deliver(quick)
        while type(quick.effect).__name__ != "Publish":
            await world.step_worker(quick)
        await world.step_worker(slow)
        await world.step_worker(quick)
        assert world.ever.total() == 1
        await world.calm()
        await world.check_end()

    asyncio.run(play())
