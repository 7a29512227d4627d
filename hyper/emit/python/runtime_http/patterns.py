"""Strings that match a pattern, for made-up data: the shortest that a simple walk finds."""

from __future__ import annotations

import re
import warnings
from functools import cache
from importlib import import_module
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

__all__ = ["matches", "matching"]

_SAMPLES = "a0A-_. /:@b1B"
_CATEGORIES = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "a",
    "CATEGORY_WORD": "a",
    "CATEGORY_NOT_WORD": "-",
}


def matching(patterns: list[str], least: int, most: int | None) -> str | None:
    """A string that matches all patterns, with a length within the bounds; ``None`` where none is found."""
    checks = [_matcher(pattern) for pattern in patterns]
    limit = most if most is not None else least + 10_000
    for repeats in (0, 1, 2, 3, 8, least):
        texts = [_walk(pattern, min(repeats, 10_000)) for pattern in patterns]
        known = [text for text in texts if text is not None]
        for text in (*known, "".join(known), "".join(reversed(known))):
            for candidate in (text, *_stretched(text, least)):
                if least <= len(candidate) <= limit and all(check(candidate) for check in checks):
                    return candidate
    return None


def _stretched(text: str, least: int) -> list[str]:
    """Longer texts that an unanchored pattern may match as well."""
    missing = least - len(text)
    if missing <= 0:
        return []
    filler = text[-1:] or "a"
    middle = len(text) // 2
    return [
        text + filler * missing,
        text + "a" * missing,
        filler * missing + text,
        text[:middle] + text[middle : middle + 1] * missing + text[middle:],
    ]


@cache
def _matcher(pattern: str) -> Any:
    try:
        validator = SchemaValidator(
            core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
        )
    except SchemaError:
        try:
            with warnings.catch_warnings(action="ignore"):
                compiled = re.compile(pattern)
        except re.error:
            return lambda _text: True
        return lambda text: compiled.search(text) is not None

    def found(text: str) -> bool:
        try:
            validator.validate_python(text)
        except ValidationError:
            return False
        return True

    return found


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text; a pattern that no dialect here knows is found in all."""
    found: bool = _matcher(pattern)(text)
    return found


def _walk(pattern: str, repeats: int) -> str | None:
    """What the pattern's tree spells where each open repetition runs ``repeats`` times more than it must."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = import_module("re._parser").parse(_dialect(pattern))
    except (ImportError, re.error, RecursionError, OverflowError):
        return None
    out: list[str] = []
    groups: dict[int, str] = {}
    try:
        _spell(tree, repeats, out, groups)
    except (RecursionError, KeyError):
        return None
    return "".join(out)


def _dialect(pattern: str) -> str:
    """The pattern in Python's spelling, as far as the two differ in common cases."""
    text = re.sub(r"\\p\{(?:L[ulmo]?|Alphabetic|Letter)\}", "[A-Za-z]", pattern)
    text = re.sub(r"\\p\{(?:N|Nd|Number)\}", "[0-9]", text)
    text = re.sub(r"\\[pP]\{[^}]*\}", "[a-z]", text)
    return (
        text.replace(r"\z", r"\Z")
        .replace("(?<", "(?P<")
        .replace("(?P<=", "(?<=")
        .replace("(?P<!", "(?<!")
    )


def _spell(tree: Any, repeats: int, out: list[str], groups: dict[int, str]) -> None:
    for code, value in tree:
        name = str(code)
        if name == "LITERAL":
            out.append(chr(value))
        elif name == "NOT_LITERAL":
            out.append(next(char for char in _SAMPLES if ord(char) != value))
        elif name == "ANY":
            out.append("a")
        elif name == "IN":
            out.append(_member(value))
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            low, high, inner = value
            for _ in range(min(low + repeats, int(high), 20_000)):
                _spell(inner, repeats, out, groups)
        elif name == "SUBPATTERN":
            start = len(out)
            _spell(value[3], repeats, out, groups)
            if value[0] is not None:
                groups[value[0]] = "".join(out[start:])
        elif name == "BRANCH":
            _spell(value[1][0], repeats, out, groups)
        elif name == "GROUPREF":
            out.append(groups[value])
        elif name == "ATOMIC_GROUP":
            _spell(value, repeats, out, groups)


def _member(items: Any) -> str:
    """A character of a class, a plain letter or digit where it has one."""
    negated = str(items[0][0]) == "NEGATE"
    if negated:
        return next((char for char in _SAMPLES if not _within(items[1:], char)), "~")
    for char in _SAMPLES:
        if _within(items, char):
            return char
    code, value = items[0]
    if str(code) == "RANGE":
        return chr(value[0])
    return chr(value) if str(code) == "LITERAL" else _CATEGORIES.get(str(value), "a")


def _within(items: Any, char: str) -> bool:
    for code, value in items:
        name = str(code)
        if name == "LITERAL" and ord(char) == value:
            return True
        if name == "RANGE" and value[0] <= ord(char) <= value[1]:
            return True
        if name == "CATEGORY" and _in_category(str(value), char):
            return True
    return False


def _in_category(name: str, char: str) -> bool:
    kind = name.removeprefix("CATEGORY_").removeprefix("UNI_")
    wanted = not kind.startswith("NOT_")
    kind = kind.removeprefix("NOT_")
    if kind == "DIGIT":
        return char.isdigit() == wanted
    if kind == "SPACE":
        return char.isspace() == wanted
    return (char.isalnum() or char == "_") == wanted
