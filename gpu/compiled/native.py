"""Kernels from a shared library, called through ctypes: neither numba nor NumPy is loaded.

The interpreter's lock is not held while a kernel runs.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from hyper.gpu.kernels.arrays import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        for name in SIGNATURES:
            try:
                self._functions[name] = prototype(name)((PREFIX + name, library))
            except AttributeError:
                message = f"the library has no kernel {name}"
                raise OSError(message) from None

    def call(self, name: str, *arguments: Buffer | int) -> int:
        """Call a kernel, as ``Loops`` says."""
        return call(self._functions[name], arguments)


def prototype(name: str) -> Any:
    """The type of a kernel, as a function of C."""
    letters = SIGNATURES[name]
    given = [ctypes.c_int64 if letter == "n" else ctypes.c_void_p for letter in letters]
    return ctypes.CFUNCTYPE(ctypes.c_int64, *given)


def call(function: Any, arguments: Sequence[Buffer | int]) -> int:
    """Call a function of C with the addresses of buffers. Nothing is checked: a kernel reads and writes what it is told to."""
    kept = [_pointer(each) for each in arguments]
    found: int = function(
        *(ctypes.addressof(each) if isinstance(each, ctypes.c_char) else each for each in kept)
    )
    return found


def _pointer(argument: Buffer | int) -> ctypes.c_char | bytes | int | None:
    """What ctypes takes, or what lives at the address of a buffer: nobody may let go of that before the call is over."""
    if isinstance(argument, int | bytes):
        return argument
    view = memoryview(argument).cast("B")
    if not len(view):
        return None
    if view.readonly:
        # Of what cannot be written to, only bytes tell where they are.
        whole: Any = view.obj
        return whole if type(whole) is bytes and len(whole) == len(view) else view.tobytes()
    return ctypes.c_char.from_buffer(view)
