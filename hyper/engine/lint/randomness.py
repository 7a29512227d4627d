"""Whether a text looks drawn at random, as keys are, or chosen by a person, as names and examples are."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from math import log2
from typing import Final

_LETTERS: Final = re.compile(r"[A-Za-z0-9+/=_.~-]+")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD: Final = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}(?![a-z])")
_BEGINNING: Final = 64
"""Characters in which a long text says what it is: further on, letters make words by chance."""
_SHORTEST: Final = 16
_SHORTEST_HEX: Final = 32
_LONGEST: Final = 512
_MADE_UP: Final = (
    *(
        "example",
        "sample",
        "dummy",
        "placeholder",
        "redacted",
        "changeme",
        "change_me",
        "change-me",
        "replace",
    ),
    *(
        "your_",
        "your-",
        "insert",
        "test_",
        "fake",
        "not_a",
        "nota",
        "todo",
        "xxxx",
        "0000",
        "1234",
        "abcd",
    ),
    *("testing", "demo", "john doe", "jane doe", "****", "....", "----", "____"),
    # The tokens of GitHub's documentation.
    "16c7e42f292c6912e7710c838347ae178b4a",
)


def is_made_up(text: str) -> bool:
    """Whether a text says of itself that it stands for another, or repeats itself, or counts."""
    folded = text[:_BEGINNING].lower()
    if any(each in folded for each in _MADE_UP):
        return True
    letters = [each for each in folded if each.isalnum()]
    return len(set(letters)) <= max(3, len(letters) // 8)


def entropy(text: str) -> float:
    """Shannon's entropy of the characters of a text, in bits a character."""
    size = len(text)
    return -sum(count / size * log2(count / size) for count in Counter(text).values())


def is_random(text: str) -> bool:
    """Whether a text looks like a key: long, without words in it, and with many different characters in no order."""
    size = len(text)
    if not _SHORTEST <= size <= _LONGEST or not _LETTERS.fullmatch(text) or is_made_up(text):
        return False
    if _UUID.fullmatch(text) or not any(each.isdigit() for each in text):
        return False
    if _HEX.fullmatch(text):
        return size >= _SHORTEST_HEX and entropy(text) >= 3.0 and not text.isdigit()
    if sum(map(len, _WORD.findall(text))) * 3 > size or _says_something(text):
        return False
    return entropy(text) >= min(3.5, log2(size) - 0.75)


def _says_something(text: str) -> bool:
    """Whether it is a text in Base64."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return all(32 <= byte < 127 for byte in data)
