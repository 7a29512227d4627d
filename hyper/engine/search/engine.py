"""What looks through texts: the one place that says which text engine that is."""

from __future__ import annotations

from array import array
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hyper.gpu.results import Matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.engine.lexing.library import Library
    from hyper.engine.options import Options
    from hyper.engine.parsing import Uncut
    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.engine import Fallback, TextEngine
    from hyper.gpu.graphs import Graph

LEAST: Final = 128 << 10
"""Bytes for which the native library is opened: with fewer, Python is done before it is."""
_FEW: Final = 4
"""Words that Python finds sooner, one after the other, than an automaton that reads each byte once does."""
_FIND_SPEED: Final = 2e9
"""Bytes a second in which Python finds one word."""


class Engine:
    """Searches, cuts, hashes and follows graphs, by the text engine where it is asked for and pays. What it gives is the same in
    any case."""

    def __init__(
        self, options: Options, size: int, tell: Callable[[Fallback], None] | None = None
    ) -> None:
        """``size`` is the number of bytes that are to be looked at; ``tell`` hears of each back end that failed."""
        self._options = options
        self._tell = tell
        self._wanted = options.text_level != "python" and (size >= LEAST or options.gpu_use == "on")

    @cached_property
    def _library(self) -> Library | None:
        if not self._wanted:
            return None
        from hyper.engine.lexing.library import open_library

        return open_library()

    @cached_property
    def _engine(self) -> TextEngine:
        from hyper.engine.lexing.opening import settings_of, text_engine
        from hyper.gpu.engine import TextEngine

        if not self._wanted:
            return TextEngine()
        loops = self._library.loops if self._library is not None else None
        return text_engine(settings_of(self._options), loops, self._tell)

    def search(self, arena: Arena, words: Sequence[bytes], *, ignore_case: bool = False) -> Matches:
        """Every place where one of some words ends, overlapping ones too; see ``hyper.gpu.backend.Backend.search``.

        :raises ValueError: where a word is empty.
        """
        if not all(words):
            message = "a pattern is empty"
            raise ValueError(message)
        if not self._pays(arena.size, len(words)):
            return search_plainly(arena, words, ignore_case=ignore_case)
        from hyper.gpu.patterns import make_patterns

        return self._engine.search(arena, make_patterns(words, ignore_case=ignore_case))

    def _pays(self, size: int, words: int) -> bool:
        """Whether an automaton is predicted to find words before Python does."""
        if not self._wanted or self._options.gpu_use == "on":
            return self._wanted
        if words <= _FEW or (self._library is None and self._options.gpu_use == "off"):
            return False
        return self._engine.predicted("search", size) < words * size / _FIND_SPEED

    def cut(self, contents: Mapping[str, bytes]) -> Uncut:
        """The tokens of files by path."""
        if self._library is None and not (self._wanted and self._options.gpu_use == "on"):
            from hyper.engine.parsing import Uncut

            return Uncut(contents)
        from hyper.engine.lexing.arrays import Cutter, Lexed
        from hyper.lang.automaton.table import token_table

        table = self._library.table if self._library is not None else token_table()
        return Lexed(contents, Cutter(self._engine, table))

    def hash(self, data: bytes, ranges: Sequence[int]) -> memoryview:
        """XXH64 of ranges of bytes; see ``hyper.gpu.backend.Backend.hash``."""
        return self._engine.hash(data, ranges)

    def close(self) -> None:
        """Give back what is open."""
        if "_engine" in self.__dict__:
            self._engine.close()


def reach(graph: Graph, seeds: Sequence[int]) -> memoryview:
    """How far each node is from the seeds; see ``hyper.gpu.backend.Backend.reach``. Graphs of declarations are small."""
    return _plain().reach(graph, seeds)


def search_plainly(arena: Arena, words: Sequence[bytes], *, ignore_case: bool = False) -> Matches:
    """``Engine.search`` without a library: word by word, as Python finds bytes."""
    data = arena.data.lower() if ignore_case else arena.data
    hits: list[tuple[int, int]] = []
    for number, word in enumerate(words):
        wanted = word.lower() if ignore_case else word
        at = data.find(wanted)
        while at >= 0:
            hits.append((at + len(wanted), number))
            at = data.find(wanted, at + 1)
    hits.sort()
    ends = array("i", [end for end, _ in hits])
    numbers = array("i", [number for _, number in hits])
    return Matches(memoryview(ends), memoryview(numbers))


def _plain() -> CompiledBackend:
    """The kernels as they stand: nothing has to be loaded or compiled."""
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.compiled.memory import PlainLoops

    return CompiledBackend("plain", PlainLoops())
