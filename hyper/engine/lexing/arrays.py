"""Files cut together, and the tokens of each, which stay arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.engine.parsing import Uncut
from hyper.gpu.arena import LARGEST, Arena
from hyper.gpu.results import TokenArrays
from hyper.lang.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hyper.base.source import Source
    from hyper.base.token_table import TokenTable
    from hyper.gpu.engine import TextEngine

BATCH: Final = 4 << 20
"""Bytes of files that are cut at once: what is worked on stays near the processor."""
_MARK: Final = b"\xef\xbb\xbf"


class Cutter(NamedTuple):
    """What cuts files: an engine, by the table of the language's tokens."""

    engine: TextEngine
    table: TokenTable


class Lexed(Uncut):
    """The bytes of files by path, and the tokens of those that the engine could cut.

    It crosses to other processes as it is. ``sizes`` are the bytes of the files that were cut, and of those among them that were
    left to the reference lexer; ``by`` how many bytes each back end of the engine cut.
    """

    def __init__(self, files: Mapping[str, bytes], cutter: Cutter | None = None) -> None:
        """Cut all files; without ``cutter`` none."""
        super().__init__(files)
        self._batches: list[TokenArrays] = []
        self._places: dict[str, tuple[int, int]] = {}
        self.sizes = (0, 0)
        self.by: dict[str, int] = {}
        if cutter is None:
            return
        following = sum(map(len, files.values()))
        before = cutter.engine.done.copy()
        for paths in _batches(files):
            for place, path in enumerate(paths):
                self._places[path] = len(self._batches), place
            sizes = [len(files[path]) for path in paths]
            following -= sum(sizes)
            arrays = lex([files[path] for path in paths], cutter, following)
            self._batches.append(arrays)
            left = sum(
                size for size, is_left in zip(sizes, arrays.files[2::3], strict=True) if is_left
            )
            self.sizes = self.sizes[0] + sum(sizes), self.sizes[1] + left
        self.by = {
            name: size
            for (operation, name), size in (cutter.engine.done - before).items()
            if operation == "cut"
        }

    def tokens(self, source: Source) -> Tokens | None:
        """The tokens of the file whose text is ``source``; None where the reference lexer has to look."""
        known = self._places.get(source.path)
        if known is None:
            return None
        batch, place = known
        return tokens_of(self._batches[batch], place, source.text)

    def __getstate__(self) -> dict[str, Any]:
        plain = [tuple(view.tobytes() for view in batch) for batch in self._batches]
        return self.__dict__ | {"files": dict(self.files), "_batches": plain}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._batches = [
            TokenArrays(
                *(
                    memoryview(data).cast("B" if name in {"kinds", "own"} else "i")
                    for name, data in zip(TokenArrays._fields, each, strict=True)
                )
            )
            for each in state["_batches"]
        ]


def lex(contents: Sequence[bytes], cutter: Cutter, following: int = 0) -> TokenArrays:
    """The tokens of files, cut together; so many bytes of other files follow. Line ends are read as the reference lexer reads them.

    A file that is no UTF-8, or has a byte that closes files in an arena, is left to the language.
    """
    arena = Arena([_normal(content) for content in contents])
    return cutter.engine.tokens(arena, cutter.table, more=following)


def tokens_of(arrays: TokenArrays, place: int, text: str) -> Tokens | None:
    """The tokens of one file; None where it is left to the language."""
    files = arrays.files
    until, notes, trouble = files[3 * place], files[3 * place + 1], files[3 * place + 2]
    if trouble:
        return None
    first, first_note = (files[3 * place - 3], files[3 * place - 2]) if place else (0, 0)
    return Tokens(
        text,
        arrays.kinds[first:until].tobytes(),
        arrays.starts[first:until],
        arrays.ends[first:until],
        arrays.comments[2 * first_note : 2 * notes : 2],
        arrays.comments[2 * first_note + 1 : 2 * notes : 2],
        [own == 1 for own in arrays.own[first_note:notes]],
        [],
    )


def _normal(content: bytes) -> bytes:
    """A file as ``decode`` reads it; a lone tab in its place where it is no UTF-8, which the language has to look at."""
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError:
            return b"\t"
        content = content.removeprefix(_MARK)
    return content.replace(b"\r\n", b"\n") if b"\r" in content else content


def _batches(files: Mapping[str, bytes]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path, content in files.items():
        if len(content) >= LARGEST:
            # No arena holds it: the reference lexer cuts it, if anything can.
            continue
        if batch and size + len(content) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += len(content)
    if batch:
        yield batch
