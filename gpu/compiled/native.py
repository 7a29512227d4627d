"""Kernels from a shared library, called through ctypes: neither numba nor NumPy is loaded.

The interpreter's lock is not held while a kernel runs.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Final

from hyper.gpu.kernels.arrays import SIGNATURES

if TYPE_CHECKING:
    from hyper.gpu.compiled.loops import Buffer

PREFIX: Final = "text_"
"""What the names of kernels begin with in a library."""


class NativeLoops:
    """The kernels of a library."""

    def __init__(self, path: str) -> None:
        """Load a library that was made for this machine, and checked by whoever calls.

        :raises OSError: where it cannot be loaded, or lacks a kernel.
        """
        library = ctypes.CDLL(path)
        self._functions = {}
        for name, signature in SIGNATURES.items():
            try:
                function = library[PREFIX + name]
            except AttributeError:
                message = f"the library has no kernel {name}"
                raise OSError(message) from None
            function.restype = ctypes.c_int64
            function.argtypes = [
                ctypes.c_int64 if letter == "n" else ctypes.c_void_p for letter in signature
            ]
            self._functions[name] = function

    def call(self, name: str, *arguments: Buffer | int) -> int:
        """Call a kernel, as ``Loops`` says."""
        kept = [_pointer(each) for each in arguments]
        found: int = self._functions[name](*kept)
        return found


def _pointer(argument: Buffer | int) -> object:
    if isinstance(argument, int | bytes):
        return argument
    view = memoryview(argument).cast("B")
    return (ctypes.c_char * len(view)).from_buffer(view) if len(view) else None
