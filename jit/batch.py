"""Kernels over rows: columns of NumPy in, columns and a status a row out."""

from __future__ import annotations

import ctypes
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np

from hyper.jit.llvm.rows import rows_symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.jit.kernel.ir import Column, Kernel, Storage
    from hyper.jit.llvm.target import Loaded

Array: TypeAlias = np.ndarray[Any, Any]

DTYPES: Final[dict[Storage, Any]] = {
    "u8": np.dtype(np.uint8),
    "i32": np.dtype("<i4"),
    "i64": np.dtype("<i8"),
    "i128": np.dtype("<i8"),
    "f64": np.dtype("<f8"),
}
"""The dtype of a column; ``i128`` has two of them a row, the low word first: shape ``(rows, 2)``."""

_ROWS: Final = ctypes.CFUNCTYPE(
    ctypes.c_int64,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_int64,
)


class Batch(NamedTuple):
    """What a batch gave. ``outputs`` are in the order of the kernel's; of a row whose status is not 0 they are 0.
    ``status`` is an int32 a row, ``None`` for a kernel that cannot fail. ``failed`` is the number of rows whose status is not 0."""

    outputs: list[Array]
    status: Array | None
    failed: int


class RowsKernel:
    """A kernel in memory, over rows. Its calls run without the interpreter's lock."""

    def __init__(self, kernel: Kernel, loaded: Loaded, *, fails: bool) -> None:
        self.kernel = kernel
        self._loaded = loaded  # the code lives as long as this
        self._function = _ROWS(loaded.address(rows_symbol(kernel)))
        self._fails = fails

    def run(self, columns: Sequence[Array], rows: int, *, threads: int = 1) -> Batch:
        """Run it over ``rows`` rows. ``columns`` are in the order of the kernel's, contiguous, of the dtypes of ``DTYPES``.

        An ``offsets`` column has one item more than rows. Raises ``ValueError`` for a column that is not so.
        """
        outputs = self.outputs(rows)
        status = np.empty(rows, np.int32) if self._fails else None
        if threads <= 1:
            return Batch(outputs, status, self.fill(columns, rows, outputs, status))
        part = self._prepared(columns, rows, outputs, status)
        edges = [rows * place // threads for place in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            failed = sum(pool.map(part, itertools.pairwise(edges)))
        return Batch(outputs, status, failed)

    @property
    def fails(self) -> bool:
        """Whether any status but 0 can come."""
        return self._fails

    def outputs(self, rows: int) -> list[Array]:
        """Memory for the results of so many rows."""
        return [_empty(output.storage, rows) for output in self.kernel.outputs]

    def fill(
        self,
        columns: Sequence[Array],
        rows: int,
        outputs: Sequence[Array],
        status: Array | None,
    ) -> int:
        """As ``run``, into memory of the caller's: parts of what ``outputs`` gave, and of an int32 a row. Gives how many failed."""
        return self._prepared(columns, rows, outputs, status)((0, rows))

    def _prepared(
        self,
        columns: Sequence[Array],
        rows: int,
        outputs: Sequence[Array],
        status: Array | None,
    ) -> Callable[[tuple[int, int]], int]:
        for column, array in zip(self.kernel.columns, columns, strict=True):
            _check(column, array, rows)
        ins = (ctypes.c_void_p * max(1, len(columns)))(*[array.ctypes.data for array in columns])
        outs = (ctypes.c_void_p * max(1, len(outputs)))(*[out.ctypes.data for out in outputs])
        address = None if status is None else status.ctypes.data

        def part(bounds: tuple[int, int]) -> int:
            failed: int = self._function(ins, outs, address, *bounds)
            return failed

        return part


def _empty(storage: Storage, rows: int) -> Array:
    return np.empty((rows, 2) if storage == "i128" else rows, DTYPES[storage])


def _check(column: Column, array: Array, rows: int) -> None:
    """Memory that a kernel reads must be there, and be what it takes it for."""
    least = {"value": rows, "offsets": rows + 1, "items": 0, "whole": 1}[column.role]
    width = 2 if column.storage == "i128" else 1
    if array.dtype != DTYPES[column.storage] or not array.flags.c_contiguous:
        raise ValueError(
            f"{column.path}: a contiguous column of {DTYPES[column.storage]} is needed"
        )
    if array.size < least * width:
        raise ValueError(f"{column.path}: {array.size} items for {rows} rows")
