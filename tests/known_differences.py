"""Differences that are left between a real description and what is emitted for it, each with its reason.

``docs/openapi.md`` tells the same to readers. A difference that no pattern here expects fails the test, and so does a pattern
that expects nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.compare import Difference


class Known(NamedTuple):
    """``pattern`` is matched against the whole text of a difference."""

    pattern: str
    reason: str


KNOWN: Final[dict[str, tuple[Known, ...]]] = {
    "museum": (),
    "adyen": (),
    "datadog": (),
    "digitalocean": (),
    "stripe": (),
    "github": (),
}


def unexpected(name: str, found: Iterable[Difference]) -> tuple[list[str], list[str]]:
    """The differences that nothing expects, and the expectations that nothing met."""
    known = [re.compile(item.pattern, re.DOTALL) for item in KNOWN[name]]
    met: set[str] = set()
    rest: list[str] = []
    for difference in found:
        text = str(difference)
        hits = [pattern.pattern for pattern in known if pattern.fullmatch(text)]
        met.update(hits)
        if not hits:
            rest.append(text)
    return rest, [pattern.pattern for pattern in known if pattern.pattern not in met]
