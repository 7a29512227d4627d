"""What the pool, its zygote and its children say to each other: a length and MessagePack.

The pool believes nothing that comes from a child: it may be running somebody's bytes.
"""

from __future__ import annotations

import os
import struct
from typing import Any, Final, Literal, TypeAlias

import msgspec

HEAD: Final = struct.Struct("<Q")
_LOST: Final = "the other side closed in the middle of a frame"

NO_MEMORY: Final = 77
"""The exit code of a child that had no memory for what it was sent."""

Fault: TypeAlias = Literal["", "failed", "memory"]
"""How work ended that went on: it gave a result, it raised, or it had no memory."""


class Fork(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To the zygote: start the child of a number. Its end of a socket comes along."""

    child: int


class Kill(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To the zygote: end a child at once."""

    child: int


class Ready(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The zygote has loaded its registry. ``sandbox`` names what holds its children, ``seconds`` is how long it took."""

    identity: str
    sandbox: list[str]
    seconds: float


class Unready(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The zygote cannot load its registry, and ends."""

    reason: str


class Unforked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The system has no room for a child."""

    child: int
    reason: str


class Forked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A child is there."""

    child: int
    pid: int


class Ended(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A child is no more: its exit code as ``os.waitstatus_to_exitcode`` gives it, and the processor's seconds that it took."""

    child: int
    code: int
    cpu: float


class Begin(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To a child: a task begins, with the context of a key. So many ``blobs`` follow, each as it is after its length, to load it
    of; ``None`` where the child has it. The contexts ``drop`` are forgotten first."""

    stage: str
    key: bytes
    blobs: int | None
    drop: list[bytes]


class Item(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To a child: an item of the task."""

    index: int
    data: bytes


class Confined(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """From a child, once: it has confined itself, and can begin."""


class Loaded(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """From a child: the context is there, or why it is not. ``memory`` are the bytes that the child has."""

    fault: Fault
    reason: str
    memory: int


class Answer(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """From a child: what became of an item."""

    index: int
    fault: Fault
    data: bytes
    seconds: float
    cpu: float
    memory: int
    reason: str


ToZygote: TypeAlias = Fork | Kill
FromZygote: TypeAlias = Ready | Unready | Unforked | Forked | Ended
ToChild: TypeAlias = Begin | Item
FromChild: TypeAlias = Confined | Loaded | Answer

to_zygote: Final = msgspec.msgpack.Decoder(ToZygote)
from_zygote: Final = msgspec.msgpack.Decoder(FromZygote)
to_child: Final = msgspec.msgpack.Decoder(ToChild)
from_child: Final = msgspec.msgpack.Decoder(FromChild)


def encode(message: Any) -> bytes:
    """A message as it goes over a socket."""
    data = msgspec.msgpack.encode(message)
    return HEAD.pack(len(data)) + data


def write(descriptor: int, message: Any) -> None:
    """Send a message, waiting until it is taken. Raises ``OSError`` where the reader is gone."""
    view = memoryview(encode(message))
    while view:
        view = view[os.write(descriptor, view) :]


def read(descriptor: int) -> bytes | None:
    """The next message, undecoded; ``None`` where the other side has closed. Raises ``OSError`` where it closed too early."""
    head = _exactly(descriptor, HEAD.size)
    if not head:
        return None
    size = HEAD.unpack(head)[0]
    data = _exactly(descriptor, size)
    if len(data) < size:
        raise ConnectionError(_LOST)
    return bytes(data)


def _exactly(descriptor: int, size: int) -> bytearray:
    """So many bytes; none where the other side has closed."""
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        got = os.readv(descriptor, [view[at:]])
        if not got:
            if at:
                raise ConnectionError(_LOST)
            return bytearray()
        at += got
    return data
