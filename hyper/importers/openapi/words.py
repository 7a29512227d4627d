"""Names of a document as names of the language: words found in any spelling, put together again."""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache
from typing import Final

from hyper.lang.printer.spelling import EXPRESSION_WORDS

_SIGNS: Final = {
    "+": " plus ",
    "@": " at ",
    "%": " percent ",
    "#": " number ",
    "*": " star ",
    "&": " and ",
    "<": " less ",
    ">": " greater ",
    "=": " equal ",
    "!": " not ",
}
_PARTS: Final = re.compile(
    r"OAuth\d*|IPv[46]|GitHub|[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+"
)

VALUE_WORDS: Final = EXPRESSION_WORDS | {"self"}
"""Words that an expression does not read as names."""

RESERVED: Final = VALUE_WORDS | frozenset(keyword.kwlist)
"""Words that are no good names of modules, actions and types."""


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The words of a name in any spelling: ``meta/root``, ``HTMLPage``, ``+1``, ``naïve``."""
    if not text.isascii():
        text = _ascii(text)
    text = text.replace("'", "")
    if any(sign in text for sign in _SIGNS):
        text = "".join(_SIGNS.get(char, char) for char in text)
    if text.startswith("-") and text[1:2].isdigit():
        text = "minus " + text[1:]
    return tuple(_PARTS.findall(text))


def _ascii(text: str) -> str:
    """The text in ASCII letters; what has no such letters is named by its code points."""
    out: list[str] = []
    for char in text:
        if char.isascii():
            out.append(char)
            continue
        plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
        if plain.strip():
            out.append(plain)
        elif char.isalnum():
            out.append(f" u{ord(char):x} ")
        else:
            out.append(" ")
    return "".join(out)


def is_identifier(text: str) -> bool:
    """Whether a name can be written as it is."""
    return text.isidentifier() and (text.isascii() or unicodedata.normalize("NFKC", text) == text)


@lru_cache(maxsize=65536)
def snake(text: str) -> str:
    """``listSpecialEvents`` as ``list_special_events``; empty where there are no words."""
    return "_".join(word.lower() for word in words(text))


@lru_cache(maxsize=65536)
def pascal(text: str) -> str:
    """``simple-user`` as ``SimpleUser``; empty where there are no words."""
    parts = words(text)
    out = ""
    for word in parts:
        head = word[0].upper() + (
            word[1:].lower() if word.isupper() and len(word) > 1 else word[1:]
        )
        # two numbers that meet are kept apart, or `v1_2` would be `v12`
        out += "_" + head if out and out[-1].isdigit() and head[0].isdigit() else head
    return out


def type_name(text: str, fallback: str = "Value") -> str:
    """The name of a declared type."""
    name = pascal(text) or fallback
    if name[0].isdigit():
        name = f"N{name}"
    return name if name not in RESERVED else f"{name}Value"


def value_name(text: str, fallback: str = "value") -> str:
    """The name of a field, parameter or member: as it is where it can stand, else its words."""
    if is_identifier(text) and text.strip("_"):
        return text
    name = snake(text) or fallback
    return f"n{name}" if name[0].isdigit() else name


def action_name(text: str, fallback: str = "action") -> str:
    """The name of an action or a module."""
    name = snake(text) or fallback
    if name[0].isdigit():
        name = f"n{name}"
    return f"{name}_" if name in RESERVED else name


_DEVICES: Final = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_LONGEST: Final = 60


def module_name(text: str, fallback: str) -> str:
    """One part of the name of a module, which is the name of a file or folder on any system."""
    name = action_name(text, fallback)[:_LONGEST].rstrip("_") or fallback
    return f"{name}_" if _DEVICES.fullmatch(name) or name in RESERVED else name


_KEEP: Final = frozenset(
    {
        "access", "address", "alias", "always", "analysis", "analytics", "args", "as", "aws",
        "basis", "bonus", "bus", "business", "campus", "canvas", "census", "class", "corpus",
        "css", "details", "dns", "focus", "gas", "gps", "https", "ids", "ios", "is", "js",
        "kubernetes", "kwargs", "lens", "means", "metrics", "ms", "news", "nexus", "os", "params",
        "plus", "pos", "process", "progress", "radius", "redis", "series", "settings", "sms",
        "species", "statistics", "status", "this", "tls", "us", "virus",
    }
)  # fmt: skip
"""Words that end as plurals do, or are better left as they are."""


def singular(text: str) -> str:
    """One of what a plural names: ``categories`` as ``category``; other words as they are."""
    low = text.lower()
    last = snake(text).rpartition("_")[2]
    if last == "ids":
        return text[:-1]
    if last in _KEEP or len(last) < 4 or low.endswith(("ss", "us", "is")) or not low.endswith("s"):
        return text
    if low.endswith("ies") and len(last) > 4:
        return text[:-3] + "y"
    if low.endswith(("sses", "uses", "shes", "ches", "xes", "zes")):
        return text[:-2]
    return text[:-1]


class Names:
    """Names that are taken; a name that is taken gets the first ending that is free."""

    __slots__ = ("taken",)

    def __init__(self, taken: set[str] | None = None) -> None:
        self.taken: set[str] = set(taken or ())

    def claim(self, name: str, *endings: str) -> str:
        """The name, or with an ending that tells what it is, or with a number."""
        for candidate in (name, *(name + ending for ending in endings)):
            if candidate not in self.taken:
                self.taken.add(candidate)
                return candidate
        joint = "_" if name == name.lower() or name[-1].isdigit() else ""
        number = 2
        while f"{name}{joint}{number}" in self.taken:
            number += 1
        claimed = f"{name}{joint}{number}"
        self.taken.add(claimed)
        return claimed
