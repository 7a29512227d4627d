"""Count-min sketch: about how often a key was seen, in a fixed number of bytes."""

from __future__ import annotations

import struct
from typing import Final

from hyper.cache.sketches.sealed import SketchError, seal, unseal

KIND: Final = b"HCMS"
DEPTH: Final = 4
MOST: Final = 255

_HEADER: Final = struct.Struct("<IQ")
_POSITIONS: Final = struct.Struct("<4I")
_HALVES: Final = bytes(count >> 1 for count in range(256))


class CountMin:
    """Counts of keys in four rows of ``width`` counters of one byte each.

    G. Cormode, S. Muthukrishnan: "An improved data stream summary: the count-min sketch and its applications", Journal of
    Algorithms 55 (2005), with conservative update (C. Estan, G. Varghese, SIGCOMM 2002): of a key's counters only the
    smallest grow.

    An estimate is never below the true count (up to 255, where counters stay), and is above it by more than
    ``e * total / width`` for at most a share ``exp(-4)`` of the keys. Keys end in digests: their last 16
    bytes are the positions, nothing is hashed again.

    In pure Python, since keys come one by one: see docs/sketches.md for when NumPy would pay.
    """

    __slots__ = ("_cells", "_mask", "total", "width")

    def __init__(self, width: int) -> None:
        """Of at least ``width`` counters a row: the next power of two, up to 2**31."""
        if not 0 < width <= 1 << 31:
            raise ValueError(f"a width of {width}")
        self.width = 1 << (width - 1).bit_length()
        self.total = 0
        self._mask = self.width - 1
        self._cells = bytearray(DEPTH * self.width)

    def add(self, key: bytes) -> int:
        """Count the key once more, and return the new estimate.

        Raises:
            struct.error: The key is shorter than 16 bytes.

        """
        cells, mask, width = self._cells, self._mask, self.width
        a, b, c, d = _POSITIONS.unpack(key[-16:])
        a &= mask
        b = (b & mask) + width
        c = (c & mask) + width + width
        d = (d & mask) + width + width + width
        self.total += 1
        least: int = min(cells[a], cells[b], cells[c], cells[d])
        if least == MOST:
            return MOST
        more = least + 1
        for cell in (a, b, c, d):
            if cells[cell] == least:
                cells[cell] = more
        return more

    def estimate(self, key: bytes) -> int:
        """About how often the key was added: at least as often as it was, up to 255.

        Raises:
            struct.error: The key is shorter than 16 bytes.

        """
        cells, mask, width = self._cells, self._mask, self.width
        a, b, c, d = _POSITIONS.unpack(key[-16:])
        least: int = min(
            cells[a & mask],
            cells[(b & mask) + width],
            cells[(c & mask) + width + width],
            cells[(d & mask) + width + width + width],
        )
        return least

    def halve(self) -> None:
        """Age: halve all counts, rounded down."""
        self._cells = self._cells.translate(_HALVES)
        self.total >>= 1

    @property
    def size(self) -> int:
        """How many bytes the counters take."""
        return len(self._cells)

    def to_bytes(self) -> bytes:
        """The sketch as bytes, the same on every machine."""
        return seal(KIND, _HEADER.pack(self.width, self.total) + self._cells)

    @classmethod
    def from_bytes(cls, data: bytes) -> CountMin:
        """The sketch that ``to_bytes`` wrote.

        Raises:
            SketchError: It is none, or is harmed.

        """
        contents = unseal(KIND, data)
        width, total = _HEADER.unpack_from(contents.ljust(_HEADER.size, b"\0"))
        cells = contents[_HEADER.size :]
        if not width or width & (width - 1) or len(cells) != DEPTH * width:
            raise SketchError("the sketch's length does not fit its header")
        read = cls(width)
        read.total = total
        read._cells[:] = cells
        return read
