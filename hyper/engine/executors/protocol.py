"""What executors and those who use them agree on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

C = TypeVar("C")
R = TypeVar("R")


class Remote(msgspec.Struct, Generic[C], frozen=True):
    """How a stage is done by other machines: under which name they know it (``hyper.distributed.stages``), the blobs of a context,
    which are asked for once, and the bytes of an item. What comes back is what ``pack`` makes."""

    stage: str
    context: Callable[[C], Sequence[bytes]]
    own: Callable[[C, str], bytes]


class Stage(msgspec.Struct, Generic[C, R], frozen=True):
    """A pure function of a context and the name of an item, which may run in another process.

    ``name`` is ``module:attribute`` where the stage itself is found, so that a worker can look it up. What ``pack`` makes of a
    result ``unpack`` turns into an equal one; a result that ``pack`` raises for is made again by the process that asked.
    ``remote`` says how other machines do it; without it they do not.
    """

    name: str
    work: Callable[[C, str], R]
    pack: Callable[[R], bytes]
    unpack: Callable[[bytes], R]
    remote: Remote[C] | None = None


class DeadlyItem(Exception):  # noqa: N818  # named for the item, as its outcome is
    """An item that ended each process that worked on it. ``reason`` says how."""

    def __init__(self, item: str, reason: str) -> None:
        super().__init__(f"{item}: {reason}")
        self.item = item
        self.reason = reason


class Outcome(msgspec.Struct, Generic[R], frozen=True):
    """What became of an item: its value, or the exception that its work raised, or ``DeadlyItem``."""

    item: str
    value: R | None = None
    failure: Exception | None = None


class Span(msgspec.Struct, frozen=True):
    """A worker at a batch: ``began`` on the clock of ``time.perf_counter``; both in seconds."""

    worker: str
    stage: str
    began: float
    seconds: float
    items: int


class RemoteUsage(msgspec.Struct):
    """What a fleet did so far.

    ``items`` came back with results in answers to ``jobs``, of which ``found`` were there already; ``seconds`` and ``cpu_seconds``
    are what others took for them. ``shared`` were claimed and done here, and given to others that may want them; ``hedged`` were
    done here too, ``lost`` came back without a result, ``unpaid`` were not sent, since that would have cost more than it saves. Of
    the dispatcher are ``dispatcher_cpu`` in seconds of its processor, ``bytes_in`` and ``bytes_out`` before compression, and
    ``refused``, what it found and did not believe. ``workers`` is the most that were there.
    """

    jobs: int = 0
    items: int = 0
    found: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    shared: int = 0
    hedged: int = 0
    lost: int = 0
    unpaid: int = 0
    workers: int = 0
    dispatcher_cpu: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    refused: int = 0


class Usage(msgspec.Struct):
    """What workers cost so far: how many were started, how many of them died, and the processor's seconds of those that ended.

    ``peak_memory`` is the most bytes that those which ran together had for themselves at their ends; ``remote`` is a fleet's.
    """

    started: int = 0
    died: int = 0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    spans: list[Span] = []
    remote: RemoteUsage = msgspec.field(default_factory=RemoteUsage)


class Executor(Protocol):
    """Runs stages."""

    @property
    def usage(self) -> Usage:
        """What workers cost; whole after ``close``."""
        ...

    @property
    def far(self) -> bool:
        """Whether items may go to other machines: few large ones cost less on the way there."""
        ...

    def run(
        self,
        stage: Stage[C, R],
        context: C,
        items: Sequence[str],
        weights: Sequence[float],
        tell: Callable[[int], None] | None = None,
    ) -> list[Outcome[R]]:
        """The outcome of each item, in their order. No item keeps another from being worked on.

        ``weights`` say how much work an item is in proportion to the others. ``tell`` hears how many items are done.
        """
        ...

    def close(self) -> None:
        """End what was started. The executor can be used again."""
        ...


def values(outcomes: Sequence[Outcome[R]]) -> list[R]:
    """The values. Raises the failure of the first item that has one."""
    found: list[R] = []
    for outcome in outcomes:
        if outcome.failure is not None:
            raise outcome.failure
        found.append(outcome.value)  # type: ignore[arg-type]  # without a failure there is one
    return found
