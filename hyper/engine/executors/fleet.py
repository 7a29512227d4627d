"""The near side of a dispatcher: a process that leads to the workers of other machines.

This process never waits for it. What it is told goes into a buffer as far as the pipe has no room, what it says is taken as it
comes; where it ends, or never speaks, whatever was asked of it is done here.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from hyper.distributed.dispatch.protocol import Answers, Figures, Message, News, Reader, frame
from hyper.distributed.dispatch.starting import command

if TYPE_CHECKING:
    from hyper.distributed.dispatch.protocol import Hello, Request

_CHUNK: Final = 1 << 18
_FAREWELL: Final = 1.0
"""Seconds that the end of a build waits for its dispatcher to tidy up; it does so all the same when nobody waits."""
_ending: Final[list[int]] = []
"""Dispatchers of which nothing more is expected, and that had not ended when they were last looked at."""


class Watch(Protocol):
    """Who wants to know what becomes of it."""

    def news(self, news: News) -> None:
        """Who is there has changed."""

    def moved(self, out: int, done: int) -> None:
        """So many items are out, and so many came back so far."""


class Fleet:
    """The workers of other machines, for one build. ``watch`` hears who is there, as that changes, and what is out.

    ``words`` start the dispatcher, unless the usual ones do.
    """

    def __init__(
        self,
        hello: Hello,
        watch: Watch | None = None,
        words: list[str] | None = None,
    ) -> None:
        self._hello = hello
        self.watch = watch
        self._closing = False
        self._words = words
        self._pid = 0
        self.requests = -1
        self.answers = -1
        self._waiting: deque[memoryview] = deque()
        self._reader = Reader(Message)
        self._runs = 0
        self.news: News | None = None
        """What was said last of who is there."""
        self.figures = Figures()
        self.failed = False
        """Whether it was started and has ended, or could not be."""

    @property
    def started(self) -> bool:
        """Whether it runs, as far as is known."""
        return self._pid > 0 and not self.failed

    @property
    def descriptors(self) -> list[int]:
        """The near ends of its pipes, which no copy of this process may keep open."""
        return [end for end in (self.requests, self.answers) if end >= 0]

    def start(self) -> None:
        """Start the dispatcher; where that cannot be, it has failed."""
        if self._pid or self.failed:
            return
        _reap()
        try:
            with contextlib.ExitStack() as opened:
                ends = [*os.pipe(), *os.pipe()]
                for end in ends:
                    opened.callback(os.close, end)
                process = subprocess.Popen(  # noqa: S603  # this Python, and our own text
                    self._words or command(sys.path),
                    stdin=ends[0],
                    stdout=ends[3],
                    stderr=subprocess.DEVNULL,
                )
                opened.pop_all()
        except OSError:
            self._fail("process")
            return
        _reap()
        self.figures = Figures()
        # It is waited for by its id.
        process.returncode = 0
        self._pid = process.pid
        os.close(ends[0])
        os.close(ends[3])
        self.requests, self.answers = ends[1], ends[2]
        os.set_blocking(self.requests, False)
        os.set_blocking(self.answers, False)
        self.send(self._hello)

    def new_run(self) -> int:
        """A number for a run."""
        self._runs += 1
        return self._runs

    def send(self, request: Request) -> None:
        """Tell it something, as soon as the pipe has room."""
        if self.requests >= 0:
            self._waiting.append(memoryview(frame(request)))
            self.flush()

    def register(self, poll: select.poll) -> None:
        """Have a poll wake where there is something to take, or room for what waits."""
        if self.answers >= 0:
            poll.register(self.answers, select.POLLIN)
        if self.requests >= 0 and self._waiting:
            poll.register(self.requests, select.POLLOUT)

    def flush(self) -> None:
        """Write what there is room for."""
        try:
            while self._waiting:
                written = os.write(self.requests, self._waiting[0])
                if written < len(self._waiting[0]):
                    self._waiting[0] = self._waiting[0][written:]
                else:
                    self._waiting.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._fail("ended")

    def hear(self) -> list[Answers]:
        """The answers that are there, without waiting; news are taken in."""
        found: list[Answers] = []
        try:
            while self.answers >= 0:
                data = os.read(self.answers, _CHUNK)
                if not data:
                    self._fail("ended")
                for message in self._reader.feed(data):
                    self._take(message, found)
        except BlockingIOError:
            pass
        except (OSError, msgspec.MsgspecError):
            self._fail("ended")
        return found

    def close(self) -> None:
        """Have it take back what is out, publish what was made, and end; not for long."""
        self._closing = True
        until = time.monotonic() + _FAREWELL
        # What was made last may be more than the pipe has room for.
        while self._waiting and self.requests >= 0 and (left := until - time.monotonic()) > 0:
            poll = select.poll()
            poll.register(self.requests, select.POLLOUT)
            poll.poll(left * 1000)
            self.flush()
        if self.requests >= 0:
            os.close(self.requests)
            self.requests = -1
        self._waiting.clear()
        while self.answers >= 0 and (left := until - time.monotonic()) > 0:
            poll = select.poll()
            poll.register(self.answers, select.POLLIN)
            poll.poll(left * 1000)
            self.hear()
        self._end()

    def leave(self) -> None:
        """Let go of it: it takes back what is out, and ends, without anybody waiting for it."""
        self._end()

    def _take(self, message: object, found: list[Answers]) -> None:
        if isinstance(message, Answers):
            self.figures = message.figures
            found.append(message)
        elif isinstance(message, News):
            self.figures = message.figures
            if not self._closing:
                self.news = message
                self._tell(message)

    def _fail(self, reason: str) -> None:
        """It is gone, and nothing more comes of it."""
        self.failed = True
        self._close_ends()
        self._waiting.clear()
        known, self.news = self.news, News(on=False, reason=reason, figures=self.figures)
        # One that said why before it ended has said it.
        if not self._closing and (known is None or known.on):
            self._tell(self.news)

    def _tell(self, news: News) -> None:
        if self.watch is not None:
            self.watch.news(news)

    def _close_ends(self) -> None:
        for end in self.descriptors:
            os.close(end)
        self.requests = self.answers = -1

    def _end(self) -> None:
        """Forget it. One that has not ended yet does so by itself."""
        self._close_ends()
        self._waiting.clear()
        if self._pid > 0:
            _ending.append(self._pid)
        _reap()
        self._pid, self.news, self.failed, self._closing = 0, None, False, False
        self._reader = Reader(Message)


def _reap() -> None:
    """Wait for those that have ended by now, so that a process which builds again and again does not collect them."""
    pids, _ending[:] = _ending[:], []
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                _ending.append(pid)
