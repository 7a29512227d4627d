"""What is made of a program as a stage: by copies of this process, with what is looked at while it is made.

A copy has all that this process has derived so far, and derives the rest as it needs it. What it had to derive comes back with what
it made, so that the record is the same whoever made what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar

import msgspec

from hyper.engine.executors import DeadlyItem, Inline, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.engine.executors import Executor
    from hyper.ir.reads import Reads

T = TypeVar("T")

_FEW: Final = 8
"""So many things are made before what starts processes would be loaded."""


class Noted(msgspec.Struct, Generic[T], frozen=True, array_like=True):
    """What was made, the keys of what was looked at, and what was derived while it was made, with what that was made from."""

    value: T
    reads: tuple[str, ...]
    derived: dict[str, tuple[str, ...]]


class Makers(Generic[T]):
    """What makes each of several things, by name, and where it is noted what they look at."""

    def __init__(self, reads: Reads, makers: Mapping[str, Callable[[], T]]) -> None:
        self.reads = reads
        self.makers = makers

    def make(self, name: str) -> Noted[T]:
        """Make one. What is derived is noted with it alone."""
        reads = self.reads
        before, reads.derived = reads.derived, {}
        try:
            value, keys = reads.part(self.makers[name])
            return Noted(value, keys, reads.derived)
        finally:
            reads.derived = before

    def __reduce__(self) -> NoReturn:
        """Functions of this process are in no other, unless that is a copy."""
        raise TypeError("what makes things of a program is only in copies of its process")


def noting(name: str, kind: Any) -> Stage[Makers[T], Noted[T]]:
    """The stage of a name that makes things of a kind."""
    decoder = msgspec.msgpack.Decoder(Noted[kind])
    return Stage(name, Makers.make, msgspec.msgpack.encode, decoder.decode)


def make_all(
    stage: Stage[Makers[T], Noted[T]],
    makers: Makers[T],
    weights: Sequence[float],
    executor: Callable[[], Executor],
) -> dict[str, Noted[T]]:
    """All of them, in their order, and what was derived noted. Raises what the first one raises that cannot be made."""
    found: dict[str, Noted[T]] = {}
    # The order in which things are derived shall not tell who did it.
    runner = Inline() if len(makers.makers) <= _FEW else _runner(executor)
    for outcome in runner.run(stage, makers, [*makers.makers], weights):
        made = outcome.value
        if made is None:
            if not isinstance(outcome.failure, DeadlyItem):
                assert outcome.failure is not None
                raise outcome.failure
            # Nothing that is not of Python makes these: whatever ended the others, here it is said.
            made = makers.make(outcome.item)
        makers.reads.derived.update(made.derived)
        found[outcome.item] = made
    return found


def _runner(executor: Callable[[], Executor]) -> Executor:
    """What makes them: this process, and where it can be copied its copies."""
    from hyper.engine.executors.launch import way_to_start

    return executor() if way_to_start() == "fork" else Inline()
