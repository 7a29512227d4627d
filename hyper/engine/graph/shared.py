"""Graphs that the store holds, so that a machine that has none of its own, or one of a build that is further away, begins with the
nearest build that any has made.

Three kinds of entries carry them. The data files and the index in parts are blobs. An action under the key of a build names these.
And under the name of a request stands what is written over and over: the newest of its builds, each with a *sketch* of its sources.
A sketch has four bytes for each file, of its path and content together; of a large tree those of the least bytes stand for all.
What the store gives counts as nothing where it is not whole, or is not of the build that it should be of.
"""

from __future__ import annotations

import os
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import aside, digest
from hyper.base.fs import read_regular
from hyper.engine.graph.kept import STORED, Graph, decode_index
from hyper.engine.metrics import COUNTS
from hyper.engine.record import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hyper.engine.graph.kept import Saved
    from hyper.engine.store import Store

_SUFFIX: Final = ".ir"
_DIGEST: Final = 64
# Of so many bytes is a part of an index: a shared cache takes no blob without bound.
_PART: Final = 8 << 20
_MOST_PARTS: Final = 256
# What a graph may have in bytes, and for each file besides: one of more is worth less than compiling. So many blobs are fetched
# before that is looked at.
_ROOM: Final = 32 << 20
_ROOM_OF_FILE: Final = 256 << 10
_AT_ONCE: Final = 8
_SKETCHED: Final = 4
_MOST_SKETCHED: Final = 8192
_MOST_BUILDS: Final = 8
# So many of the nearest are asked for before all is compiled.
_TRIES: Final = 3
# A graph is put into the store again when this share of the files changed since: an edit more is compiled quicker than it is put.
_DUE: Final = 64
# A build that has no more in common than this saves nothing: see ``partial``.
_SHARE: Final = 0.5
_FEW: Final = 8


