"""A table of 200 rows of which no two fit one input, and inputs most of which fit a few of them, wherever these stand."""

from __future__ import annotations

from typing import Final

from hyper.bench.draws import Draws

MODULE: Final = "tariffs"
FUNCTION: Final = "duty"
ROWS: Final = 200
_SPAN: Final = 1000
_LIMIT: Final = 500


def source(*, stays: bool = False) -> str:
    """The intent file: a hundred ranges of codes, small and large amounts of each. ``stays``: between any two of them stands a row
    that fits both, so that none can move."""
    lines = [
        f"table {FUNCTION}(code: int, amount: int) -> int, {'first' if stays else 'unique'}:",
        "    code | amount => result",
    ]
    for place in range(ROWS // 2):
        codes = f"{place * _SPAN}..{place * _SPAN + _SPAN - 1}"
        lines.append(f"    {codes} | < {_LIMIT} => {place * 37 % 101}")
        lines.append(f"    {codes} | >= {_LIMIT} => {place * 37 % 101 + 1000}")
        if stays:
            lines.append(f"    - | {-1 - place} => {place}")
    if stays:
        lines.append("    - | - => 0")
    return "\n".join(lines) + "\n"


CODE: Final = 57_500
"""A code whose rows stand in the middle of the table, for inputs that have no other."""
OTHER: Final = 23_500
"""Another one."""


def inputs(
    count: int, seed: int, *, even: bool = False, code: int | None = None
) -> list[tuple[int, int]]:
    """So many codes and amounts. How often a row fits falls as one over its rank, by a ranking that is the same for all seeds;
    ``even``: each as often as any other; ``code``: all have this one."""
    ranked = sorted(range(ROWS), key=lambda row: row * 61 % 211)
    draws = Draws(f"skewed {seed}")
    found = []
    for _ in range(count):
        row = ranked[draws.below(ROWS) if even else draws.popular(ROWS)]
        drawn = row // 2 * _SPAN + draws.below(_SPAN)
        found.append((drawn if code is None else code, draws.below(_LIMIT) + row % 2 * _LIMIT))
    return found
