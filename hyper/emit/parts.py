"""Files as parts of a build: each can be made alone, and what it looks at is noted while it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Made(NamedTuple):
    """The bytes of a file, and what it adds to the files that speak of all others, in a form of the back end's."""

    data: bytes
    note: bytes = b""


class Part(NamedTuple):
    """A file: what it is, the same in every build; its path from the package's folder; and what makes it. Another path
    makes it another file."""

    id: str
    path: str
    make: Callable[[], Made]
