"""What a dispatcher was asked for and has not answered."""

from __future__ import annotations

import msgspec

from hyper.distributed.dispatch.lines import Line


class Pending(msgspec.Struct, eq=False):
    """An item that was asked for and is not answered."""

    run: int
    index: int
    ask: int
    """Which question it was part of: what was asked for together becomes one job."""
    key: str
    own: str
    label: str
    seconds: float
    data: bytes
    again: bool = False
    """Whether its contents were put there a second time."""
    here: bool = False
    """Whether the build does it itself, unless somebody else does."""


class OpenRun(msgspec.Struct, eq=False):
    """A stage with a context: the digests of its blobs, and the blobs."""

    stage: str
    grade: str
    context: dict[str, bytes]
    out: dict[int, Pending] = {}


class PostedJob(msgspec.Struct, eq=False):
    """A job that is out. ``looked`` is when something was last known of it."""

    line: Line
    items: list[Pending]
    looked: float
