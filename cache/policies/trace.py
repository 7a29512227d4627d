"""Traces: what was asked of a cache, written down so that policies can be compared on it.

A trace is lines of ASCII text. The first is ``hyper-cache-trace 1``; every other one is ``OP KEY SIZE COST``: the key in
hexadecimal digits, the size of its value in bytes, and the microseconds that making the value took. Lines that start with ``#``
say where the trace comes from. The operations:

``get``
    A value that a build wanted, whether or not it was there: written once its size is known, at the hit, or at the put that
    follows the miss.
``and``
    One more value that was wanted together with those before it, such as the blobs of an action: the cost, which stands at the
    ``get``, was saved only if all of them were there. Its own cost is 0.
``put``
    A value that was stored without having been wanted.
``del``
    A deletion; size and cost are 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADER: Final = "hyper-cache-trace 1"

Op = Literal["get", "and", "put", "del"]

_OPS: Final = frozenset(get_args(Op))


class TraceError(ValueError):
    """A line is not one of a trace. ``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} of the trace: {reason}")
        self.line = line
        self.reason = reason


class Event(NamedTuple):
    """One thing asked of a cache."""

    op: Op
    key: bytes
    size: int
    """Of the value, in bytes."""
    cost: int
    """Of making the value, in microseconds."""


def write(events: Iterable[Event], source: str = "") -> Iterator[str]:
    """The lines of a trace, with their line ends. ``source`` says where it comes from."""
    yield f"{HEADER}\n"
    for line in source.splitlines():
        yield f"# {line}\n"
    for op, key, size, cost in events:
        yield f"{op} {key.hex()} {size} {cost}\n"


def read(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a trace, with or without line ends.

    Raises:
        TraceError: The first line is not the header, or another is not an event.

    """
    numbered = enumerate(lines, 1)
    if next(numbered, (1, ""))[1].rstrip() != HEADER:
        raise TraceError(1, f"it is not {HEADER!r}")
    for number, line in numbered:
        if not line.startswith("#"):
            yield _event(number, line.split())


def _event(number: int, words: list[str]) -> Event:
    if len(words) != 4 or words[0] not in _OPS:
        raise TraceError(number, "an event is get, and, put or del, a key, a size and a cost")
    op, key, size, cost = words
    if not (size.isascii() and size.isdigit() and cost.isascii() and cost.isdigit()):
        raise TraceError(number, "size and cost are whole numbers from 0")
    try:
        return Event(cast("Op", op), bytes.fromhex(key), int(size), int(cost))
    except ValueError as error:
        raise TraceError(number, str(error)) from error
