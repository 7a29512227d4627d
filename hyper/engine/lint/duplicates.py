"""Declarations and files that are nearly the same as an earlier one.

What is compared are sets of shingles, runs of tokens (Broder, 1997), by the share that both have (Jaccard). Candidates come from
MinHash sketches in buckets (LSH, Indyk and Motwani, 1998), of shingles that the text engine hashes; each is then compared exactly.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.lang import tokens as t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.engine.search.engine import Engine
    from hyper.engine.search.texts import Texts

_SHINGLE: Final = 4
"""Tokens of a shingle."""
_SMALLEST: Final = 40
"""Tokens of a declaration that is worth the while."""
_SMALLEST_FILE: Final = 120
_PERMUTATIONS: Final = 128
_WEIGHTS: Final = (0.02, 0.98)
"""A candidate too many costs a comparison, one too few is not found."""
_NARROWEST: Final = 0.95
"""The share that buckets are made for at most."""
_MOST: Final = 100
"""Candidates that a piece is compared with, the first ones. One that has as many is not itself a candidate of later ones: thousands
that are alike, as in trees that a program writes, are not all compared with each other."""
_LAYOUT: Final = frozenset({t.NEWLINE, t.INDENT, t.DEDENT, t.END})
_HEADS: Final = frozenset(
    {
        *("const", "type", "enum", "entity", "union", "calc", "extern", "table", "rule"),
        *("action", "webhook", "feature"),
    }
)


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A declaration, or a whole file where ``name`` is empty: the range of its name in code points, and its tokens."""

    file: int
    name: str
    start: int
    end: int
    tokens: tuple[bytes, ...]


class Duplicate(NamedTuple):
    """``piece`` shares ``share`` of the shingles that it and ``earlier`` have."""

    piece: Piece
    earlier: Piece
    share: float


def find_duplicates(texts: Texts, similarity: float) -> list[Duplicate]:
    """Each declaration and file with the earlier one that it is most like (of the first hundred candidates), by their places.

    Of a file that is nearly another, the declarations that are there, too, are not told.

    :raises ImportError: where the extra ``cache`` is not installed.
    """
    texts.cut(range(len(texts)))
    pieces = [list(_pieces(texts, file)) for file in range(len(texts))]
    files = [each[0] for each in pieces if len(each[0].tokens) >= _SMALLEST_FILE]
    found = [*_alike(files, similarity, texts.engine)]
    copied = {(each.piece.file, each.earlier.file) for each in found}
    parts = [part for each in pieces for part in each[1:] if len(part.tokens) >= _SMALLEST]
    found += [
        each
        for each in _alike(parts, similarity, texts.engine)
        if (each.piece.file, each.earlier.file) not in copied
    ]
    return sorted(found, key=lambda each: (each.piece.file, each.piece.start, each.piece.end))


def _pieces(texts: Texts, file: int) -> Iterator[Piece]:
    """The file, then its declarations: each begins with a word at the margin, and ends before the next."""
    tokens = texts.tokens(file)
    texts_of = tokens.texts
    written = [text.encode() for text in texts_of]
    kinds = tokens.kinds
    plain = [at for at, kind in enumerate(kinds) if kind not in _LAYOUT]
    yield Piece(file, "", 0, 0, tuple(written[at] for at in plain))
    depth = 0
    margins: list[int] = []
    for at, kind in enumerate(kinds):
        if kind == t.INDENT:
            depth += 1
        elif kind == t.DEDENT:
            depth -= 1
        elif depth == 0 and kind not in _LAYOUT and (at == 0 or kinds[at - 1] in _LAYOUT):
            margins.append(at)
    for begin, end in zip(margins, [*margins[1:], len(kinds)], strict=True):
        if texts_of[begin] not in _HEADS:
            continue
        named = begin + (2 if texts_of[begin] == "extern" else 1)
        if not texts_of[named]:
            continue  # a mistake: the declaration has no name
        whole = tuple(
            written[at] for at in range(begin, end) if at != named and kinds[at] not in _LAYOUT
        )
        yield Piece(file, texts_of[named], tokens.starts[named], tokens.ends[named], whole)


def _alike(pieces: Sequence[Piece], similarity: float, engine: Engine) -> Iterator[Duplicate]:
    """Of each piece the earlier one that is most like it, and of several the first."""
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-untyped]

    index = MinHashLSH(
        threshold=min(similarity, _NARROWEST), num_perm=_PERMUTATIONS, weights=_WEIGHTS
    )
    known: dict[frozenset[bytes], int] = {}
    sets: list[frozenset[bytes]] = []
    sketches = MinHash.generator(_hashed(pieces, engine), num_perm=_PERMUTATIONS, hashfunc=int)
    for number, (piece, sketch) in enumerate(zip(pieces, sketches, strict=True)):
        own = frozenset(_shingles(piece))
        sets.append(own)
        same = known.setdefault(own, number)
        if same != number:
            yield Duplicate(piece, pieces[same], 1.0)
            continue
        best: tuple[float, int] | None = None
        candidates = sorted(index.query(sketch))[:_MOST]
        for other in candidates:
            common = len(own & sets[other])
            share = common / (len(own) + len(sets[other]) - common)
            if share >= similarity and (best is None or (-share, other) < (-best[0], best[1])):
                best = share, other
        if best is not None:
            yield Duplicate(piece, pieces[best[1]], best[0])
        if best is None or len(candidates) < _MOST:
            index.insert(number, sketch)


def _shingles(piece: Piece) -> Iterator[bytes]:
    for at in range(len(piece.tokens) - _SHINGLE + 1):
        yield b"\0".join(piece.tokens[at : at + _SHINGLE])


def _hashed(pieces: Sequence[Piece], engine: Engine) -> Iterator[list[int]]:
    """The hashes of each piece's shingles, 32 bits of them, as MinHash takes them."""
    data = b"".join(b"\0".join((*piece.tokens, b"")) for piece in pieces)
    ranges = array("q")
    at = 0
    for piece in pieces:
        starts = [at]
        for token in piece.tokens:
            at += len(token) + 1
            starts.append(at)
        for begin, end in zip(starts, starts[_SHINGLE:], strict=False):
            ranges.append(begin)
            ranges.append(end - 1)
    hashes = engine.hash(data, ranges).tolist()
    first = 0
    for piece in pieces:
        count = len(piece.tokens) - _SHINGLE + 1
        yield [value & 0xFFFFFFFF for value in hashes[first : first + count]]
        first += count
