"""A census: about how many different units, actions and machines there were, here and on all machines that share.

Each is counted by a HyperLogLog, which says how many and of nothing whether it was there: a census names no file, no content and no
machine. That of a machine lies in one file beneath a cache's folder, beside the last one that the shared cache gave.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.cache.disk.locks import locked
from hyper.cache.sketches.files import load, save
from hyper.cache.sketches.hyperloglog import SIZE, Distinct
from hyper.cache.sketches.sealed import SketchError, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND: Final = b"HCEN"
NAMES: Final = ("units", "actions", "machines")
FILE: Final = "census"
_LOCK: Final = "census.lock"
_KEPT: Final = b"HCKN"
_TIME: Final = struct.Struct("<d")
_FRAME: Final = 4 + 1 + 32
BYTES: Final = _FRAME + len(NAMES) * SIZE
"""Of a written census: there is none of another length."""


class Census:
    """What was seen, by the names of ``NAMES``. Two are equal where they have seen what looks the same."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = {name: Distinct() for name in NAMES}

    def add(self, name: str, items: Iterable[bytes]) -> None:
        """Count items of a name, as far as they are new."""
        self.seen[name].update(items)

    def merge(self, other: Census) -> None:
        """Take in what another one has seen."""
        for name, distinct in self.seen.items():
            distinct.merge(other.seen[name])

    def covers(self, other: Census) -> bool:
        """Whether merging the other one would change nothing."""
        return all(distinct.covers(other.seen[name]) for name, distinct in self.seen.items())

    def counts(self) -> dict[str, int]:
        """About how many there were, by name. Raises ``ImportError`` where the extra ``cache`` is not installed."""
        return {name: distinct.count() for name, distinct in self.seen.items()}

    def to_bytes(self) -> bytes:
        """As bytes, the same on every machine."""
        return seal(KIND, b"".join(distinct.to_bytes() for distinct in self.seen.values()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Census:
        """What ``to_bytes`` wrote. Raises ``SketchError`` where it is not that, or is harmed."""
        if len(data) != BYTES:
            raise SketchError("these bytes are not as long as a census")
        contents = unseal(KIND, data)
        read = cls()
        for at, name in enumerate(NAMES):
            read.seen[name] = Distinct.from_bytes(contents[at * SIZE : (at + 1) * SIZE])
        return read

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Census) and self.seen == other.seen

    __hash__ = None  # type: ignore[assignment]


class Kept(NamedTuple):
    """What a machine keeps: its own census, that of all machines as the shared cache last had it, and when that was.

    ``shared`` is ``None`` where nothing was shared yet; ``when`` is seconds since 1970.
    """

    here: Census
    shared: Census | None = None
    when: float = 0.0


def kept(folder: str) -> Kept | None:
    """What a cache's folder has; ``None`` where there is nothing that can be read."""
    try:
        contents = unseal(_KEPT, load(os.path.join(folder, FILE), _FRAME + _TIME.size + 2 * BYTES))
        (when,) = _TIME.unpack_from(contents.ljust(_TIME.size, b"\0"))
        here, shared = (contents[at : at + BYTES] for at in (_TIME.size, _TIME.size + BYTES))
        return Kept(
            Census.from_bytes(here), Census.from_bytes(shared) if shared else None, float(when)
        )
    except (OSError, SketchError):
        return None


def record(folder: str, seen: Census) -> Kept:
    """Add what a build has seen to what the folder has, and give all of it. Raises ``OSError``.

    Others are kept out meanwhile, so that two builds at once both count.
    """
    with locked(folder, wait=True, file=_LOCK):
        there = kept(folder) or Kept(Census())
        if not there.here.covers(seen):
            there.here.merge(seen)
            _keep(folder, there)
    return there


def record_shared(folder: str, shared: Census, when: float) -> None:
    """Keep what the shared cache has now. Raises ``OSError``."""
    with locked(folder, wait=True, file=_LOCK):
        there = kept(folder) or Kept(Census())
        _keep(folder, there._replace(shared=shared, when=when))


def forget(folder: str) -> None:
    """Remove what a folder has. Raises ``OSError``; nothing there is fine."""
    for name in (FILE, _LOCK):
        try:
            os.unlink(os.path.join(folder, name))
        except FileNotFoundError:
            continue


def _keep(folder: str, there: Kept) -> None:
    shared = there.shared.to_bytes() if there.shared is not None else b""
    contents = _TIME.pack(there.when) + there.here.to_bytes() + shared
    save(os.path.join(folder, FILE), seal(_KEPT, contents))
