"""``hyper import openapi``: an API description to a tree of intent files."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.base.fs import Disk
from hyper.base.output import Published, create
from hyper.base.reports import as_object
from hyper.cli.main import FAILED, OK
from hyper.cli.session import counted, verdict
from hyper.engine.discovery import discover

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from hyper.cli.console import Console


_NAMED: Final = 5


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Import, and write the files beneath the folder named."""
    from hyper.importers.openapi.loading import MAX_BYTES

    try:
        # A pipe is fine here, and one without an end is read as far as a description may go.
        with open(arguments.spec, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        found = [diagnostic("E0901", f"cannot read the file: {reason}", file=arguments.spec)]
        return _finish(found, Published(), [], arguments, console)

    from hyper.importers.openapi import import_openapi

    name = _stem(arguments.spec)
    imported = import_openapi(data, name, arguments.layout)
    found = [_placed(item, name, arguments.spec) for item in imported.diagnostics]
    files = {path: text.encode() for path, text in imported.files.items()}
    beside = _beside(arguments.out, files)
    done = Published()
    if files:
        label = posixpath.normpath(arguments.out.replace(os.sep, "/"))
        advice = "choose another folder, or pass --force to replace files"
        done = create(Disk(), arguments.out, files, label, replace=arguments.force, advice=advice)
        found += done.diagnostics
    return _finish(found, done, beside, arguments, console)


def _finish(
    found: list[Diagnostic],
    done: Published,
    beside: list[str],
    arguments: argparse.Namespace,
    console: Console,
) -> int:
    failed = not done.written
    if console.json:
        value: dict[str, Any] = {"success": not failed, "created": list(done.written)}
        if not failed and beside:
            value["beside"] = beside
        console.object(as_object(found) | value)
        return FAILED if failed else OK
    console.diagnostics(found, _no_lines)
    if failed:
        console.remark(f"hyper: {verdict(found)}; nothing was written")
        return FAILED
    paint = console.palette
    made = counted(len(done.written), "file")
    console.say(f"{paint.strong}{arguments.out}{paint.reset} from {arguments.spec}: {made}")
    if found:
        console.say(f"  found     {verdict(found)}")
    if beside:
        names = ", ".join(beside[:_NAMED])
        more = len(beside) - _NAMED
        console.say(
            f"  beside    {names}{f' and {more:,} more' if more > 0 else ''}: there before, and not"
            " of this import; a build takes them too"
        )
    console.say(f"next: hyper build {arguments.out} -o dist")
    return OK


def _beside(folder: str, files: Mapping[str, bytes]) -> list[str]:
    """The intent files of a folder that an import does not write."""
    disk = Disk()
    if disk.kind(folder, follow=True) != "folder":
        return []
    return [path for path in discover(disk, [folder], folder).paths if path not in files]


def _stem(path: str) -> str:
    """What the description is called: the file's name without what says how it is written."""
    name = posixpath.basename(path.replace(os.sep, "/"))
    for suffix in (".gz", ".json", ".yaml", ".yml"):
        name = name.removesuffix(suffix)
    return name


def _placed(item: Diagnostic, name: str, path: str) -> Diagnostic:
    """The importer knows the description by its name, the user by its path."""
    return msgspec.structs.replace(item, file=path) if item.file == name else item


def _no_lines(_file: str, _line: int) -> str | None:
    """Places in a description are pointers into it, not lines to show."""
    return None
