"""The far side: a process that takes batches from a pipe until it is closed, and answers item by item.

A request is a length and MessagePack; an answer has a fixed size, and the result itself lies in a file that both sides hold, so
that neither waits for the other to read. What cannot be done or packed here is answered as such, and done by the one that asked.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from hyper.engine.executors.protocol import Stage

_LENGTH: Final = struct.Struct("<I")
_ANSWER: Final = struct.Struct("<qqqddd")
READY: Final = -1
GONE: Final = -2
"""Instead of the index of an item: the worker has its context; the worker ends, its size being the memory of its own."""


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A batch of a stage: the index and the name of each item."""

    stage: str
    items: list[tuple[int, str]]


class Answer(NamedTuple):
    """The item of an index is done: its result is ``size`` bytes at ``offset`` of the file; a size below 0 says that it is none.

    ``cost`` are the processor's seconds, ``began`` and ``seconds`` those of the clock.
    """

    item: int
    offset: int
    size: int
    began: float
    seconds: float
    cost: float


class Pipes(NamedTuple):
    """What a worker reads from and writes to."""

    requests: int
    answers: int
    results: int


def encode_request(request: Request) -> bytes:
    """A request as it is written to the pipe."""
    data = msgspec.msgpack.encode(request)
    return _LENGTH.pack(len(data)) + data


def decode_answers(data: bytes) -> tuple[list[Answer], bytes]:
    """The whole answers in what was read, and the rest."""
    whole = len(data) - len(data) % _ANSWER.size
    return [Answer(*fields) for fields in _ANSWER.iter_unpack(data[:whole])], data[whole:]


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data. Raises ``OSError`` where the reader is gone."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def serve(pipes: Pipes, context: Any) -> None:
    """Work until no more requests come."""
    _answer(pipes, Answer(READY, 0, 0, 0.0, 0.0, 0.0))
    offset = 0
    while (request := _next_request(pipes.requests)) is not None:
        stage = find_stage(request.stage)
        for index, name in request.items:
            began, before = time.perf_counter(), time.process_time()
            size = _do(stage, context, name, pipes.results, offset)
            cost = time.process_time() - before
            seconds = time.perf_counter() - began
            _answer(pipes, Answer(index, offset, size, began, seconds, cost))
            offset += max(size, 0)
    _answer(pipes, Answer(GONE, 0, own_memory(), 0.0, 0.0, 0.0))


def find_stage(name: str) -> Stage[Any, Any]:
    """The stage of a name."""
    module, _, attribute = name.partition(":")
    stage: Stage[Any, Any] = getattr(import_module(module), attribute)
    return stage


def own_memory() -> int:
    """The bytes that this process shares with no other; 0 where the system does not say."""
    try:
        with open("/proc/self/smaps_rollup", encoding="ascii") as stream:
            lines = [line.split() for line in stream]
    except OSError:
        return 0
    return sum(int(words[1]) for words in lines if words[0].startswith("Private_")) * 1024


def _do(stage: Stage[Any, Any], context: Any, name: str, results: int, offset: int) -> int:
    """The size of the result, which is written; below 0 where it cannot be had here."""
    try:
        data = stage.pack(stage.work(context, name))
        written = 0
        while written < len(data):
            written += os.pwrite(results, memoryview(data)[written:], offset + written)
    except Exception:  # noqa: BLE001  # done again by the one that asked, for whom it raises
        return -1
    return len(data)


def _answer(pipes: Pipes, answer: Answer) -> None:
    write_all(pipes.answers, _ANSWER.pack(*answer))


def _next_request(descriptor: int) -> Request | None:
    head = _read(descriptor, _LENGTH.size)
    if head is None:
        return None
    data = _read(descriptor, _LENGTH.unpack(head)[0])
    return None if data is None else msgspec.msgpack.decode(data, type=Request)


def _read(descriptor: int, size: int) -> bytes | None:
    """So many bytes; ``None`` where the other side has closed."""
    parts: list[bytes] = []
    while size > 0:
        part = os.read(descriptor, min(size, 1 << 16))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main() -> None:
    """A worker that is a new process: the descriptors are its arguments, and its context lies in the file of results."""
    import gc
    import pickle
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    pipes = Pipes(*map(int, sys.argv[1:4]))
    with os.fdopen(os.dup(pipes.results), "rb") as stream:
        context = pickle.load(stream)  # noqa: S301  # written by the process that started this one
    serve(pipes, context)
