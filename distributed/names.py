"""How everything of a fleet is called on the server: all beneath ``hyper:{project}:{fleet}:``, for one rule of an access list.

What is worked on by one script lies in one slot of a cluster: names that belong together have the same word in braces.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Final

from hyper.cache.remote.settings import checked_project
from hyper.cache.remote.slots import SLOTS, slot_of
from hyper.cache.trust import checked_scope

CHECKS: Final = "checks"
"""The queue of documents to check, which is open to producers in any language (``docs/distributed.md``)."""
_PARTS: Final = 64
_NEAR: Final = 16
"""Slots."""


@lru_cache(maxsize=1 << 10)
def queue_tag(identity: str, grade: str, shard: int) -> str:
    """The word that says where a queue lies in a cluster: the first 2^n shards of any kind lie evenly over all slots.

    Each begins a 64th of them, in the order of van der Corput: 0, 1/2, 1/4, 3/4, 1/8 and so on. A number behind the word is counted
    up until its slot is there, which takes a third of a millisecond. What is left to chance would leave nodes without a queue.
    """
    word = f"{identity[:16]}-{grade}-{shard}"
    begin = int(f"{shard % _PARTS:06b}"[::-1], 2) * SLOTS // _PARTS
    each = (f"{word}.{number}" if number else word for number in count())
    return next(tag for tag in each if 0 <= slot_of(tag.encode()) - begin < _NEAR)


class Names:
    """The names of a fleet. Raises ``ValueError`` for a project or a fleet that is not named as such."""

    def __init__(self, project: str, fleet: str = "fleet") -> None:
        try:
            checked_scope(fleet)
        except ValueError:
            text = "a fleet is named with up to 100 letters, digits, `.`, `_`, `/` and `-`"
            raise ValueError(text) from None
        if fleet == "main":
            raise ValueError("a fleet is not called main: that is the scope of the shared cache")
        self.project = checked_project(project)
        self.fleet = fleet
        self.prefix = f"hyper:{project}:{fleet}"

    def queue(self, identity: str, grade: str, shard: int) -> str:
        """The queue of a compiler, a grade of workers and a shard. BullMQ puts the prefix before it."""
        return f"{{{queue_tag(identity, grade, shard)}}}"

    def checks(self) -> str:
        """The queue of documents to check."""
        return f"{{{CHECKS}}}"

    def flight(self, key: str) -> str:
        """The record of an action: who does it, and what came of it."""
        return f"{self.prefix}:flight:{{{key}}}"

    def trail(self, key: str) -> str:
        """What happened to an action, in order."""
        return f"{self.prefix}:trail:{{{key}}}"

    def job_trail(self, job: str) -> str:
        """Which actions a job has, and what happened to it."""
        return f"{self.prefix}:job:{{{job}}}"

    def build(self, build: str) -> str:
        """The sign of life of a build; without it, its jobs are not worked on."""
        return f"{self.prefix}:build:{build}"

    def worker(self, worker: str) -> str:
        """What a worker says of itself, as long as it lives."""
        return f"{self.prefix}:worker:{worker}"

    def members(self, kind: str) -> str:
        """The set of the ``builds`` or ``workers`` that said they are there; some may be gone."""
        return f"{self.prefix}:{kind}"
