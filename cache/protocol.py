"""What every layer of the store is: two kinds of entries under keys of 32 bytes.

An *action* has the SHA-256 of an action as its key and a small value that names blobs. A *blob* has the SHA-256 of its
own content as its key. A layer may lose an entry at any time, and never gives a wrong one.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind: TypeAlias = Literal["action", "blob"]

KINDS: Final[tuple[Kind, ...]] = ("action", "blob")
KEY_BYTES: Final = 32

COUNTERS: Final = ("hits", "misses", "puts", "bytes_in", "bytes_out", "dropped", "errors")


class Layer(Protocol):
    """One place where entries are kept; ``tests/cache/conformance.py`` is the suite that every implementation passes."""

    @property
    def name(self) -> str:
        """What statistics call the layer."""

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The entries that are there and proved good, by key. A bad one is dropped and counted; nothing is raised."""

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """Keep entries that took ``cost`` seconds to make, all of them together.

        They can be read at once; an outage or a full disk is counted, never raised.
        """

    def flush(self) -> None:
        """The end of a build: what was put and used is made lasting, and bounds are kept."""

    def close(self) -> None:
        """Flush, and let go of files and connections. A closed layer has nothing and takes nothing."""

    @property
    def counters(self) -> dict[str, int]:
        """Counts since the layer was opened: at least those of ``COUNTERS``, bytes being those of values."""


def fresh_counters(further: Iterable[str] = ()) -> dict[str, int]:
    """Counters at zero: those that every layer has, and ``further`` ones."""
    return dict.fromkeys((*COUNTERS, *further), 0)


def is_good(kind: Kind, key: bytes, value: bytes) -> bool:
    """Whether an entry can be what its key says: a blob is hashed, an action has any value."""
    return len(key) == KEY_BYTES and (kind == "action" or sha256(value).digest() == key)
