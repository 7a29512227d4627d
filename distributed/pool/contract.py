"""What a pool is given, and what it says of each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

State: TypeAlias = Literal["done", "failed", "died", "time", "memory"]
"""An item's result is there; its work raised; it ended its process; it took longer, or more memory, than it may."""


class Limits(msgspec.Struct, frozen=True):
    """What an item may take: ``seconds`` of the clock; bytes of ``memory`` beyond what a process begins with; bytes of its
    ``result``."""

    seconds: float = 120.0
    memory: int = 2 << 30
    result: int = 32 << 20


class Task(msgspec.Struct, frozen=True):
    """Items of one stage with one context, whose blobs are named by their digests: what has the same name is not sent again."""

    stage: str
    context: Sequence[tuple[str, bytes]]
    items: Sequence[bytes]


class Ran(msgspec.Struct, frozen=True):
    """What became of the item of an index: its result, or the reason why there is none.

    ``seconds`` are those of the clock, ``cpu`` those of the processor. A context that cannot be loaded is the reason of all items
    that wait for it. The first outcome of a task says for how many seconds the task had ``waited`` for a slot.
    """

    index: int
    state: State
    data: bytes = b""
    seconds: float = 0.0
    cpu: float = 0.0
    reason: str = ""
    waited: float = 0.0


class PoolError(Exception):
    """The pool cannot work: there is no registry at its place, no process can be started, or it is closed."""
