"""What a session has of lexing: nothing is loaded until files are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.engine.lexing.arrays import Lexed
    from hyper.engine.lexing.choice import Choice
    from hyper.engine.options import Options
    from hyper.engine.parsing import Uncut
    from hyper.gpu.engine import Fallback

LEAST: Final = 128 << 10
"""Bytes of files for which the library is opened: below, the reference lexer is done before it is."""
LEAST_OPEN: Final = 4 << 10
"""Bytes of files for which a library is used that is open already."""


class Lexing:
    """The lexing of one session's files."""

    def __init__(self, fell: Callable[[Fallback], None] | None = None) -> None:
        """``fell`` hears of each back end of the text engine that failed."""
        self._fell = fell
        self._choice: Choice | None = None

    def cutting(
        self,
        options: Options,
        files: Sequence[tuple[str, bytes]],
        tell: Callable[[Lexed], None],
        *,
        forks: bool = False,
    ) -> Callable[[Mapping[str, bytes]], Uncut] | None:
        """What cuts files beforehand; None where they are few, or the reference lexer is asked for.

        ``tell`` hears what was cut. ``forks``: workers may be forked from this process afterwards.
        """
        size = sum(len(data) for _, data in files)
        least = LEAST if self._choice is None else LEAST_OPEN
        if options.text_level == "python" or size < (1 if options.gpu_use == "on" else least):
            return None
        from hyper.engine.lexing.choice import Choice
        from hyper.engine.lexing.opening import settings_of

        settings = settings_of(options, forks=forks)
        if self._choice is None or self._choice.settings != settings:
            self.close()
            self._choice = Choice(LEAST, settings, self._fell)
        choice = self._choice

        def cut(contents: Mapping[str, bytes]) -> Uncut:
            found = choice.cut(contents)
            tell(found)
            return found

        return cut

    def cut(self, options: Options, files: Mapping[str, bytes]) -> Uncut:
        """Files by path, cut where that pays."""
        from hyper.engine.parsing import Uncut

        cut = self.cutting(options, [*files.items()], lambda _lexed: None)
        return Uncut(files) if cut is None else cut(files)

    def close(self) -> None:
        """Wait for what was begun, and give back what is open."""
        self.finish()
        if self._choice is not None:
            self._choice.close()
            self._choice = None

    def abandon(self) -> None:
        """End what was begun beside a build: a later one begins it again."""
        if self._choice is not None:
            self._choice.abandon()

    def finish(self) -> None:
        """Wait for what was begun beside a build."""
        if self._choice is not None:
            self._choice.finish()
