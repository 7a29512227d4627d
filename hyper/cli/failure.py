"""A defect of the compiler: a report file for its makers, one line for its user."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.cli.console import Console


def report(error: Exception, words: list[str], console: Console) -> None:
    """Write what is known of the defect to a file, and say where it is."""
    path = _write(_text(error, words))
    line = f"{type(error).__name__}: {error}"
    if console.json:
        failure = {"code": "internal", "message": line, "report": path}
        console.object({"success": False, "error": failure})
        return
    console.remark("hyper: an internal error. This is a defect of hyper, not of your files.")
    console.remark(f"  {line}")
    if path is not None:
        console.remark(f"  the report is in {path}: please send it with the files that cause it")


def _text(error: Exception, words: list[str]) -> str:
    from hyper import __version__

    trace = "".join(traceback.format_exception(error))
    return (
        f"hyper {__version__}\nPython {platform.python_version()} on {platform.platform()}\n"
        f"arguments: {words!r}\n\n{trace}"
    )


def _write(text: str) -> str | None:
    try:
        descriptor, path = tempfile.mkstemp(prefix="hyper-report-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError:
        return None
    return path
