"""What every back end of the text engine keeps to. For the author of a back end, too:

    class TestMyBackend(BackendConformance):
        boundaries = (4, 64, 256)  # sizes at which its work is divided

        @pytest.fixture
        def backend(self) -> Backend:
            return MyBackend(...)

Each test asks the same back end again and again. One that takes long says so in ``examples`` and ``huge``.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.gpu.arena import Arena
from hyper.gpu.graphs import make_graph
from hyper.gpu.patterns import make_patterns
from hyper.lang.automaton.table import token_table
from tests.gpu import inputs, oracles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.backend import Backend

_TEXT = (
    *(bytes((byte,)) for byte in b"ab1.\n #\"\\({)}'`;\t\r"),
    b"\n    ",
    b"route GET /a\n",
    b'"""',
    b"\\\n",
    b"# note\n",
    "größe ".encode(),
    b"1..2",
)
_WORDS = (b"a", b"b", b"A", b"ab", b"\xff", b"\n", b"\x00", "É".encode())


def listed(view: memoryview, form: str) -> list[int]:
    """The numbers of a result, which has the form that is told."""
    assert (view.format, view.ndim) == (form, 1)
    return view.tolist()


class BackendConformance:
    """Subclass it, and give it the fixture ``backend``."""

    examples: ClassVar[int] = 60
    """How many inputs each test tries."""
    boundaries: ClassVar[Sequence[int]] = (64, 256, 1024)
    huge: ClassVar[int] = 3_000_000
    """Bytes of the largest file that is tried."""

    @pytest.fixture
    def backend(self) -> Backend:
        pytest.fail("a suite has a fixture of its own that gives the back end")

    def _try(self, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        @settings(max_examples=self.examples)
        @given(strategy)
        def run(value: Any) -> None:
            check(value)

        run()

    def _files(self, bits: Sequence[bytes] = inputs.BITS) -> st.SearchStrategy[list[bytes]]:
        return inputs.files(self.boundaries, bits)

    def _huge(self) -> bytes:
        unit = b'    "text" # note\n\ta = (1..2)\n' + "größe 日本\n".encode()
        return unit * (self.huge // len(unit)) + b"the end"

    def _several(self) -> list[bytes]:
        """Large files of different sizes, of which some are open to their ends."""
        unit = self._huge()
        parts = (9, 30, 5, 400, 13, 7, 11, 25, 1000)
        heads = (b"", b'"""', b"x ", b"(", b"# ")
        return [heads[part % 5] + unit[: self.huge // part] for part in parts]

    def _across(self, piece: bytes, before: int, filler: bytes = b"x") -> bytes:
        """A file in which pieces lie across all round offsets, each beginning so many bytes before one."""
        body = bytearray(filler * self.huge)
        for at in range(64, len(body) - 64, 64):
            body[at - before : at - before + len(piece)] = piece
        return bytes(body)

    def _many(self) -> list[bytes]:
        return [b"", b"\n", b" a", b"a\n b\n", b"\xc3\xa9", b"ab"] * 500

    def test_it_has_a_name(self, backend: Backend) -> None:
        assert backend.name

    # Lines.

    def _lines(self, backend: Backend, files: Sequence[bytes]) -> None:
        found = backend.lines(Arena(files))
        starts, indents, firsts = oracles.lines(files)
        assert listed(found.files, "i") == firsts
        assert listed(found.starts, "i") == starts
        assert listed(found.indents, "i") == indents

    def test_lines(self, backend: Backend) -> None:
        self._try(self._files(), lambda files: self._lines(backend, files))

    def test_lines_of_text(self, backend: Backend) -> None:
        bits = (b"\n", b" ", b"\t", b"a", b"\n    ", b"\n\t \t", b"  " * 40)
        self._try(self._files(bits), lambda files: self._lines(backend, files))

    def test_lines_of_no_files_one_file_and_many(self, backend: Backend) -> None:
        for files in ([], [b""], [b"", b""], [self._huge()], self._several(), self._many()):
            self._lines(backend, files)

    @pytest.mark.parametrize("before", [0, 1, 3, 4, 5])
    def test_lines_across_round_offsets(self, backend: Backend, before: int) -> None:
        self._lines(backend, [self._across(b"\n    ", before)])

    def test_a_line_of_nothing_but_spaces(self, backend: Backend) -> None:
        self._lines(backend, [b"\n" + b" \t" * 50_000, b" ", b" " * 50_000 + b"\n"])

    # Cutting.

    def _cut(self, backend: Backend, files: Sequence[bytes], table: TokenTable) -> None:
        arena = Arena(files)
        assert arena.plain()
        found = backend.cut(arena, table)
        starts, kinds = oracles.cut(files, table)
        assert listed(found.starts, "i") == starts
        assert listed(found.kinds, "B") == kinds

    def test_cut_by_the_table_of_the_language(self, backend: Backend) -> None:
        table = token_table()
        self._try(self._files(_TEXT), lambda files: self._cut(backend, files, table))

    def test_cut_by_any_table(self, backend: Backend) -> None:
        bits = tuple(bit for bit in inputs.BITS if b"\xff" not in bit)
        drawn = st.tuples(self._files(bits), inputs.tables())
        self._try(drawn, lambda pair: self._cut(backend, *pair))

    def test_cut_of_no_files_one_file_and_many(self, backend: Backend) -> None:
        for files in ([], [b""], [b"", b""], [self._huge()], self._several(), self._many()):
            self._cut(backend, files, token_table())

    def test_large_files_cut_by_any_table(self, backend: Backend) -> None:
        files = self._several()

        @settings(max_examples=4)
        @given(inputs.tables())
        def run(table: TokenTable) -> None:
            self._cut(backend, files, table)

        run()

    def test_a_text_that_is_open_from_the_first_byte_to_the_last(self, backend: Backend) -> None:
        body = b'"""' + b'a "b" # c\n' * (self.huge // 20)
        self._cut(backend, [body, b'"x"', body + b'"""'], token_table())

    # Search.

    def _search(
        self, backend: Backend, files: Sequence[bytes], words: Sequence[bytes], *, fold: bool
    ) -> None:
        found = backend.search(Arena(files), make_patterns(words, ignore_case=fold))
        wanted = oracles.search(files, words, ignore_case=fold)
        assert listed(found.ends, "i") == [end for end, _ in wanted]
        assert listed(found.patterns, "i") == [number for _, number in wanted]

    def test_search(self, backend: Backend) -> None:
        word = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5).map(b"".join)
        drawn = st.tuples(self._files(_WORDS), st.lists(word, max_size=6), st.booleans())

        def check(given: tuple[list[bytes], list[bytes], bool]) -> None:
            self._search(backend, given[0], given[1], fold=given[2])

        self._try(drawn, check)

    def test_long_patterns_are_found_across_boundaries(self, backend: Backend) -> None:
        for size in self.boundaries:
            word = inputs.sanity_bytes(size)
            text = word[:-1] + b"?" + word + word[1:] + word + word[:1]
            self._search(backend, [b"x" + text, text], [word, word[1:], b"?"], fold=False)

    def test_every_byte_can_be_a_pattern(self, backend: Backend) -> None:
        words = [bytes((byte,)) for byte in range(256)]
        files = [bytes(range(256)), b"", b"\xff\xff", bytes(range(255, -1, -1))]
        self._search(backend, files, words, fold=False)
        self._search(backend, files, [b"\xff\xff", *words, b"a\xff", b"\xff"], fold=True)

    def test_search_in_no_files_one_file_and_many(self, backend: Backend) -> None:
        words = [b"a", b"ext", b"the end", b"\n\n", b"zz"]
        for files in ([], [b""], [self._huge()], self._several(), self._many()):
            self._search(backend, files, words, fold=True)

    @pytest.mark.parametrize("before", [0, 1, 2, 3, 4])
    def test_search_across_round_offsets(self, backend: Backend, before: int) -> None:
        self._search(backend, [self._across(b"abcd", before)], [b"abcd", b"cd"], fold=False)

    def test_where_each_byte_ends_many_matches(self, backend: Backend) -> None:
        words = [b"a" * size for size in range(1, 20)] + [b"a"]
        self._search(backend, [b"a" * 3000, b"a" * 5], words, fold=False)

    # Hashes.

    def _hash(
        self, backend: Backend, data: bytes, ranges: Sequence[int], seed: int, wanted: list[int]
    ) -> None:
        assert listed(backend.hash(data, ranges, seed), "Q") == wanted

    @pytest.mark.parametrize(
        ("size", "seed", "value"),
        [
            (0, 0, 0xEF46DB3751D8E999),
            (0, 2654435761, 0xAC75FDA2929B17EF),
            (1, 0, 0xE934A84ADB052768),
            (1, 2654435761, 0x5014607643A9B4C3),
            (4, 0, 0x9136A0DCA57457EE),
            (14, 0, 0x8282DCC4994E35C8),
            (14, 2654435761, 0xC3BD6BF63DEB6DF0),
            (222, 0, 0xB641AE8CB691C174),
            (222, 2654435761, 0x20CB8AB7AE10C14A),
        ],
    )
    def test_the_published_vectors(
        self, backend: Backend, size: int, seed: int, value: int
    ) -> None:
        data = inputs.sanity_bytes(size)
        self._hash(backend, data, [0, size], seed, [value])
        self._hash(backend, b"x" + data + b"y", [1, size + 1] * 3, seed, [value] * 3)

    def test_hash(self, backend: Backend) -> None:
        seeds = st.sampled_from((0, 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1))

        def check(given: tuple[inputs.Ranges, int]) -> None:
            (data, ranges), seed = given
            pairs = zip(ranges[::2], ranges[1::2], strict=True)
            wanted = [oracles.xxh64(data[start:end], seed) for start, end in pairs]
            self._hash(backend, data, ranges, seed, wanted)

        self._try(st.tuples(inputs.ranges(self.boundaries), seeds), check)

    def test_the_whole_of_a_huge_file_and_its_chunks(self, backend: Backend) -> None:
        data = self._huge()
        whole = [0, len(data)]
        chunks = [place for at in range(0, len(data) - 1500, 1500) for place in (at, at + 1500)]
        for ranges in (whole, array("i", chunks), tuple(whole + chunks)):
            pairs = zip(ranges[::2], ranges[1::2], strict=True)
            wanted = [oracles.xxh64(data[start:end], 7) for start, end in pairs]
            self._hash(backend, data, ranges, 7, wanted)

    def test_hashes_are_those_of_xxhash(self, backend: Backend) -> None:
        """The package, where it is installed."""
        xxhash = pytest.importorskip("xxhash")
        data = inputs.sanity_bytes(5000)
        ranges = [place for size in range(200) for place in (size * 3, size * 4)]
        ranges += [0, len(data), 1, len(data) - 1]
        pairs = zip(ranges[::2], ranges[1::2], strict=True)
        wanted = [xxhash.xxh64_intdigest(data[start:end], 2**64 - 5) for start, end in pairs]
        self._hash(backend, data, ranges, 2**64 - 5, wanted)

    def test_hash_of_nothing(self, backend: Backend) -> None:
        self._hash(backend, b"", [], 0, [])
        self._hash(backend, b"abc", [], 0, [])

    @pytest.mark.parametrize("ranges", [[0], [0, 4], [2, 1], [-1, 2], [0, 1, 3, 4]])
    def test_ranges_that_are_not_in_the_data(self, backend: Backend, ranges: list[int]) -> None:
        with pytest.raises(ValueError, match="range"):
            backend.hash(b"abc", ranges)

    @pytest.mark.parametrize("seed", [-1, 2**64])
    def test_a_seed_of_hashes_that_has_not_64_bits(self, backend: Backend, seed: int) -> None:
        with pytest.raises(ValueError, match="seed"):
            backend.hash(b"abc", [0, 3], seed)

    # Graphs.

    def _reach(
        self, backend: Backend, edges: Sequence[Sequence[int]], seeds: Sequence[int]
    ) -> None:
        found = backend.reach(make_graph(edges), seeds)
        assert listed(found, "i") == oracles.reach(edges, seeds)

    def test_reach(self, backend: Backend) -> None:
        drawn = inputs.edges(self.boundaries)
        self._try(drawn, lambda given: self._reach(backend, given.edges, given.seeds))

    def test_reach_through_chains_rings_and_hubs(self, backend: Backend) -> None:
        count = 700
        chain = [[node + 1] for node in range(count - 1)] + [[]]
        self._reach(backend, chain, [0])
        self._reach(backend, chain, [count - 1, 5, 5])
        self._reach(backend, [[(node + 1) % count] for node in range(count)], [3])
        self._reach(backend, [[1], [2], []], [1, 0] * count)
        self._reach(backend, [list(range(count)) * 20, *([[0]] * (count - 1))], [count - 1])

    def test_reach_of_nothing(self, backend: Backend) -> None:
        self._reach(backend, [], [])
        self._reach(backend, [[0], []], [])
        self._reach(backend, [[], []], [1])

    @pytest.mark.parametrize("seeds", [[2], [-1], [0, 7]])
    def test_a_seed_that_is_no_node(self, backend: Backend, seeds: list[int]) -> None:
        with pytest.raises(ValueError, match="seed"):
            backend.reach(make_graph([[1], [0]]), seeds)

    # Bytes.

    def _bytes(self, backend: Backend, files: Sequence[bytes]) -> None:
        arena = Arena(files)
        assert listed(backend.histogram(arena), "Q") == oracles.histogram(files)
        assert listed(backend.validate(arena), "i") == oracles.validate(files)

    def test_histogram_and_validation(self, backend: Backend) -> None:
        self._try(self._files(), lambda files: self._bytes(backend, files))

    def test_histogram_and_validation_of_text(self, backend: Backend) -> None:
        bits = (b"a", b"\n", "é".encode(), "日".encode(), "🜨".encode(), b"plain text. " * 3)
        self._try(self._files(bits), lambda files: self._bytes(backend, files))

    def test_every_pair_of_bytes_is_judged_as_python_judges_it(self, backend: Backend) -> None:
        odd = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
        files = [bytes((one, two, 0x80, 0x80)) for one in range(256) for two in odd]
        files += [file[:size] for file in files if file[0] > 0x7F for size in (1, 2, 3)]
        self._bytes(backend, files)
        self._bytes(backend, [b"ascii, and then " + file for file in files[::7]])

    def test_bytes_of_no_files_one_file_and_many(self, backend: Backend) -> None:
        huge = self._huge()
        for files in ([], [b""], [huge], [huge + b"\x80"], self._several(), self._many()):
            self._bytes(backend, files)

    @pytest.mark.parametrize("before", [0, 1, 2, 3])
    def test_characters_across_round_offsets(self, backend: Backend, before: int) -> None:
        sound = self._across("🜨".encode(), before)
        self._bytes(backend, [sound, sound[: -64 + 3 - before], sound + b"\x80"])
