"""Whose turn it is to do what this machine is about to do: a state machine without input or output, as the schedule is.

Where other builds may want the same, an item is claimed before it is begun, and its result published. A few are claimed ahead, so
that nobody waits for the way to the server; and where no answer comes in time, what was asked for is done all the same: twice done
is the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

WORTH: Final = 20
"""An item is claimed that costs so many times what sending one does."""
AT_HAND: Final = 3
"""Items that are claimed ahead for each process."""
PATIENCE: Final = 0.5
"""Seconds, besides what the way to the server and back takes, after which an answer is not waited for."""


class Turns:
    """The items of one run that are claimed for this machine, by index."""

    def __init__(self) -> None:
        self.on = False
        """Whether there is a server to ask."""
        self._patience = PATIENCE
        self._late = False
        """Whether an answer did not come in time: nothing is asked for until there is one."""
        self._asked: dict[int, float] = {}
        self._granted: list[int] = []
        self._ours: set[int] = set()
        self._refused: set[int] = set()

    def joined(self, trip: float) -> None:
        """There is a server, to which and back it takes ``trip`` seconds."""
        # Who is there may be news, and answers late all the same.
        self._late = self._late and self.on
        self.on = True
        self._patience = PATIENCE + 2 * trip

    def left(self) -> list[int]:
        """There is none any more. What was asked for waits again, and what was granted is done for nobody else."""
        self.on = False
        self._ours.clear()
        asked = list(self._asked)
        self._asked.clear()
        self._refused.update(asked)
        return asked

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask, who answers."""
        return self.on and not self._late

    @property
    def pending(self) -> int:
        """How many are asked for, or granted and not begun."""
        return len(self._asked) + len(self._granted)

    def room(self, most: int) -> int:
        """How many more to ask for, where ``most`` are to be at hand."""
        return most - self.pending if self.asks else 0

    def may_ask(self, index: int) -> bool:
        """Whether an item can be asked for: it has to be once, and one that came back without an answer is not again."""
        return index not in self._refused and index not in self._ours

    def ours(self, index: int) -> bool:
        """Whether an item is this machine's to do."""
        return index in self._ours

    def ask(self, index: int, now: float) -> None:
        """An item is asked for."""
        self._asked[index] = now

    def asked(self, index: int) -> bool:
        """Whether the answer to an item is to come."""
        return index in self._asked

    def grant(self, index: int) -> None:
        """An item is this machine's to do: it waits for that, unless it was begun already."""
        self._late = False
        self._ours.add(index)
        if self._asked.pop(index, None) is not None:
            self._granted.append(index)

    def refuse(self, index: int) -> bool:
        """Nothing is known of an item, or somebody else does it; whether it was asked for."""
        self._late = False
        self._refused.add(index)
        return self._asked.pop(index, None) is not None

    def take(self, now: float, weight: Callable[[int], float]) -> int | None:
        """An item to do now: of those whose turn it is the one of the least weight, else one that was asked for too long ago."""
        if self._granted:
            index = min(self._granted, key=weight)
            self._granted.remove(index)
            return index
        for index, at in self._asked.items():
            if now >= at + self._patience:
                del self._asked[index]
                self._late = True
                return index
            break
        return None

    def wakes(self) -> float | None:
        """When the first is waited for no longer; ``None`` where nothing is waited for."""
        at = next(iter(self._asked.values()), None)
        return None if at is None else at + self._patience

    def drop(self, index: int) -> bool:
        """An item is not begun by its turn any more; whether it was pending."""
        pending = self._asked.pop(index, None) is not None
        if index in self._granted:
            self._granted.remove(index)
            pending = True
        return pending

    def over(self, index: int) -> tuple[bool, bool]:
        """An item has its outcome; whether it was still pending, and whether it is this machine's, of which others are told."""
        pending = self.drop(index)
        ours = index in self._ours
        self._ours.discard(index)
        return pending, ours
