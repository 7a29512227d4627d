"""The graph on disk: an index of rows, and files of IR that are written once.

The folder of a graph holds ``index``, which is replaced whole, and data files that are never changed and have the digest of their
content as their name: each build that compiles units writes theirs into a new one. Data that no row names is left where it is until
it outweighs the rest; then all is written anew. Whatever is not as it was written, or is not there, makes the graph count as none:
everything is compiled.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import aside, digest
from hyper.base.fs import open_at_once, read_regular
from hyper.engine.graph.rows import Place, Row, digest_of_bytes
from hyper.engine.record import DAY, make_cache_folder
from hyper.ir.index import index_of
from hyper.ir.stored import decode_module

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hyper.ir.program import Module

_MAGIC: Final = b"hyper graph 1\n"
_INDEX: Final = "index"
_SUFFIX: Final = ".ir"
_DATA: Final = re.compile(r"[0-9a-f]{64}\.ir")
_MOST_FILES: Final = 24
# What is written at once, so that none is more than a shared cache takes.
_MOST_BYTES: Final = 8 << 20
# A shared cache keeps what it was given for two weeks: what is old is written, and then given, anew.
_WORN: Final = 7 * DAY
# What a graph's folder says of what the store has of it: see ``graph.shared``.
STORED: Final = "stored"
# A data file that no index names may be one that another build has yet to name.
_ORPHANED: Final = 3600.0


class LostError(Exception):
    """What the index names is not there, or is not what was written."""


class Index(msgspec.Struct, frozen=True, array_like=True):
    """All rows, by module. ``compiler`` is the identity of the one that made them, ``key`` that of the action that they are of.

    ``emitted`` is the record of what was emitted (``engine.emitted``); empty where nothing was. ``given`` tells that some of it
    came from the store, where others may have written: it can lie in any way, whenever it is looked at.
    """

    compiler: str
    key: str
    files: list[str]
    rows: list[Row]
    emitted: bytes
    given: bool = False


class Saved(NamedTuple):
    """An index as it was written, and as bytes."""

    written: Index
    payload: bytes


class Graph:
    """The graph of a source root as an earlier build left it.

    ``packs`` are data files that are not in the folder, by name: those of a graph that came from elsewhere.
    """

    def __init__(self, folder: str, index: Index, packs: Mapping[str, bytes] | None = None) -> None:
        self.folder = folder
        self.index = index
        self.packs = packs or {}
        self._modules: dict[str, Module] = {}

    def module(self, row: Row) -> Module:
        """The IR of a unit. Raises ``LostError``."""
        known = self._modules.get(row.module)
        if known is None:
            try:
                known = decode_module(self.blob(row))
            except (ValueError, RecursionError) as error:
                raise LostError(row.path) from error
            if known.name != row.module or index_of(known) != row.index:
                raise LostError(row.path)
            self._modules[row.module] = known
        return known

    def blob(self, row: Row) -> bytes:
        """The IR of a unit, encoded. Raises ``LostError``."""
        place = row.place
        try:
            name = self.index.files[place.file]
            if name in self.packs:
                return _proved(self.packs[name][place.offset : place.offset + place.size], row)
            path = os.path.join(self.folder, name)
            with open(path, "rb", opener=open_at_once) as stream:
                status = os.fstat(stream.fileno())
                if not stat.S_ISREG(status.st_mode) or place.size > status.st_size:
                    raise LostError(row.path)
                stream.seek(place.offset)
                blob = stream.read(place.size)
        except (OSError, IndexError, ValueError, OverflowError) as error:
            raise LostError(row.path) from error
        return _proved(blob, row)


def _proved(blob: bytes, row: Row) -> bytes:
    if digest_of_bytes(blob) != row.place.digest:
        raise LostError(row.path)
    return blob


def load_any(folder: str, compiler: str) -> Graph | None:
    """The graph in a folder, else the newest of those beside it: their units are the same, whatever was made of them."""
    found = load(folder, compiler)
    if found is not None:
        return found
    beside: list[tuple[int, str]] = []
    with contextlib.suppress(OSError), os.scandir(os.path.dirname(folder)) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = os.stat(os.path.join(entry.path, _INDEX))
                beside.append((status.st_mtime_ns, entry.path))
    for _, path in sorted(beside, reverse=True)[:1]:
        return load(path, compiler)
    return None


def load(folder: str, compiler: str) -> Graph | None:
    """The graph in a folder, where this compiler made it."""
    path = os.path.join(folder, _INDEX)
    try:
        data, used = read_regular(path)
    except OSError:
        return None
    start = len(_MAGIC) + 32
    payload = data[start:]
    if data[:start] != _MAGIC + sha256(payload).digest():
        return None
    with contextlib.suppress(OSError):
        if time.time() - used.st_mtime > DAY:  # what is used stays
            os.utime(path)
    index = decode_index(payload, compiler)
    return Graph(folder, index) if index is not None else None


def decode_index(payload: bytes, compiler: str) -> Index | None:
    """The index of its bytes; ``None`` where it is none, or not one of this compiler."""
    try:
        index = msgspec.msgpack.decode(payload, type=Index)
    except (msgspec.DecodeError, RecursionError):
        return None
    plain = all(name == os.path.basename(name) for name in index.files)
    return index if plain and index.compiler == compiler else None


def save(
    folder: str, index: Index, blobs: Mapping[str, bytes], before: Graph | None
) -> Saved | None:
    """Keep an index, of which ``files`` is empty; ``blobs`` has the IR of those that were compiled, by module, ``before`` all
    others'.

    Gives what was written, ``None`` where it could not be; nothing is lost then.
    """
    rows = index.rows
    files: list[str] = []
    packs: dict[str, bytes] = {}
    if before is not None and before.folder == folder:
        files += before.index.files
        packs = {name: before.packs[name] for name in files if name in before.packs}
    used = sum(row.place.size for row in rows if row.module not in blobs)
    fresh = dict(blobs)
    if before is not None and (not files or _are_worn(folder, files, packs, used)):
        try:
            fresh |= {row.module: before.blob(row) for row in rows if row.module not in blobs}
        except LostError:
            return None
        files, packs = [], {}
    places = _packed(rows, fresh, files, packs)
    placed = [
        msgspec.structs.replace(row, place=places[row.module]) if row.module in places else row
        for row in rows
    ]
    try:
        whole = msgspec.structs.replace(index, files=files, rows=placed)
        payload = msgspec.msgpack.encode(whole)
        make_cache_folder(os.path.dirname(os.path.dirname(os.path.dirname(folder))))
        os.makedirs(folder, exist_ok=True)
        for name, data in packs.items():
            aside.replace(os.path.join(folder, name), data)
        aside.replace(os.path.join(folder, _INDEX), _MAGIC + sha256(payload).digest() + payload)
    except (OSError, UnicodeEncodeError, OverflowError):
        return None
    _sweep(folder, files)
    return Saved(whole, payload)


def _are_worn(folder: str, files: list[str], packs: Mapping[str, bytes], used: int) -> bool:
    """Whether data files are many, old, or mostly of what no row names."""
    if len(files) >= _MOST_FILES + used // _MOST_BYTES:
        return True
    kept = sum(map(len, packs.values()))
    oldest = now = time.time()
    with contextlib.suppress(OSError):
        for name in files:
            if name not in packs:
                status = os.stat(os.path.join(folder, name))
                kept += status.st_size
                oldest = min(oldest, status.st_mtime)
    return kept > 2 * used + (1 << 20) or now - oldest > _WORN


def _packed(
    rows: list[Row], fresh: Mapping[str, bytes], files: list[str], packs: dict[str, bytes]
) -> dict[str, Place]:
    """The places of IR, by module, in data files that are added to ``files`` and ``packs``."""
    places: dict[str, Place] = {}
    waiting = [row.module for row in rows if row.module in fresh]
    while waiting:
        size = count = 0
        while count < len(waiting) and size < _MOST_BYTES:
            size += len(fresh[waiting[count]])
            count += 1
        batch, waiting = waiting[:count], waiting[count:]
        data = b"".join(fresh[module] for module in batch)
        name = digest.of_bytes(data) + _SUFFIX
        if name not in files:
            files.append(name)
            packs[name] = data
        number, offset = files.index(name), 0
        for module in batch:
            blob = fresh[module]
            places[module] = Place(number, offset, len(blob), digest_of_bytes(blob))
            offset += len(blob)
    return places


def _sweep(folder: str, named: Collection[str]) -> None:
    """Remove data files that no index names, once they are old, and what killed builds left to the side; what has not the name of
    either is not ours, and stays."""
    old = time.time() - _ORPHANED
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _DATA.fullmatch(entry.name) is None or entry.name in named:
                continue
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < old:
                    os.unlink(entry.path)
    aside.sweep(folder, f"{_INDEX}|{STORED}|{_DATA.pattern}")
