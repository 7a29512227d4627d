"""Hands a build's work out to a fleet, and brings back what comes of it.

Three things go on beside each other: a beat says that the build is there, sees who else is and looks after jobs that nothing was
heard of; a sender asks what is there already, puts contents on the server and jobs into the queues; a fetcher takes results from
the server. Each does all that waits together. Whatever goes wrong with the server ends in ``News`` that are not ``on``, with
everything that is out answered as lost; the beat goes on, and tells when the server is there again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base import digest
from hyper.distributed.blobs import LARGEST, Blobs, named
from hyper.distributed.client import cancelled, connect, disconnect
from hyper.distributed.dispatch.cancelling import cancel
from hyper.distributed.dispatch.lines import Line
from hyper.distributed.dispatch.outages import TROUBLE, FleetOutageError, reason_of
from hyper.distributed.dispatch.own import Own
from hyper.distributed.dispatch.pending import OpenRun, Pending, PostedJob
from hyper.distributed.dispatch.presence import differ, news_of
from hyper.distributed.dispatch.protocol import (
    Answered,
    Answers,
    Ask,
    Claim,
    End,
    Figures,
    Made,
    News,
    Open,
    Withdraw,
)
from hyper.distributed.dispatch.several import all_of
from hyper.distributed.flights import Result
from hyper.distributed.flights.server import Flights
from hyper.distributed.messages import Done, Item, Job, MessageError, Reply
from hyper.distributed.roster import Build, announce, leave, read_builds, read_workers
from hyper.distributed.sharding import shard_of
from hyper.distributed.stages import action_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

    from hyper.distributed.dispatch.lines import Ending
    from hyper.distributed.dispatch.protocol import Hello, Lost, Message, Request, Turn, Wanted
    from hyper.distributed.flights.contract import Answer
    from hyper.distributed.messages import State
    from hyper.distributed.roster import Worker
    from hyper.distributed.settings import FleetSettings
    from hyper.distributed.stages import Registry

CALL: Final = 5.0
"""Seconds that anything on the server may take."""
QUIET: Final = 3.0
"""Seconds without an event after which a job is looked at."""
LOOKS: Final = 100
"""Jobs that are looked at together."""
HELD: Final = 60.0
"""Seconds for which an action is this build's, unless a worker takes it: until then no other build sends it too."""
_AGAIN: Final = 0.25
_ANNOUNCED: Final = 8.0
_LONGEST_PAUSE: Final = 30.0


