"""What looks through the texts: the one place that says which text engine that is."""

from __future__ import annotations

from array import array
from functools import cache
from typing import TYPE_CHECKING

from hyper.gpu.results import Matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.graphs import Graph


def search(arena: Arena, words: Sequence[bytes], *, ignore_case: bool = False) -> Matches:
    """Every place where one of some words ends, overlapping ones too; see ``hyper.gpu.backend.Backend.search``.

    :raises ValueError: where a word is empty.
    """
    if not all(words):
        message = "a pattern is empty"
        raise ValueError(message)
    return search_plainly(arena, words, ignore_case=ignore_case)


def search_plainly(arena: Arena, words: Sequence[bytes], *, ignore_case: bool = False) -> Matches:
    """The same without an engine: word by word, as Python finds bytes."""
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


def hash_ranges(data: bytes, ranges: Sequence[int]) -> memoryview:
    """XXH64 of ranges of bytes; see ``hyper.gpu.backend.Backend.hash``."""
    return _loops().hash(data, ranges)


def reach(graph: Graph, seeds: Sequence[int]) -> memoryview:
    """How far each node is from the seeds; see ``hyper.gpu.backend.Backend.reach``."""
    return _plain().reach(graph, seeds)


@cache
def _plain() -> CompiledBackend:
    """For what is small: nothing has to be loaded."""
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.compiled.memory import PlainLoops

    return CompiledBackend("plain", PlainLoops())


@cache
def _loops() -> CompiledBackend:
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.compiled.memory import NumbaLoops

    try:
        return CompiledBackend("numba", NumbaLoops())
    except ImportError:
        return _plain()
