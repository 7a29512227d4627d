"""Starting workers, and the near side of one: what it was given, what it answers, and its end.

Where it can be, a worker is a fork: it has the context without any copying. A fork copies no other thread, so whatever lock one
holds would stay locked: it is only made while there is one thread. Elsewhere a new Python is started, which reads the context.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from hyper.engine.executors.worker import (
    GONE,
    Pipes,
    decode_answers,
    encode_request,
    serve,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.engine.executors.worker import Answer, Request

Start: TypeAlias = Literal["fork", "spawn"]

_SPAWN: Final = """\
import sys
sys.path[:] = {path!r}
from hyper.engine.executors.worker import main
main()
"""
UNSTARTED: Final = (OSError, TypeError, ValueError, AttributeError, RecursionError)
"""What starting a worker raises: no room for another process, or a context that cannot be sent to one."""


def way_to_start() -> Start | None:
    """How a worker would be started now; ``None`` where none can be."""
    if os.name != "posix":
        return None
    if not sys.platform.startswith("linux"):
        return "spawn" if sys.executable else None
    return "fork" if _threads() == 1 else None


def _threads() -> int:
    """All threads of this process, those of libraries too."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


class Batch(msgspec.Struct):
    """Items that a worker was given, of which these are not answered."""

    stage: str
    indexes: list[int]
    count: int
    began: float = 0.0


class Worker(msgspec.Struct, eq=False):
    """The near side of a worker."""

    name: str
    pid: int
    requests: int
    answers: int
    results: int
    batches: list[Batch] = []
    ready: bool = False
    rest: bytes = b""

    def ask(self, request: Request) -> bool:
        """Give it a batch. Returns whether it could be given: to one that died it cannot."""
        try:
            write_all(self.requests, encode_request(request))
        except OSError:
            return False
        indexes = [index for index, _ in request.items]
        self.batches.append(Batch(request.stage, indexes, len(indexes)))
        return True

    def hear(self) -> list[Answer] | None:
        """What it answers, waiting for it; ``None`` where it has ended."""
        data = os.read(self.answers, 1 << 16)
        if not data:
            return None
        answers, self.rest = decode_answers(self.rest + data)
        return answers

    def result(self, answer: Answer) -> bytes:
        """The bytes of a result. Raises ``OSError`` where they are not all there."""
        data = os.pread(self.results, answer.size, answer.offset)
        if len(data) != answer.size:
            raise OSError("a result is not whole")
        return data

    def dismiss(self) -> None:
        """Tell it that nothing more will come."""
        if self.requests >= 0:
            os.close(self.requests)
            self.requests = -1

    def farewell(self) -> int:
        """Wait until it has seen that: the bytes of memory that it had for itself."""
        memory = 0
        while (answers := self.hear()) is not None:
            memory += sum(answer.size for answer in answers if answer.item == GONE)
        return memory

    def kill(self) -> None:
        """End it at once: it has nothing to tidy up."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> tuple[str, float]:
        """Wait for its end: how it ended, and the processor's seconds that it took."""
        self.dismiss()
        os.close(self.answers)
        os.close(self.results)
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            return "it ended", 0.0
        code = os.waitstatus_to_exitcode(status)
        return _told(code), usage.ru_utime + usage.ru_stime


def _told(code: int) -> str:
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def start_worker(
    way: Start, name: str, context: Any, others: Sequence[Worker], ends: Sequence[int] = ()
) -> Worker:
    """Start a worker beside others; ``ends`` are near ends of further pipes, which it may not keep open.

    Raises ``OSError`` where the system has no room for it.
    """
    with contextlib.ExitStack() as opened:
        far_requests, requests = _pipe(opened)
        answers, far_answers = _pipe(opened)
        results = _scratch(opened)
        near = Worker(name, 0, requests, answers, results)
        far = Pipes(far_requests, far_answers, results)
        if way == "fork":
            near.pid = _fork(far, context, [near, *others], ends)
        else:
            near.pid = _spawn(far, context)
        opened.pop_all()
    os.close(far_requests)
    os.close(far_answers)
    return near


def _pipe(opened: contextlib.ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        opened.callback(os.close, end)
    return ends


def _scratch(opened: contextlib.ExitStack) -> int:
    """A file without a name, in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("hyper-results")
    else:
        with tempfile.TemporaryFile() as stream:
            descriptor = os.dup(stream.fileno())
    opened.callback(os.close, descriptor)
    return descriptor


def _fork(far: Pipes, context: Any, workers: Sequence[Worker], ends: Sequence[int]) -> int:
    """The process id of a copy of this process that serves."""
    signals = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        pid = os.fork()
        if pid == 0:
            _serve_as_copy(far, context, [*_near_ends(workers), *ends])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _near_ends(workers: Sequence[Worker]) -> list[int]:
    ends = [end for worker in workers for end in (worker.requests, worker.answers)]
    return [end for end in ends if end >= 0]


def _serve_as_copy(far: Pipes, context: Any, ends: Sequence[int]) -> None:
    """In the copy: serve, and never come back to what the original was doing."""
    code = 1
    try:
        import gc

        # An interrupt reaches all of a terminal's processes: the original deals with it, and ends us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        # While a copy holds the near end of a pipe, its worker would never see it closed.
        for end in ends:
            os.close(end)
        # Looking through what came with the fork would copy it all.
        gc.freeze()
        serve(far, context)
        code = 0
    finally:
        os._exit(code)


def _spawn(far: Pipes, context: Any) -> int:
    """The process id of a new Python that serves."""
    import pickle
    import subprocess

    write_all(far.results, pickle.dumps(context, pickle.HIGHEST_PROTOCOL))
    os.lseek(far.results, 0, os.SEEK_SET)
    words = [sys.executable, "-c", _SPAWN.format(path=sys.path), *map(str, far)]
    process = subprocess.Popen(  # noqa: S603  # this Python, and our own text
        words, pass_fds=tuple(far), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    # It is waited for by its id.
    process.returncode = 0
    return process.pid
