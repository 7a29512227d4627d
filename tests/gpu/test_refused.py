"""What operations are given is looked at first: compiled loops would read and write where there is nothing of theirs."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import pytest

from hyper.gpu.arena import Arena
from hyper.gpu.compiled.backend import CompiledBackend, lay_out
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.graphs import Graph, check_seeds, make_graph
from hyper.gpu.hashing import check_ranges
from hyper.gpu.patterns import Patterns, make_patterns
from hyper.gpu.results import Pieces
from hyper.lang.automaton.table import token_table

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = CompiledBackend("plain", PlainLoops())


def test_the_parts_of_an_arena_cannot_be_changed() -> None:
    arena: Any = Arena([b"ab", bytearray(b"c")])  # type: ignore[list-item]
    assert arena.file(1) == b"c"
    assert type(arena.data) is bytes
    for name, value in (("bounds", array("i", [0, 10**9])), ("data", b"")):
        with pytest.raises(AttributeError):
            setattr(arena, name, value)
    with pytest.raises(TypeError):
        arena.bounds[1] = 10**9


def test_what_is_no_bytes_is_told_by_its_type() -> None:
    for files, kind in ((["text"], "str"), ("text", "str"), (b"text", "int")):
        wrong: Any = files
        with pytest.raises(TypeError, match=f"bytes are needed, not {kind}"):
            Arena(wrong)


class _Longer(bytes):
    def __len__(self) -> int:
        return 10**6


def test_an_arena_counts_the_bytes_that_there_are() -> None:
    assert Arena([_Longer(b"ab")]).bounds.tolist() == [0, 3]
    wide: Any = array("i", [1, 2])
    assert Arena([wide]).bounds.tolist() == [0, 9]


@pytest.mark.parametrize("content", ["text", 5, None, [1]])
def test_what_is_no_bytes_is_no_file(content: Any) -> None:
    with pytest.raises(TypeError):
        Arena([content])


@pytest.mark.parametrize(
    ("offsets", "targets"),
    [
        ([], []),
        ([0], [0]),
        ([0, 1], []),
        ([1, 1], [0]),
        ([-1, 1], [0]),
        ([0, 5, 1], [0]),
        ([0, -5, 1], [0]),
        ([0, 1], [1]),
        ([0, 1], [-1]),
        ([0, 1], [2**31]),
        ([0, 2**40], [0]),
    ],
)
def test_graphs_that_lead_out_of_themselves(offsets: list[int], targets: list[int]) -> None:
    with pytest.raises(ValueError, match=r"offset|edge|bits"):
        Graph(offsets, targets)


def test_a_graph_has_copies_that_cannot_be_changed() -> None:
    offsets, targets = array("i", [0, 1]), array("i", [0])
    graph: Any = Graph(offsets, targets)
    targets[0] = 10**9
    assert graph.targets.tolist() == [0]
    with pytest.raises(TypeError):
        graph.targets[0] = 10**9
    with pytest.raises(AttributeError):
        graph.targets = targets


@pytest.mark.parametrize("seeds", [[-1], [2], [2**70], bytes((0, 1, 0, 2)), array("q", [2**40])])
def test_seeds_that_are_no_nodes(seeds: Any) -> None:
    with pytest.raises(ValueError, match=r"seed|bits"):
        check_seeds(make_graph([[1], [0]]), seeds)


def test_seeds_in_bytes_are_a_node_each() -> None:
    assert check_seeds(make_graph([[1], [0]]), bytes((0, 1, 0, 1))).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("ranges", "seed"),
    [
        ([0, 4], 0),
        ([-1, 2], 0),
        ([2, 1], 0),
        ([0], 0),
        ([0, 2**70], 0),
        ([0, 1, 3, 2**63 - 1], 0),
        (bytes((0, 1, 0, 9)), 0),
        ([0, 1], -1),
        ([0, 1], 2**64),
    ],
)
def test_ranges_and_seeds_of_hashes(ranges: Sequence[int], seed: int) -> None:
    with pytest.raises(ValueError, match=r"range|seed|bits"):
        check_ranges(b"abc", ranges, seed)


def _automaton(**changed: Any) -> dict[str, Any]:
    made = make_patterns([b"ab", b"b"])
    names = ("classes", "width", "moves", "offsets", "found", "longest")
    return {name: getattr(made, name) for name in names} | changed


@pytest.mark.parametrize(
    "changed",
    [
        {"classes": bytes(255)},
        {"classes": bytes([200]) * 256},
        {"width": 3},
        {"width": 0},
        {"width": 8},
        {"moves": array("i", [10**6]) * 16},
        {"moves": array("i", [-4]) * 16},
        {"moves": array("i", [1]) * 16},
        {"moves": array("i", [0]) * 15},
        {"offsets": array("i")},
        {"offsets": array("i", [0, 9, 9, 9, 2])},
        {"offsets": array("i", [0, 0, 0, 0, 10**6])},
        {"found": array("i", [0])},
        {"longest": -1},
    ],
)
def test_automata_that_lead_out_of_themselves(changed: dict[str, Any]) -> None:
    assert Patterns(**_automaton()).states == 4
    with pytest.raises(ValueError, match=r"rows|moves|offsets|longest"):
        Patterns(**_automaton(**changed))


def _view(form: str, numbers: Sequence[int]) -> memoryview:
    return memoryview(array(form, numbers))


@pytest.mark.parametrize(
    ("starts", "kinds"),
    [
        ([], []),
        ([0, 2, 3], [0]),
        ([1, 2, 4], [0, 0]),
        ([0, 1, 1, 3, 4], [0, 0, 0, 0]),
        ([0, 2, 1, 3, 4], [0, 0, 0, 0]),
        ([0, -5, 3, 4], [0, 0, 0]),
        ([0, 10**9, 3, 4], [0, 0, 0]),
        ([0, 4], [0]),
        ([4], []),
    ],
)
def test_pieces_that_are_not_of_the_arena(starts: list[int], kinds: list[int]) -> None:
    arena, table = Arena([b"a b"]), token_table()
    assert lay_out(_PLAIN.loops, arena, table, _PLAIN.cut(arena, table)).kinds
    with pytest.raises(ValueError, match="pieces"):
        lay_out(_PLAIN.loops, arena, table, Pieces(_view("i", starts), _view("B", kinds)))


def test_a_line_end_without_a_line_feed_reads_nothing_before_it() -> None:
    arena, table = Arena([b"a b"]), token_table()
    line = table.roles.index(2)
    pieces = Pieces(_view("i", [0, 1, 2, 3, 4]), _view("B", [0, line, 0, 0]))
    assert lay_out(_PLAIN.loops, arena, table, pieces).files[2] in {0, 1}


def test_pieces_of_another_form() -> None:
    arena, table = Arena([b"ab"]), token_table()
    with pytest.raises(ValueError, match="pieces"):
        lay_out(_PLAIN.loops, arena, table, Pieces(_view("q", [0, 2, 3]), _view("B", [0, 0])))
