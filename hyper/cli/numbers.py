"""Numbers that are typed, within bounds. What is wrong in them is told by the option."""

from __future__ import annotations

import re

from hyper.cli.console import UsageError


def whole(option: str, text: str | None, default: int, least: int, most: int) -> int:
    """A whole number; ``default`` where none is given. Raises ``UsageError``."""
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise UsageError(f"{option} is a number from {least:,} to {most:,}, not {text!r}")
    return int(text)


def real(
    option: str, text: str | None, default: float, least: float, most: float, *, of: str = ""
) -> float:
    """A number with a point in it or not, ``of`` something; ``default`` where none is given. Raises ``UsageError``."""
    if text is None:
        return default
    plain = re.fullmatch(r"\d{1,8}(\.\d{1,6})?", text, re.ASCII)
    if plain is None or not least <= float(text) <= most:
        what = f"a number of {of}" if of else "a number"
        raise UsageError(f"{option} is {what} from {least:g} to {most:,.0f}, not {text!r}")
    return float(text)
