"""What a build and its dispatcher say to each other: a length of four bytes, then MessagePack.

A build opens runs of a stage with a context, asks for items by their index in the run, and takes back what it no longer wants.
The dispatcher tells who is there, and answers each item that it was asked for once, unless that was taken back. What the build
does itself it may claim before, and then says what came of it.
"""

from __future__ import annotations

import struct
from typing import Any, Final, Literal, TypeAlias

import msgspec

from hyper.distributed.messages import State

_LENGTH: Final = struct.Struct("<I")

Lost: TypeAlias = Literal["lost"]
"""Nothing is known of what became of it: whoever asked does it himself."""
Turn: TypeAlias = Literal["yours", "flying"]
"""Whose turn it is to do an item that the build would do itself: its own; or somebody is at it, whose result is still to come."""


class Hello(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The first message: where the stages are found (``Registry.place``), and what opens the settings of a fleet.

    ``waits`` tells whether a person waits for the build.
    """

    place: str
    project: str
    environment: dict[str, str]
    url: str | None = None
    waits: bool = True
    version: str = ""


class Open(msgspec.Struct, frozen=True, tag=True):
    """A run of a stage begins; these are the blobs of its context."""

    run: int
    stage: str
    context: list[bytes]


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """An item: its index in the run, its own bytes, and what people call it."""

    index: int
    own: bytes
    label: str


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Work for one job. ``seconds`` is what is predicted for all of it; ``soon`` puts it before what waits."""

    run: int
    items: list[Wanted]
    seconds: float
    soon: bool = False


class Claim(msgspec.Struct, frozen=True, tag=True):
    """Items that the build is about to do itself. Each is answered with whose turn it is, or with what came of it elsewhere."""

    run: int
    items: list[Wanted]


class Made(msgspec.Struct, frozen=True, tag=True):
    """The build did an item that was its to do. ``data`` is the result; seconds are of the clock and of the processor."""

    run: int
    index: int
    data: bytes
    seconds: float
    cpu: float


class Withdraw(msgspec.Struct, frozen=True, tag=True):
    """These items are no longer wanted, and not answered; those that were the build's own to do, it does not do."""

    run: int
    indexes: list[int]


class End(msgspec.Struct, frozen=True, tag=True):
    """A run is over: nothing of it is answered any more."""

    run: int


Request: TypeAlias = Hello | Open | Ask | Claim | Made | Withdraw | End


class Figures(msgspec.Struct, frozen=True, array_like=True):
    """What the dispatcher cost so far: the processor's seconds, jobs, and bytes that came from the server and went there.

    ``refused`` of what it found there was not believed: answers, results and contents that are damaged, or not signed as they
    should be.
    """

    cpu: float = 0.0
    jobs: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    refused: int = 0


class News(msgspec.Struct, frozen=True, tag=True):
    """Who is there. Not ``on`` says, with a reason, that nothing can be asked for; what was asked is then answered as lost.

    ``workers`` are the names of those of this compiler, ``others`` how many there are of another; ``slots`` are those of the
    workers that can do a stage together, by its name, and ``room`` how many jobs of it this build may have out. ``shards`` are
    those of its queues, and ``round_trip`` is in seconds.
    """

    on: bool
    reason: str = ""
    workers: list[str] = []
    slots: dict[str, int] = {}
    room: dict[str, int] = {}
    shards: int = 1
    others: int = 0
    round_trip: float = 0.0
    figures: Figures = Figures()


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """What became of an item. ``data`` is its result where the state is ``done``."""

    index: int
    state: State | Lost | Turn
    data: bytes = b""
    seconds: float = 0.0
    cpu: float = 0.0
    reason: str = ""


class Answers(msgspec.Struct, frozen=True, tag=True):
    """Items that came back together. ``worker`` is who did them; empty where the results were there already."""

    run: int
    worker: str
    items: list[Answered]
    figures: Figures = Figures()


Message: TypeAlias = News | Answers


def frame(message: Request | Message) -> bytes:
    """A message as it is written."""
    data = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(data)) + data


class Reader:
    """Takes bytes as they come, and gives whole messages."""

    def __init__(self, kind: Any) -> None:
        """``kind`` is ``Request`` or ``Message``."""
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(kind)
        self._data = bytearray()

    def feed(self, data: bytes) -> list[object]:
        """The messages that are whole now. Raises ``msgspec.MsgspecError`` for what is none."""
        self._data += data
        found = []
        at = 0
        while len(self._data) - at >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._data, at)
            end = at + _LENGTH.size + size
            if len(self._data) < end:
                break
            found.append(self._decoder.decode(memoryview(self._data)[at + _LENGTH.size : end]))
            at = end
        del self._data[:at]
        return found
