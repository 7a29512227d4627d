"""HyperLogLog: about how many different things were seen, mergeable across machines, in a few kilobytes."""

from __future__ import annotations

import hashlib
from operator import ge
from typing import TYPE_CHECKING, Final

from hyper.cache.sketches.sealed import SketchError, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND: Final = b"HHLL"
PRECISION: Final = 12
_HASH_BITS: Final = 64
ERROR: Final = 1.04 / 2 ** (PRECISION / 2)
"""The standard error of a count, as a share of it: two counts of three are nearer."""
SIZE: Final = 4 + 1 + 1 + (1 << PRECISION) + 32
"""Bytes of a written one."""


class Distinct:
    """A set of which only about the number of its members is known.

    P. Flajolet, É. Fusy, O. Gandouet, F. Meunier: "HyperLogLog", AofA 2007, with the 64-bit hashes and the bias correction of
    S. Heule, M. Nunkesser, A. Hall: "HyperLogLog in practice", EDBT 2013. The standard error is ``1.04 / sqrt(2**PRECISION)``,
    1.6 % with the 4,096 registers of one byte here.

    Registers are kept, filled and merged here; estimates are datasketch's (``HyperLogLogPlusPlus`` with the same registers),
    which is imported only by ``count``, since that takes more than half a second: a build records, ``hyper cache stats`` counts.
    """

    __slots__ = ("_registers",)

    def __init__(self) -> None:
        self._registers = bytearray(1 << PRECISION)

    def add(self, item: bytes) -> None:
        """Count the item, if it is new."""
        hashed = int.from_bytes(hashlib.blake2b(item, digest_size=8).digest(), "little")
        at = hashed & ((1 << PRECISION) - 1)
        # One more than the zeros in front of the remaining bits.
        rank = _HASH_BITS - PRECISION + 1 - (hashed >> PRECISION).bit_length()
        self._registers[at] = max(self._registers[at], rank)

    def update(self, items: Iterable[bytes]) -> None:
        """Add each item."""
        for item in items:
            self.add(item)

    def merge(self, other: Distinct) -> None:
        """Take in what another one has seen: afterwards this one is that of the union."""
        self._registers = bytearray(map(max, self._registers, other._registers))

    def covers(self, other: Distinct) -> bool:
        """Whether merging the other one would change nothing."""
        return all(map(ge, self._registers, other._registers))

    def count(self) -> int:
        """About how many different items were added.

        Raises:
            ImportError: The extra ``cache`` is not installed.

        """
        import numpy as np
        from datasketch import HyperLogLogPlusPlus  # type: ignore[import-untyped]

        registers = np.frombuffer(self._registers, dtype=np.int8)
        return round(float(HyperLogLogPlusPlus(reg=registers).count()))

    def to_bytes(self) -> bytes:
        """As bytes, the same on every machine."""
        return seal(KIND, bytes([PRECISION]) + self._registers)

    @classmethod
    def from_bytes(cls, data: bytes) -> Distinct:
        """What ``to_bytes`` wrote.

        Raises:
            SketchError: It is not that, or is harmed.

        """
        contents = unseal(KIND, data)
        registers = contents[1:]
        if contents[:1] != bytes([PRECISION]) or len(registers) != 1 << PRECISION:
            raise SketchError("the sketch has another precision")
        if max(registers) > _HASH_BITS - PRECISION + 1:
            raise SketchError("a register of the sketch is out of its bounds")
        read = cls()
        read._registers = bytearray(registers)
        return read

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Distinct) and self._registers == other._registers

    __hash__ = None  # type: ignore[assignment]
