"""Kernels read and write nothing but what they are given, whatever is in the files and whatever a device says of them.

The compiled loops check no index. Here they run as they stand, over buffers of which each element that is not there is a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.base.token_table import SEPARATOR, STARTS, STARTS_BEFORE, TokenTable
from hyper.gpu.arena import Arena
from hyper.gpu.compiled import tokens as cutting
from hyper.gpu.compiled.backend import CompiledBackend, lay_out
from hyper.gpu.compiled.memory import PlainLoops, kernel
from hyper.gpu.engine import Fallback, TextEngine
from hyper.gpu.graphs import make_graph
from hyper.gpu.kernels.arrays import SIGNATURES, WIDTHS
from hyper.gpu.patterns import make_patterns
from hyper.gpu.results import Pieces, PiecesError
from hyper.gpu.sources import Opened, Settings, Source
from hyper.lang.automaton.table import token_table
from tests.gpu import inputs

if TYPE_CHECKING:
    from hyper.gpu.compiled.loops import Buffer


class Fenced:
    """A buffer that has no element before the first, nor behind the last, nor one that its type cannot hold."""

    def __init__(self, buffer: Buffer, letter: str) -> None:
        view: Any = memoryview(buffer).cast("B")
        self.view = view[: len(view) - len(view) % WIDTHS[letter]].cast(letter)

    def _at(self, place: int) -> int:
        assert 0 <= place < len(self.view), f"{place} of {len(self.view)}"
        return place

    def __getitem__(self, place: int) -> int:
        found: int = self.view[self._at(place)]
        return found

    def __setitem__(self, place: int, value: int) -> None:
        self.view[self._at(place)] = value


class FencedLoops:
    def call(self, name: str, *arguments: Buffer | int) -> int:
        given = [
            each if isinstance(each, int) else Fenced(each, letter)
            for letter, each in zip(SIGNATURES[name], arguments, strict=True)
        ]
        found: int = kernel(name)(*given)
        return found


LOOPS = FencedLoops()
BACKEND = CompiledBackend("fenced", LOOPS)
DENSE = (
    *(bytes((byte,)) for byte in b":(){}[]1a.\"'`#\\ \n\t\r\x00\x7f\x80\xc3\xe2\xf0\xf4"),
    b"\n ",
    b"\n  ",
    b"\n    ",
    b"\n#",
    b"\n #",
    b"\r\n",
    b"1..2",
    b"route GET /",
    b'"""',
    b"\xef\xbb\xbf",
    "é".encode(),
    "🜨".encode(),
)
DEEP = b"".join(b"\n" + b" " * depth + b"a:" for depth in range(60))
HOSTILE = [
    [],
    [b""],
    [b"", b"", b""],
    [b":" * 500],
    [b":"] * 300,
    [b"\n"] * 300,
    [b"a\n b\n" * 100],
    [b"a\n  b\n c\n" * 100],
    [DEEP],
    [DEEP + b"\nb"] * 3,
    [DEEP[:-1] + b"#"],
    [b"#"] * 100,
    [b"#\n" * 300],
    [b"a\n##\n#\n" * 100],
    [b"a #\n #" * 100],
    [b"\n"],
    [b"\n "],
    [b"\r"],
    [b"\r\n"],
    [b"\r" * 100],
    [b"\xef\xbb\xbf"],
    [b"\xc3"],
    [b"a\xf0"],
    ["é".encode() * 100],
    [b"("],
    [b")" * 100],
    [b"(" * 100 + b"\n" * 100],
    [b'"'],
    [b'"""'],
    [b"route GET"],
    [b"1."],
    [b"1.."],
]


def tokens(files: list[bytes], table: TokenTable) -> None:
    arena = Arena(files)
    lay_out(LOOPS, arena, table, BACKEND.cut(arena, table))