class Build(msgspec.Struct, frozen=True, array_like=True):
    """A build that the store holds: whether it was a build or a check, its key, when it was made in seconds since 1970, how many
    files it is of, and their sketch."""

    kind: Kind
    key: str
    when: float
    count: int
    files: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What a graph consists of: the digests of the parts of its index, and those of its data files."""

    parts: list[str]
    packs: list[str]


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """What a store has of the graph in a folder: which store, which data files, and how many files changed since it was put."""

    place: str
    packs: list[str]
    since: int


class Near(NamedTuple):
    """How far a build of the store is, in files that are not the same; its kind and its key."""

    distance: int
    kind: Kind
    key: str


class SharedGraphs:
    """The graphs in the store, as one request sees them.

    ``key_of`` gives the key of the build or check of this request that is of files with these digests.
    """

    def __init__(
        self,
        store: Store,
        compiler: str,
        request: tuple[Kind, Sequence[str]],
        folder: str,
        key_of: Callable[[Kind, Iterable[tuple[str, str]]], str],
    ) -> None:
        """``request`` is its kind, and what its builds and checks have in common on all machines; ``folder`` is that of the graph
        here."""
        self._store = store
        self._compiler = compiler
        self._kind, name = request
        self._name = ("newest builds", compiler, *name)
        self._folder = folder
        self._key_of = key_of
        self._taken: Entry | None = None

    def nearest(
        self, digests: Mapping[str, str], known: Iterable[Near], below: float
    ) -> tuple[Graph, int] | None:
        """The graph of the build that differs in the fewest files, and in fewer than ``below``, with that number.

        ``digests`` are those of the sources by path, ``known`` builds that are asked for beside the newest ones. ``None``
        where there is none that is near enough.
        """
        sketch = sketch_of(digests)
        most = min(below, max(_FEW, _SHARE * len(digests)) + 1, len(digests))
        found = {each.key: each for each in known}
        for build in self._builds():
            far = distance(len(digests), sketch, build)
            found.setdefault(build.key, Near(far, build.kind, build.key))
        # A check emitted nothing that a build could take.
        nearest = sorted(
            (each for each in found.values() if each.distance < most),
            key=lambda each: (self._kind == "build" != each.kind, each.distance),
        )
        room = _ROOM + _ROOM_OF_FILE * len(digests)
        for each in nearest[:_TRIES]:
            graph = self._take(each, room)
            if graph is not None:
                self._store.count_graph("taken")
                return graph, each.distance
        return None

    def put(self, saved: Saved, digests: Mapping[str, str], changed: int | None) -> None:
        """Give the store a graph that was saved here, where enough changed since the last one: ``changed`` files by this build,
        ``None`` for all."""
        place = self._store.place
        known = self._stored()
        if known is None and self._taken is not None:
            known = Stored(place, self._taken.packs, 0)
        if known is None or known.place != place or changed is None:
            packs, due = [], True
        else:
            packs, due = known.packs, (known.since + changed) * _DUE >= len(digests)
        if due:
            entry = self._put(saved, packs, digests)
            if entry is None:
                return
            known = Stored(place, entry.packs, 0)
        elif known is not None:
            known = Stored(place, packs, known.since + (changed or 0))
        try:
            aside.replace(os.path.join(self._folder, STORED), msgspec.msgpack.encode(known))
        except OSError:
            return

    def _put(self, saved: Saved, there: Sequence[str], digests: Mapping[str, str]) -> Entry | None:
        blobs: dict[str, bytes] = {}
        parts = []
        for at in range(0, len(saved.payload), _PART):
            part = saved.payload[at : at + _PART]
            parts.append(digest.of_bytes(part))
            blobs[parts[-1]] = part
        packs = [name.removesuffix(_SUFFIX) for name in saved.written.files]
        try:
            for pack in set(packs).difference(there):
                blobs[pack] = read_regular(os.path.join(self._folder, pack + _SUFFIX))[0]
        except OSError:
            return None
        entry = Entry(parts, packs)
        key = saved.written.key
        build = Build(self._kind, key, time.time(), len(digests), sketch_of(digests))
        if not self._store.put_plain("blob", blobs):
            return None
        if not self._store.put_plain("action", {_graph_of(key): msgspec.msgpack.encode(entry)}):
            return None
        self._store.put_newest(self._name, lambda values: _with(build, self._decoded(values)))
        return entry

    def _builds(self) -> list[Build]:
        return self._decoded(self._store.newest(self._name))

    def _decoded(self, values: Iterable[bytes]) -> list[Build]:
        found = []
        for value in values:
            try:
                found += msgspec.msgpack.decode(value, type=list[Build])[:_MOST_BUILDS]
            except (msgspec.DecodeError, RecursionError):
                self._store.count_graph("dropped")
        return [each for each in found if _is_digest(each.key)]

    def _take(self, near: Near, room: int) -> Graph | None:
        """The graph of a build; ``None`` where it is not there, or is not what it should be."""
        named = _graph_of(near.key)
        value = self._store.plain("action", [named]).get(named)
        if value is None:
            return None
        graph = self._whole(near, value, room)
        if graph is None:
            self._store.count_graph("dropped")
        return graph

    def _whole(self, near: Near, value: bytes, room: int) -> Graph | None:
        try:
            entry = msgspec.msgpack.decode(value, type=Entry)
        except (msgspec.DecodeError, RecursionError):
            return None
        names = [*entry.parts, *entry.packs]
        if len(names) > _MOST_PARTS or not all(map(_is_digest, names)):
            return None
        if len(entry.parts) > len(set(entry.parts)):
            return None
        here = {name for name in entry.packs if self._has(name)}
        wanted = [name for name in names if name not in here]
        blobs = self._fetched(list(dict.fromkeys(wanted)), room)
        if blobs is None:
            return None
        index = decode_index(b"".join(blobs[part] for part in entry.parts), self._compiler)
        if index is None or index.key != near.key:
            return None
        if index.files != [pack + _SUFFIX for pack in entry.packs]:
            return None
        contents = sorted((row.path, row.content) for row in index.rows)
        if self._key_of(near.kind, contents) != near.key:
            return None
        if len({row.module for row in index.rows}) < len(contents):
            return None
        if any(row.counts.keys() - COUNTS for row in index.rows):
            return None
        self._taken = entry
        packs = {name + _SUFFIX: blobs[name] for name in entry.packs if name not in here}
        return Graph(self._folder, msgspec.structs.replace(index, given=True), packs)

    def _fetched(self, names: list[str], room: int) -> dict[str, bytes] | None:
        """Blobs by digest; ``None`` where one is not there, or they have more bytes than ``room``."""
        found: dict[str, bytes] = {}
        for at in range(0, len(names), _AT_ONCE):
            some = names[at : at + _AT_ONCE]
            found |= self._store.plain("blob", some)
            room -= sum(len(found.get(name, b"")) for name in some)
            if room < 0 or not found.keys() >= set(some):
                return None
        return found

    def _has(self, pack: str) -> bool:
        return os.path.isfile(os.path.join(self._folder, pack + _SUFFIX))

    def _stored(self) -> Stored | None:
        if self._taken is not None:
            return None
        try:
            data, _ = read_regular(os.path.join(self._folder, STORED))
            return msgspec.msgpack.decode(data, type=Stored)
        except (OSError, msgspec.DecodeError):
            return None


def sketch_of(digests: Mapping[str, str]) -> bytes:
    """The sketch of files, by their digests and paths."""
    each = {
        blake2b(
            f"{path}\0{content}".encode("utf-8", "surrogateescape"), digest_size=_SKETCHED
        ).digest()
        for path, content in digests.items()
    }
    return b"".join(sorted(each)[:_MOST_SKETCHED])


def distance(count: int, sketch: bytes, build: Build) -> int:
    """About how many of ``count`` files with a sketch are not those of a build, or the other way round, whichever is more."""
    one, other = _parts(sketch), _parts(build.files)
    if not one or not other:
        return max(count, build.count)
    ends = [each[-1] for each in (one, other) if len(each) == _MOST_SKETCHED]
    if ends:
        end = min(ends)
        one, other = [x for x in one if x <= end], [x for x in other if x <= end]
    same = len({*one}.intersection(other)) / max(len(one), 1)
    return max(count, build.count) - round(same * count)


def _parts(sketch: bytes) -> list[bytes]:
    most = min(len(sketch), _SKETCHED * _MOST_SKETCHED)
    return sorted(sketch[at : at + _SKETCHED] for at in range(0, most, _SKETCHED))


def _with(build: Build, others: Iterable[Build]) -> bytes:
    """The newest builds with one more."""
    by_key = {each.key: each for each in sorted(others, key=lambda each: each.when)}
    by_key.pop(build.key, None)
    newest = sorted(by_key.values(), key=lambda each: -min(each.when, build.when))
    return msgspec.msgpack.encode([build, *newest][:_MOST_BUILDS])


def _graph_of(key: str) -> str:
    return digest.of_parts((b"graph", key.encode()))


def _is_digest(name: str) -> bool:
    return len(name) == _DIGEST and not {*name} - {*"0123456789abcdef"}
