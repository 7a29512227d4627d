"""Rows of cells with their columns aligned."""

from __future__ import annotations

from itertools import zip_longest


def grid(rows: list[list[str]], *, padded: bool) -> list[str]:
    """Each row as a line, ``|`` between its cells; ``padded`` tells whether something follows the last."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = []
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        line = " | ".join(cells)
        lines.append(line if padded else line.rstrip())
    return lines
