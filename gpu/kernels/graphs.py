"""Breadth first through a graph in compressed sparse rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Ints


def reach(
    offsets: Ints, targets: Ints, nodes: int, seeds: Ints, count: int, queue: Ints, distances: Ints
) -> int:
    """Set the distance of each node, and give the number of nodes that were reached.

    ``queue`` is room for as many entries as nodes.
    """
    for node in range(nodes):
        distances[node] = -1
    behind = 0
    for place in range(count):
        seed = seeds[place]
        if distances[seed] < 0:
            distances[seed] = 0
            queue[behind] = seed
            behind += 1
    front = 0
    while front < behind:
        node = queue[front]
        front += 1
        distance = distances[node] + 1
        for place in range(offsets[node], offsets[node + 1]):
            target = targets[place]
            if distances[target] < 0:
                distances[target] = distance
                queue[behind] = target
                behind += 1
    return behind
