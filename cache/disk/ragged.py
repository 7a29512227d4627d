"""Ragged arrays of bytes in the form of mmap-ninja, written with the calls for files.

mmap-ninja itself writes through a memory map of a file without blocks. On a disk that fills up, the system kills the process
that touches such a page (SIGBUS): no build may end so. A write that does not fit is an ``OSError``.
"""

from __future__ import annotations

import os
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONG: Final = "q"


def write(folder: str, records: Sequence[bytes]) -> None:
    """Write what ``RaggedMmap.from_lists`` makes of records as arrays of ``uint8``, into a new folder. Raises ``OSError``."""
    sizes = array(_LONG, map(len, records))
    ends = array(_LONG, accumulate(sizes))
    starts = array(_LONG, (end - size for end, size in zip(ends, sizes, strict=True)))
    count = len(records)
    _array(folder, "uint8", (sum(sizes),), records, "ragged")
    _put(folder, "shapes_are_flat", [(1).to_bytes(4, "little")])
    for name, numbers, shape in (
        ("starts", starts, (count,)),
        ("ends", ends, (count,)),
        ("shapes", sizes, (count, 1)),
        ("flattened_shapes", sizes, (count,)),
    ):
        _array(os.path.join(folder, name), "int64", shape, [numbers.tobytes()], "numpy")


def _array(
    folder: str, dtype: str, shape: tuple[int, ...], data: Iterable[bytes], kind: str
) -> None:
    os.mkdir(folder)
    _put(folder, "data", data)
    _put(folder, "dtype", [dtype.encode()])
    _put(folder, "shape", [axis.to_bytes(8, "little") for axis in shape])
    _put(folder, "order", [b"C"])
    _put(folder, "type", [kind.encode()])


def _put(folder: str, name: str, data: Iterable[bytes]) -> None:
    with open(os.path.join(folder, f"{name}.ninja"), "xb") as stream:
        stream.writelines(data)
