"""The suite of back ends on a graphics adapter: with the bindings that it has, and with ones so small that all is streamed."""

from __future__ import annotations

from array import array
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

import msgspec
import pytest

from hyper.base.token_table import STARTS, TARGET
from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.compiled.backend import CompiledBackend
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.graphs import Graph, make_graph
from hyper.gpu.patterns import make_patterns
from hyper.gpu.webgpu.convergence import find_partners
from hyper.gpu.webgpu.device import Limits
from hyper.lang.automaton.table import token_table
from tests.gpu import inputs, oracles
from tests.gpu.adapters import shared
from tests.gpu.conformance import BackendConformance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.backend import Backend


class TestWholeBindings(BackendConformance):
    examples: ClassVar[int] = 8
    boundaries: ClassVar[Sequence[int]] = (4, 64, 512, 10_000)
    huge: ClassVar[int] = 200_000

    @pytest.fixture
    def backend(self) -> Backend:
        return shared(Limits())


class TestSmallWindows(BackendConformance):
    """Every text is streamed, and most work is in more workgroups than go into one row."""

    examples: ClassVar[int] = 6
    boundaries: ClassVar[Sequence[int]] = (16, 128, 1000)
    huge: ClassVar[int] = 20_000

    @pytest.fixture
    def backend(self) -> Backend:
        return shared(Limits(window=1000, chunk=16, workgroup=8, row=3))


class TestSmallBindings(BackendConformance):
    """A binding holds a table of the language, and little more: bounds, edges and matches are divided, too."""

    examples: ClassVar[int] = 6
    boundaries: ClassVar[Sequence[int]] = (8, 16)
    huge: ClassVar[int] = 30_000

    @pytest.fixture
    def backend(self) -> Backend:
        return shared(Limits(binding=20_480, chunk=16, workgroup=8))

    def test_every_byte_can_be_a_pattern(self, backend: Backend) -> None:
        with pytest.raises(BackendError, match="binding of 20480"):
            super().test_every_byte_can_be_a_pattern(backend)


class TestRounds:
    """An invocation goes round its loops 65,535 times at most: more would be wrong on a software adapter, without a word."""

    def test_a_node_of_a_million_edges(self) -> None:
        count = 1 << 20
        targets = array("i", [1]) * (count - 1) + array("i", [2])
        offsets = array("i", [0, count, count, count, count])
        assert shared().reach(Graph(offsets, targets), [0]).tolist() == [0, 1, 1, -1]

    def test_many_nodes(self) -> None:
        count = 20_000
        edges = [[node * 7 % count, (node * node + 5) % count] for node in range(count)]
        assert shared().reach(make_graph(edges), [3]).tolist() == oracles.reach(edges, [3])

    def test_one_range_of_two_million_bytes(self) -> None:
        data = bytes(range(251)) * 8800
        found = shared().hash(data, [0, len(data), 1, 40], 1)
        assert found.tolist() == [oracles.xxh64(data, 1), oracles.xxh64(data[1:40], 1)]

    def test_a_line_of_as_many_blanks_as_a_window_has_bytes(self) -> None:
        file = b"a\n" + b" " * 1_200_000 + b"b\n"
        found = shared(Limits(chunk=16)).lines(Arena([file]))
        assert found.starts.tolist() == [0, 2, len(file)]
        assert found.indents.tolist() == [0, 1_200_000, 0]

    def test_two_hundred_matches_a_byte(self) -> None:
        words = [b"a" * size for size in range(1, 201)]
        found = shared().search(Arena([b"a" * 1500]), make_patterns(words))
        wanted = [min(end, 200) for end in range(1, 1501)]
        assert found.ends.tolist() == [
            end for end, many in enumerate(wanted, 1) for _ in range(many)
        ]
        assert found.patterns.tolist() == [number for many in wanted for number in range(many)]

    def test_a_pattern_of_as_many_bytes_as_can_be(self) -> None:
        word = inputs.sanity_bytes(30_000)
        text = b"?" + word[1:] + word * 2
        found = shared().search(Arena([text, word, text]), make_patterns([word, b"?"]))
        assert list(zip(found.ends, found.patterns, strict=True)) == oracles.search(
            [text, word, text], [word, b"?"], ignore_case=False
        )

    def test_a_pattern_that_is_longer_than_an_invocation_can_lead_in(self) -> None:
        backend = shared()
        with pytest.raises(BackendError, match="too long for one invocation"):
            backend.search(Arena([b"a" * 10]), make_patterns([b"a" * 33_000]))
        assert backend.lost is None


def test_files_that_are_many_and_empty_are_streamed_by_their_bounds() -> None:
    files = [b""] * 300 + [b"a\xff"] + [b""] * 300
    backend = shared(Limits(binding=1024, chunk=16, workgroup=8))
    found = backend.lines(Arena(files))
    assert (found.starts.tolist(), found.indents.tolist(), found.files.tolist()) == oracles.lines(
        files
    )
    assert backend.validate(Arena(files)).tolist() == oracles.validate(files)


def test_threads_share_a_device() -> None:
    backend = shared()
    arenas = [Arena([b"a\n" * count]) for count in range(20)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(backend.lines, arenas))
    assert [each.files.tolist() for each in found] == [[0, count + 1] for count in range(20)]


def test_states_that_become_the_same_are_partners() -> None:
    table = token_table()
    text = b'a = "one" # two\n    b: c\n' * 200
    partners = find_partners(table, text)
    assert partners[0] == 0
    assert all(partner < state for state, partner in enumerate(partners) if state)
    moves = memoryview(table.moves).cast("H")
    met = 0
    for state, partner in enumerate(partners):
        rows = state * table.width, partner * table.width
        for byte in text[:64]:
            first, second = (moves[row + table.classes[byte]] & TARGET for row in rows)
            rows = first, second
        met += rows[0] == rows[1]
    # All but those of texts in quotes and the like, of which each is open to the end in its own way.
    assert met > 0.9 * table.states


def test_partners_of_partners_end_soon() -> None:
    # State s goes to s - 1 with each byte, so that each meets the one below it first.
    states = 60
    moves = array(
        "H", [max(0, state - 1) * 2 | STARTS for state in range(states) for _ in range(2)]
    )
    table = token_table()
    made = msgspec.structs.replace(
        table,
        classes=bytes(256),
        width=2,
        moves=moves.tobytes(),
        ended=bytes(range(states)),
        alone=bytes(states),
    )
    partners = find_partners(made, bytes(1000))
    for state in range(states):
        chain = state
        for _ in range(16):
            chain = partners[chain]
        assert chain == 0
    arena = Arena([b"a" * 3000])
    wanted = CompiledBackend("plain", PlainLoops()).cut(arena, made)
    assert shared(Limits(chunk=16)).cut(arena, made) == wanted
