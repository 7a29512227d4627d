"""Which lexer cuts the files of a build, and when the native library is made.

The library pays from some files on, and making it takes a second or two, once for a machine. Who builds often has
it made: as soon as the reference lexer has taken as long as making it takes, it is made beside a build (so it never
costs more than twice what would have been best). A machine that starts empty each time, as in CI, never makes it
unless asked to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from hyper.base import aside
from hyper.base.fs import open_at_once
from hyper.engine import ownership
from hyper.engine.lexing.arrays import Cutter, Lexed
from hyper.engine.lexing.library import FOLDER, can_prepare, open_library
from hyper.engine.lexing.opening import text_engine
from hyper.gpu.sources import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.base.token_table import TokenTable
    from hyper.engine.lexing.library import Library
    from hyper.gpu.engine import Fallback, TextEngine

REFERENCE_SPEED: Final = 20e6
"""Bytes a second that the reference lexer is reckoned to cut (docs/text-engine.md has what it was measured at)."""
MAKING_SECONDS: Final = 2.0
"""What making the library is reckoned to take."""
_WORTH: Final = 4 << 20
"""Bytes of files below which nothing pays that has to be compiled first."""
_PATIENCE: Final = 30.0
_MAKE: Final = """\
import sys
sys.path[:] = {path!r}
from hyper.engine.lexing.library import prepare
prepare()
"""


class Choice:
    """The choice of one session: the library and the engine, once they were opened, and the process that makes a library."""

    def __init__(
        self,
        least: int = 0,
        settings: Settings | None = None,
        tell: Callable[[Fallback], None] | None = None,
    ) -> None:
        """``least`` bytes of files are worth opening the library. ``tell`` hears of each back end that failed."""
        self.settings = settings or Settings()
        self._least = least
        self._tell = tell
        self._library: Library | None = None
        self._engine: TextEngine | None = None
        self._cutter: Cutter | None = None
        self._making: subprocess.Popen[bytes] | None = None

    def cut(self, files: Mapping[str, bytes]) -> Lexed:
        """Cut files with the engine, where it pays; otherwise the reference lexer cuts each when it is parsed."""
        size = sum(map(len, files.values()))
        if self._library is None:
            if size < self._least and self.settings.gpu != "on":
                return Lexed(files)
            self._library = open_library()
        if self._library is None and self._making is None and _is_due(size):
            self._make()
        return Lexed(files, self._opened() if self._pays(size) else None)

    def _pays(self, size: int) -> bool:
        """Whether the engine is predicted to be done before the reference lexer."""
        if self._library is not None or self.settings.gpu == "on":
            return True
        if self._engine is None and size < _WORTH:
            return False
        engine = self._opened().engine
        predicted = engine.predicted("cut", size) + engine.predicted("lay_out", size)
        return predicted < size / REFERENCE_SPEED

    def _opened(self) -> Cutter:
        loops = self._library.loops if self._library is not None else None
        if self._engine is None:
            self._engine = text_engine(self.settings, loops, self._tell)
        elif loops is not None:
            self._engine.hand_in(loops)
        if self._cutter is None:
            table = self._library.table if self._library is not None else _table()
            self._cutter = Cutter(self._engine, table)
        return self._cutter

    def close(self) -> None:
        """Give back what the engine has open."""
        if self._engine is not None:
            self._engine.close()
        self._engine = self._cutter = None

    def _make(self) -> None:
        program = _MAKE.format(path=sys.path)
        try:
            self._making = subprocess.Popen(  # noqa: S603  # this Python, with a text of ours
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            # No process is to be had now, or no Python where one is embedded: the build goes on, and a later one tries again.
            _keep(0.0)

    def abandon(self) -> None:
        """Make no library now, where one is being made."""
        making, self._making = self._making, None
        if making is not None:
            making.kill()
            making.wait()

    def finish(self) -> None:
        """Wait for the library, where it is being made."""
        making, self._making = self._making, None
        if making is None:
            return
        try:
            making.wait(_PATIENCE)
        except BaseException as error:
            making.kill()
            making.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
        _keep(0.0)


def _table() -> TokenTable:
    from hyper.lang.automaton.table import token_table

    return token_table()


def _is_due(size: int) -> bool:
    """Note that the reference lexer cuts so many bytes; whether the library would have been made in the time that it has taken."""
    if not can_prepare():
        return False
    spent = _spent() + size / REFERENCE_SPEED
    _keep(spent)
    return spent >= MAKING_SECONDS


def _ledger() -> str:
    return os.path.join(ownership.state_folder(), FOLDER, "spent")


def _spent() -> float:
    try:
        with open(_ledger(), encoding="ascii", opener=open_at_once) as stream:
            found = float(stream.read(32))
    except (OSError, ValueError):
        return 0.0
    return found if 0.0 <= found <= MAKING_SECONDS else 0.0


def _keep(spent: float) -> None:
    try:
        path = _ledger()
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        aside.replace(path, f"{spent:.6f}".encode(), 0o600)
    except OSError:
        # Where nothing can be kept, the library cannot be kept either.
        return
