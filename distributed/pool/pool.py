"""The pool: slots, the children that fill them, and tasks that wait for one.

A task has a slot, and a child, for itself. What ends a child is the outcome of the item that it was at; the items after it go on
with another child. A child that is at rest keeps the contexts that it loaded, and is found by them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.distributed.pool.contract import Limits, PoolError, Ran
from hyper.distributed.pool.frames import Answer, Begin, Loaded
from hyper.distributed.pool.launch import NearZygote, start_zygote
from hyper.distributed.pool.near import Child, End

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from hyper.distributed.pool.contract import State, Task
    from hyper.distributed.pool.frames import Ready

_CONTEXT_BYTES: Final = 256 << 20
_CONTEXTS: Final = 8
"""What a child keeps at most: bytes of the blobs of contexts, and contexts."""
_LOSSES: Final = 3
"""So often is an item begun again that was ended by no doing of its own."""


_LIED: Final = End("died", "it said what it should not", 0.0)


class Pool:
    """Processes that do the stages of a registry, found at its ``place``; ``slots`` tasks at once.

    A child is replaced after ``jobs_per_process`` tasks, or when it had more than ``grown`` bytes of memory: by default half of
    what an item may take. With one task for each process, no task meets what another has left in memory.
    """

    def __init__(
        self,
        place: str,
        slots: int,
        limits: Limits,
        *,
        jobs_per_process: int = 1000,
        grown: int | None = None,
        context_bytes: int = _CONTEXT_BYTES,
    ) -> None:
        self.place = place
        self.limits = limits
        self.deaths = 0
        """Children that ended in the middle of their work."""
        self.started = 0
        """Children that were started."""
        self.zygotes = 0
        """Zygotes that were started: one, and one more for each that was lost."""
        self._slots = _checked_slots(slots)
        self._jobs_per_process = jobs_per_process
        self._grown = limits.memory // 2 if grown is None else grown
        self._context_bytes = context_bytes
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: list[Child] = []
        """Children at rest, the last used at the end."""
        self._zygote: NearZygote | None = None
        self._ready: Ready | None = None
        """What the first zygote said of itself. Results are kept under its identity."""
        self._starting = asyncio.Lock()
        self._closed = False
        self._killed = False
        self._rest = asyncio.Event()
        self._rest.set()

    @property
    def slots(self) -> int:
        """How many tasks are done at once."""
        return self._slots

    @property
    def busy(self) -> int:
        """How many tasks are being done; more than there are slots while the pool shrinks."""
        return self._busy

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        return sum(not each.done() for each in self._waiting)

    @property
    def idle(self) -> int:
        """How many children are at rest."""
        return len(self._idle)

    @property
    def sandbox(self) -> str:
        """What holds the children here, in words; nothing before the pool has started."""
        return ", ".join(self._ready.sandbox) if self._ready is not None else ""

    @property
    def identity(self) -> str:
        """The identity of the registry that the children have; nothing before the pool has started."""
        return self._ready.identity if self._ready is not None else ""

    @property
    def warmed(self) -> float:
        """The seconds that the zygote took to load the registry."""
        return self._ready.seconds if self._ready is not None else 0.0

    async def start(self) -> None:
        """Load the registry, so that the first task need not wait for it. Raises ``PoolError``."""
        await self._living()

    async def run(self, task: Task) -> AsyncGenerator[Ran, None]:
        """The outcomes of all items of a task, in their order, as they come. Waits for a free slot.

        Whoever stops asking closes the iterator (``contextlib.aclosing``): what it was at is then ended. Raises ``PoolError``.
        """
        began = time.monotonic()
        await self._acquire()
        waited = time.monotonic() - began
        last = None
        try:
            async with contextlib.aclosing(self._run(task)) as results:
                async for outcome in results:
                    ran = msgspec.structs.replace(outcome, waited=waited)
                    waited = 0.0
                    if ran.index + 1 < len(task.items):
                        yield ran
                    else:
                        # Who has all outcomes need not ask once more: the slot is free before the last is told.
                        last = ran
        finally:
            self._release()
        if last is not None:
            yield last

    async def resize(self, slots: int) -> None:
        """Have so many slots. Tasks that are being done go on."""
        self._slots = _checked_slots(slots)
        self._admit()
        self._trim()

    async def close(self, *, kill: bool = False) -> None:
        """End all processes: when the tasks that are being done are through, or at once. Those that wait raise ``PoolError``."""
        self._closed = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(PoolError("the pool is closed"))
        self._killed = self._killed or kill
        if not kill:
            await self._rest.wait()
        async with self._starting:
            zygote, self._zygote = self._zygote, None
        self._trim()
        if zygote is not None:
            await zygote.close()

    async def _acquire(self) -> None:
        if self._closed:
            raise PoolError("the pool is closed")
        if self._busy < self._slots and not self.waiting:
            self._seat()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The slot came together with the cancellation.
                self._release()
            raise

    def _seat(self) -> None:
        self._busy += 1
        self._rest.clear()

    def _release(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._rest.set()
        self._admit()

    def _admit(self) -> None:
        while self._waiting and (self._waiting[0].done() or self._busy < self._slots):
            turn = self._waiting.popleft()
            if not turn.done():
                self._seat()
                turn.set_result(None)

    async def _run(self, task: Task) -> AsyncGenerator[Ran, None]:
        key = _key(task)
        start = losses = 0
        """The first item without an outcome, and how often it was begun in vain."""
        while start < len(task.items):
            child = await self._child(key, fresh=losses > 0)
            vain = False
            async with contextlib.aclosing(self._turn(child, task, key, start)) as results:
                async for ran in results:
                    if ran is None:
                        vain = True
                        continue
                    start, losses = ran.index + 1, 0
                    yield ran
            if vain:
                losses += 1
                if self._closed or losses >= _LOSSES:
                    said = "the pool is closed" if self._closed else "the processes do not stay"
                    raise PoolError(said)

    async def _turn(
        self, child: Child, task: Task, key: bytes, start: int
    ) -> AsyncGenerator[Ran | None, None]:
        """The outcomes of items from one on, until all are done or the child ends.

        ``None`` where the next has to be tried again, because what happened may be no doing of its own.
        """
        begin = self._begin(child, task, key)
        blobs = [] if begin.blobs is None else [blob for _, blob in task.context]
        sending = asyncio.create_task(child.send(begin, blobs, task.items, start))
        whole = False
        try:
            said = await child.hear(self.limits.seconds, 0)
            if not isinstance(said, Loaded):
                late = isinstance(said, End) and said.state == "time"
                if begin.blobs is None or (child.jobs and not late):
                    # It ended at rest, before any of this, or of what it has kept of earlier work.
                    yield None
                    return
                for ran in self._fallen(said, range(start, len(task.items)), loading=True):
                    yield ran
                return
            if not said.fault:
                child.contexts[key] = _size(task)
            spent = _short(said)
            if spent and child.jobs:
                # What it has kept of earlier work may be too much for one more context.
                yield None
                return
            for index in range(start, len(task.items)):
                answer = await child.hear(self.limits.seconds, self.limits.result)
                if _short(answer):
                    spent = True
                    if child.jobs or index > start:
                        # As above: this item has not had its share.
                        yield None
                        return
                if not isinstance(answer, Answer) or answer.index != index:
                    for ran in self._fallen(answer, range(index, index + 1)):
                        yield ran
                    return
                yield _ran(answer)
            whole = not spent
        finally:
            sending.cancel()
            self._put_back(child, whole=whole)

    def _fallen(
        self, said: object, indexes: range, *, loading: bool = False
    ) -> Iterator[Ran | None]:
        """What the end of a child means for these items: the one that it was at, or all that wait for its context."""
        end = said if isinstance(said, End) else _LIED
        if end.lost or self._killed:
            yield None
            return
        self.deaths += 1
        reason = f"while its context was loaded, {end.reason}" if loading else end.reason
        for index in indexes:
            cpu = end.cpu if index == indexes[0] else 0.0
            yield Ran(index, end.state, reason=reason, cpu=cpu)

    def _begin(self, child: Child, task: Task, key: bytes) -> Begin:
        """What the child is told first; it makes room for the context."""
        if key in child.contexts:
            child.contexts.move_to_end(key)
            return Begin(task.stage, key, None, [])
        dropped = []
        room = self._context_bytes - _size(task)
        while child.contexts and (
            sum(child.contexts.values()) > room or len(child.contexts) >= _CONTEXTS
        ):
            dropped.append(child.contexts.popitem(last=False)[0])
        return Begin(task.stage, key, len(task.context), dropped)

    async def _child(self, key: bytes, *, fresh: bool) -> Child:
        """A child for a task: one at rest that has its context, or a new one, or the one that rested longest. ``fresh`` asks for a
        new one."""
        for ended in [each for each in self._idle if each.ended.done()]:
            self._idle.remove(ended)
            ended.dismiss()
        known = [each for each in self._idle if key in each.contexts]
        if known and not fresh:
            self._idle.remove(known[-1])
            return known[-1]
        if self._idle and self._busy + len(self._idle) > self._slots:
            rested = self._idle.pop(0)
            if not fresh:
                return rested
            rested.dismiss()
        return await self._new()

    async def _new(self) -> Child:
        for left in reversed(range(_LOSSES)):
            zygote = await self._living()
            try:
                child = await zygote.fork()
            except PoolError:
                if self._closed or not left:
                    raise
            else:
                self.started += 1
                return child
        raise AssertionError

    async def _living(self) -> NearZygote:
        """The zygote, which is started where there is none. Raises ``PoolError``."""
        async with self._starting:
            if self._closed:
                raise PoolError("the pool is closed")
            if self._zygote is not None and self._zygote.lost.done():
                # Where that is broken off, who comes next does it.
                await self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                zygote = await start_zygote(self.place, self.limits)
                self.zygotes += 1
                if self._ready is not None and zygote.ready.identity != self._ready.identity:
                    await zygote.close()
                    raise PoolError("the installation is another one than when the pool started")
                self._zygote, self._ready = zygote, zygote.ready
            return self._zygote

    def _put_back(self, child: Child, *, whole: bool) -> None:
        """A child after a task; one whose work was broken off is ended."""
        child.jobs += 1
        if not whole:
            child.keeper.kill(child)
        if (
            not whole
            or child.ended.done()
            or child.jobs >= self._jobs_per_process
            or child.memory > self._grown
        ):
            child.dismiss()
            return
        self._idle.append(child)
        # The slot of this task is not free yet, and its child is at rest.
        self._trim(beside=self._busy - 1)

    def _trim(self, beside: int | None = None) -> None:
        """Let those children go that there are no slots for."""
        busy = self._busy if beside is None else beside
        most = 0 if self._closed else max(self._slots - busy, 0)
        while len(self._idle) > most:
            self._idle.pop(0).dismiss()


def _checked_slots(slots: int) -> int:
    if slots < 0:
        raise ValueError("a pool has no fewer slots than none")
    return slots


def _key(task: Task) -> bytes:
    """The name of what a stage makes of a context."""
    names = [task.stage, *(name for name, _ in task.context)]
    return hashlib.blake2b("\0".join(names).encode(), digest_size=16).digest()


def _size(task: Task) -> int:
    return sum(len(blob) for _, blob in task.context)


def _short(said: object) -> bool:
    """Whether a child says that there was no memory, or ended for want of it."""
    if isinstance(said, End):
        return said.state == "memory"
    return isinstance(said, Loaded | Answer) and said.fault == "memory"


def _ran(answer: Answer) -> Ran:
    if answer.fault:
        state: State = answer.fault
        return Ran(answer.index, state, b"", answer.seconds, answer.cpu, answer.reason[:1000])
    return Ran(answer.index, "done", answer.data, answer.seconds, answer.cpu)
