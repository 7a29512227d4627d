"""What the commands that compile share: a compiler from the arguments, and its result as people see it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.source import Source
from hyper.cli.console import UsageError
from hyper.engine.compiler import Compiler
from hyper.engine.option_values import OptionError
from hyper.engine.options import KEYS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from hyper.base.diagnostics import Diagnostic
    from hyper.cli.console import Console
    from hyper.engine.result import Result

_CONFIGURATIONS: Final = ("hyper.toml", "pyproject.toml")


class View:
    """A result with the paths of its diagnostics as seen from the working folder."""

    def __init__(self, result: Result) -> None:
        self.result = result
        units = result.compilation.units if result.compilation else []
        self._sources = {self.shown(unit.path): unit.source for unit in units}
        known: dict[str, str] = {}
        if result.diagnostics:
            known |= {path: self.shown(path) for path in result.sources}
            if result.folder is not None:
                known |= {name: _near(result.folder, name) for name in _CONFIGURATIONS}
        self.diagnostics = [_renamed(item, known) for item in result.diagnostics]

    def shown(self, path: str) -> str:
        """A path from the source root, as seen from the working folder."""
        return _near(self.result.root, path)

    def line_of(self, file: str, line: int) -> str | None:
        """The text of a line, from the sources or else from the file."""
        source = self._sources.get(file)
        if source is None:
            try:
                with open(file, encoding="utf-8", errors="replace") as stream:
                    source = Source(file, stream.read())
            except OSError:
                return None
            self._sources[file] = source
        if not 1 <= line <= len(source.line_starts):
            return None
        return source.line_text(line)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        shown = [item.as_dict() for item in self.diagnostics]
        return self.result.as_dict() | {"diagnostics": shown}


def _near(root: str, path: str) -> str:
    return os.path.normpath(os.path.relpath(os.path.join(root, path))).replace(os.sep, "/")


def _renamed(item: Diagnostic, names: Mapping[str, str]) -> Diagnostic:
    places = tuple(
        msgspec.structs.replace(place, file=names.get(place.file, place.file))
        for place in item.related
    )
    return msgspec.structs.replace(item, file=names.get(item.file, item.file), related=places)


def compile_with(
    arguments: argparse.Namespace,
    console: Console,
    action: Callable[[Compiler, list[str]], Result],
) -> View:
    """Run a compiler with the options among the arguments, and show how far it is."""
    options = {key: getattr(arguments, key) for key in KEYS if hasattr(arguments, key)}
    # One compile has nothing to remember.
    options["memory"] = 0
    try:
        with Compiler(**options) as compiler, traced(compiler, getattr(arguments, "trace", None)):
            console.follow(compiler)
            return View(action(compiler, arguments.paths))
    except OptionError as error:
        raise UsageError(error.message, error.suggestion) from None
    finally:
        console.progress_end()


@contextlib.contextmanager
def traced(compiler: Compiler, path: str | None) -> Iterator[None]:
    """Write a trace of what the compiler does meanwhile, where a file for it is named."""
    if path is None:
        yield
        return
    from hyper.engine.trace import Trace

    trace = Trace()
    compiler.on("*", trace.hear)
    yield
    try:
        with open(path, "wb") as stream:
            stream.write(trace.encode())
    except OSError as error:
        raise UsageError(f"cannot write the trace to {path}: {error.strerror}") from None


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def verdict(items: list[Diagnostic]) -> str:
    """``2 errors, 1 warning``; empty where there is nothing to say."""
    errors = sum(item.is_error for item in items)
    warnings = sum(item.severity == "warning" for item in items)
    parts = []
    if errors:
        parts.append(counted(errors, "error"))
    if warnings:
        parts.append(counted(warnings, "warning"))
    return ", ".join(parts)


def sized(count: int) -> str:
    """Bytes as people read them: ``312 kB``."""
    if count < 10_000:
        return f"{count:,} bytes"
    if count < 10_000_000:
        return f"{count / 1000:,.0f} kB"
    return f"{count / 1e6:,.1f} MB" if count < 10**10 else f"{count / 1e9:,.1f} GB"
