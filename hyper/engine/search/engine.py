"""What looks through texts: the one place that says which text engine that is."""

from __future__ import annotations

from array import array
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hyper.gpu.results import Matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.engine.lexing.library import Library
    from hyper.engine.parsing import Uncut
    from hyper.engine.tiers import TextLevel
    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.graphs import Graph

LEAST: Final = 128 << 10
"""Bytes for which the native library is opened: with fewer, Python is done before it is."""
_FEW: Final = 4
"""Words that Python finds sooner, one after the other at 2 GB/s each, than an automaton that reads each byte once does."""


class Engine:
    """Searches, cuts, hashes and follows graphs, by the native library where this machine has one and it pays. What it gives is
    the same in any case."""

    def __init__(self, level: TextLevel, size: int) -> None:
        """``size`` is the number of bytes that are to be looked at."""
        self._level = level
        self._size = size

    @cached_property
    def _library(self) -> Library | None:
        if self._level == "python" or self._size < LEAST:
            return None
        from hyper.engine.lexing.library import open_library

        return open_library()

    @cached_property
    def _backend(self) -> CompiledBackend | None:
        if self._library is None:
            return None
        from hyper.gpu.compiled.backend import CompiledBackend

        return CompiledBackend("native", self._library.loops)

    def search(self, arena: Arena, words: Sequence[bytes], *, ignore_case: bool = False) -> Matches:
        """Every place where one of some words ends, overlapping ones too; see ``hyper.gpu.backend.Backend.search``.

        :raises ValueError: where a word is empty.
        """
        if not all(words):
            message = "a pattern is empty"
            raise ValueError(message)
        if len(words) <= _FEW or self._backend is None:
            return search_plainly(arena, words, ignore_case=ignore_case)
        from hyper.gpu.patterns import make_patterns

        return self._backend.search(arena, make_patterns(words, ignore_case=ignore_case))

    def cut(self, contents: Mapping[str, bytes]) -> Uncut:
        """The tokens of files by path."""
        if self._library is None:
            from hyper.engine.parsing import Uncut

            return Uncut(contents)
        from hyper.engine.lexing.arrays import Lexed

        return Lexed(contents, self._library)

    def hash(self, data: bytes, ranges: Sequence[int]) -> memoryview:
        """XXH64 of ranges of bytes; see ``hyper.gpu.backend.Backend.hash``."""
        if self._backend is not None:
            return self._backend.hash(data, ranges)
        try:
            from hyper.gpu.vector.backend import VectorBackend
        except ImportError:
            return _plain().hash(data, ranges)
        return VectorBackend().hash(data, ranges)


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
