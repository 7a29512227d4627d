"""Many files as one run of bytes."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from hyper.base.token_table import SEPARATOR
from hyper.gpu.inputs import as_bytes, kept

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOSED: Final = bytes((SEPARATOR,))
LARGEST: Final = 2**31 - 2
"""Bytes that an arena holds at most: offsets in it are signed 32-bit integers."""


class Arena:
    """The bytes of files one after the other, each closed by a separator.

    ``data`` are the bytes; file ``f`` is ``data[bounds[f] : bounds[f + 1] - 1]``. ``bounds`` has 32-bit integers,
    one more than files. Neither can be changed.
    """

    __slots__ = ("_bounds", "_data")

    def __init__(self, contents: Sequence[bytes]) -> None:
        """Lay files out.

        :raises ValueError: where they are more than ``LARGEST`` bytes together.
        :raises TypeError: where one is not bytes.
        """
        at = 0
        bounds = array("i", [0])
        files = [as_bytes(content) for content in contents]
        for content in files:
            at += len(content) + 1
            if at > LARGEST:
                message = f"an arena holds {LARGEST} bytes at most"
                raise ValueError(message)
            bounds.append(at)
        self._data = _CLOSED.join((*files, b"")) if files else b""
        self._bounds = kept(bounds)

    @property
    def data(self) -> bytes:
        """The bytes, each file closed by a separator."""
        return self._data

    @property
    def bounds(self) -> memoryview:
        """Where files begin, and the size of the arena."""
        return self._bounds

    def __len__(self) -> int:
        """The number of files."""
        return len(self.bounds) - 1

    @property
    def size(self) -> int:
        """Bytes, with the separators."""
        return len(self.data)

    def file(self, place: int) -> bytes:
        """The bytes of one file."""
        return self.data[self.bounds[place] : self.bounds[place + 1] - 1]

    def plain(self) -> bool:
        """Whether no file has the separator in it, as none in UTF-8 has."""
        return self.data.count(_CLOSED) == len(self)
