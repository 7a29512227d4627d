"""An executor that does what other machines may do as they do it: by bytes alone, which it holds against what is done here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from hyper.distributed.stages import find_registry
from hyper.engine.executors import Inline, Outcome, Usage
from hyper.engine.executors.inline import attempt
from hyper.engine.fleet.registry import PLACE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.distributed.stages import Registry
    from hyper.engine.executors import Stage


@cache
def the_registry() -> Registry:
    """The registry as a worker finds it."""
    return find_registry(PLACE)


class Sent(NamedTuple):
    """What was sent of a run, and what came back of each item."""

    stage: str
    blobs: tuple[bytes, ...]
    items: dict[str, bytes]
    results: dict[str, bytes]


class Abroad:
    """Runs stages as another machine would. ``sent`` is what crossed."""

    far = True

    def __init__(self) -> None:
        self.usage = Usage()
        self.sent: list[Sent] = []

    def run(
        self,
        stage: Stage[Any, Any],
        context: Any,
        items: Sequence[str],
        weights: Sequence[float],
        tell: Callable[[int], None] | None = None,
    ) -> list[Outcome[Any]]:
        """The outcome of each item, in their order."""
        remote = stage.remote
        if remote is None:
            return Inline().run(stage, context, items, weights, tell)
        far = the_registry().stages[remote.stage]
        sent = Sent(far.name, tuple(remote.context(context)), {}, {})
        self.sent.append(sent)
        loaded = far.load(sent.blobs)
        found: list[Outcome[Any]] = []
        for item in items:
            own = remote.own(context, item)
            try:
                packed = far.run(loaded, own)
            except OverflowError:
                # A file has an int of more than 64 bits: its tree does not cross, and is made here.
                with pytest.raises(OverflowError):
                    stage.pack(stage.work(context, item))
                found.append(attempt(stage, context, item))
                continue
            assert packed == stage.pack(stage.work(context, item)), (stage.name, item)
            sent.items[item], sent.results[item] = own, packed
            found.append(Outcome(item, stage.unpack(packed)))
            if tell is not None:
                tell(len(found))
        return found

    def close(self) -> None:
        """Nothing was started."""
