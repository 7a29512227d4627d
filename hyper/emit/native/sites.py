"""Where kernels fail: each place and cause once in a unit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hyper.jit.kernel.ir import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sites:
    """The sites of one unit. ``file`` and ``line`` are where the code that is being made stands."""

    def __init__(self) -> None:
        self._numbers: dict[Site, int] = {}
        self.file = ""
        self.line = 0

    @property
    def place(self) -> tuple[str, int]:
        """The file and the line."""
        return self.file, self.line

    @contextmanager
    def at(self, file: str, line: int) -> Iterator[None]:
        """Code that stands elsewhere."""
        before = self.place
        self.file, self.line = file, line
        try:
            yield
        finally:
            self.file, self.line = before

    def error(self, code: str, message: str) -> int:
        """The number of an error at the current line."""
        return self._numbers.setdefault(
            Site(code, message, self.file, self.line), len(self._numbers) + 1
        )

    def guard(self, message: str) -> int:
        """The number of a guard at the current line: what the kernel takes for granted does not hold."""
        return self.error("guard", message)

    def all(self) -> tuple[Site, ...]:
        """Number 1 first."""
        return tuple(self._numbers)
