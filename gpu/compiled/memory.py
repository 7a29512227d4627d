"""Kernels run in this process: compiled by numba, or as they stand."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from hyper.gpu.kernels.arrays import SIGNATURES

if TYPE_CHECKING:
    from hyper.gpu.compiled.loops import Buffer

MODULES: Final = {"cut": "tokens", "lay_out": "tokens"}
"""In which module each kernel is."""
_DTYPES: Final = {"B": "uint8", "H": "uint16", "i": "int32", "Q": "uint64"}


def kernel(name: str) -> Any:
    """The plain function of a kernel."""
    return getattr(importlib.import_module(f"hyper.gpu.kernels.{MODULES[name]}"), name)


class NumbaLoops:
    """The kernels, each compiled when it is first called."""

    def __init__(self) -> None:
        """Load numba.

        :raises ImportError: where it is not installed.
        """
        import numba
        import numpy as np

        self._numba = numba
        self._numpy = np
        self._functions: dict[str, Any] = {}

    def call(self, name: str, *arguments: Buffer | int) -> int:
        """Call a kernel, as ``Loops`` says."""
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = self._numba.njit(nogil=True)(kernel(name))
        given = [
            each if isinstance(each, int) else self._numpy.frombuffer(each, dtype=_DTYPES[letter])
            for letter, each in zip(SIGNATURES[name], arguments, strict=True)
        ]
        return int(function(*given))


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
    return view.cast(letter)
