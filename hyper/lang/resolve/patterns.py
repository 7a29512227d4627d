"""Whether a regular expression is in the dialect of Rust's ``regex``, which Pydantic uses, or is one at all."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

# What Python's `re` says of a pattern that no dialect reads, by how its message begins. Whatever else it
# refuses may have a meaning elsewhere, as `\Q` or `[\w-.]`.
_MISTAKES: Final[tuple[tuple[str, str], ...]] = (
    ("missing ), unterminated subpattern", "a group is not closed"),
    ("unbalanced parenthesis", "a `)` closes no group"),
    ("unterminated character set", "a class `[…]` is not closed"),
    ("nothing to repeat", "there is nothing to repeat before a repetition such as `*`"),
    ("multiple repeat", "a repetition follows a repetition"),
    ("bad escape (end of pattern)", "it ends in a `\\` that escapes nothing"),
    ("min repeat greater than max repeat", "a repetition `{m,n}` has m above n"),
    ("bad character range", "the range of a class runs backwards"),
)
# `[]` and `[^]` are whole classes in ECMAScript; elsewhere their bracket is the first member.
_ESCAPED_OR_EMPTY_CLASS: Final = re.compile(r"(\\[\s\S])|\[\^?\]")
_PROPERTY: Final = re.compile(r"(\\\\)|\\[pP](?:\{[^{}]*\}|[A-Z])|\\u\{[0-9a-fA-F]+\}|\\/")
_NAMED_GROUP: Final = re.compile(r"(\\[\s\S])|\(\?<(?=[A-Za-z_$])")


@lru_cache(maxsize=4096)
def is_supported(pattern: str) -> bool:
    """Compile a pattern as Pydantic does and tell whether that worked."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except (SchemaError, ValueError):
        return False
    return True


# `(*UTF)` of PCRE.
_VERB: Final = re.compile(r"\(\*[A-Z]")


@lru_cache(maxsize=4096)
def mistake(pattern: str) -> str | None:
    """What makes a pattern no regular expression in any dialect, or ``None`` where one may read it."""
    if is_supported(pattern) or _VERB.search(pattern):
        return None
    plain = _PROPERTY.sub(lambda found: found[1] or "x", pattern)
    plain = _NAMED_GROUP.sub(lambda found: found[1] or "(?P<", plain)
    causes = [
        _cause(plain),
        _cause(_ESCAPED_OR_EMPTY_CLASS.sub(lambda found: found[1] or "x", plain)),
    ]
    return causes[0] if all(causes) else None


def _cause(pattern: str) -> str | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except re.error as error:
        if "\\" in error.msg:
            return None
        return next((said for start, said in _MISTAKES if error.msg.startswith(start)), None)
    except (RecursionError, OverflowError):
        return None
    return None
