"""Cutting files into pieces, and laying the pieces out as tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Bytes, Ints, Shorts


def cut(
    data: Bytes,
    size: int,
    classes: Bytes,
    moves: Shorts,
    shift: int,
    ended: Bytes,
    alone: Bytes,
    starts: Ints,
    kinds: Bytes,
) -> int:
    """Cut an arena into pieces, and give their number.

    ``starts[p]`` is the offset of piece ``p``; ``kinds[p + 1]`` its kind. Both need room for ``size + 1`` entries.
    """
    row = 0
    count = 0
    for at in range(size):
        entry = moves[row + classes[data[at]]]
        if entry & 0x4000:
            kinds[count] = ended[row >> shift]
            starts[count] = at - 1
            count += 1
            if entry & 0x8000:
                kinds[count] = alone[row >> shift]
                starts[count] = at
                count += 1
        else:
            kinds[count] = ended[row >> shift]
            starts[count] = at
            count += entry >> 15
        row = entry & 0x3FFF
    starts[count] = size
    return count


def lay_out(
    data: Bytes,
    starts: Ints,
    kinds: Bytes,
    count: int,
    roles: Bytes,
    longest: Ints,
    made: Bytes,
    stack: Ints,
    hidden: Ints,
    out_kinds: Bytes,
    out_starts: Ints,
    out_ends: Ints,
    notes: Ints,
    own: Bytes,
    files: Ints,
) -> int:
    """Turn the pieces of whole files into tokens, and give the number of files.

    ``count`` is the number of pieces. ``made`` has the kinds of tokens that stand for no text of their own:
    newline, indent, dedent, end. ``stack`` and ``hidden`` are room to work: as many entries as a file has bytes, and one more.

    Offsets count characters from the start of the file. ``notes`` has two for each comment, its start and its end;
    ``own[c]`` is 1 where nothing stands before comment ``c`` on its line. ``files`` has three entries for each
    file: the numbers of tokens and of comments until its end, and 1 where the file is left to the language.
    """
    newline = made[0]
    indent = made[1]
    dedent = made[2]
    file = 0
    tokens = 0
    comments = 0
    piece = 0
    while piece < count:
        first = tokens
        first_comment = comments
        trouble = 0
        depth = 0
        level = 0
        stack[0] = 0
        last = -1
        begin = starts[piece]
        if data[begin] == 32 or data[begin] == 9:
            trouble = 1
        while data[starts[piece]] != 0xFF:
            start = starts[piece]
            end = starts[piece + 1]
            kind = kinds[piece]
            role = roles[kind]
            piece += 1
            if role == 0 or role == 5 or role == 6:
                if role == 5:
                    depth += 1
                elif role == 6:
                    if depth > 0:
                        depth -= 1
                elif longest[kind] > 0 and end - start > longest[kind]:
                    trouble = 1
                out_kinds[tokens] = kind
                out_starts[tokens] = start - begin
                out_ends[tokens] = end - begin
                tokens += 1
                last = kind
            elif role == 2 or role == 3:
                if role == 3:
                    at = start
                    while at < end:
                        if data[at] == 35:
                            notes[2 * comments] = at - begin
                            while at < end and data[at] != 10:
                                at += 1
                            notes[2 * comments + 1] = at - begin
                            own[comments] = 1
                            comments += 1
                        else:
                            at += 1
                if depth == 0 and data[end] != 0xFF:
                    if last >= 0 and last != newline:
                        out_kinds[tokens] = newline
                        out_starts[tokens] = start - begin
                        out_ends[tokens] = start - begin + 1
                        tokens += 1
                        last = newline
                    margin = end
                    while data[margin - 1] != 10:
                        margin -= 1
                    width = end - margin
                    if width > stack[level]:
                        level += 1
                        stack[level] = width
                        out_kinds[tokens] = indent
                        out_starts[tokens] = margin - begin
                        out_ends[tokens] = end - begin
                        tokens += 1
                        last = indent
                    elif width < stack[level]:
                        while level > 0 and stack[level - 1] >= width:
                            level -= 1
                            out_kinds[tokens] = dedent
                            out_starts[tokens] = end - begin
                            out_ends[tokens] = end - begin
                            tokens += 1
                            last = dedent
                        if stack[level] != width:
                            trouble = 1
            elif role == 4:
                notes[2 * comments] = start - begin
                notes[2 * comments + 1] = end - begin
                own[comments] = 1 if last < 0 else 0
                comments += 1
            elif role == 7:
                trouble = 1
        close = starts[piece] - begin
        piece += 1
        if depth > 0:
            trouble = 1
        if last >= 0 and last not in (newline, dedent, indent):
            out_kinds[tokens] = newline
            out_starts[tokens] = out_ends[tokens - 1]
            out_ends[tokens] = close
            tokens += 1
        while level > 0:
            level -= 1
            out_kinds[tokens] = dedent
            out_starts[tokens] = close
            out_ends[tokens] = close
            tokens += 1
        out_kinds[tokens] = made[3]
        out_starts[tokens] = close
        out_ends[tokens] = close
        tokens += 1
        high = 0
        for at in range(begin, begin + close):
            high |= data[at]
        if high > 127:
            # Bytes that continue a character count for nothing.
            behind = 0
            for at in range(close):
                hidden[at] = behind
                if (data[begin + at] & 0xC0) == 0x80:
                    behind += 1
            hidden[close] = behind
            for token in range(first, tokens):
                out_starts[token] -= hidden[out_starts[token]]
                out_ends[token] -= hidden[out_ends[token]]
            for note in range(2 * first_comment, 2 * comments):
                notes[note] -= hidden[notes[note]]
        files[3 * file] = tokens
        files[3 * file + 1] = comments
        files[3 * file + 2] = trouble
        file += 1
    return file
