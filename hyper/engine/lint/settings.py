"""What is linted where nothing else is asked for: the table ``lint`` of the configuration."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import msgspec

from hyper.base.codes import CODES

LEAST_SIMILARITY: Final = 0.5


class LintSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``allow`` has codes with the globs of files, from the source root, in which they are not told."""

    warnings: bool = True
    secrets: bool = False
    duplicates: bool = False
    dead: bool = False
    similarity: float = 0.85
    deny_warnings: bool = False
    allow: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Mistake(NamedTuple):
    """What is wrong with a key of the table."""

    key: str
    code: str
    message: str
    suggestion: str | None = None


def read_settings(table: Any) -> tuple[LintSettings, list[Mistake]]:
    """The settings that a table of TOML has, and what is wrong with it."""
    if not isinstance(table, dict):
        return LintSettings(), [Mistake("lint", "E0903", "[lint] is a table")]
    values: dict[str, Any] = {}
    wrong: list[Mistake] = []
    for key, value in table.items():
        try:
            values[key] = _value(key, value)
        except _WrongError as error:
            wrong.append(error.mistake)
    return LintSettings(**values), wrong


def read_similarity(value: Any) -> float | None:
    """A share, given as a number or as text; ``None`` for what is none or out of bounds."""
    try:
        share = float(value)
    except (TypeError, ValueError):
        return None
    return share if LEAST_SIMILARITY <= share <= 1 else None


class _WrongError(Exception):
    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


def _value(key: str, value: Any) -> Any:
    known = LintSettings.__struct_fields__
    if key not in known:
        near = get_close_matches(key, known, 1)
        message = f'there is no option "{key}" of lint: they are {", ".join(known)}'
        raise _WrongError(Mistake(key, "E0902", message, near[0] if near else None))
    if key == "allow":
        return _allowed(value)
    if key == "similarity":
        share = None if isinstance(value, bool) else read_similarity(value)
        if share is None:
            message = f"similarity is a number from {LEAST_SIMILARITY} to 1"
            raise _WrongError(Mistake(key, "E0903", message))
        return share
    if not isinstance(value, bool):
        raise _WrongError(Mistake(key, "E0903", f'the option "{key}" of lint is true or false'))
    return value


def _allowed(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    form = 'allow is a table of codes with lists of files, as in W1101 = ["examples/*.intent"]'
    if not isinstance(value, dict):
        raise _WrongError(Mistake("allow", "E0903", form))
    found = []
    for code, globs in value.items():
        if code not in CODES or CODES[code].severity != "warning":
            near = get_close_matches(code, CODES, 1)
            message = f'there is no warning "{code}"'
            raise _WrongError(Mistake(code, "E0903", message, near[0] if near else None))
        if not isinstance(globs, list) or not all(isinstance(each, str) and each for each in globs):
            raise _WrongError(Mistake(code, "E0903", form))
        found.append((code, tuple(globs)))
    return tuple(found)
