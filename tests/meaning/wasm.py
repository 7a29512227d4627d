"""Kernels as a module of WebAssembly, run by Node."""

from __future__ import annotations

import base64
import functools
import itertools
import struct
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from hyper.jit.batch import DTYPES
from hyper.jit.hardware import resolve
from hyper.jit.kernel.ir import ITEM_BYTES
from hyper.jit.objects.abi import interface
from hyper.jit.objects.wasm_support import left_out, without
from tests.jit.libraries import wasm_module
from tests.meaning.node import Node, coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.hardware import Opt
    from hyper.jit.kernel import ir

_numbers = itertools.count()
RESULT_BYTES: Final = 16


@functools.cache
def node() -> Node:
    """The process that all share."""
    return Node()


class Layout:
    """Memory from the start of the heap on: arrays one after another, and addresses of them."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.pointers: list[tuple[int, int]] = []

    def put(self, data: bytes) -> int:
        """The place of some bytes."""
        self.data += bytes(-len(self.data) % 16)
        place = len(self.data)
        self.data += data
        return place

    def addresses(self, places: Sequence[int]) -> int:
        """The place of an array of addresses."""
        start = self.put(bytes(4 * max(1, len(places))))
        self.pointers += [(start + 4 * number, place) for number, place in enumerate(places)]
        return start


class Module:
    """The functions of a unit that WebAssembly computes to the last bit. ``left_out`` are the others."""

    def __init__(self, unit: ir.Unit, level: Opt) -> None:
        self.left_out = left_out(unit)
        made = interface(without(unit, set(self.left_out)), "unit")
        self._entries = {entry.kernel.function: entry for entry in made.entries}
        self._name = f"module{next(_numbers)}"
        profile = msgspec.structs.replace(resolve("wasm32"), opt_level=level)
        self.bytes = wasm_module(made, profile)
        node().load(self._name, self.bytes)

    def knows(self, name: str) -> bool:
        return name in self._entries

    def forget(self) -> None:
        node().ask(forget=self._name)

    def rows(
        self, name: str, columns: Sequence[np.ndarray[Any, Any]], rows: int
    ) -> tuple[list[np.ndarray[Any, Any]], np.ndarray[Any, Any], int]:
        """The outputs, the status of each row, and how many failed."""
        entry, layout = self._entries[name], Layout()
        given = layout.addresses([layout.put(column.tobytes()) for column in columns])
        widths = [ITEM_BYTES[out.storage] for out in entry.kernel.outputs]
        start = len(layout.data)
        places = [layout.put(bytes(width * rows)) for width in widths]
        status = layout.put(bytes(4 * rows))
        end = len(layout.data)
        outputs = layout.addresses(places)
        args = [("at", given), ("at", outputs), ("at", status), _int(0), _int(rows)]
        failed, memory = self._call(entry.rows, args, layout, (start, end))
        found = []
        for place, output in zip(places, entry.kernel.outputs, strict=True):
            dtype, wide = DTYPES[output.storage], output.storage == "i128"
            array = np.frombuffer(memory, dtype, rows * (2 if wide else 1), place - start)
            found.append(array.reshape(rows, 2) if wide else array)
        statuses = np.frombuffer(memory, np.int32, rows, status - start)
        return found, statuses, failed

    def scalar(self, name: str, columns: Sequence[np.ndarray[Any, Any]]) -> tuple[int, list[Any]]:
        """The status and the results of one call."""
        entry, layout = self._entries[name], Layout()
        args: list[tuple[str, Any]] = []
        for column, array in zip(entry.kernel.columns, columns, strict=True):
            if column.role == "items" or column.storage == "i128":
                args.append(("at", layout.put(array.tobytes())))
            else:
                count = 2 if column.role == "offsets" else 1
                args += [_passed(column.storage, item.item()) for item in array[:count]]
        start = len(layout.data)
        places = [layout.put(bytes(RESULT_BYTES)) for _ in entry.function.results]
        args += [("at", place) for place in places]
        status, memory = self._call(entry.symbol, args, layout, (start, len(layout.data)))
        kinds = entry.function.results
        return status, [
            _result(kind, memory[place - start :])
            for kind, place in zip(kinds, places, strict=True)
        ]

    def _call(
        self, function: str, args: list[tuple[str, Any]], layout: Layout, give: tuple[int, int]
    ) -> tuple[int, bytes]:
        answer = node().ask(
            name=self._name,
            function=function,
            args=args,
            memory=coded(bytes(layout.data)),
            pointers=layout.pointers,
            give=give,
        )
        return answer["status"], base64.b64decode(answer["memory"])


def _int(value: int) -> tuple[str, str]:
    return "int", coded(struct.pack("<q", value))


def _passed(storage: ir.Storage, value: Any) -> tuple[str, str]:
    if storage == "f64":
        return "float", coded(struct.pack("<d", value))
    return ("bool" if storage == "u8" else "int"), coded(struct.pack("<q", value))


def _result(kind: ir.Kind, memory: bytes) -> Any:
    if kind == "float":
        return struct.unpack_from("<d", memory)[0]
    size = {"bool": 1, "int": 8, "wide": 16}[kind]
    found = int.from_bytes(memory[:size], "little", signed=kind != "bool")
    return bool(found) if kind == "bool" else found
