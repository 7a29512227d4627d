"""What a session has at hand between compiles: parsed units and entries of the store, together within one bound in bytes.

Which of them stay is decided by the default policy of ``hyper.cache.policies``, or by the last use alone where sketches are off.
"""

from __future__ import annotations

import posixpath
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.cache.bounded import Bounded
from hyper.cache.layered import Lasting
from hyper.cache.memory import MemoryLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.fs import Files
    from hyper.engine.options import Options
    from hyper.engine.parsed import Parsed

# What a tree takes in memory for each byte of its source: 11 to 25 were measured, most for small units.
_TAKEN: Final = 25
_LEAST: Final = 1024


class _Kept(NamedTuple):
    """A parsed unit: the digest of the bytes that it was parsed from, and its path from the source root."""

    content: str
    path: str
    parsed: Parsed


class Memory:
    """At most ``capacity`` bytes, as far as their size can be told: a parsed unit counts for what its source lets expect."""

    def __init__(self, capacity: int, *, sketches: bool) -> None:
        """Raises ``ValueError`` for a capacity that is not positive."""
        self.capacity = capacity
        self.sketches = sketches
        if sketches:
            from hyper.cache.policies.named import default as policy
        else:
            from hyper.cache.policies.lru import LRU as policy  # noqa: N811  # a maker of policies, as the other is
        self._values: Bounded[Any] = Bounded(policy(capacity))
        self._layer = MemoryLayer(capacity, values=self._values)
        self._paths: dict[bytes, str] = {}
        """The files of the parsed units, by the keys of these."""
        self.began()

    def began(self) -> None:
        """Figures are those of the compile that begins now."""
        self._before = dict(self._values.counters)

    @property
    def figures(self) -> dict[str, float]:
        """What is kept in bytes, and what was found, not found, let go and refused since the compile began."""
        counts = {key: count - self._before[key] for key, count in self._values.counters.items()}
        return {f"memory_{key}": float(count) for key, count in counts.items()} | {
            "memory_bytes": float(self._values.used)
        }

    def layer(self) -> Lasting:
        """The entries of the store that are at hand, for one compile."""
        return Lasting(self._layer)

    def parsed(self, root: str, path: str, content: str) -> Parsed | None:
        """The unit that was parsed from bytes of this digest at a path from the source root; ``None`` where it is not at hand."""
        kept: _Kept | None = self._values.get(_key(posixpath.join(root, path)))
        if kept is None or kept.content != content or kept.path != path:
            return None
        return kept.parsed

    def keep(self, root: str, content: str, parsed: Parsed, size: int) -> None:
        """Keep a unit that was parsed from ``size`` bytes of a digest, in the place of what its file was before."""
        full = posixpath.join(root, parsed.unit.path)
        key = _key(full)
        self._paths[key] = full
        self._values.put(key, _Kept(content, parsed.unit.path, parsed), _LEAST + _TAKEN * size)

    def forget_gone(self, files: Files, root: str, paths: Sequence[str]) -> None:
        """Let go of the files that a compile was not made of, ``paths`` from its source root, and that are nowhere any more."""
        used = {posixpath.join(root, path) for path in paths}
        for key, full in list(self._paths.items()):
            if key not in self._values or (full not in used and _is_gone(files, full)):
                del self._paths[key]
                self._values.forget(key)


def _key(path: str) -> bytes:
    return b"u" + sha256(path.encode("utf-8", "surrogateescape")).digest()


def _is_gone(files: Files, path: str) -> bool:
    try:
        return files.kind(path) is None
    except OSError:
        return False


def memory_for(options: Options, kept: Memory | None) -> Memory | None:
    """The memory that options ask for: the one there is, where it is the same; ``None`` where nothing is kept."""
    wanted = (options.remembering, options.sketching)
    if kept is not None and (kept.capacity, kept.sketches) == wanted:
        return kept
    return Memory(options.remembering, sketches=options.sketching) if options.remembering else None
