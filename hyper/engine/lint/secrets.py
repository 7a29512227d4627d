"""Credentials in the strings and comments of sources, found in one pass over all files."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.engine.lint.randomness import is_made_up, is_random
from hyper.engine.lint.shapes import NAMES, SHAPES
from hyper.engine.search.kinds import Region, Spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.engine.lint.shapes import Shape
    from hyper.engine.search.texts import Texts

_SHOWN: Final = 4
_FARTHEST: Final = 4000
"""Characters of a line behind a word such as ``password`` that are looked at."""
_GIVEN: Final = re.compile(
    r"(?:[A-Za-z0-9_-]{0,40}\\?[\"'`]?\s{0,4}(?::=|=>|[:=])\s{0,4}|\s{1,4})\\?[\"'`]?([A-Za-z0-9+/=_.~-]{16,512})"
)
_SAID: Final = ("password", "passwd", "pass", "pwd", "pw", "secret", "token", "key")
_NAMED: Final = "secret by its name"
_LONGEST_NAME: Final = 60
_BEFORE: Final = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")
_BEHIND: Final = re.compile(r"[A-Za-z0-9_-]{0,60}")
_OTHER: Final = (
    *("hash", "digest", "fingerprint", "checksum", "page", "cursor", "next", "continu", "sync"),
    *("_id", "-id", "_name", "_url", "_type", "_sha", "sha_", "etag", "commit"),
)
"""In the names of what is no secret itself."""
_DECLARED: Final = re.compile(r"[A-Za-z0-9_]{0,60}`?\??\s{0,4}[:=]")
"""What is behind the name of a field, a const or a parameter: further literals on the line belong to it."""
_KEY: Final = re.compile(r"[\"']([^\"'\n]{1,60})[\"']\s{0,4}:\s{0,4}\Z")
_NAMES: Final = re.compile("|".join(NAMES), re.IGNORECASE)
_STRING: Final = re.compile(r"\"([^\"\\\n]{16,512})\"|'([^'\\\n]{16,512})'")


class Secret(msgspec.Struct, frozen=True, order=True):
    """A credential: a range of a file in code points, and what it is."""

    file: int
    start: int
    end: int
    what: str


def find_secrets(texts: Texts) -> list[Secret]:
    """The credentials in all files, by their places."""
    owners = [shape for shape in SHAPES for _ in shape.prefixes]
    words = [prefix.encode() for shape in SHAPES for prefix in shape.prefixes]
    words += [name.encode() for name in NAMES]
    # Most of what begins like a credential is none: this loop decides how long all takes.
    verify = [(len(word), shape.pattern.match) for word, shape in zip(words, owners, strict=False)]
    shapes = len(verify)
    found = texts.engine.search(texts.arena, words, ignore_case=True)
    secrets: list[Secret] = []
    for file, ends, numbers in texts.by_file(found):
        text = texts.source(file).text
        candidates: dict[tuple[int, int], str] = {}
        line = _Line(text)
        for end, number in zip(texts.offsets(file, ends), numbers, strict=True):
            if number < shapes:
                size, match = verify[number]
                verified = match(text, end - size)
                if verified is not None:
                    candidates |= _shaped(owners[number], verified)
            else:
                candidates |= line.named(end - len(words[number]), end)
        if candidates:
            region = Region(texts.tokens(file), ("strings", "comments"))
            secrets += [
                Secret(file, *span, what)
                for span, what in _apart(candidates)
                if region.holds(*span)
            ]
    return secrets


def _shaped(shape: Shape, match: re.Match[str]) -> dict[tuple[int, int], str]:
    """What has a shape of its own, where it is no example."""
    group = match.lastindex or 0
    secret = match[group]
    if shape.name == "JSON web token":
        real = _is_signed(secret)
    elif shape.name == "URL with a password":
        user = match[0].removeprefix("://").partition(":")[0]
        real = not secret.isdigit() and secret not in {user, *_SAID} and not is_made_up(secret)
    else:
        real = not is_made_up(secret)
    return {match.span(group): shape.name} if real else {}


def _is_signed(token: str) -> bool:
    """Whether a token has a header with an algorithm, and is not one of those that documentation is full of."""
    try:
        header, claims = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in token.split(".")[:2]
        )
    except (ValueError, RecursionError):
        return False
    named = isinstance(header, dict) and header.get("alg") not in {None, "none"}
    return named and not is_made_up(json.dumps(claims).replace(" ", ""))


class _Line:
    """What stands behind words such as ``password``, each line looked through once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = -1

    def named(self, start: int, end: int) -> dict[tuple[int, int], str]:
        """Literals that look random, behind a name that has a word from ``start`` to ``end`` in it."""
        found: dict[tuple[int, int], str] = {}
        given = _GIVEN.match(self.text, end)
        if given is not None and is_random(given[1]):
            found[given.span(1)] = _NAMED
        line_end = self.end
        if end > line_end and _DECLARED.match(self.text, end):
            feed = self.text.find("\n", end)
            line_end = min(len(self.text) if feed < 0 else feed, end + _FARTHEST)
            for match in _STRING.finditer(self.text, end, line_end):
                group = match.lastindex or 0
                if is_random(match[group]) and self._belongs(match.start()):
                    found[match.span(group)] = _NAMED
        if found and self._is_other(start, end):
            return {}
        self.end = line_end
        return found

    def _belongs(self, start: int) -> bool:
        """Whether a string has no key of its own in a map, or that of a secret."""
        key = _KEY.search(self.text, max(0, start - _LONGEST_NAME), start)
        return key is None or _NAMES.search(key[1]) is not None

    def _is_other(self, start: int, end: int) -> bool:
        """Whether the name is that of what is no secret itself: a hash of one, its number, a place in a list."""
        before = _BEFORE.search(self.text, max(0, start - _LONGEST_NAME), start)
        behind = _BEHIND.match(self.text, end)
        name = f"{before[0] if before else ''} {behind[0] if behind else ''}".lower()
        return any(each in name for each in _OTHER)


def _apart(candidates: dict[tuple[int, int], str]) -> list[tuple[tuple[int, int], str]]:
    """Candidates by their places, none over another: one with a shape goes before one without, then the one that begins first."""
    shaped = _swept(span for span, what in candidates.items() if what != _NAMED)
    taken = Spans([start for start, _ in shaped], [end for _, end in shaped])
    named = _swept(
        span for span, what in candidates.items() if what == _NAMED and not taken.touch(*span)
    )
    return [(span, candidates[span]) for span in sorted(shaped + named)]


def _swept(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def shown_part(secret: str) -> int:
    """How many characters of a secret may be shown: four, or fewer of a short one."""
    return min(_SHOWN, len(secret) // 4)


def masked(secret: str) -> str:
    """What may be shown of a secret."""
    return secret[: shown_part(secret)] + "…"
