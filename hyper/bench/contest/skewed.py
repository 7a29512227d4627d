"""A table of rows of which no two fit one input, and inputs most of which fit a few of them, wherever these stand."""

from __future__ import annotations

from typing import Final

from hyper.bench.draws import Draws

MODULE: Final = "tariffs"
FUNCTION: Final = "duty"
ROWS: Final = 200
"""The rows of the table, where no others are asked for."""
_SPAN: Final = 1000
_LIMIT: Final = 500


def source(rows: int = ROWS, *, stays: bool = False) -> str:
    """The intent file: ranges of codes, half as many as ``rows``, small and large amounts of each. ``stays``: between any two of
    them stands a row that fits both, so that none can move."""
    lines = [
        f"table {FUNCTION}(code: int, amount: int) -> int, {'first' if stays else 'unique'}:",
        "    code | amount => result",
    ]
    for place in range((rows + 1) // 2):
        codes = f"{place * _SPAN}..{place * _SPAN + _SPAN - 1}"
        lines.append(f"    {codes} | < {_LIMIT} => {place * 37 % 101}")
        lines.append(f"    {codes} | >= {_LIMIT} => {place * 37 % 101 + 1000}")
        if stays:
            lines.append(f"    - | {-1 - place} => {place}")
    if stays:
        lines.append("    - | - => 0")
    return "\n".join(lines) + "\n"


def code_at(percent: int, rows: int = ROWS) -> int:
    """A code whose rows stand so far down the table, for inputs that have no other."""
    return (rows + 1) // 2 * percent // 100 * _SPAN + _SPAN // 2


CODE: Final = 57
"""Where the rows of the code stand that is recorded, and of another one."""
OTHER: Final = 23


def inputs(
    count: int, seed: int, rows: int = ROWS, *, even: bool = False, code: int | None = None
) -> list[tuple[int, int]]:
    """So many codes and amounts. How often a row fits falls as one over its rank, by a ranking that is the same for all seeds;
    ``even``: each as often as any other; ``code``: all have this one."""
    ranked = sorted(range(rows), key=lambda row: row * 61 % 211)
    draws = Draws(f"skewed {seed}")
    found = []
    for _ in range(count):
        row = ranked[draws.below(rows) if even else draws.popular(rows)]
        drawn = row // 2 * _SPAN + draws.below(_SPAN)
        found.append((drawn if code is None else code, draws.below(_LIMIT) + row % 2 * _LIMIT))
    return found
