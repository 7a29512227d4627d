"""The executor that is always there: this process does one item after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hyper.engine.executors.protocol import Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.engine.executors.protocol import Stage

C = TypeVar("C")
R = TypeVar("R")


def attempt(stage: Stage[C, R], context: C, item: str) -> Outcome[R]:
    """Work on one item here."""
    try:
        return Outcome(item, stage.work(context, item))
    except Exception as error:  # noqa: BLE001  # it is the item's outcome: whoever asked for it decides
        return Outcome(item, failure=error)


class Inline:
    """Runs stages in this process."""

    far = False

    def __init__(self) -> None:
        self.usage = Usage()

    def run(
        self,
        stage: Stage[C, R],
        context: C,
        items: Sequence[str],
        weights: Sequence[float],  # noqa: ARG002  # of no use without a choice
        tell: Callable[[int], None] | None = None,
    ) -> list[Outcome[R]]:
        """The outcome of each item, in their order."""
        outcomes: list[Outcome[R]] = []
        for item in items:
            outcomes.append(attempt(stage, context, item))
            if tell is not None:
                tell(len(outcomes))
        return outcomes

    def close(self) -> None:
        """Nothing was started."""
