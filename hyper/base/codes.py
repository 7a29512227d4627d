"""The one list of diagnostic codes. A code never changes its meaning and is never reused.

E01xx text and tokens, E02xx syntax, E03xx names, E04xx types, E05xx declarations and markers,
E06xx tables and rules, E07xx actions and services, E08xx scenarios and evaluation,
E09xx files, configuration and output, E10xx imported documents. Warnings have a W and the same ranges.
Every code has a page in ``docs/diagnostics/`` and a golden test.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec


class Code(msgspec.Struct, frozen=True):
    """What a diagnostic code is about."""

    severity: Literal["error", "warning"]
    title: str


def _table(text: str) -> dict[str, Code]:
    codes: dict[str, Code] = {}
    for line in text.strip().splitlines():
        code, title = line.strip().split(" ", 1)
        codes[code] = Code("warning" if code.startswith("W") else "error", title)
    return codes


# One line a code, sorted; the title is a short noun phrase.
CODES: Final[dict[str, Code]] = _table(
    """
    E0101 invalid UTF-8
    E0201 unexpected token
    """
)
