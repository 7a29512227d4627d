"""Kernels that can be called, whoever compiled them."""

from __future__ import annotations

from array import array
from typing import Protocol, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview | array[int]


class Loops(Protocol):
    """Compiled kernels by name."""

    def call(self, name: str, *arguments: Buffer | int) -> int:
        """Call a kernel. Each buffer has elements of the type that the kernel's signature names, as many as it reads or writes."""
