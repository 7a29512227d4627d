"""Breadth first, a frontier at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hyper.gpu.graphs import check_seeds
from hyper.gpu.vector.views import ints, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.graphs import Graph


def reach(graph: Graph, seeds: Sequence[int]) -> memoryview:
    """Find the distance of each node of a graph from the nearest seed."""
    offsets, targets = ints(graph.offsets), ints(graph.targets)
    frontier = np.unique(ints(check_seeds(graph, seeds)))
    distances = np.full(graph.nodes, -1, np.int32)
    distances[frontier] = 0
    marks = np.empty(graph.nodes, np.int64)
    distance = 0
    while frontier.size:
        distance += 1
        first = offsets[frontier]
        counts = offsets[frontier + 1] - first
        ends = np.cumsum(counts, dtype=np.int64)
        edges = np.arange(ends[-1]) + np.repeat(first - (ends - counts), counts)
        found = targets[edges]
        found = found[distances[found] < 0]
        distances[found] = distance
        # Of a node that is found more than once, the last mark stays.
        order = np.arange(len(found))
        marks[found] = order
        frontier = found[marks[found] == order]
    return view(distances, "i")
