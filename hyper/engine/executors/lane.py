"""What a fleet does of one run: items go there as their bytes, and come back as what ``pack`` makes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from hyper.distributed.dispatch.protocol import Ask, End, Open, Wanted, Withdraw
from hyper.engine.executors.protocol import Span

if TYPE_CHECKING:
    import select
    from collections.abc import Sequence

    from hyper.distributed.dispatch.protocol import Answered, Answers, News
    from hyper.engine.executors.fleet import Fleet
    from hyper.engine.executors.protocol import Remote, Usage
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
        if self._fleet.started or self._abroad.out:
            self._look()
        elif not self._closed and not self._fleet.failed and self._schedule.wants_fleet():
            self._fleet.start()
        while not self._closed:
            taken = self._schedule.job(time.perf_counter())
            if not taken or not self._asked(taken):
                return

    def register(self, poll: select.poll) -> None:
        """Have a poll wake where the fleet says something."""
        self._fleet.register(poll)

    def hear(self) -> list[tuple[Answered, str]]:
        """What came back, with who did it. What is lost waits again, and is none of that."""
        if not self._fleet.started and not self._abroad.out:
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
        at = self._abroad.wakes()
        return None if at is None else max(0.0, at - time.perf_counter())

    def withdraw(self, index: int) -> None:
        """An item has its outcome from here."""
        self._usage.remote.hedged += 1
        self._fleet.send(Withdraw(self._run, [index]))

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

    def _look(self) -> None:
        """Take in who is there."""
        news = self._fleet.news
        if self._fleet.failed or (news is not None and not news.on):
            self._schedule.came_back(self._lose(self._abroad.items))
            self._abroad.joined(0)
        elif news is not None and news is not self._news:
            if self._news is None and not self._run:
                # What it cost to start it is spent, and no price of sending anything.
                self._figures = self._fleet.figures
            stage = self._remote.stage
            room = news.room.get(stage, 0)
            self._abroad.joined(news.slots.get(stage, 0), room, news.shards, news.round_trip)
            self._usage.remote.workers = max(self._usage.remote.workers, len(news.workers))
        self._news = news

    def _lose(self, indexes: Sequence[int]) -> Sequence[int]:
        self._usage.remote.lost += len(indexes)
        return indexes

    def _asked(self, taken: Sequence[int]) -> bool:
        """Ask for items; whether that could be."""
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
                    self._send(several)
                    several, size = [], 0
                several.append(Wanted(index, own, self._items[index]))
                size += len(own)
            self._send(several)
        except Exception:  # noqa: BLE001  # what cannot be sent is done here, where what is wrong with it shows
            self._closed = True
            self._schedule.came_back(self._lose(taken))
            return False
        self._abroad.spent(time.process_time() - began, len(taken))
        return True

    def _send(self, several: list[Wanted]) -> None:
        seconds = self._schedule.predicted([wanted.index for wanted in several])
        self._fleet.send(Ask(self._run, several, seconds))
        self._usage.remote.jobs += 1

    def _take(self, answers: Answers, now: float) -> list[tuple[Answered, str]]:
        """The answers that count."""
        self._abroad.spent(answers.figures.cpu - self._figures.cpu)
        self._figures = answers.figures
        wanted = [item for item in answers.items if self._abroad.has(item.index)]
        good = [item for item in wanted if item.state in {"done", "failed", "deadly"}]
        self._schedule.came_back(self._lose([item.index for item in wanted if item not in good]))
        # What was there already says nothing of how long work takes.
        self._abroad.came([item.index for item in good], now if answers.worker else None)
        seconds = sum(item.seconds for item in good)
        if seconds > 0.0:
            self._usage.remote.seconds += seconds
            self._usage.remote.cpu_seconds += sum(item.cpu for item in good)
            self.spans.append(self._span(answers.worker, now, seconds, len(good)))
        return [(item, answers.worker) for item in good]

    def _span(self, worker: str, now: float, seconds: float, items: int) -> Span:
        """What a worker did, as it ends now: in the first of its lanes that is free since then."""
        number = 1
        began = now - seconds
        while self._ends.get(f"{worker} {number}", 0.0) > began:
            number += 1
        self._ends[f"{worker} {number}"] = now
        return Span(f"far {worker} {number}", self._stage.name, began, seconds, items)
