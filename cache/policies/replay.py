"""What a policy would have kept of a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.cache.policies.protocol import Policy
    from hyper.cache.policies.trace import Event


@dataclass(slots=True)
class Tally:
    """What was wanted of a cache, and what of it was there. Sizes are bytes, costs microseconds.

    ``revocable`` is the cost of the wish that was counted last as saved: it is not, if more was wanted with it that is missing.
    """

    gets: int = 0
    hits: int = 0
    bytes_wanted: int = 0
    bytes_hit: int = 0
    cost_wanted: int = 0
    cost_saved: int = 0
    evicted: int = 0
    revocable: int = 0

    def want(self, event: Event, *, hit: bool) -> None:
        """Count one ``get`` or ``and``."""
        op, _, size, cost = event
        self.gets += 1
        self.bytes_wanted += size
        if hit:
            self.hits += 1
            self.bytes_hit += size
        if op == "get":
            self.cost_wanted += cost
            self.revocable = cost if hit else 0
            self.cost_saved += self.revocable
        elif not hit:
            self.cost_saved -= self.revocable
            self.revocable = 0

    @property
    def hit_ratio(self) -> float:
        """Share of the wanted values that were there; 0 of none."""
        return self.hits / self.gets if self.gets else 0.0

    @property
    def byte_ratio(self) -> float:
        """Share of the wanted bytes that were there; 0 of none."""
        return self.bytes_hit / self.bytes_wanted if self.bytes_wanted else 0.0

    @property
    def saved_ratio(self) -> float:
        """Share of the making's cost that was saved; 0 of none."""
        return self.cost_saved / self.cost_wanted if self.cost_wanted else 0.0


def replay(policy: Policy, events: Iterable[Event]) -> Tally:
    """Put a trace to a policy: what is wanted and not there is made, and offered to the policy."""
    tally = Tally()
    for event in events:
        op, key, size, _ = event
        if op == "del":
            policy.remove(key)
            continue
        hit = key in policy
        if op != "put":
            tally.want(event, hit=hit)
        if hit:
            policy.touch(key)
        else:
            tally.evicted += sum(1 for gone in policy.admit(key, size) if gone != key)
    return tally


def footprint(events: Iterable[Event]) -> int:
    """How many bytes all values of a trace have together, each key once, with the largest size it had."""
    sizes: dict[bytes, int] = {}
    for op, key, size, _ in events:
        if op != "del":
            sizes[key] = max(size, sizes.get(key, 0))
    return sum(sizes.values())
