"""Kernels run in this process: compiled by numba, or as they stand."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from hyper.gpu.compiled.native import call, prototype
from hyper.gpu.kernels.arrays import SIGNATURES, WIDTHS

if TYPE_CHECKING:
    from hyper.gpu.compiled.loops import Buffer

MODULES: Final = {
    "count": "bytes",
    "cut": "tokens",
    "cut_together": "tokens",
    "histogram": "bytes",
    "lay_out": "tokens",
    "lines": "lines",
    "name_kinds": "tokens",
    "reach": "graphs",
    "search": "search",
    "validate": "bytes",
    "xxh64": "hashes",
}
"""In which module each kernel is."""


def kernel(name: str) -> Any:
    """The plain function of a kernel."""
    return getattr(importlib.import_module(f"hyper.gpu.kernels.{MODULES[name]}"), name)


def compiled(name: str) -> Any:
    """A kernel, compiled by numba to a function of C.

    :raises ImportError: where numba is not installed.
    """
    numba: Any = importlib.import_module("numba")
    types = numba.types
    letters: dict[str, Any] = {
        "n": types.int64,
        "B": types.CPointer(types.uint8),
        "H": types.CPointer(types.uint16),
        "i": types.CPointer(types.int32),
        "q": types.CPointer(types.int64),
        "Q": types.CPointer(types.uint64),
    }
    signature = types.int64(*(letters[letter] for letter in SIGNATURES[name]))
    return numba.cfunc(signature, nopython=True)(kernel(name))


class NumbaLoops:
    """The kernels, each compiled when it is first called. The interpreter's lock is not held while one runs."""

    def __init__(self) -> None:
        """Load numba.

        :raises ImportError: where it is not installed.
        """
        importlib.import_module("numba")
        self._functions: dict[str, tuple[Any, Any]] = {}

    def call(self, name: str, *arguments: Buffer | int) -> int:
        """Call a kernel, as ``Loops`` says."""
        kept = self._functions.get(name)
        if kept is None:
            # The compiled function owns the code that the pointer leads to.
            made = compiled(name)
            kept = self._functions[name] = (made, prototype(name)(made.address))
        return call(kept[1], arguments)


class PlainLoops:
    """The kernels as they stand, run by the interpreter: slow, and always there."""

    def call(self, name: str, *arguments: Buffer | int) -> int:
        """Call a kernel, as ``Loops`` says."""
        given = [
            each if isinstance(each, int) else _view(each, letter)
            for letter, each in zip(SIGNATURES[name], arguments, strict=True)
        ]
        found: int = kernel(name)(*given)
        return found


def _view(buffer: Buffer, letter: str) -> Any:
    view: Any = memoryview(buffer).cast("B")
    whole = len(view) - len(view) % WIDTHS[letter]
    return view[:whole].cast(letter)
