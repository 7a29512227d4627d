"""The graph on disk: an index of rows, and files of IR that are written once.

The folder of a graph holds ``index``, which is replaced whole, and data files that are never changed: each build that compiles
units writes theirs into a new one. Data that no row names is left where it is until it outweighs the rest; then all is written
anew. Whatever is not as it was written, or is not there, makes the graph count as none: everything is compiled.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base import aside
from hyper.base.fs import open_at_once, read_regular
from hyper.engine.graph.rows import Place, Row, digest_of_bytes
from hyper.engine.record import DAY, make_cache_folder
from hyper.ir.index import index_of
from hyper.ir.stored import decode_module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.ir.program import Module

_MAGIC: Final = b"hyper graph 1\n"
_MOST_FILES: Final = 24
# A data file that no index names may be one that another build has yet to name.
_ORPHANED: Final = 3600.0


class LostError(Exception):
    """What the index names is not there, or is not what was written."""


class Index(msgspec.Struct, frozen=True, array_like=True):
    """All rows, by module. ``compiler`` is the identity of the one that made them, ``key`` that of the action that they are of.

    ``emitted`` is the record of what was emitted (``engine.emitted``); empty where nothing was.
    """

    compiler: str
    key: str
    files: list[str]
    rows: list[Row]
    emitted: bytes


class Graph:
    """The graph of a source root as an earlier build left it."""

    def __init__(self, folder: str, index: Index) -> None:
        self.folder = folder
        self.index = index
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
            path = os.path.join(self.folder, self.index.files[place.file])
            with open(path, "rb", opener=open_at_once) as stream:
                status = os.fstat(stream.fileno())
                if not stat.S_ISREG(status.st_mode) or place.size > status.st_size:
                    raise LostError(row.path)
                stream.seek(place.offset)
                blob = stream.read(place.size)
        except (OSError, IndexError, ValueError, OverflowError) as error:
            raise LostError(row.path) from error
        if digest_of_bytes(blob) != place.digest:
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
                status = os.stat(os.path.join(entry.path, "index"))
                beside.append((status.st_mtime_ns, entry.path))
    for _, path in sorted(beside, reverse=True)[:1]:
        return load(path, compiler)
    return None


def load(folder: str, compiler: str) -> Graph | None:
    """The graph in a folder, where this compiler made it."""
    path = os.path.join(folder, "index")
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
    try:
        index = msgspec.msgpack.decode(payload, type=Index)
    except (msgspec.DecodeError, RecursionError):
        return None
    plain = all(name == os.path.basename(name) for name in index.files)
    return Graph(folder, index) if plain and index.compiler == compiler else None


def save(folder: str, index: Index, blobs: Mapping[str, bytes], before: Graph | None) -> bool:
    """Keep an index, of which ``files`` is empty; ``blobs`` has the IR of those that were compiled, by module, ``before`` all
    others'.

    Gives whether it could be written; nothing is lost where it could not.
    """
    rows = index.rows
    files: list[str] = []
    if before is not None and before.folder == folder:
        files += before.index.files
    used = sum(row.place.size for row in rows if row.module not in blobs)
    kept = 0
    if before is not None:
        with contextlib.suppress(OSError):
            kept = sum(os.path.getsize(os.path.join(folder, name)) for name in files)
    fresh = dict(blobs)
    if before is not None and (
        not files or len(files) >= _MOST_FILES or kept > 2 * used + (1 << 20)
    ):
        try:
            fresh |= {row.module: before.blob(row) for row in rows if row.module not in blobs}
        except LostError:
            return False
        files = []
    name = f"{time.time_ns():x}-{os.getpid()}.ir"
    data = bytearray()
    placed: list[Row] = []
    for row in rows:
        blob = fresh.get(row.module)
        if blob is not None:
            place = Place(len(files), len(data), len(blob), digest_of_bytes(blob))
            data += blob
            placed.append(msgspec.structs.replace(row, place=place))
        else:
            placed.append(row)
    try:
        whole = msgspec.structs.replace(index, files=[*files, name], rows=placed)
        payload = msgspec.msgpack.encode(whole)
        make_cache_folder(os.path.dirname(os.path.dirname(os.path.dirname(folder))))
        os.makedirs(folder, exist_ok=True)
        aside.replace(os.path.join(folder, name), bytes(data))
        aside.replace(os.path.join(folder, "index"), _MAGIC + sha256(payload).digest() + payload)
    except (OSError, UnicodeEncodeError, OverflowError):
        return False
    _sweep(folder, {"index", name, *files})
    return True


def _sweep(folder: str, named: set[str]) -> None:
    """Remove what no index names, once it is old."""
    old = time.time() - _ORPHANED
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.name not in named and entry.stat(follow_symlinks=False).st_mtime < old:
                    os.unlink(entry.path)