class Dispatcher:
    """One build's. ``say`` takes each message for the build; ``beat`` are the seconds between two looks at the roster; ``broken``
    hears that it cannot go on, by a fault of its own."""

    def __init__(
        self,
        hello: Hello,
        registry: Registry,
        settings: FleetSettings,
        say: Callable[[Message], None],
        *,
        broken: Callable[[], None],
        beat: float = 1.0,
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._say = say
        self._broken = broken
        self._pace = beat
        self._build = Build(
            f"build-{uuid.uuid4().hex}",
            registry.identity,
            waits=hello.waits,
            version=hello.version,
            host=socket.gethostname()[:80],
            since=time.time(),
        )
        self._post = settings.post
        self._blobs = Blobs(settings)
        self._client: Redis = connect(settings, text=False, timeout=CALL)
        self._flights = Flights(
            self._client,
            settings.names,
            settings.keyring,
            demands=settings.demands,
            rules=settings.flights,
        )
        self._own = Own(self._build.name, self._flights, self._blobs)
        self._lines: dict[str, Line] = {}
        self._runs: dict[int, OpenRun] = {}
        self._jobs: dict[str, PostedJob] = {}
        self._ours: set[str] = set()
        """The keys of actions that are this build's to have done, or may be for want of an answer, and that are in no job yet."""
        self._put: set[str] = set()
        """The digests of contents of contexts that are on the server."""
        self._asked: list[tuple[Pending, bool]] = []
        """What is to be sent, and whether before what waits."""
        self._asks = 0
        self._elsewhere: list[Pending] = []
        """What another build has asked for, or a worker is at for it."""
        self._heard: list[Ending] = []
        self._sends = asyncio.Event()
        self._comes = asyncio.Event()
        self._news: News | None = None
        self._on = False
        self._rest = 0.0
        """Seconds that nothing is asked of a server that failed; 0 where it did not."""
        self._rests_until = 0.0
        self._announced = 0.0
        self._shards = 1
        self._numbers = 0
        self._refused = 0
        """Answers to jobs that were not believed."""
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Connect, and go on until ``close``."""
        loops = (self._beat_always(), self._send_always(), self._fetch_always())
        self._tasks = [asyncio.create_task(each) for each in loops]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    def take(self, request: Request) -> None:
        """Do what the build says."""
        match request:
            case Open():
                self._open(request)
            case Ask(run, items, seconds, soon):
                self._ask(run, items, seconds / max(len(items), 1), soon=soon)
            case Claim(run, items):
                self._ask(run, items, 0.0, soon=True, here=True)
            case Made():
                if self._own.made(request):
                    self._sends.set()
            case Withdraw(run, indexes):
                self._own.leave(run, indexes)
                found = self._runs.get(run)
                for index in indexes if found is not None else ():
                    found.out.pop(index, None)  # type: ignore[union-attr]
                self._sends.set()
            case End(run):
                self._own.leave(run)
                if self._runs.pop(run, None) is not None:
                    self._sends.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        # One that is told to end may do so by itself.
        if not task.cancelled() and not task.cancelling():
            self._broken()

    async def close(self) -> None:
        """Leave nothing behind, as far as the server lets us."""
        await cancel(self._tasks)
        for run in self._runs:
            self._own.leave(run)
        self._runs.clear()
        with contextlib.suppress(*TROUBLE):
            async with asyncio.timeout(CALL):
                await self._take_back()
                await self._own.settle(CALL)
                await leave(self._client, self._settings.names, self._build)
        await self._let_go()
        self._blobs.close()
        self._say(News(on=False, reason="closed", figures=self._figures()))

    # What the build says

    def _open(self, request: Open) -> None:
        stage = self._registry.stages.get(request.stage)
        grade = self._registry.grade(stage.needs) if stage is not None else None
        self._runs[request.run] = OpenRun(request.stage, grade or "", named(request.context))

    def _ask(
        self,
        number: int,
        items: Sequence[Wanted],
        seconds: float,
        *,
        soon: bool,
        here: bool = False,
    ) -> None:
        """``seconds`` are those of an item; ``here``: the build does them itself, unless somebody else does."""
        run = self._runs.get(number)
        self._asks += 1
        for wanted in items:
            if run is None or not run.grade or not self._on or len(wanted.own) > LARGEST:
                self._say(Answers(number, "", [Answered(wanted.index, "lost")], self._figures()))
                continue
            own = digest.of_bytes(wanted.own)
            key = action_key(self._build.identity, run.stage, list(run.context), own)
            item = Pending(
                *(number, wanted.index, self._asks, key, own, wanted.label, seconds, wanted.own),
                here=here,
            )
            run.out[item.index] = item
            self._asked.append((item, soon))
        self._sends.set()

    def _answer(self, run: int, worker: str, items: Iterable[Answered]) -> None:
        """Answer what is still wanted."""
        found = self._runs.get(run)
        if found is None:
            return
        wanted = [item for item in items if found.out.pop(item.index, None) is not None]
        if wanted:
            self._say(Answers(run, worker, wanted, self._figures()))

    def _lose(
        self, items: Iterable[Pending], state: State | Lost = "lost", reason: str = ""
    ) -> None:
        runs: dict[int, list[Answered]] = {}
        for item in items:
            if self._wanted(item):
                runs.setdefault(item.run, []).append(
                    Answered(item.index, state, reason=reason[:1000])
                )
        for run, answers in runs.items():
            self._answer(run, "", answers)

    def _wanted(self, item: Pending) -> bool:
        run = self._runs.get(item.run)
        return run is not None and run.out.get(item.index) is item

    # Who is there

    async def _beat_always(self) -> None:
        while True:
            try:
                async with asyncio.timeout(CALL):
                    await self._beat()
            except TROUBLE as error:
                await self._fail(error)
            if cancelled():
                return
            await asyncio.sleep(max(self._pace, self._rests_until - time.monotonic()))

    async def _beat(self) -> None:
        names, now = self._settings.names, time.monotonic()
        if not self._on or now - self._announced > _ANNOUNCED:
            await announce(self._client, names, self._build)
            self._announced = now
        began = time.monotonic()
        workers = await read_workers(self._client, names)
        took = time.monotonic() - began
        builds = [
            each
            for each in await read_builds(self._client, names)
            if each.identity == self._build.identity
        ]
        back, self._on = not self._on, True
        if back:
            # What it still holds for this build is let go of.
            self._sends.set()
        self._tell(workers, builds, took / 2)
        await self._look()

    def _tell(self, workers: Sequence[Worker], builds: Sequence[Build], round_trip: float) -> None:
        """Say who is there, where that is news."""
        news = news_of(self._registry, self._build, workers, builds)
        self._shards = news.shards
        news = msgspec.structs.replace(news, round_trip=round_trip, figures=self._figures())
        known, self._news = self._news, news
        if known is None or differ(known, news):
            self._say(news)

    async def _fail(self, error: BaseException) -> None:
        """The server cannot be used for now."""
        first, self._on = self._on or self._news is None, False
        self._rest = min(max(self._rest * 2, self._pace), _LONGEST_PAUSE)
        self._rests_until = time.monotonic() + self._rest
        self._asked.clear()
        self._elsewhere.clear()
        self._lose([item for run in self._runs.values() for item in run.out.values()])
        self._jobs.clear()
        self._ours.update(self._own.forget())
        self._put.clear()
        await self._let_go()
        if first:
            self._news = News(on=False, reason=reason_of(error), figures=self._figures())
            self._say(self._news)

    async def _let_go(self) -> None:
        lines, self._lines = self._lines, {}
        for line in lines.values():
            with contextlib.suppress(*TROUBLE):
                await line.close()
        with contextlib.suppress(*TROUBLE):
            await disconnect(self._client)

    async def _look(self) -> None:
        """Look at what nothing was heard of: an event may have been missed, or the server lost it."""
        now = time.monotonic()
        quiet = [each for each in self._jobs.items() if now - each[1].looked >= QUIET]
        quiet.sort(key=lambda each: each[1].looked)
        for _, job in quiet[:LOOKS]:
            job.looked = now
        for ending in await asyncio.gather(*(job.line.ending(name) for name, job in quiet[:LOOKS])):
            if ending is not None:
                self._hear(ending)

    # Sending

    async def _send_always(self) -> None:
        while not cancelled():
            with contextlib.suppress(TimeoutError):
                # What others do is asked for again and again.
                async with asyncio.timeout(_AGAIN if self._elsewhere else None):
                    await self._sends.wait()
            self._sends.clear()
            self._asked += [(item, False) for item in self._elsewhere]
            self._elsewhere.clear()
            try:
                if self._on:
                    await self._take_back()
                    await self._own.settle(CALL)
                asked, self._asked = self._asked, []
                for soon in (True, False):
                    await self._send([item for item, sooner in asked if sooner is soon], soon=soon)
            except TROUBLE as error:
                await self._fail(error)

    async def _send(self, items: Sequence[Pending], *, soon: bool) -> None:
        """Ask what is there already or done by others; all else becomes jobs."""
        wanted = [item for item in items if self._wanted(item)]
        if not wanted:
            return
        build = self._build.name
        answers: dict[str, Answer] = {}
        self._ours.update(item.key for item in wanted)
        async with asyncio.timeout(CALL):
            for here in (True, False):
                keys = [item.key for item in wanted if item.here is here]
                if keys:
                    answers |= await self._flights.ask(build, keys, HELD, local=here)
        self._ours.difference_update(answers)
        done: list[tuple[str, Pending, Done]] = []
        fresh: list[Pending] = []
        turns: list[tuple[Pending, Turn]] = []
        for item in wanted:
            answer = answers[item.key]
            if answer.state == "done" and answer.result is not None and not item.again:
                result = answer.result
                done.append(("", item, Done(item.key, "done", result.blob, result.size)))
            elif item.here and answer.state == "open":
                self._own.claimed(item.run, item.index, item.key, answer.token)
                turns.append((item, "yours"))
            elif answer.state == "flying" and (item.here or answer.holder != build):
                if item.here:
                    turns.append((item, "flying"))
                self._elsewhere.append(item)
            elif answer.state == "deadly":
                self._lose([item], "deadly", "; ".join(answer.reasons))
            else:
                fresh.append(item)
        self._turn(turns)
        self._ours.update(item.key for item in fresh)
        await self._deliver(done)
        await self._upload(fresh)
        await self._post_all(fresh, soon=soon)

    def _turn(self, turns: Iterable[tuple[Pending, Turn]]) -> None:
        """Say whose turn it is. What somebody else does is awaited like what was asked for."""
        runs: dict[int, list[Answered]] = {}
        for item, turn in turns:
            item.here = False
            if not self._wanted(item):
                self._own.leave(item.run, [item.index])
                continue
            runs.setdefault(item.run, []).append(Answered(item.index, turn))
            if turn == "yours":
                self._runs[item.run].out.pop(item.index)
        for run, answers in runs.items():
            self._say(Answers(run, "", answers, self._figures()))

    async def _upload(self, items: Sequence[Pending]) -> None:
        """Have all that items are made from on the server."""
        around: dict[str, bytes] = {}
        for number in {item.run for item in items}:
            run = self._runs.get(number)
            around |= run.context if run is not None else {}
        around = {name: data for name, data in around.items() if name not in self._put}
        if not await self._blobs.put(around | {item.own: item.data for item in items}):
            # Why is not told there: a server that answers would not store.
            ping: Any = self._client.ping()
            await ping
            raise FleetOutageError("full")
        self._put |= around.keys()

    async def _post_all(self, items: Sequence[Pending], *, soon: bool) -> None:
        """Make jobs of items, as the build put them together, and add all of a queue at once."""
        jobs: dict[tuple[int, int], list[Pending]] = {}
        for item in items:
            if self._wanted(item):
                jobs.setdefault((item.run, item.ask), []).append(item)
        lines: dict[Line, list[tuple[str, dict[str, Any]]]] = {}
        keys: list[tuple[str, list[str]]] = []
        for (number, _), several in jobs.items():
            # While a queue is opened, runs may end.
            run = self._runs.get(number)
            written = self._written(run, several) if run is not None else None
            if run is None or written is None:
                continue
            line = await self._line(run.grade, shard_of(several[0].key, self._shards))
            self._jobs[written[0]] = PostedJob(line, several, time.monotonic())
            lines.setdefault(line, []).append(written)
            keys.append((written[0], [item.key for item in several]))
        build = self._build.name
        async with asyncio.timeout(CALL):
            await all_of(self._flights.queued(build, *each) for each in keys)
            for line, posted in lines.items():
                await line.add(posted, soon=soon)
        self._ours.difference_update(key for _, several in keys for key in several)

    def _written(self, run: OpenRun, items: list[Pending]) -> tuple[str, dict[str, Any]] | None:
        """The id of a job and the job as it is written; ``None`` where it is too large, and with that lost."""
        self._numbers += 1
        name = f"{self._build.name}-{self._numbers}"
        job = Job(
            self._build.name,
            self._build.identity,
            run.stage,
            list(run.context),
            [Item(item.own, item.label[:500]) for item in items],
            min(sum(item.seconds for item in items), 86400.0),
        )
        try:
            return name, self._post.write(job, name)
        except MessageError as error:
            self._lose(items, reason=str(error))
            return None

    async def _line(self, grade: str, shard: int) -> Line:
        name = self._settings.names.queue(self._registry.identity, grade, shard)
        line = self._lines.get(name)
        if line is None:
            line = Line(self._settings, name, self._hear, waits=self._build.waits)
            self._lines[name] = line
            async with asyncio.timeout(CALL):
                await line.open()
        return line

    async def _take_back(self) -> None:
        """Remove the jobs of which nothing is wanted any more, and let others do what they were for."""
        gone: dict[Line, list[str]] = {}
        keys: list[str] = []
        for name, job in self._jobs.items():
            if not any(map(self._wanted, job.items)):
                gone.setdefault(job.line, []).append(name)
                keys += [item.key for item in job.items]
        # Nothing is being sent now: what is left of it has lost its build.
        keys += self._ours
        if not keys:
            return
        async with asyncio.timeout(CALL):
            for line, names in gone.items():
                await line.remove(names)
            await self._flights.withdraw(self._build.name, keys)
        self._ours.clear()
        for names in gone.values():
            for name in names:
                self._jobs.pop(name, None)

    # What comes back

    def _hear(self, ending: Ending) -> None:
        if ending.job in self._jobs:
            self._heard.append(ending)
            self._comes.set()

    async def _fetch_always(self) -> None:
        while not cancelled():
            await self._comes.wait()
            self._comes.clear()
            heard, self._heard = self._heard, []
            try:
                await self._fetch(heard)
            except TROUBLE as error:
                await self._fail(error)

    async def _fetch(self, endings: Sequence[Ending]) -> None:
        """Take the results of jobs from the server, all in one go."""
        done: list[tuple[str, Pending, Done]] = []
        missing: list[Pending] = []
        for ending in endings:
            job = self._jobs.pop(ending.job, None)
            reply = self._reply(ending) if job is not None else None
            if job is None:
                continue
            if reply is None or len(reply.items) != len(job.items):
                self._lose(job.items, reason=ending.failure or "the answer does not hold")
                continue
            for item, found in zip(job.items, reply.items, strict=True):
                if not self._wanted(item):
                    continue
                if found.key != item.key:
                    self._lose([item], reason="the answer is to something else")
                elif found.state == "done" and found.blob is not None:
                    done.append((reply.worker, item, found))
                elif found.state == "missing" and not item.again:
                    missing.append(item)
                elif found.state == "busy":
                    self._elsewhere.append(item)
                    self._sends.set()
                else:
                    self._lose([item], found.state, found.reason)
        self._again(missing)
        await self._deliver(done)

    async def _deliver(self, done: Sequence[tuple[str, Pending, Done]]) -> None:
        before = self._blobs.unanswered
        contents = await self._blobs.get([found.blob for _, _, found in done if found.blob])
        answers: dict[tuple[int, str], list[Answered]] = {}
        gone: list[tuple[Pending, Done]] = []
        for worker, item, found in done:
            data = contents.get(found.blob or "")
            if data is None:
                gone.append((item, found))
                continue
            answers.setdefault((item.run, worker), []).append(
                Answered(item.index, "done", data, found.seconds, found.cpu)
            )
        for (run, worker), items in answers.items():
            self._rest = 0.0
            self._answer(run, worker, items)
        if gone and self._blobs.unanswered != before:
            # It may be there: a server that does not answer is no reason to take anything from others.
            raise FleetOutageError("timeout")
        await self._forget(gone)

    async def _forget(self, gone: Sequence[tuple[Pending, Done]]) -> None:
        """Results that are said to be there and are not: nobody shall believe it, and the work is done once more."""
        if not gone:
            return
        async with asyncio.timeout(CALL):
            await self._flights.forget(
                self._build.name,
                [(item.key, Result(found.blob or "", found.size)) for item, found in gone],
            )
        self._lose([item for item, _ in gone if item.again], reason="the result is not there")
        self._again(item for item, _ in gone if not item.again)

    def _again(self, items: Iterable[Pending]) -> None:
        """Contents that are not there any more are put there once more."""
        for item in filter(self._wanted, items):
            item.again = True
            self._put.difference_update(self._runs[item.run].context)
            self._asked.append((item, True))
            self._sends.set()

    def _reply(self, ending: Ending) -> Reply | None:
        if ending.value is None:
            return None
        try:
            return self._post.read(ending.value, ending.job, Reply)
        except MessageError:
            self._refused += 1
            return None

    def _figures(self) -> Figures:
        counters, flights = self._blobs.counters, self._flights.counters
        return Figures(
            time.process_time(),
            self._numbers,
            counters["bytes_out"],
            counters["bytes_in"],
            self._refused
            + counters["dropped"]
            + sum(flights[fault] for fault in ("damaged", "unsigned", "forged")),
        )
