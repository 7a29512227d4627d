"""What a contestant makes ready in its process: a call that is measured, and what its answer is as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
Task: TypeAlias = "Mapping[str, Any]"
"""What a contestant is told: names and numbers, as JSON has them."""


@dataclass(frozen=True)
class Entry:
    """``run`` is what is measured; ``answers`` makes columns of what it gave, the same for every contestant. ``calls`` is how
    often a run does what a figure is of."""

    run: Callable[[], Any]
    answers: Callable[[Any], Sequence[Array]]
    calls: int = 1


class AbsentError(Exception):
    """A contestant that cannot take part here, with the reason."""
