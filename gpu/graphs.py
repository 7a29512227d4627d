"""Directed graphs as two arrays (compressed sparse rows)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Graph(NamedTuple):
    """The edges of node ``n`` lead to ``targets[offsets[n] : offsets[n + 1]]``; both of 32-bit integers."""

    offsets: array[int]
    targets: array[int]

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.offsets) - 1


def make_graph(edges: Sequence[Iterable[int]]) -> Graph:
    """The graph in which node ``n`` has an edge to each of ``edges[n]``, in that order.

    :raises ValueError: where an edge leads to no node.
    """
    offsets, targets = array("i", [0]), array("i")
    for leads_to in edges:
        targets.extend(leads_to)
        offsets.append(len(targets))
    if targets and not 0 <= min(targets) <= max(targets) < len(edges):
        message = f"an edge leads to none of {len(edges)} nodes"
        raise ValueError(message)
    return Graph(offsets, targets)


def check_seeds(graph: Graph, seeds: Sequence[int]) -> array[int]:
    """Nodes as 32-bit integers.

    :raises ValueError: where a seed is none of the graph's nodes.
    """
    if seeds and not 0 <= min(seeds) <= max(seeds) < graph.nodes:
        message = f"a seed is none of {graph.nodes} nodes"
        raise ValueError(message)
    return array("i", seeds)
