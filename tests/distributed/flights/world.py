"""Builds, workers and a queue around the flights of a fleet, of which each step is taken when the test says so.

Workers go through ``JobSteps``; an effect is carried out as one step, and a worker may be ended before or after it. The queue gives
each job at least once, in whatever order. The world keeps its own account of claims and results, to compare with what is on record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from hyper.distributed.flights import steps as worker_steps
from hyper.distributed.flights.contract import Result
from hyper.distributed.flights.steps import JobSteps, Order, Outcome, ask_flights
from tests.distributed.flights.clocked import blob_of, key_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hyper.distributed.flights.contract import SingleFlight
    from hyper.distributed.messages import Done

LEASE: Final = 4.0
ASKED: Final = 6.0
CONTEXT: Final = blob_of(10**6)

Nature: TypeAlias = Literal["pure", "raises", "kills child", "kills worker", "impure"]
Settled: TypeAlias = Literal["done", "failed", "deadly"]


class CrashError(Exception):
    """The worker is no more."""


@dataclass
class Job:
    name: str
    build: str
    keys: list[str]
    answered: bool = False


@dataclass
class Build:
    """One that wants actions: it asks, puts what is open into a job, and waits for the answer or for what others do."""

    name: str
    wanted: list[str]
    alive: bool = True
    local: bool = False
    """Whether it does what is open itself."""
    settled: dict[str, Settled] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    mail: list[tuple[str, list[Done]]] = field(default_factory=list)
    doing: list[tuple[str, int]] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        return not self.alive or len(self.settled) == len(self.wanted)

    def pending(self) -> list[str]:
        out = {key for job in self.jobs.values() for key in job.keys}
        out |= {key for key, _ in self.doing}
        return [key for key in self.wanted if key not in self.settled and key not in out]


@dataclass
class Worker:
    name: str
    job: Job | None = None
    steps: JobSteps | None = None
    running: Any = None
    effect: Any = None
    begun: list[str] = field(default_factory=list)
    taken: int = 0
    """Effects that were carried out."""
    stopping: bool = False


class World:
    """``strikes_of`` tells the tokens of the strikes that are on record for an action."""

    def __init__(
        self,
        flights: SingleFlight,
        wait: Callable[[int], Awaitable[None]],
        strikes_of: Callable[[str], Awaitable[set[int]]],
        natures: list[Nature],
    ) -> None:
        self.flights = flights
        self.wait = wait
        self.strikes_of = strikes_of
        self.natures: dict[str, Nature] = {key_of(n): each for n, each in enumerate(natures)}
        self.blobs = {CONTEXT}
        self.evicted: set[str] = set()
        self.queue: list[Job] = []
        self.builds: dict[str, Build] = {}
        self.workers: list[Worker] = []
        self.published: Counter[str] = Counter()
        """How often each action was published, since its result was last forgotten."""
        self.ever: Counter[str] = Counter()
        """The same, whatever was forgotten."""
        self.claims: dict[str, set[int]] = {}
        """Tokens of claims of workers that nobody told the outcome of."""
        self.struck: set[tuple[str, int]] = set()
        """Claims whose work ended its process, as a worker told."""
        self.tokens: dict[str, list[int]] = {}
        self.deadly: set[str] = set()
        self.made = 0
        self.differs = 0
        self.started = 0
        self.names = 0

    def add_build(self, name: str, numbers: list[int], *, local: bool = False) -> Build:
        build = self.builds[name] = Build(name, [key_of(n) for n in numbers], local=local)
        return build

    def add_worker(self) -> Worker:
        self.started += 1
        worker = Worker(f"w{self.started}")
        self.workers.append(worker)
        return worker

    def evict(self, blob: str) -> None:
        self.blobs.remove(blob)
        self.evicted.add(blob)

    # Builds

    async def step_build(self, build: Build) -> None:
        """One thing that a build does: read an answer, end or begin what it does itself, or ask."""
        if build.mail:
            await self._read(build, *build.mail.pop(0))
        elif build.doing:
            await self._do_locally(build, *build.doing.pop(0))
        elif pending := build.pending():
            await self._ask(build, pending)

    async def _ask(self, build: Build, keys: list[str]) -> None:
        answers = await self.flights.ask(build.name, keys, ASKED, local=build.local)
        opened = []
        for key, answer in answers.items():
            if answer.state == "done":
                assert answer.result is not None
                await self._take_result(build, key, answer.result)
            elif answer.state == "deadly":
                await self._check_deadly(key)
                build.settled[key] = "deadly"
            elif answer.state == "open":
                opened.append((key, answer.token))
        if build.local:
            build.doing += opened
        elif opened:
            self.names += 1
            job = Job(f"{build.name}-{self.names}", build.name, [key for key, _ in opened])
            self.blobs |= {CONTEXT, *(self.own(key) for key in job.keys)}
            await self.flights.queued(build.name, job.name, job.keys)
            build.jobs[job.name] = job
            self.queue.append(job)

    async def _do_locally(self, build: Build, key: str, token: int) -> None:
        if self.natures[key] in {"raises", "kills child", "kills worker"}:
            await self.flights.fail(build.name, [(key, token, "it raised")])
            build.settled[key] = "failed"
            return
        result = self.result(key)
        self.blobs.add(result.blob)
        await self._publish(self.flights.publish(build.name, [(key, token, result)]))
        build.settled[key] = "done"

    async def _read(self, build: Build, name: str, answered: list[Done]) -> None:
        job = build.jobs.pop(name, None)
        for done in answered if job is not None else ():
            if done.key in build.settled:
                continue
            if done.state == "done":
                assert done.blob is not None
                await self._take_result(build, done.key, Result(done.blob, done.size))
            elif done.state == "failed":
                assert self.natures[done.key] == "raises"
                build.settled[done.key] = "failed"
            elif done.state == "deadly":
                # It was when the worker was told so; a late outcome may have taken a strike back since.
                assert done.key in self.deadly or self.natures[done.key] == "impure"
                build.settled[done.key] = "deadly"

    async def _take_result(self, build: Build, key: str, result: Result) -> None:
        if result.blob not in self.blobs:
            assert result.blob in self.evicted, "published before it was there"
            if key in await self.flights.forget(build.name, [(key, result)]):
                self.published[key] = 0
            return
        assert self.natures[key] == "impure" or result.blob == self.result(key).blob
        build.settled[key] = "done"

    async def _check_deadly(self, key: str) -> None:
        self.deadly.add(key)
        assert len(self.claims.get(key, ())) >= 3

    # Workers

    def deliver(self, worker: Worker, place: int = 0) -> None:
        """Give a worker without work a job."""
        job = self.queue.pop(place)
        orders = [Order(key, self.own(key)) for key in job.keys]
        worker.job = job
        worker.steps = JobSteps(job.name, job.build, [CONTEXT], orders)
        worker.running = worker.steps.steps()
        worker.effect = next(worker.running)

    async def step_worker(self, worker: Worker, *, before: bool = True) -> None:
        """Carry out the effect that a worker is at, and go on to the next; without ``before`` it ends between the two."""
        assert worker.job is not None
        try:
            answer = await self._act(worker, worker.effect)
        except CrashError:
            before = False
        if not before:
            self.crash(worker)
            return
        worker.taken += 1
        try:
            worker.effect = worker.running.send(answer)
        except StopIteration as end:
            self._answered(worker, end.value)

    async def break_off(self, worker: Worker, *, before: bool) -> None:
        """The server does not answer at a step: it is not taken, or nobody hears the answer. The job fails, and its claims are
        handed back later."""
        job, worker.job = worker.job, None
        assert job is not None
        assert worker.steps is not None
        try:
            if not before:
                await self._act(worker, worker.effect)
        except CrashError:
            worker.job = job
            self.crash(worker)
            return
        worker.running.close()
        held = list(worker.steps.held.items())
        await self.flights.release(worker.name, held)
        self._pardon(held)
        job.answered = True
        self.queue = [each for each in self.queue if each is not job]
        self.builds[job.build].mail.append((job.name, []))

    def crash(self, worker: Worker) -> None:
        """It is gone, with all that it knew; its job is given to another."""
        self.workers.remove(worker)
        if worker.job is not None and not worker.job.answered:
            self.queue.append(worker.job)

    def _answered(self, worker: Worker, done: list[Done] | None) -> None:
        job, worker.job = worker.job, None
        assert job is not None
        assert worker.steps is not None
        assert worker.steps.held == {}
        if done is None:
            done = worker.steps.so_far()
            worker.stopping = False
        assert [each.key for each in done] == job.keys
        job.answered = True
        self.queue = [each for each in self.queue if each is not job]
        self.builds[job.build].mail.append((job.name, done))

    async def renew(self, worker: Worker) -> None:
        if worker.job is not None and worker.steps is not None and worker.steps.held:
            await self.flights.renew(worker.steps.held.items(), LEASE)

    async def _act(self, worker: Worker, effect: worker_steps.Effect) -> Any:
        match effect:
            case worker_steps.Alive(build):
                return self.builds[build].alive
            case worker_steps.Fetch(digests):
                return self.blobs.intersection(digests)
            case worker_steps.Begin(orders):
                worker.begun = [order.key for order in orders]
                return None
            case worker_steps.Next():
                return self._outcomes(worker)
            case worker_steps.Put(digests):
                self.blobs.update(digests)
                return set(digests)
            case worker_steps.Publish():
                return await self._publish(ask_flights(self.flights, worker.name, LEASE, effect))
        answer = await ask_flights(self.flights, worker.name, LEASE, effect)
        match effect:
            case worker_steps.Take():
                for key, claim in answer.items():
                    if claim.state == "claimed":
                        self._note_claim(key, claim.token)
                    elif claim.state == "deadly":
                        await self._check_deadly(key)
            case worker_steps.Fail(failures):
                self._pardon([(key, token) for key, token, _ in failures])
            case worker_steps.Release(claims):
                self._pardon(claims)
            case worker_steps.Strike(strikes):
                self.struck |= {(key, token) for key, token, _ in strikes}
                for key in answer:
                    if answer[key].state == "deadly":
                        await self._check_deadly(key)
        return answer

    def _note_claim(self, key: str, token: int) -> None:
        assert all(token > other for other in self.tokens.get(key, ()))
        self.tokens.setdefault(key, []).append(token)
        self.claims.setdefault(key, set()).add(token)

    def _pardon(self, claims: Any) -> None:
        for key, token in claims:
            if (key, token) not in self.struck:
                self.claims.get(key, set()).discard(token)

    async def _publish(self, publishing: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        states = await publishing
        for key, state in states.items():
            if state == "published":
                self.published[key] += 1
                self.ever[key] += 1
                self.claims.pop(key, None)
            elif state == "differs":
                assert self.natures[key] == "impure"
                self.differs += 1
        return states

    def _outcomes(self, worker: Worker) -> list[Outcome]:
        if worker.stopping:
            return [Outcome(key, "stopped") for key in worker.begun]
        key = worker.begun.pop(0)
        match self.natures[key]:
            case "raises":
                return [Outcome(key, "failed", reason="it raised")]
            case "kills child":
                return [Outcome(key, "died", reason="signal 9")]
            case "kills worker":
                raise CrashError
            case _:
                return [Outcome(key, "done", self.result(key))]

    # Contents

    def own(self, key: str) -> str:
        return blob_of(int(key, 16) + 1000)

    def result(self, key: str) -> Result:
        self.made += 1
        turn = self.made if self.natures[key] == "impure" else 0
        return Result(blob_of(int(key, 16) + 2000 + 10_000 * turn), 10)

    # The end

    async def calm(self, rounds: int = 200) -> None:
        """No more harm: time passes, and everybody does what there is to do, until all builds have what they want."""
        while len(self.workers) < 3:
            self.add_worker()
        for _ in range(rounds):
            for build in self.builds.values():
                if build.alive:
                    await self.step_build(build)
            for worker in list(self.workers):
                if worker.job is None and self.queue:
                    self.deliver(worker)
                elif worker.job is not None:
                    await self.step_worker(worker)
            while len(self.workers) < 3:
                self.add_worker()
            finished = all(build.finished for build in self.builds.values())
            if finished and not self.queue and all(each.job is None for each in self.workers):
                return
            await self.wait(200)
        stuck = {build.name: build.pending() for build in self.builds.values()}
        raise AssertionError(f"not over: {stuck}, {[each.effect for each in self.workers]}")

    async def check(self) -> None:
        """What has to hold at any time."""
        assert max(self.published.values(), default=0) <= 1
        for key in self.natures:
            assert await self.strikes_of(key) == self.claims.get(key, set()), key

    async def check_end(self) -> None:
        """What has to hold when nothing is under way: each result that somebody wants is there once, and right."""
        await self.check()
        for build in self.builds.values():
            for key in build.wanted if build.alive else ():
                nature, settled = self.natures[key], build.settled[key]
                if settled == "done":
                    assert self.ever[key] > 0
                elif settled == "failed":
                    assert nature in {"raises", "kills child", "kills worker"}
                else:
                    assert key in self.deadly
