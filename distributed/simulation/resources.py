"""What is done by one after the other: a core, a line, a server with both, and servers that share keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.cache.remote.slots import SLOTS, slot_of
from hyper.distributed.names import queue_tag
from hyper.distributed.simulation.plan import GRADES

if TYPE_CHECKING:
    from hyper.distributed.simulation.costs import Server
    from hyper.distributed.simulation.plan import Plan


class Line:
    """Does one thing at a time, in the order in which it is asked. ``busy`` adds up its seconds."""

    __slots__ = ("busy", "free")

    def __init__(self) -> None:
        self.free = 0.0
        self.busy = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """Ask at ``now`` for what takes so long; when it is done."""
        self.free = max(now, self.free) + seconds
        self.busy += seconds
        return self.free


class Servers:
    """The nodes of a cluster, or the one server. Queues lie where their names are hashed to, all else evenly on all nodes."""

    def __init__(self, plan: Plan, costs: Server) -> None:
        self._nodes = plan.nodes
        self._byte = 1.0 / (plan.bandwidth * plan.nodes)
        there = plan.workers * (costs.worker + plan.shards * GRADES * costs.queue) / plan.nodes
        # What all workers ask again and again slows down everything else.
        self._there = min(there, 0.99)
        self._slow = 1.0 / (1.0 - self._there)
        homes = [
            node_of(queue_tag("0123456789abcdef", "any", shard), plan.nodes)
            for shard in range(plan.shards)
        ]
        self._line = Line()
        """Of each node: all carry the same. So do the cores of all nodes that have no queue, and one stands for them."""
        self._cores = [Line() for _ in range(min(len({*homes}) + 1, plan.nodes))]
        places = {home: place for place, home in enumerate(sorted({*homes}))}
        self._home = [places[home] for home in homes]

    def ask(self, now: float, shard: int, *, queue: float, each: float, size: float) -> float:
        """Ask the queue's server for what takes it ``queue`` seconds, and all for what takes ``each`` seconds of one core, with
        ``size`` bytes. When all is done."""
        seconds = each * self._slow / self._nodes
        queue *= self._slow
        home = self._home[shard]
        end = self._line.serve(now, size * self._byte)
        for place, core in enumerate(self._cores):
            end = max(end, core.serve(now, seconds + queue if place == home else seconds))
        return end

    def loads(self, wall: float) -> tuple[float, float]:
        """Of the busiest core, and of the busiest line."""
        return max(core.busy for core in self._cores) / wall, self._line.busy / wall


def node_of(tag: str, nodes: int) -> int:
    """The node of a cluster that has the keys with this word in braces, where each node has as many slots (Redis Cluster: CRC16
    modulo 16384)."""
    return slot_of(tag.encode()) * nodes // SLOTS
