from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyper.base.graph import components, reaching, ring

LENGTH = 100_000


def test_what_is_used_comes_first() -> None:
    assert components({"a": ["b", "c"], "b": ["c"], "c": []}) == [["c"], ["b"], ["a"]]


def test_a_ring_is_one_component_in_the_order_of_the_search() -> None:
    edges = {"top": ["a"], "a": ["b"], "b": ["c", "leaf"], "c": ["a"], "leaf": []}
    assert components(edges) == [["leaf"], ["a", "b", "c"], ["top"]]


def test_two_rings_that_share_a_node_are_one() -> None:
    assert components({1: [2], 2: [1, 3], 3: [2]}) == [[1, 2, 3]]


def test_unknown_targets_are_passed_over() -> None:
    assert components({"a": ["nowhere", "a"]}) == [["a"]]


def test_a_long_chain() -> None:
    edges = {node: [node + 1] for node in range(LENGTH)}
    edges[LENGTH] = []
    assert components(edges) == [[node] for node in range(LENGTH, -1, -1)]


def test_a_long_ring() -> None:
    edges = {node: [(node + 1) % LENGTH] for node in range(LENGTH)}
    assert components(edges) == [list(range(LENGTH))]
    assert ring(list(range(LENGTH)), edges) == list(range(LENGTH))


def test_a_shortest_way_round() -> None:
    edges = {"a": ["b", "c"], "b": ["c"], "c": ["a"]}
    assert ring(components(edges)[0], edges) == ["a", "c"]


def test_what_reaches() -> None:
    edges = {"c": [], "b": ["c"], "a": ["b"], "other": []}
    assert reaching(["c", "b", "a", "other"], edges, {"c"}) == {"a", "b", "c"}


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4), max_size=9))
def test_components_are_what_reach_each_other(edges: dict[int, list[int]]) -> None:
    def reached(start: int) -> set[int]:
        found: set[int] = set()
        pending = [start]
        while pending:
            fresh = [node for node in edges[pending.pop()] if node in edges and node not in found]
            found.update(fresh)
            pending += fresh
        return found

    reach = {node: reached(node) | {node} for node in edges}
    made = components(edges)
    assert sorted(node for members in made for node in members) == sorted(edges)
    for place, members in enumerate(made):
        later = {node for group in made[place + 1 :] for node in group}
        for node in members:
            assert {other for other in reach[node] if node in reach[other]} == set(members)
            assert not reach[node] & later
