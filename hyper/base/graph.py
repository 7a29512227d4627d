"""What uses what: an order in which everything comes after what it uses, and the rings that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

K = TypeVar("K", bound="Hashable")


def components(edges: Mapping[K, Iterable[K]]) -> list[list[K]]:
    """Strongly connected components, those that are used first; within one in the order of the search.

    Targets that are no key of ``edges`` are passed over. The order is that of ``edges`` and of each node's targets:
    give it no sets of strings where the order reaches an output.
    Tarjan's algorithm (SIAM J. Comput. 1(2), 1972) with an explicit stack: a chain may be as long as it likes.
    """
    index: dict[K, int] = {}
    low: dict[K, int] = {}
    on_stack: set[K] = set()
    stack: list[K] = []
    found: list[list[K]] = []
    for root in edges:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(edges[root]))]
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in edges:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(edges[target])))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    found.append(_pop(stack, on_stack, node))
    return found


def _pop(stack: list[K], on_stack: set[K], root: K) -> list[K]:
    members: list[K] = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        members.append(member)
        if member == root:
            members.reverse()
            return members


def ring(members: list[K], edges: Mapping[K, Iterable[K]]) -> list[K]:
    """A shortest way round from the first member of a component back to it."""
    inside = set(members)
    start = members[0]
    came: dict[K, K] = {}
    level = [start]
    while level:
        following: list[K] = []
        for node in level:
            for target in edges[node]:
                if target == start:
                    way = [node]
                    while way[-1] != start:
                        way.append(came[way[-1]])
                    way.reverse()
                    return way
                if target in inside and target not in came:
                    came[target] = node
                    following.append(target)
        level = following
    return members


def reaching(order: Iterable[K], edges: Mapping[K, Iterable[K]], direct: set[K]) -> set[K]:
    """Everything that reaches one of ``direct``; ``order`` has what is used first."""
    found = set(direct)
    for name in order:
        if name not in found and any(target in found for target in edges.get(name, ())):
            found.add(name)
    return found
