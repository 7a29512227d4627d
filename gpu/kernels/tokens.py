"""Cutting files into pieces, and laying the pieces out as tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.base.token_table import (
    CLOSING,
    COMMENT,
    COMMENTED_LINE,
    LINE,
    OPENING,
    SPACE,
    STARTS_BEFORE,
    TARGET,
    TOKEN,
)

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Bytes, Ints, Shorts

ALONE: Final = 0x8000
"""In an origin: the piece before is one byte that is read alone. In a move, the bit says that a piece starts."""
_INLINE: Final = 1 << TOKEN | 1 << SPACE | 1 << OPENING | 1 << CLOSING
_LINES: Final = 1 << LINE | 1 << COMMENTED_LINE
_FEED: Final = 10
_BLANK: Final = 32
_TAB: Final = 9
_HASH: Final = 35


def cut(
    data: Bytes,
    begin: int,
    end: int,
    classes: Bytes,
    moves: Shorts,
    stream: int,
    rows: Ints,
    starts: Ints,
    origins: Shorts,
) -> int:
    """Cut a part of a file, or of files, and give the number of pieces that start there.

    ``rows[stream]`` is the row that the part begins with, and then the one behind its end. ``starts[p]`` is the
    offset of piece ``p``; ``origins[p]`` says what kind the piece before it is of: a row, and ``ALONE`` where that
    piece is one byte that is read alone. Both have room for two entries for each byte of the part, and two more.
    """
    row = rows[stream]
    count = 0
    for at in range(begin, end):
        entry = moves[row + classes[data[at]]]
        # What is written where no piece starts is written over.
        origins[count] = row
        starts[count] = at
        if entry & STARTS_BEFORE:
            starts[count] = at - 1
            origins[count + 1] = row | ALONE
            starts[count + 1] = at
            count += 1
        count += entry >> 15
        row = entry & TARGET
    rows[stream] = row
    return count


def cut_together(
    data: Bytes,
    steps: int,
    classes: Bytes,
    moves: Shorts,
    places: Ints,
    rows: Ints,
    counts: Ints,
    starts: Ints,
    origins: Shorts,
) -> int:
    """Cut four parts at once, of so many bytes each, and give the number of pieces.

    A part alone waits at each byte for what the one before led to. Part ``s`` begins at ``places[s]`` with
    ``rows[s]``; both are then those behind its end. ``counts[s]`` is where its pieces go in ``starts`` and
    ``origins`` (``cut`` tells what they are, and how much room they need), and then where they end.
    """
    a = places[0]
    b = places[1]
    c = places[2]
    d = places[3]
    row_a = rows[0]
    row_b = rows[1]
    row_c = rows[2]
    row_d = rows[3]
    to_a = counts[0]
    to_b = counts[1]
    to_c = counts[2]
    to_d = counts[3]
    first = to_a + to_b + to_c + to_d
    for at in range(steps):
        entry_a = moves[row_a + classes[data[a + at]]]
        entry_b = moves[row_b + classes[data[b + at]]]
        entry_c = moves[row_c + classes[data[c + at]]]
        entry_d = moves[row_d + classes[data[d + at]]]
        origins[to_a] = row_a
        starts[to_a] = a + at
        origins[to_b] = row_b
        starts[to_b] = b + at
        origins[to_c] = row_c
        starts[to_c] = c + at
        origins[to_d] = row_d
        starts[to_d] = d + at
        if (entry_a | entry_b | entry_c | entry_d) & STARTS_BEFORE:
            if entry_a & STARTS_BEFORE:
                starts[to_a] = a + at - 1
                origins[to_a + 1] = row_a | ALONE
                starts[to_a + 1] = a + at
                to_a += 1
            if entry_b & STARTS_BEFORE:
                starts[to_b] = b + at - 1
                origins[to_b + 1] = row_b | ALONE
                starts[to_b + 1] = b + at
                to_b += 1
            if entry_c & STARTS_BEFORE:
                starts[to_c] = c + at - 1
                origins[to_c + 1] = row_c | ALONE
                starts[to_c + 1] = c + at
                to_c += 1
            if entry_d & STARTS_BEFORE:
                starts[to_d] = d + at - 1
                origins[to_d + 1] = row_d | ALONE
                starts[to_d + 1] = d + at
                to_d += 1
        to_a += entry_a >> 15
        to_b += entry_b >> 15
        to_c += entry_c >> 15
        to_d += entry_d >> 15
        row_a = entry_a & TARGET
        row_b = entry_b & TARGET
        row_c = entry_c & TARGET
        row_d = entry_d & TARGET
    places[0] = a + steps
    places[1] = b + steps
    places[2] = c + steps
    places[3] = d + steps
    rows[0] = row_a
    rows[1] = row_b
    rows[2] = row_c
    rows[3] = row_d
    counts[0] = to_a
    counts[1] = to_b
    counts[2] = to_c
    counts[3] = to_d
    return to_a + to_b + to_c + to_d - first


def name_kinds(
    origins: Shorts, count: int, shift: int, ended: Bytes, alone: Bytes, kinds: Bytes
) -> int:
    """Turn the origins of pieces into kinds, and give their number; ``row >> shift`` is the state of a row."""
    for place in range(count):
        origin = origins[place]
        state = (origin & TARGET) >> shift
        if origin & ALONE:
            kinds[place] = alone[state]
        else:
            kinds[place] = ended[state]
    return count


def lay_out(
    data: Bytes,
    bounds: Ints,
    count: int,
    starts: Ints,
    kinds: Bytes,
    pieces: int,
    roles: Bytes,
    longest: Ints,
    made: Bytes,
    stack: Ints,
    out_kinds: Bytes,
    out_starts: Ints,
    out_ends: Ints,
    notes: Ints,
    own: Bytes,
    files: Ints,
) -> int:
    """Turn the pieces of so many files into tokens, and give their number; -1 where the pieces do not tile the files.

    ``starts`` has an entry for each of so many pieces, and the size of the arena. Pieces may come from a device: what they
    are is checked as they are read, so that nothing is read or written elsewhere, whatever they say.

    ``longest`` has for each kind the most bytes of one piece. ``made`` has the kinds of tokens that stand for no text of
    their own: newline, indent, dedent, end. ``stack`` is room to work: as many entries as a file has line ends, and one
    more. What ``out_kinds``, ``out_starts`` and ``out_ends`` have room for is: an entry for each piece that is no space,
    two more for each line end and for each file, and one.

    Offsets count characters from the start of the file. ``notes`` has two for each comment, its start and its end;
    ``own[c]`` is 1 where nothing stands before comment ``c`` on its line. ``files`` has three entries for each
    file: the numbers of tokens and of comments until its end, and 1 where the file is left to the language.
    """
    newline = made[0]
    indent = made[1]
    dedent = made[2]
    tokens = 0
    comments = 0
    piece = 0
    for number in range(count):
        begin = bounds[number]
        close = bounds[number + 1] - 1
        first = tokens
        first_comment = comments
        trouble = 0
        depth = 0
        level = 0
        stack[0] = 0
        if data[begin] == _BLANK or data[begin] == _TAB:
            trouble = 1
        if piece >= pieces or starts[piece] != begin:
            return -1
        start = begin
        while start < close:
            end = starts[piece + 1]
            if end <= start or end > close or piece + 1 >= pieces:
                return -1
            kind = kinds[piece]
            role = roles[kind]
            piece += 1
            # Most pieces are tokens, and what is written for another one is written over.
            out_kinds[tokens] = kind
            out_starts[tokens] = start - begin
            out_ends[tokens] = end - begin
            if end - start > longest[kind]:
                trouble = 1
            if (_INLINE >> role) & 1:
                # A token, a space, or a bracket that opens or closes.
                if role != SPACE:
                    tokens += 1
                if role == OPENING:
                    depth += 1
                if role == CLOSING and depth > 0:
                    depth -= 1
            elif (_LINES >> role) & 1:
                # A line end.
                if role == COMMENTED_LINE:
                    at = start
                    while at < end:
                        if data[at] == _HASH:
                            notes[2 * comments] = at - begin
                            while at < end and data[at] != _FEED:
                                at += 1
                            notes[2 * comments + 1] = at - begin
                            own[comments] = 1
                            comments += 1
                        else:
                            at += 1
                if depth == 0 and end < close:
                    if tokens > first and out_kinds[tokens - 1] != newline:
                        out_kinds[tokens] = newline
                        out_starts[tokens] = start - begin
                        out_ends[tokens] = start - begin + 1
                        tokens += 1
                    margin = end
                    while margin > start and data[margin - 1] != _FEED:
                        margin -= 1
                    width = end - margin
                    if width > stack[level]:
                        level += 1
                        stack[level] = width
                        out_kinds[tokens] = indent
                        out_starts[tokens] = margin - begin
                        out_ends[tokens] = end - begin
                        tokens += 1
                    elif width < stack[level]:
                        while level > 0 and stack[level - 1] >= width:
                            level -= 1
                            out_kinds[tokens] = dedent
                            out_starts[tokens] = end - begin
                            out_ends[tokens] = end - begin
                            tokens += 1
                        if stack[level] != width:
                            trouble = 1
            elif role == COMMENT:
                notes[2 * comments] = start - begin
                notes[2 * comments + 1] = end - begin
                own[comments] = 1 if tokens == first else 0
                comments += 1
            else:
                trouble = 1
            start = end
        # The separator is a piece, too.
        piece += 1
        if depth > 0:
            trouble = 1
        if tokens > first and out_kinds[tokens - 1] not in (newline, dedent, indent):
            out_kinds[tokens] = newline
            out_starts[tokens] = out_ends[tokens - 1]
            out_ends[tokens] = close - begin
            tokens += 1
        while level > 0:
            level -= 1
            out_kinds[tokens] = dedent
            out_starts[tokens] = close - begin
            out_ends[tokens] = close - begin
            tokens += 1
        out_kinds[tokens] = made[3]
        out_starts[tokens] = close - begin
        out_ends[tokens] = close - begin
        tokens += 1
        high = 0
        for at in range(begin, close):
            high |= data[at]
        if high > 127:
            # Bytes that continue a character count for nothing. Offsets ascend: each byte is read once.
            at = begin
            hidden = 0
            for token in range(first, tokens):
                stop = begin + out_starts[token]
                while at < stop:
                    if data[at] & 0xC0 == 0x80:
                        hidden += 1
                    at += 1
                out_starts[token] -= hidden
                stop = begin + out_ends[token]
                while at < stop:
                    if data[at] & 0xC0 == 0x80:
                        hidden += 1
                    at += 1
                out_ends[token] -= hidden
            at = begin
            hidden = 0
            for note in range(2 * first_comment, 2 * comments):
                stop = begin + notes[note]
                while at < stop:
                    if data[at] & 0xC0 == 0x80:
                        hidden += 1
                    at += 1
                notes[note] -= hidden
        files[3 * number] = tokens
        files[3 * number + 1] = comments
        files[3 * number + 2] = trouble
    return tokens
