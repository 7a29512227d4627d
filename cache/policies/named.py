"""The policies by name, and the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.cache.policies.arc import ARC
from hyper.cache.policies.lfu import LFU
from hyper.cache.policies.lru import LRU
from hyper.cache.policies.s3fifo import S3FIFO
from hyper.cache.policies.tinylfu import TinyLFU

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.cache.policies.protocol import Policy


def _behind_tinylfu(make: Callable[[int], Policy]) -> Callable[[int], Policy]:
    return lambda capacity: TinyLFU(make(capacity))


_PLAIN: Final[dict[str, Callable[[int], Policy]]] = {
    "lru": LRU,
    "lfu": LFU,
    "arc": ARC,
    "s3fifo": S3FIFO,
}

POLICIES: Final[Mapping[str, Callable[[int], Policy]]] = {
    **_PLAIN,
    **{f"tinylfu+{name}": _behind_tinylfu(make) for name, make in _PLAIN.items()},
}
"""Makers of policies of a capacity in bytes."""

DEFAULT: Final = "tinylfu+s3fifo"
"""The winner on the traces of ``benchmarks/eviction.py``, narrowly before ARC and LRU behind TinyLFU."""


def default(capacity: int) -> Policy:
    """The default policy of a bounded layer.

    Raises:
        ValueError: The capacity is not positive.

    """
    return POLICIES[DEFAULT](capacity)
