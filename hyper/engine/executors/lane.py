"""What a fleet does of one run: items go there as their bytes, and come back as what ``pack`` makes."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from hyper.distributed.dispatch.protocol import Ask, Claim, End, Made, Open, Wanted, Withdraw
from hyper.engine.executors.protocol import Span

if TYPE_CHECKING:
    import select
    from collections.abc import Callable, Sequence

    from hyper.distributed.dispatch.protocol import Answered, Answers, News
    from hyper.engine.executors.fleet import Fleet
    from hyper.engine.executors.protocol import Outcome, Remote, Usage
    from hyper.engine.executors.run import Run

C = TypeVar("C")

_MOST_BYTES: Final = 8 << 20
"""Bytes of items that go in one job."""


class Lane(Generic[C]):
    """What a fleet does of one run. The schedule has what it does abroad."""

    def __init__(self, fleet: Fleet, run: Run[C, Any], remote: Remote[C], usage: Usage) -> None:
        assert run.schedule.abroad is not None
        self._fleet = fleet
        self._stage = run.stage
        self._remote = remote
        self._context = run.context
        self._items = run.items
        self._schedule = run.schedule
        self._abroad = run.schedule.abroad
        self._usage = usage
        self._run = 0
        self._closed = False
        self._news: News | None = None
        self._figures = fleet.figures
        self._ends: dict[str, float] = {}
        self.spans: list[Span] = []

    def supply(self) -> None:
        """Start what leads to the fleet where that pays, and give it what it has room for."""
        if self._concerns:
            self._look()
        elif not self._closed and not self._fleet.failed and self._schedule.wants_fleet():
            self._fleet.start()
        while not self._closed and (taken := self._schedule.job(time.perf_counter())):
            self._ask(taken)

    def claim(self) -> None:
        """Claim what is done here next."""
        if not self._closed and (taken := self._schedule.claims(time.perf_counter())):
            self._claim(taken)

    def register(self, poll: select.poll) -> None:
        """Have a poll wake where the fleet says something."""
        self._fleet.register(poll)

    def hear(self) -> list[tuple[Answered, str]]:
        """What came back, with who did it. What is lost waits again, and is none of that."""
        if not self._concerns:
            return []
        self._fleet.flush()
        heard = self._fleet.hear()
        now = time.perf_counter()
        found: list[tuple[Answered, str]] = []
        for answers in heard:
            if answers.run == self._run:
                found += self._take(answers, now)
        self._look()
        if heard and self._fleet.watch is not None:
            self._fleet.watch.moved(self._abroad.out, self._usage.remote.items + len(found))
        return found

    def wait(self) -> float | None:
        """Seconds until something is overdue; ``None`` where nothing will be."""
        turns = self._schedule.turns
        # What a fleet has is done here too when nothing else is to be done.
        times = (turns.wakes(), None if turns.pending else self._abroad.wakes())
        at = min((each for each in times if each is not None), default=None)
        return None if at is None else max(0.0, at - time.perf_counter())

    def withdraw(self, index: int) -> None:
        """An item has its outcome from here."""
        self._usage.remote.hedged += 1
        self._fleet.send(Withdraw(self._run, [index]))

    def made(self, index: int, outcome: Outcome[Any], data: bytes | None, seconds: float) -> None:
        """An item that was claimed has its outcome: those who wait for it get its result, packed already where ``data`` is."""
        if data is None and outcome.failure is None:
            # What cannot be packed stays here, as any other result does.
            with contextlib.suppress(Exception):
                data = self._stage.pack(outcome.value)
        if data is None:
            self._fleet.send(Withdraw(self._run, [index]))
            return
        self._usage.remote.shared += 1
        self._fleet.send(Made(self._run, index, data, seconds, seconds))

    @property
    def listens(self) -> bool:
        """Whether something may come of the fleet."""
        return self._fleet.started

    def took(self, seconds: float, *, here: bool) -> None:
        """Taking a result back cost so much here; ``here`` says that nobody had to work for it."""
        self._abroad.spent(seconds)
        self._usage.remote.items += 1
        self._usage.remote.found += here

    def end(self) -> None:
        """The run is over, whatever came of it."""
        if self._run:
            self._fleet.send(End(self._run))
        if self._schedule.unpaid and not self._run:
            self._usage.remote.unpaid += len(self._items)

    @property
    def _concerns(self) -> bool:
        """Whether anything is to be taken in: of one that has ended, that what it had is back."""
        turns = self._schedule.turns
        return self._fleet.started or self._abroad.out > 0 or turns.on

    def _look(self) -> None:
        """Take in who is there."""
        news = self._fleet.news
        if self._fleet.failed or (news is not None and not news.on):
            self._schedule.came_back(self._lose(self._abroad.items))
            self._schedule.ask_nobody()
            self._abroad.joined(0)
        elif news is not None and news is not self._news:
            if self._news is None and not self._run:
                # What it cost to start it is spent, and no price of sending anything.
                self._figures = self._fleet.figures
            stage = self._remote.stage
            room = news.room.get(stage, 0)
            self._abroad.joined(news.slots.get(stage, 0), room, news.shards, news.round_trip)
            if not self._closed:
                self._schedule.turns.joined(news.round_trip)
            self._usage.remote.workers = max(self._usage.remote.workers, len(news.workers))
        self._news = news

    def _lose(self, indexes: Sequence[int]) -> Sequence[int]:
        self._usage.remote.lost += len(indexes)
        return indexes

    def _ask(self, taken: Sequence[int]) -> None:
        """Ask for items; where that cannot be, no more is asked for."""

        def send(several: list[Wanted]) -> None:
            seconds = self._schedule.predicted([wanted.index for wanted in several])
            self._fleet.send(Ask(self._run, several, seconds))
            self._usage.remote.jobs += 1

        if not self._sent(taken, send):
            self._schedule.came_back(self._lose(taken))

    def _claim(self, taken: Sequence[int]) -> None:
        """Claim items for this machine; where that cannot be, they are done without."""
        if not self._sent(taken, lambda several: self._fleet.send(Claim(self._run, several))):
            self._schedule.unclaimed(taken)

    def _sent(self, taken: Sequence[int], send: Callable[[list[Wanted]], None]) -> bool:
        """Send what items are made from; whether that could be."""
        began = time.process_time()
        try:
            if not self._run:
                self._run = self._fleet.new_run()
                blobs = [bytes(blob) for blob in self._remote.context(self._context)]
                self._fleet.send(Open(self._run, self._remote.stage, blobs))
            several: list[Wanted] = []
            size = 0
            for index in taken:
                own = self._remote.own(self._context, self._items[index])
                if several and size + len(own) > _MOST_BYTES:
                    send(several)
                    several, size = [], 0
                several.append(Wanted(index, own, self._items[index]))
                size += len(own)
            send(several)
        except Exception:  # noqa: BLE001  # what cannot be sent is done here, where what is wrong with it shows
            self._closed = True
            self._schedule.ask_nobody()
            return False
        self._abroad.spent(time.process_time() - began, len(taken))
        return True

    def _take(self, answers: Answers, now: float) -> list[tuple[Answered, str]]:
        """The answers that count."""
        self._abroad.spent(answers.figures.cpu - self._figures.cpu)
        self._figures = answers.figures
        asked = self._schedule.turns.asked
        wanted = []
        for item in answers.items:
            if item.state in {"yours", "flying"}:
                self._turn(item, now)
            elif self._abroad.has(item.index) or asked(item.index):
                wanted.append(item)
        good = [item for item in wanted if item.state in {"done", "failed", "deadly"}]
        bad = [item.index for item in wanted if item not in good]
        self._schedule.unclaimed(bad)
        self._schedule.came_back(self._lose([index for index in bad if self._abroad.has(index)]))
        # What was there already says nothing of how long work takes.
        self._abroad.came([item.index for item in good], now if answers.worker else None)
        seconds = sum(item.seconds for item in good)
        if seconds > 0.0:
            self._usage.remote.seconds += seconds
            self._usage.remote.cpu_seconds += sum(item.cpu for item in good)
            self.spans.append(self._span(answers.worker, now, seconds, len(good)))
        return [(item, answers.worker) for item in good]

    def _turn(self, item: Answered, now: float) -> None:
        """Take in whose turn it is."""
        yours = item.state == "yours"
        schedule = self._schedule
        if not (schedule.granted(item.index) if yours else schedule.elsewhere(item.index, now)):
            self._fleet.send(Withdraw(self._run, [item.index]))

    def _span(self, worker: str, now: float, seconds: float, items: int) -> Span:
        """What a worker did, as it ends now: in the first of its lanes that is free since then."""
        number = 1
        began = now - seconds
        while self._ends.get(f"{worker} {number}", 0.0) > began:
            number += 1
        self._ends[f"{worker} {number}"] = now
        return Span(f"far {worker} {number}", self._stage.name, began, seconds, items)
