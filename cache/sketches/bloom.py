"""A Bloom filter of the keys that a remote store has: "surely not there" without asking it."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import TYPE_CHECKING, Any, Final

from hyper.cache.sketches.sealed import SketchError, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

KIND: Final = b"HBLM"
MOST_KEYS: Final = 1 << 24
LOWEST_RATE: Final = 1e-6
HIGHEST_RATE: Final = 0.5

# Epoch, capacity, error rate, count, and a mark of how keys become bits.
_HEADER: Final = struct.Struct("<QIdI8s")
_PROBE: Final = "how keys become bits"


class KeyFilter:
    """The keys of a store as they were at an epoch, and those added since.

    B. H. Bloom: "Space/time trade-offs in hash coding with allowable errors", Communications of the ACM 13 (1970), as in
    pybloom-live, which is imported when the first filter is made (``ImportError`` without the extra ``cache``). Of the keys that
    were never added, at most a share ``error_rate`` seems to be there, as long as there are no more keys than ``capacity``;
    with more, every key seems to be there. A key that was added is never surely absent.
    """

    __slots__ = ("_bloom", "epoch")

    def __init__(self, epoch: int, capacity: int, error_rate: float = 0.01) -> None:
        """A filter without keys.

        Args:
            epoch: Of the store, from 0 to 2**64 - 1; the store counts it up when it loses keys or its filter is made anew.
            capacity: How many keys it is made for, from 1 to 2**24.
            error_rate: The share of absent keys that may seem to be there, from 0.000001 to 0.5.

        Raises:
            ValueError: A number is out of its bounds.

        """
        if not 0 <= epoch < 1 << 64:
            raise ValueError(f"an epoch of {epoch}")
        _bits(capacity, error_rate)
        self.epoch = epoch
        self._bloom = _bloom(capacity, error_rate)

    @classmethod
    def of(cls, keys: Collection[bytes], epoch: int, error_rate: float = 0.01) -> KeyFilter:
        """A filter of the keys, with room for a quarter more.

        Raises:
            ValueError: There are too many keys, or the epoch or the rate is out of its bounds.

        """
        made = cls(epoch, max(64, len(keys) + len(keys) // 4), error_rate)
        made.update(keys)
        return made

    def add(self, key: bytes) -> None:
        """From now on the key is not surely absent. In a filter that is full, no key is any more."""
        bloom = self._bloom
        if bloom.count >= bloom.capacity:
            bloom.bitarray.setall(True)
        else:
            bloom.add(key.hex())

    def update(self, keys: Iterable[bytes]) -> None:
        """Add each key."""
        for key in keys:
            self.add(key)

    def surely_absent(self, key: bytes) -> bool:
        """Whether the key was never added; if this is false, it may have been."""
        return key.hex() not in self._bloom

    def worth_asking(self, keys: Iterable[bytes]) -> list[bytes]:
        """The keys that may be there, in their order."""
        bloom = self._bloom
        return [key for key in keys if key.hex() in bloom]

    @property
    def capacity(self) -> int:
        """How many keys the filter is made for."""
        return int(self._bloom.capacity)

    @property
    def error_rate(self) -> float:
        """The share of absent keys that may seem to be there."""
        return float(self._bloom.error_rate)

    def __len__(self) -> int:
        """How many keys were added, less those that seemed to be there when they came."""
        return int(self._bloom.count)

    def to_bytes(self) -> bytes:
        """The filter as bytes, the same on every machine."""
        bloom = self._bloom
        header = _HEADER.pack(
            self.epoch, bloom.capacity, bloom.error_rate, bloom.count, _mark(bloom)
        )
        return seal(KIND, header + bloom.bitarray.tobytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyFilter:
        """The filter that ``to_bytes`` wrote. No more memory is taken than a few times the length of the data.

        Raises:
            SketchError: It is none, or is harmed, or was written by a library that turns keys into other bits.

        """
        contents = unseal(KIND, data)
        try:
            epoch, capacity, error_rate, count, mark = _HEADER.unpack_from(contents)
            bits = _bits(capacity, error_rate)
        except (struct.error, ValueError) as error:
            raise SketchError(f"the filter's header is wrong: {error}") from error
        filled = contents[_HEADER.size :]
        if len(filled) != (bits + 7) // 8 or count > capacity:
            raise SketchError("the filter's length does not fit its header")
        read = cls(epoch, capacity, error_rate)
        bloom = read._bloom
        if bloom.num_bits != bits or _mark(bloom) != mark:
            raise SketchError("the filter was written by a library that turns keys into other bits")
        del bloom.bitarray[:]
        bloom.bitarray.frombytes(filled)
        del bloom.bitarray[bits:]
        bloom.count = count
        return read


def _bits(capacity: int, error_rate: float) -> int:
    """How many bits a filter has: slices of one hash function each, as pybloom-live lays them out.

    Raises:
        ValueError: A number is out of its bounds.

    """
    if not 0 < capacity <= MOST_KEYS:
        raise ValueError(f"a capacity of {capacity} keys")
    if not LOWEST_RATE <= error_rate <= HIGHEST_RATE:
        raise ValueError(f"an error rate of {error_rate}")
    slices = math.ceil(math.log2(1 / error_rate))
    return slices * math.ceil(capacity * abs(math.log(error_rate)) / (slices * math.log(2) ** 2))


def _bloom(capacity: int, error_rate: float) -> Any:
    from pybloom_live import BloomFilter  # type: ignore[import-untyped]

    return BloomFilter(capacity, error_rate)


def _mark(bloom: Any) -> bytes:
    """Eight bytes that differ if the library turns keys into bits in another way, as its versions 3 and 4 do."""
    return hashlib.sha256(repr(list(bloom.make_hashes(_PROBE))).encode()).digest()[:8]
