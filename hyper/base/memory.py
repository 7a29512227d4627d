"""A file system in memory, for tests and for compiling what is on no disk."""

from __future__ import annotations

import contextlib
import itertools
import posixpath
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hyper.base.fs import Kind


class Entry(msgspec.Struct):
    """A file or, with ``link``, a symbolic link. ``changed`` counts writes, in the place of a time."""

    data: bytes = b""
    link: str | None = None
    changed: int = 0


class MemoryFiles:
    """Files by absolute path, with ``/`` as the separator; ``/`` is also the working folder."""

    __slots__ = ("_clock", "entries", "folders")

    def __init__(self, files: Mapping[str, str | bytes] | None = None) -> None:
        self.entries: dict[str, Entry] = {}
        self.folders: set[str] = {"/"}
        self._clock = itertools.count(1)
        for path, content in (files or {}).items():
            data = content.encode() if isinstance(content, str) else content
            place = self._absolute(path)
            self.make_folder(posixpath.dirname(place))
            self.entries[place] = Entry(data, None, next(self._clock))

    @staticmethod
    def _absolute(path: str) -> str:
        return posixpath.normpath(posixpath.join("/", path))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        self.entries[self._absolute(path)] = Entry(link=target)

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        """See ``Files``."""
        place = self.canonical(path) if follow else self._parent_resolved(path)
        if place in self.folders:
            return "folder"
        entry = self.entries.get(place)
        if entry is None:
            return None
        return "file" if entry.link is None else "link"

    def names(self, folder: str) -> list[str]:
        """See ``Files``."""
        place = self.canonical(folder)
        if place not in self.folders:
            raise NotADirectoryError(20, "Not a directory", folder)
        prefix = place.rstrip("/") + "/"
        found = {
            path[len(prefix) :].partition("/")[0]
            for path in itertools.chain(self.entries, self.folders)
            if path.startswith(prefix) and path != prefix
        }
        return sorted(found)

    def listing(self, folder: str) -> list[tuple[str, Kind]]:
        """See ``Files``."""
        found = [(name, self.kind(posixpath.join(folder, name))) for name in self.names(folder)]
        return [(name, kind) for name, kind in found if kind is not None]

    def read(self, path: str) -> bytes:
        """See ``Files``."""
        entry = self.entries.get(self.canonical(path))
        if entry is None or entry.link is not None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return entry.data

    def canonical(self, path: str) -> str:
        """See ``Files``."""
        return self._resolve(self._absolute(path), 0)

    def _parent_resolved(self, path: str) -> str:
        folder, name = posixpath.split(self._absolute(path))
        return posixpath.join(self.canonical(folder), name) if name else "/"

    def _resolve(self, path: str, depth: int) -> str:
        if depth > 40:
            return path
        at = "/"
        parts = [part for part in path.split("/") if part]
        for position, part in enumerate(parts):
            step = posixpath.join(at, part)
            entry = self.entries.get(step)
            if entry is not None and entry.link is not None:
                rest = posixpath.join(at, entry.link, *parts[position + 1 :])
                return self._resolve(self._absolute(rest), depth + 1)
            at = step
        return at

    def make_folder(self, path: str) -> None:
        """See ``Files``."""
        place = self.canonical(path)
        while place not in self.folders:
            if place in self.entries:
                raise FileExistsError(17, "File exists", path)
            self.folders.add(place)
            place = posixpath.dirname(place)

    def make_stage(self, folder: str, prefix: str) -> str:
        """See ``Files``."""
        path = posixpath.join(folder, f"{prefix}{next(self._clock)}")
        self.make_folder(path)
        return path

    def write(self, path: str, data: bytes) -> None:
        """See ``Files``."""
        place = self._parent_resolved(path)
        if place in self.entries or place in self.folders:
            raise FileExistsError(17, "File exists", path)
        if posixpath.dirname(place) not in self.folders:
            raise FileNotFoundError(2, "No such file or directory", path)
        self.entries[place] = Entry(data, None, next(self._clock))

    def move(self, source: str, target: str) -> None:
        """See ``Files``."""
        entry = self.entries.pop(self._parent_resolved(source), None)
        if entry is None:
            raise FileNotFoundError(2, "No such file or directory", source)
        self.entries[self._parent_resolved(target)] = entry

    def carry(self, source: str, target: str) -> None:
        """See ``Files``."""
        entry = self.entries.get(self._parent_resolved(source))
        if entry is None:
            raise FileNotFoundError(2, "No such file or directory", source)
        self.entries[self._parent_resolved(target)] = entry

    def exchange(self, stage: str, target: str) -> None:
        """See ``Files``."""
        one, other = self._parent_resolved(stage), self._parent_resolved(target)
        moved = {one: other, other: one}
        self.folders = {self._moved(path, moved) for path in self.folders} | {one}
        self.entries = {self._moved(path, moved): entry for path, entry in self.entries.items()}

    @staticmethod
    def _moved(path: str, moves: Mapping[str, str]) -> str:
        for old, new in moves.items():
            if path == old or path.startswith(f"{old}/"):
                return new + path[len(old) :]
        return path

    def remove_tree(self, path: str) -> None:
        """See ``Files``."""
        place = self._parent_resolved(path)
        if place not in self.folders:
            raise FileNotFoundError(2, "No such file or directory", path)
        inside = f"{place}/"
        self.folders = {p for p in self.folders if p != place and not p.startswith(inside)}
        self.entries = {p: e for p, e in self.entries.items() if not p.startswith(inside)}

    @contextlib.contextmanager
    def lock(self, folder: str) -> Iterator[None]:  # noqa: ARG002  # one process has this memory
        """See ``Files``."""
        yield