def everything(files: list[bytes]) -> None:
    arena = Arena(files)
    BACKEND.lines(arena)
    BACKEND.histogram(arena)
    BACKEND.validate(arena)
    BACKEND.search(arena, make_patterns([b"a", b"aa", b"\n", b"\xff", b"::"], ignore_case=True))
    tokens([each.replace(b"\xff", b"") for each in files], token_table())


@pytest.mark.parametrize("files", HOSTILE)
def test_hostile_files(files: list[bytes]) -> None:
    everything(files)


@settings(max_examples=150)
@given(st.lists(st.lists(st.sampled_from(DENSE), max_size=40).map(b"".join), max_size=4))
def test_any_files(files: list[bytes]) -> None:
    everything(files)


@settings(max_examples=60)
@given(inputs.files((64,)))
def test_bytes_that_are_no_text(files: list[bytes]) -> None:
    everything(files)


def test_files_that_are_cut_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_APART", 64)
    monkeypatch.setattr(cutting, "BLOCK", 48)
    for files in HOSTILE:
        tokens(files * 4, token_table())
        tokens([*files, DEEP, b":" * 200, *files], token_table())


def test_tokens_are_as_many_as_can_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "LARGEST", 10)
    tokens([b"a"], token_table())
    with pytest.raises(ValueError, match="more than 10 tokens"):
        tokens([b"a"] * 4, token_table())


