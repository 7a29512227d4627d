"""What generated functions raise."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ExternError", "IntentError", "Refused", "fail"]

Code: TypeAlias = Literal[
    "overflow",
    "division_by_zero",
    "out_of_bounds",
    "domain",
    "empty",
    "no_match",
    "conversion",
]

_PACKAGE = __name__.rpartition("._runtime.")[0]


class IntentError(Exception):
    """An evaluation that has no value. ``code`` says why; ``file`` and ``line`` are the place in the source."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message

    def __str__(self) -> str:
        file, line = self.place
        return f"{self.code}: {self.message}" + (f" ({file}:{line})" if line else "")

    @property
    def place(self) -> tuple[str, int]:
        """The source file and line of the innermost generated statement; ``("", 0)`` where that is not known."""
        return _place(self.__traceback__)

    @property
    def file(self) -> str:
        """The source file, from the source root."""
        return self.place[0]

    @property
    def line(self) -> int:
        """The line in the source file."""
        return self.place[1]


class Refused(Exception):  # noqa: N818  # an outcome, not a fault
    """A rule that refused; ``message`` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ExternError(Exception):
    """A function of the user's raised: its exception is the cause."""


def fail(code: Code, message: str) -> NoReturn:
    """Raise an ``IntentError``."""
    raise IntentError(code, message)


def generated_frame(traceback: TracebackType | None) -> tuple[str, int] | None:
    """The module and line of the innermost frame of a generated module."""
    found = None
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if is_generated(module):
            found = module, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def is_generated(module: str) -> bool:
    """Whether a module is one of the package's, and not of its runtime."""
    inside = module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
    return inside and not module.startswith(f"{_PACKAGE}._runtime")


def _place(traceback: TracebackType | None) -> tuple[str, int]:
    found = generated_frame(traceback)
    if found is None:
        return "", 0
    module, line = found
    known = _source_map().get(module[len(_PACKAGE) + 1 :])
    if known is None:
        return "", 0
    origin = 0
    for first, source in known["lines"]:
        if first > line:
            break
        origin = source
    return (known["file"], origin) if origin else ("", 0)


@cache
def _source_map() -> dict[str, Any]:
    """From module to its source file and ``[line, source line]`` pairs, each good until the next."""
    try:
        text = files(f"{_PACKAGE}._runtime").joinpath("lines.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    found: dict[str, Any] = json.loads(text)
    return found
