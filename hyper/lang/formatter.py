"""``hyper fmt``: a file in its canonical form, if it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.lang.parser import parse
from hyper.lang.printer import print_module

if TYPE_CHECKING:
    from hyper.base.source import Source
    from hyper.lang.tokens import Tokens


class Formatted(msgspec.Struct, eq=False):
    """The text to write, which is the text as it was where there are diagnostics."""

    text: str
    diagnostics: list[Diagnostic]


def format_text(source: Source, tokens: Tokens | None = None) -> Formatted:
    """Format a file. One with mistakes is left alone, and they are returned.

    ``tokens`` are those of the source, where somebody has cut it already.
    """
    parsed = parse(source, tokens)
    if any(item.is_error for item in parsed.diagnostics):
        return Formatted(source.text, parsed.diagnostics)
    try:
        text = print_module(parsed.module, source)
    except RecursionError:
        message = "nested too deeply to be formatted; give a part a name of its own"
        problem = diagnostic("E0210", message, source.locate(0, 0))
        return Formatted(source.text, [problem])
    return Formatted(text, parsed.diagnostics)