@settings(max_examples=60)
@given(st.lists(st.integers(0, 300), max_size=8), st.binary(max_size=300))
def test_ranges_and_graphs(places: list[int], data: bytes) -> None:
    ranges = sorted(min(place, len(data)) for place in places[: len(places) // 2 * 2])
    BACKEND.hash(data, ranges)
    nodes = len(places)
    graph = make_graph([[place % nodes, (place * 3) % nodes] for place in places])
    BACKEND.reach(graph, [place % nodes for place in places])


@st.composite
def strange_pieces(draw: st.DrawFn) -> tuple[Arena, Pieces]:
    """What a device that went wrong says of some files."""
    arena = Arena(draw(st.lists(st.sampled_from([b"", *(each[0] for each in HOSTILE[1:])]))))
    right = BACKEND.cut(arena, token_table())
    starts, kinds = right.starts.tolist(), right.kinds.tolist()
    count = len(kinds)
    match draw(st.integers(0, 4)):
        case 0:
            count = draw(st.integers(0, 2 * count + 3))
            starts = draw(st.lists(st.integers(-3, arena.size + 3), min_size=count, max_size=count))
            starts = [*sorted(starts), arena.size]
            kinds = draw(st.lists(st.integers(0, 255), min_size=count, max_size=count))
        case 1:
            starts, kinds = [0] * (count + 1), [0] * count
        case 2 if count:
            starts[draw(st.integers(0, count))] = draw(st.integers(-(2**31), 2**31 - 1))
        case 3:
            some = st.sampled_from([0, 50, 51, 52, 53, 54, 40, 43, 8])
            kinds = draw(st.lists(some, min_size=count, max_size=count))
        case _:
            gone = draw(st.integers(0, count))
            starts, kinds = starts[gone:], kinds[gone:]
    return arena, pieces(starts, kinds)


def pieces(starts: list[int], kinds: list[int]) -> Pieces:
    wide: Any = memoryview(b"".join(each.to_bytes(4, "little", signed=True) for each in starts))
    return Pieces(wide.cast("i"), memoryview(bytes(kinds)))


@settings(max_examples=300)
@given(strange_pieces())
def test_pieces_that_are_wrong_are_read_no_further_than_they_go(
    drawn: tuple[Arena, Pieces],
) -> None:
    arena, found = drawn
    try:
        lay_out(LOOPS, arena, token_table(), found)
    except PiecesError:
        return


@pytest.mark.parametrize(
    ("starts", "kinds"),
    [
        ([5], []),
        ([0, 5], []),
        ([0, 5], [1]),
        ([0, 2], [1]),
        ([0, 3, 5], [1, 255]),
        ([0, 0, 4, 5], [1, 1, 255]),
        ([1, 4, 5], [1, 255]),
        ([0, 2**31 - 1, 5], [1, 255]),
        ([0, -4, 5], [1, 255]),
    ],
)
def test_pieces_that_do_not_tile_a_file(starts: list[int], kinds: list[int]) -> None:
    with pytest.raises(PiecesError):
        lay_out(LOOPS, Arena([b"abcd"]), token_table(), pieces(starts, kinds))


@settings(max_examples=150)
@given(inputs.tables(), st.lists(st.binary(max_size=60), max_size=3), st.data())
def test_any_table_that_is_one(table: TokenTable, files: list[bytes], data: st.DataObject) -> None:
    """Also one whose pieces are more than bytes: two at each, or none that tile."""
    moves = memoryview(table.moves).cast("H").tolist()
    flags = st.sampled_from([0, STARTS, STARTS_BEFORE, STARTS | STARTS_BEFORE])
    drawn = data.draw(st.lists(flags, min_size=8, max_size=8))
    moves = [move & 0x3FFF | drawn[place % 8] for place, move in enumerate(moves)]
    roles = bytes(data.draw(st.lists(st.integers(0, 7), min_size=256, max_size=256)))
    packed = b"".join(move.to_bytes(2, "little") for move in moves)
    wild = msgspec.structs.replace(table, moves=packed, roles=roles)
    arena = Arena([each.replace(b"\xff", b"") for each in files])
    found = BACKEND.cut(arena, wild)
    try:
        lay_out(LOOPS, arena, wild, found)
    except PiecesError:
        return


@pytest.mark.parametrize(
    "change",
    [
        {"classes": bytes(255)},
        {"classes": bytes(255) + b"\x40"},
        {"roles": b""},
        {"roles": b"\x08" * 256},
        {"longest": bytes(1023)},
        {"width": 0},
        {"width": 48},
        {"moves": b""},
        {"ended": b""},
        {"alone": b"\x00"},
        {"dedent": 256},
        {"end": -1},
    ],
)
def test_what_is_no_table_is_refused(change: dict[str, Any]) -> None:
    table = token_table()
    with pytest.raises(ValueError, match="no token table"):
        msgspec.structs.replace(table, **change)
    with pytest.raises(msgspec.ValidationError, match="no token table"):
        msgspec.convert(msgspec.structs.asdict(table) | change, TokenTable)


def test_a_move_that_leads_beyond_the_table_is_refused() -> None:
    table = token_table()
    for target in (table.states * table.width, 1, 0x3FFF):
        moves = (target | STARTS).to_bytes(2, "little") + table.moves[2:]
        with pytest.raises(ValueError, match="no token table"):
            msgspec.structs.replace(table, moves=moves)


class Confused(CompiledBackend):
    """A device that gives nonsense without a word, as drivers do that end a loop too soon."""

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        right = super().cut(arena, table)
        return pieces([0] * len(right.starts), [0] * len(right.kinds))


def test_a_device_whose_pieces_do_not_tile_is_not_asked_again() -> None:
    told: list[Fallback] = []
    confused = Source(lambda: Opened(Confused("wgpu", PlainLoops()), "device", "odd"))
    plain = Source(lambda: Opened(CompiledBackend("plain", PlainLoops())))
    engine = TextEngine(
        Settings("on"), offered={"wgpu": confused, "plain": plain}, tell=told.append
    )
    arena = Arena([b"const A = 1\n", b"const B = 2\n"])
    for _ in range(2):
        found = engine.tokens(arena, token_table())
        wanted = lay_out(PlainLoops(), arena, token_table(), BACKEND.cut(arena, token_table()))
        assert [view.tolist() for view in found] == [view.tolist() for view in wanted]
    assert told == [Fallback("wgpu", "cut", "the pieces do not tile the files")]
    assert arena.data[-1] == SEPARATOR
