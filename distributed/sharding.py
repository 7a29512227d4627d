"""Which queue of several a job is added to, and to which of them a worker listens first.

One queue is worked on by one core of one server. With more work than that core can hand out, the jobs of a compiler and a grade
are spread over *shards*: queues of their own, whose names are tagged so that in a cluster each may lie on another node.

A key's shard is its first 64 bits modulo the number of shards. Rendezvous hashing would move fewer keys when the number changes,
but nothing stays in a queue for longer than a build, and jobs are worked on where they lie: nothing is moved, ever. The keys are
digests, so that their remainders are spread evenly, at one division a key. Workers do choose by rendezvous (Thaler and
Ravishankar 1998) which shards they take from first: another worker that comes or goes changes nothing for them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST: Final = 64
"""Shards of a queue; a worker holds a connection for each one that it listens to."""
RATE: Final = 1000.0
"""Jobs a second that one queue hands out at ease, with what belongs to them, on one core (``docs/scale.md``)."""
ALL: Final = 8
"""Up to so many shards, a worker takes from all of them alike."""
FIRST: Final = 4
"""From so many it takes first where there are more."""


class Listening(msgspec.Struct, frozen=True):
    """The shards that a worker takes from ``first``, and those that it takes from when these are empty, in its order."""

    first: list[int]
    then: list[int]


def shard_of(key: str, shards: int) -> int:
    """The shard of what has this key, a digest in hexadecimal. A job's is that of its first item, so that whoever asks for the
    same work first asks at the same place.

    Raises ``ValueError`` for what is no digest, or no number of shards.
    """
    if not 1 <= shards <= MOST:
        raise ValueError(f"a queue has 1 to {MOST} shards")
    return int(key[:16], 16) % shards


def common_shards(announced: Iterable[int]) -> int:
    """The shards that a build may use, of the numbers that the workers which are there say they listen to: what all of them
    have; 1 where nobody says anything."""
    return max(1, min(announced, default=1))


def listening(worker: str, shards: int, *, everything: int = ALL, first: int = FIRST) -> Listening:
    """What a worker with this name listens to: all alike up to ``everything`` shards; with more, some first. No shard is left
    out, so that none is without anybody."""
    if shards <= everything:
        return Listening(list(range(shards)), [])
    order = sorted(range(shards), key=lambda shard: _weight(worker, shard))
    return Listening(order[:first], order[first:])


def _weight(worker: str, shard: int) -> bytes:
    return sha256(f"{worker}\n{shard}".encode()).digest()
