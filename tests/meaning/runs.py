"""One program in one back end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Run(ABC):
    """One program in one back end."""

    @abstractmethod
    def knows(self, name: str) -> bool:
        """Whether it has a function."""

    @abstractmethod
    def outcomes(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """The outcome of each row, in the form of ``tiers.outcome``; ``GUARDED`` where it asks a lower tier."""

    def told(self, name: str, expected: Any) -> Any:  # noqa: ARG002  # most tell all of it
        """What this back end tells of an outcome of tier 0."""
        return expected

    def close(self) -> None:  # noqa: B027  # most have nothing to do
        """Forget the program."""
