"""Reachability: breadth first, level by level."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from hyper.gpu.results import room
from hyper.gpu.webgpu.device import ROUNDS
from hyper.gpu.webgpu.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.graphs import Graph
    from hyper.gpu.webgpu.device import Device
    from hyper.gpu.webgpu.work import Buffer

_NODES = 1 << 9
"""Nodes at a time, unless there are so many that each invocation had too many of them."""
_TOGETHER = 32
"""Invocations for one node."""
_LEVELS = 256
"""Levels that are sent together at most."""


class _Part(NamedTuple):
    """Edges ``begin`` to ``end``, as many as a binding holds and the invocations of one node are to follow."""

    targets: Buffer
    begin: int
    end: int
    nodes: tuple[int, int]
    """The first node that has some of them, and one past the last."""


def reach(device: Device, graph: Graph, seeds: Sequence[int]) -> memoryview:
    """Find the distance of each node from the nearest seed."""
    nodes = graph.nodes
    distances = room("i", nodes)
    if not nodes:
        return distances
    distances[:] = memoryview(array("i", [-1]) * nodes)
    found = array("i", sorted(set(seeds)))
    for seed in found:
        distances[seed] = 0
    if not found:
        return distances
    with Work(device) as work:
        levels, offsets = work.upload(distances), work.upload(graph.offsets)
        order, state = work.words(nodes), work.upload(array("I", [0, 0, len(found), len(found)]))
        work.write(order, found)
        parts = _parts(work, graph)
        step = max(min(_NODES, nodes), -(-nodes // (ROUNDS // 4)))
        many = 1
        going = True
        while going:
            for _ in range(many):
                for part in parts:
                    shape = (nodes, part.begin, part.end, step)
                    buffers = (offsets, part.targets, levels, order, state)
                    work.run("reach_sparse", _TOGETHER * step, shape, *buffers)
                    work.run("reach_dense", _TOGETHER * step, (*shape, *part.nodes), *buffers)
                work.run("reach_turn", 1, (), state)
            _, begin, end, _ = work.read((state, 16))[0].cast("I")
            going = begin < end
            many = min(2 * many, _LEVELS)
        distances[:] = work.read((levels, 4 * nodes))[0].cast("i")
    return distances


def _parts(work: Work, graph: Graph) -> list[_Part]:
    most = min(work.limits.binding // 4, _TOGETHER * ROUNDS // 2)
    edges = len(graph.targets)
    parts = []
    for begin in range(0, max(1, edges), most):
        end = min(begin + most, edges)
        first = bisect_right(graph.offsets, begin) - 1
        last = bisect_left(graph.offsets, end)
        targets = work.upload(memoryview(graph.targets)[begin:end])
        parts.append(_Part(targets, begin, end, (max(0, first), min(last, graph.nodes))))
    return parts
