"""What a session has of lexing: nothing is loaded until files are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.engine.lexing.choice import Choice
    from hyper.engine.parsing import Uncut
    from hyper.engine.tiers import TextLevel

LEAST: Final = 128 << 10
"""Bytes of files for which the library is opened: below, the reference lexer is done before it is."""
LEAST_OPEN: Final = 4 << 10
"""Bytes of files for which a library is used that is open already."""


class Lexing:
    """The lexing of one session's files."""

    def __init__(self) -> None:
        self._choice: Choice | None = None

    def cutting(
        self,
        level: TextLevel,
        files: Sequence[tuple[str, bytes]],
        tell: Callable[[tuple[int, int]], None],
    ) -> Callable[[Mapping[str, bytes]], Uncut] | None:
        """What cuts files beforehand; None where they are few, or the reference lexer is asked for.

        ``tell`` hears how many bytes were cut, and how many of these were left to the reference lexer.
        """
        size = sum(len(data) for _, data in files)
        if level == "python" or size < (LEAST if self._choice is None else LEAST_OPEN):
            return None
        if self._choice is None:
            from hyper.engine.lexing.choice import Choice

            self._choice = Choice(LEAST)
        choice = self._choice

        def cut(contents: Mapping[str, bytes]) -> Uncut:
            found = choice.cut(contents)
            tell(found.sizes)
            return found

        return cut

    def cut(self, level: TextLevel, files: Mapping[str, bytes]) -> Uncut:
        """Files by path, cut where that pays."""
        from hyper.engine.parsing import Uncut

        cut = self.cutting(level, [*files.items()], lambda _sizes: None)
        return Uncut(files) if cut is None else cut(files)

    def finish(self) -> None:
        """Wait for what was begun beside a build."""
        if self._choice is not None:
            self._choice.finish()
