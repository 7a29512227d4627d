"""What is built in a benchmark: a generated tree, a folder of intent files, or an API description that is imported first.

It is always a copy in a folder of the benchmark's own: edits never reach what is the user's.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyper.base import digest
from hyper.bench.processes import HYPER, once
from hyper.bench.report import BenchError, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

_IGNORED: Final = shutil.ignore_patterns(".*", "__pycache__", "dist", "node_modules")
_HEAD: Final = re.compile(r"^entity (\w+)[^\n]*:\n", re.MULTILINE)
_FIELD: Final = re.compile(r"    (?!\")[^\s:]+: ")
_USES: Final = re.compile(r"^use [\w.]+ \(([^)]*)\)", re.MULTILINE)
_EDITED: Final = "benchmark_edit"


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder of the benchmark's own with a tree in it, and the description that it was imported from, as plain text."""

    folder: str
    tree: str
    subject: Subject
    description: str | None = None

    def place(self, name: str) -> Place:
        """Where a contestant builds."""
        folder = os.path.join(self.folder, _folder(name))
        return Place(os.path.join(folder, "out"), os.path.join(folder, "cache"))

    def copy(self, name: str) -> str:
        """A copy of the tree, for a contestant that edits it."""
        return str(shutil.copytree(self.tree, os.path.join(self.folder, f"tree-{_folder(name)}")))


@dataclass(frozen=True, slots=True)
class Place:
    """The output folder and the cache of one contestant."""

    out: str
    cache: str

    def command(self, tree: str, *words: str) -> tuple[str, ...]:
        """A build into this place."""
        return (*HYPER, "build", tree, "-o", self.out, *words)

    @property
    def settings(self) -> dict[str, str]:
        """The variables with which a build keeps its cache here."""
        return {"HYPER_CACHE": self.cache}

    def clear(self) -> None:
        """Leave nothing of the builds before."""
        shutil.rmtree(self.out, ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Way:
    """How a contestant builds: its name, further words of the command, and ``HYPER_*`` variables beside its place's."""

    name: str
    words: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


def workplace(folder: str, path: str | None, units: int, seed: int) -> Workplace:
    """Make the subject ready: the folder or description at ``path``, or without one a generated tree.

    Raises ``BenchError`` where that cannot be done.
    """
    tree = os.path.join(folder, f"tree-{units}" if path is None else "tree")
    description = None
    if path is None:
        # In a process of its own, so that this one stays small: see ``_most_used``.
        once((*HYPER, "bench", "generate", str(units), "-o", tree, "--seed", str(seed)))
        name = f"generated, {units:,} units, seed {seed}"
    elif os.path.isdir(path):
        shutil.copytree(path, tree, ignore=_IGNORED)
        name = os.path.basename(os.path.abspath(path))
    else:
        name = _stem(path)
        description = _plain(path, folder)
        once((*HYPER, "import", "openapi", description, "-o", tree))
    count, size = _sizes(tree)
    if not count:
        raise BenchError(f"there is no intent file in {path}")
    return Workplace(folder, tree, Subject(name, count, size), description)


def _folder(name: str) -> str:
    """The name of a contestant as one of a folder."""
    return re.sub(r"\W+", "-", name)


def _stem(path: str) -> str:
    return re.sub(r"(\.(json|ya?ml|gz))+$", "", os.path.basename(path))


def _plain(path: str, folder: str) -> str:
    """A description without compression, under its own name."""
    target = os.path.join(folder, os.path.basename(path).removesuffix(".gz"))
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rb") as source, open(target, "wb") as stream:
            shutil.copyfileobj(source, stream)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise BenchError(f"{path} is no gzip file") from None
    return target


def _sizes(tree: str) -> tuple[int, int]:
    sizes = [os.path.getsize(path) for path in _intents(tree)]
    return len(sizes), sum(sizes)


def _intents(tree: str) -> list[str]:
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(tree)
        for name in names
        if name.endswith(".intent")
    )


def tree_digest(folder: str) -> str:
    """A digest of the names and bytes of all files beneath a folder."""
    parts: list[bytes] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                parts += (os.path.relpath(path, folder).encode(), stream.read())
    return digest.of_parts(parts)


class FieldEdit:
    """An edit that can be made again and again: the constraint of one field of the entity that is imported most.

    Raises ``BenchError`` where no entity has a field.
    """

    def __init__(self, tree: str) -> None:
        self._path, self._text, self._at = _most_used(tree)
        self._count = 0

    def __call__(self) -> None:
        """Change the field. The first time it is added."""
        self._count += 1
        line = f"    {_EDITED}?: int @range(0, {self._count})\n"
        with open(self._path, "w", encoding="utf-8", newline="") as stream:
            stream.write(self._text[: self._at] + line + self._text[self._at :])


def _most_used(tree: str) -> tuple[str, str, int]:
    """The file of the most imported entity, its text, and where its first field begins.

    One text is held at a time: the peak of a process that is started is never below that of its starter.
    """
    used: Counter[str] = Counter()
    for path in _intents(tree):
        for match in _USES.finditer(_text(path)):
            used.update(word.split(" as ")[0].strip() for word in match[1].split(","))
    best: tuple[int, str, int] | None = None
    for path in _intents(tree):
        text = _text(path)
        for match in _HEAD.finditer(text):
            field = _first_field(text, match.end())
            if field is not None and (best is None or used[match[1]] > best[0]):
                best = used[match[1]], path, field
    if best is None:
        raise BenchError("no entity of the tree has a field that could be edited")
    return best[1], _text(best[1]), best[2]


def _text(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as stream:
        return stream.read()


def _first_field(text: str, start: int) -> int | None:
    """Where the first field of a block begins, when only documentation on lines of its own comes before it."""
    while text.startswith('    "', start) and not text.startswith('    """', start):
        start = text.find("\n", start) + 1
    return start if _FIELD.match(text, start) else None
