"""The files of a request as the text engine reads them, and the way back from its offsets to places in a file."""

from __future__ import annotations

import os
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.base.source import Source
from hyper.engine.discovery import discover, start_of
from hyper.engine.options import Configured, Options, configure
from hyper.engine.search.engine import Engine
from hyper.gpu.arena import Arena
from hyper.lang.lexer import decode, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hyper.base.fs import Files
    from hyper.engine.parsing import Uncut
    from hyper.gpu.engine import Fallback
    from hyper.gpu.results import Matches
    from hyper.lang.tokens import Tokens

_MARK: Final = b"\xef\xbb\xbf"


class Texts:
    """Files, by their paths as they are shown, each as the text that the language reads: UTF-8, lines that end in LF."""

    def __init__(
        self, paths: Sequence[str], contents: Sequence[bytes], engine: Engine | None = None
    ) -> None:
        self.paths = paths
        self._contents = [_as_read(*each) for each in zip(paths, contents, strict=True)]
        self._sources: dict[int, Source] = {}
        self._cut: Uncut | None = None
        self.engine = engine or Engine(Options(text="python"), 0)

    @cached_property
    def arena(self) -> Arena:
        """All of them, one after the other. Raises ``ValueError`` where they are too large."""
        return Arena(self._contents)

    def __len__(self) -> int:
        """How many files there are."""
        return len(self.paths)

    def file_at(self, offset: int) -> int:
        """The place of the file that an offset of the arena is in."""
        return bisect_right(self.arena.bounds, offset) - 1

    def by_file(self, found: Matches) -> Iterator[tuple[int, list[int], list[int]]]:
        """Matches in the arena by their files: each that has any, the offsets of their ends in it, and their patterns."""
        first = 0
        bounds = self.arena.bounds
        while first < len(found.ends):
            file = self.file_at(found.ends[first] - 1)
            last = bisect_right(found.ends, bounds[file + 1], first)
            begin = bounds[file]
            ends = [end - begin for end in found.ends[first:last]]
            yield file, ends, found.patterns[first:last].tolist()
            first = last

    def source(self, file: int) -> Source:
        """The text of a file."""
        source = self._sources.get(file)
        if source is None:
            source = Source(self.paths[file], self._contents[file].decode())
            self._sources[file] = source
        return source

    def cut(self, files: Iterable[int]) -> None:
        """Have files cut together, of all of which tokens are needed."""
        self._cut = self.engine.cut({self.paths[file]: self._contents[file] for file in files})

    def tokens(self, file: int) -> Tokens:
        """The tokens of a file."""
        source = self.source(file)
        found = self._cut.tokens(source) if self._cut is not None else None
        return found or tokenize(source)

    def offsets(self, file: int, places: Iterable[int]) -> list[int]:
        """Offsets in bytes of a file, ascending, as offsets in code points."""
        content = self._contents[file]
        if content.isascii():
            return list(places)
        found: list[int] = []
        read = count = 0
        for place in places:
            count += len(content[read:place].decode())
            read = place
            found.append(count)
        return found


def _as_read(path: str, data: bytes) -> bytes:
    """The bytes of the text that the language makes of a file."""
    if b"\r" not in data and not data.startswith(_MARK):
        if data.isascii():
            return data
        try:
            data.decode()
        except UnicodeDecodeError:
            pass
        else:
            return data
    return decode(path, data)[0].text.encode()


class Request(msgspec.Struct, frozen=True):
    """The texts of a request, the source root and the options that hold for it, and what is wrong with files and configuration."""

    texts: Texts
    root: str
    configured: Configured
    diagnostics: list[Diagnostic]


def read_texts(
    files: Files,
    paths: Sequence[str],
    source: str | None,
    environment: Mapping[str, str],
    tell: Callable[[Fallback], None] | None = None,
) -> Request:
    """Find and read the files of a request, as a build does; paths are shown from the working folder.

    ``tell`` hears of each back end of the text engine that failed. Raises ``OptionError`` for a source root that cannot be one.
    """
    configured = configure(files, start_of(files, paths), environment, {"source": source})
    root = configured.options.source
    if root is None and not paths and configured.folder is not None:
        root = os.path.relpath(configured.folder)
    discovered = discover(files, paths, root)
    found = [*configured.diagnostics, *discovered.diagnostics]
    shown: list[str] = []
    contents: list[bytes] = []
    for path in discovered.paths:
        near = os.path.relpath(os.path.join(discovered.root, path)).replace(os.sep, "/")
        try:
            contents.append(files.read(near))
        except OSError as error:
            message = f"cannot read the file: {error.strerror or error}"
            found.append(diagnostic("E0901", message, file=near))
        else:
            shown.append(near)
    engine = Engine(configured.options, sum(map(len, contents)), tell)
    texts = Texts(shown, contents, engine)
    return Request(texts, discovered.root, configured, found)
