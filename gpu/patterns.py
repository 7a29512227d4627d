"""Many byte strings as one automaton (Aho and Corasick, 1975): all are looked for in one pass."""

from __future__ import annotations

from array import array
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from hyper.gpu.inputs import as_bytes, integers, kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LARGEST: Final = 2**30
"""Entries of moves at most: rows are signed 32-bit integers."""


class Patterns:
    """An automaton over bytes.

    ``classes`` has 256 bytes: the class of each byte; bytes that are in no pattern are of class 0. ``moves``
    (``i``): ``moves[row + class]`` is the row of the next state, ``width`` (a power of two) entries a state; row 0
    is the start. The patterns that end in state ``s`` are ``found[offsets[s] : offsets[s + 1]]`` (``i``),
    ascending; ``state = row // width``. ``longest`` is the length of the longest pattern: what was read before that
    many bytes does not matter. Nothing of it can be changed.
    """

    __slots__ = ("_classes", "_found", "_longest", "_moves", "_offsets", "_width")

    def __init__(
        self,
        *,
        classes: bytes,
        width: int,
        moves: Iterable[int],
        offsets: Iterable[int],
        found: Iterable[int],
        longest: int,
    ) -> None:
        """Copy all of it.

        :raises ValueError: where a class is not in a row, a row is none, or offsets do not ascend from 0 to the number of
            ``found``.
        """
        leads_to, ends, numbers = (integers("i", each) for each in (moves, offsets, found))
        self._classes, self._width, self._longest = as_bytes(classes), width, longest
        states = len(ends) - 1
        if width < 1 or width & (width - 1) or len(classes) != 256 or max(self._classes) >= width:
            message = f"rows of {width} entries are none of a class for each byte"
            raise ValueError(message)
        rows = range(0, states * width, width)
        if not states or len(leads_to) != len(rows) * width or not set(leads_to) <= set(rows):
            message = f"moves are not those of {states} states"
            raise ValueError(message)
        if (
            ends[0]
            or ends[-1] != len(numbers)
            or any(one > next_one for one, next_one in pairwise(ends))
        ):
            message = f"offsets do not ascend from 0 to {len(numbers)}"
            raise ValueError(message)
        if longest < 0:
            message = f"the longest pattern has {longest} bytes"
            raise ValueError(message)
        self._moves, self._offsets, self._found = kept(leads_to), kept(ends), kept(numbers)

    @property
    def classes(self) -> bytes:
        """The class of each byte."""
        return self._classes

    @property
    def width(self) -> int:
        """Entries of a row."""
        return self._width

    @property
    def moves(self) -> memoryview:
        """The rows of the next states."""
        return self._moves

    @property
    def offsets(self) -> memoryview:
        """Where what ends in each state begins in ``found``."""
        return self._offsets

    @property
    def found(self) -> memoryview:
        """The patterns that end in each state."""
        return self._found

    @property
    def longest(self) -> int:
        """Bytes of the longest pattern."""
        return self._longest

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self._offsets) - 1


def make_patterns(patterns: Sequence[bytes], *, ignore_case: bool = False) -> Patterns:
    """Build the automaton of patterns; the place of each is its number. With ``ignore_case``, ASCII letters are
    equal in both cases.

    :raises ValueError: where a pattern is empty, or all together are too large for an automaton.
    """
    if not all(patterns):
        message = "a pattern is empty"
        raise ValueError(message)
    folded = [each.lower() for each in patterns] if ignore_case else list(patterns)
    classes = bytearray(256)
    used = sorted(set(b"".join(folded)))
    # Where all bytes are used, none is left for class 0.
    for number, byte in enumerate(used, 0 if len(used) == 256 else 1):
        classes[byte] = number
    if ignore_case:
        for byte in range(65, 91):
            classes[byte] = classes[byte + 32]
    width = 1 << max(classes).bit_length()
    children, ends = _trie(folded, classes)
    if len(children) * width > _LARGEST:
        message = f"patterns of {sum(map(len, folded))} bytes are too large for one automaton"
        raise ValueError(message)
    moves, found = _links(children, ends, width)
    offsets = array("i", [0])
    for each in found:
        offsets.append(offsets[-1] + len(each))
    flat = array("i", [number for each in found for number in each])
    longest = max(map(len, folded), default=0)
    return Patterns(
        classes=bytes(classes),
        width=width,
        moves=moves,
        offsets=offsets,
        found=flat,
        longest=longest,
    )


def _trie(
    patterns: Sequence[bytes], classes: bytearray
) -> tuple[list[dict[int, int]], list[list[int]]]:
    children: list[dict[int, int]] = [{}]
    ends: list[list[int]] = [[]]
    for number, pattern in enumerate(patterns):
        at = 0
        for byte in pattern:
            onward = children[at].get(classes[byte])
            if onward is None:
                onward = children[at][classes[byte]] = len(children)
                children.append({})
                ends.append([])
            at = onward
        ends[at].append(number)
    return children, ends


def _links(
    children: list[dict[int, int]], ends: list[list[int]], width: int
) -> tuple[array[int], list[list[int]]]:
    """Breadth first: a state goes on as the longest proper suffix of what it stands for does."""
    moves = array("i", bytes(4 * len(children) * width))
    suffix = [0] * len(children)
    found = [sorted(each) for each in ends]
    queue = deque([0])
    while queue:
        state = queue.popleft()
        back = suffix[state]
        if state:
            row = moves[back * width : (back + 1) * width]
            moves[state * width : (state + 1) * width] = row
            found[state] = sorted({*found[state], *found[back]})
        for symbol, onward in children[state].items():
            suffix[onward] = moves[back * width + symbol] // width if state else 0
            moves[state * width + symbol] = onward * width
            queue.append(onward)
    return moves, found
