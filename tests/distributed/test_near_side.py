"""The near side of a dispatcher, with dispatchers that say what they are told to say."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

import msgspec
import pytest

from hyper.distributed.dispatch.protocol import Hello, Made
from hyper.engine.executors import DeadlyItem, processes, schedule
from hyper.engine.executors.abroad import Terms
from hyper.engine.executors.fleet import Fleet
from hyper.engine.executors.processes import Processes
from hyper.engine.executors.schedule import Prices
from tests.distributed.build_stages import PLACE, SHOUT, WAITING

ALONE = Prices(start=1e9, sample=0.0)
EAGER = Terms(start=-1.0, job=0.0, item=-1.0, sample=10**9, least=60.0)
"""Sending pays always, and nothing is overdue."""

_FAR = """
import sys
sys.path[:] = {path!r}
import os, time
from hyper.distributed.dispatch.protocol import *
reader = Reader(Request)
def say(message):
    os.write(1, frame(message))
def on():
    say(News(on=True, workers=["w"], slots={{"shout": 1}}, room={{"shout": 100}}))
while data := os.read(0, 1 << 16):
    for request in reader.feed(data):
        {body}
"""


def far(body: str) -> list[str]:
    """The words that start a dispatcher which does this with each ``request``."""
    lines = "\n        ".join(body.strip().splitlines())
    return [sys.executable, "-c", _FAR.format(path=sys.path, body=lines)]


def fleet(body: str) -> Fleet:
    return Fleet(Hello(place=PLACE, project="shop", environment={}), words=far(body))


DEADLY = """
if isinstance(request, Hello):
    on()
if isinstance(request, Ask):
    items = [Answered(item.index, "deadly", reason="no") for item in request.items]
    say(Answers(request.run, "w", items))
"""


def test_what_no_worker_here_may_try_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is left are items that ended a process far away, and none can be started here: beside threads, for one."""
    monkeypatch.setattr(processes, "way_to_start", lambda: None)
    made = fleet(DEADLY)
    executor = Processes(1, fleet=listening(made), prices=ALONE, terms=EAGER)
    try:
        outcomes = executor.run(SHOUT, b"", ["short", *["long enough" * 20] * 5], [1.0] * 6)
    finally:
        executor.close()
    assert any(isinstance(outcome.failure, DeadlyItem) for outcome in outcomes)
    assert all(outcome.failure is None or outcome.value is None for outcome in outcomes)


DONE = """
if isinstance(request, Hello):
    say(News(on=True, workers=["w"], slots={"shout": 1}, room={"shout": 1}, figures=Figures(60.0)))
if isinstance(request, Ask):
    items = [Answered(each.index, "done", b"so: " + each.own.upper()) for each in request.items]
    say(Answers(request.run, "w", items, Figures(60.0)))
"""


def listening(made: Fleet) -> Fleet:
    """Start it, and wait until it says who is there."""
    made.start()
    while made.news is None:
        poll = select.poll()
        poll.register(made.answers, select.POLLIN)
        assert poll.poll(10_000)
        made.hear()
    return made


def test_what_it_cost_to_start_a_dispatcher_is_no_price_of_sending() -> None:
    made = fleet(DONE)

    def slow(context: bytes, item: str) -> str:
        until = time.process_time() + 0.002
        if made.started and made.news is None:
            listening(made)
        while time.process_time() < until:
            pass
        return SHOUT.work(context, item)

    terms = msgspec.structs.replace(EAGER, item=0.0, sample=1)
    executor = Processes(1, fleet=made, prices=ALONE, terms=terms)
    stage = msgspec.structs.replace(SHOUT, work=slow)
    executor.run(stage, b"so: ", [f"item {number}" for number in range(200)], [1.0] * 200)
    executor.close()
    assert executor.usage.remote.jobs > 2
    assert executor.usage.remote.dispatcher_cpu == 60.0


def test_builds_one_after_the_other_leave_no_processes() -> None:
    made = fleet(DONE)
    pids = []
    for _ in range(3):
        listening(made)
        pids.append(made._pid)
        made.leave()
        os.waitid(os.P_PID, pids[-1], os.WEXITED | os.WNOWAIT)
    made.start()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    made.close()


QUICKER = """
if isinstance(request, Hello):
    say(News(on=True, workers=["w"], slots={{"shout": 1}}, room={{"shout": 1}}))
if isinstance(request, Ask):
    while not os.path.exists({marker!r}):
        time.sleep(0.01)
    items = [Answered(each.index, "done", each.own.upper()) for each in request.items]
    say(Answers(request.run, "w", items))
"""


def test_no_run_hears_what_another_one_no_longer_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of this machine is at an item that the fleet was quicker with, and is asked for others of the same context."""
    # What is done here is not claimed.
    monkeypatch.setattr(schedule, "WORTH", -1e9)
    context = str(tmp_path / str(os.getpid()))
    made = fleet(QUICKER.format(marker=f"{context}.at"))
    late = msgspec.structs.replace(EAGER, least=0.0, patience=0.0)
    free = Prices(start=0.0, sample=0.0)
    executor = Processes(2, fleet=listening(made), prices=free, terms=late, way="spawn")
    names = ["wait", "one", "two", "three"]
    try:
        for _ in range(2):
            outcomes = executor.run(WAITING, context, names, [100.0, 1.0, 1.0, 1.0])
            assert [outcome.value for outcome in outcomes] == [name.upper() for name in names]
            names = ["four", "five", "six", "seven"]
            Path(f"{context}.on").touch()
            for worker in (each for each in executor._workers if not each.ready):
                poll = select.poll()
                poll.register(worker.answers, select.POLLIN)
                poll.poll(10_000)
    finally:
        executor.close()
    assert executor.usage.started > 0
    assert executor.usage.remote.items > 0


LATE = """
if isinstance(request, Hello):
    on()
if isinstance(request, Made):
    say(News(on=False, figures=Figures(float(len(request.data)))))
"""


def test_what_was_made_last_reaches_a_dispatcher_though_the_pipe_has_no_room_for_it() -> None:
    made = listening(fleet(LATE))
    made.send(Made(1, 0, bytes(4 << 20), 0.1, 0.1))
    made.close()
    assert made.figures.cpu == 4 << 20


def test_what_a_build_that_was_broken_off_had_not_told_is_told_no_other() -> None:
    made = listening(fleet(LATE))
    made.send(Made(1, 0, bytes(4 << 20), 0.1, 0.1))
    made.leave()
    made.close()
    listening(made)
    made.send(Made(1, 0, b"result", 0.1, 0.1))
    made.close()
    assert made.figures.cpu == 6


KEPT = """
import sys
sys.path[:] = {path!r}
import asyncio
from hyper.distributed.dispatch import dispatcher, process

async def close(self):
    while True:
        await asyncio.sleep(1)

dispatcher.Dispatcher.close = close
process.LONGEST_END = 1
process.main()
"""


def test_nothing_keeps_a_dispatcher_whose_build_has_ended() -> None:
    words = [sys.executable, "-c", KEPT.format(path=sys.path)]
    hello = Hello(place=PLACE, project="shop", environment={}, url="unix:///nowhere/at/all")
    made = listening(Fleet(hello, words=words))
    pid = made._pid
    os.close(made.requests)
    made.requests = -1
    poll = select.poll()
    poll.register(made.answers, select.POLLIN)
    while not made.failed:
        assert poll.poll(20_000), "it goes on"
        made.hear()
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGALRM
    made.close()
