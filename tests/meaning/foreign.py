"""Kernels of another processor: their columns laid out in a memory that is not ours, and calls by whoever runs them."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hyper.jit.batch import DTYPES
from hyper.jit.kernel.ir import ITEM_BYTES
from hyper.jit.objects.library import portable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.kernel import ir
    from hyper.jit.objects.abi import Entry, Interface

_RESULT_BYTES: Final = 16


class Argument(NamedTuple):
    """An argument: ``at`` a place in the memory, or a number of a kind, as eight bytes."""

    kind: str
    place: int = 0
    data: bytes = b""


class Layout:
    """Memory from its start on: arrays one after another, and addresses of them, of ``width`` bytes."""

    def __init__(self, width: int) -> None:
        self.data = bytearray()
        self.pointers: list[tuple[int, int]] = []
        self._width = width

    def put(self, data: bytes) -> int:
        """The place of some bytes."""
        self.data += bytes(-len(self.data) % 16)
        place = len(self.data)
        self.data += data
        return place

    def addresses(self, places: Sequence[int]) -> Argument:
        """An array of addresses."""
        width = self._width
        start = self.put(bytes(width * max(1, len(places))))
        self.pointers += [(start + width * number, place) for number, place in enumerate(places)]
        return Argument("at", start)


class Machine(ABC):
    """The functions of a unit that can be computed to the last bit without the C library, somewhere else."""

    width: int
    """Bytes of an address."""

    def __init__(self, made: Interface) -> None:
        self.made = portable(made)
        self._entries = {entry.kernel.function: entry for entry in self.made.entries}

    @abstractmethod
    def call(
        self, function: str, args: Sequence[Argument], layout: Layout, give: tuple[int, int]
    ) -> tuple[int, bytes]:
        """Call a function; its result, and a part of the memory afterwards."""

    @abstractmethod
    def close(self) -> None:
        """Forget the functions."""

    def knows(self, name: str) -> bool:
        """Whether a function is among them."""
        return name in self._entries

    def entry(self, name: str) -> Entry:
        """A function as C sees it."""
        return self._entries[name]

    def rows(
        self, name: str, columns: Sequence[np.ndarray[Any, Any]], rows: int
    ) -> tuple[list[np.ndarray[Any, Any]], np.ndarray[Any, Any], int]:
        """The outputs, the status of each row, and how many failed."""
        entry, layout = self._entries[name], Layout(self.width)
        given = layout.addresses([layout.put(column.tobytes()) for column in columns])
        widths = [ITEM_BYTES[out.storage] for out in entry.kernel.outputs]
        start = len(layout.data)
        places = [layout.put(bytes(width * rows)) for width in widths]
        status = layout.put(bytes(4 * rows))
        end = len(layout.data)
        outputs = layout.addresses(places)
        args = [given, outputs, Argument("at", status), _int(0), _int(rows)]
        failed, memory = self.call(entry.rows, args, layout, (start, end))
        found = []
        for place, output in zip(places, entry.kernel.outputs, strict=True):
            dtype, wide = DTYPES[output.storage], output.storage == "i128"
            array = np.frombuffer(memory, dtype, rows * (2 if wide else 1), place - start)
            found.append(array.reshape(rows, 2) if wide else array)
        return found, np.frombuffer(memory, np.int32, rows, status - start), failed

    def scalar(self, name: str, columns: Sequence[np.ndarray[Any, Any]]) -> tuple[int, list[Any]]:
        """The status and the results of one call."""
        entry, layout = self._entries[name], Layout(self.width)
        args: list[Argument] = []
        for column, array in zip(entry.kernel.columns, columns, strict=True):
            if column.role == "items" or column.storage == "i128":
                args.append(Argument("at", layout.put(array.tobytes())))
            else:
                count = 2 if column.role == "offsets" else 1
                args += [_passed(column.storage, item.item()) for item in array[:count]]
        start = len(layout.data)
        kinds = entry.function.results
        places = [layout.put(bytes(_RESULT_BYTES)) for _ in kinds]
        args += [Argument("at", place) for place in places]
        status, memory = self.call(entry.symbol, args, layout, (start, len(layout.data)))
        results = zip(kinds, places, strict=True)
        return status, [_result(kind, memory[place - start :]) for kind, place in results]


def _int(value: int) -> Argument:
    return Argument("int", data=struct.pack("<q", value))


def _passed(storage: ir.Storage, value: Any) -> Argument:
    if storage == "f64":
        return Argument("float", data=struct.pack("<d", value))
    return Argument("bool" if storage == "u8" else "int", data=struct.pack("<q", value))


def _result(kind: ir.Kind, memory: bytes) -> Any:
    if kind == "float":
        return struct.unpack_from("<d", memory)[0]
    size = {"bool": 1, "int": 8, "wide": 16}[kind]
    found = int.from_bytes(memory[:size], "little", signed=kind != "bool")
    return bool(found) if kind == "bool" else found
