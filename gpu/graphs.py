"""Directed graphs as two arrays (compressed sparse rows)."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

from hyper.gpu.inputs import integers, kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Graph:
    """The edges of node ``n`` lead to ``targets[offsets[n] : offsets[n + 1]]``; both of 32-bit integers that cannot be changed."""

    __slots__ = ("_offsets", "_targets")

    def __init__(self, offsets: Iterable[int], targets: Iterable[int]) -> None:
        """Copy both.

        :raises ValueError: where offsets do not ascend from 0 to the number of targets, or a target is no node.
        """
        begins, leads_to = integers("i", offsets), integers("i", targets)
        if not begins or begins[0] or begins[-1] != len(leads_to):
            message = f"offsets do not go from 0 to {len(leads_to)}"
            raise ValueError(message)
        if any(begin > end for begin, end in pairwise(begins)):
            message = "an offset is less than the one before"
            raise ValueError(message)
        nodes = len(begins) - 1
        if leads_to and not 0 <= min(leads_to) <= max(leads_to) < nodes:
            message = f"an edge leads to none of {nodes} nodes"
            raise ValueError(message)
        self._offsets, self._targets = kept(begins), kept(leads_to)

    @property
    def offsets(self) -> memoryview:
        """Of each node the place of its first edge, and the number of all edges."""
        return self._offsets

    @property
    def targets(self) -> memoryview:
        """The node that each edge leads to."""
        return self._targets

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self._offsets) - 1


def make_graph(edges: Sequence[Iterable[int]]) -> Graph:
    """The graph in which node ``n`` has an edge to each of ``edges[n]``, in that order.

    :raises ValueError: where an edge leads to no node.
    """
    offsets, targets = array("i", [0]), array("i")
    for leads_to in edges:
        targets += integers("i", leads_to)
        offsets.append(len(targets))
    return Graph(offsets, targets)


def check_seeds(graph: Graph, seeds: Sequence[int]) -> array[int]:
    """Nodes as 32-bit integers.

    :raises ValueError: where a seed is none of the graph's nodes.
    """
    found = integers("i", seeds)
    if found and not 0 <= min(found) <= max(found) < graph.nodes:
        message = f"a seed is none of {graph.nodes} nodes"
        raise ValueError(message)
    return found
