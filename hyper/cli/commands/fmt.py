"""``hyper fmt``: the one way to write an intent file."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.base.fs import Disk
from hyper.base.reports import as_object
from hyper.base.source import Source
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import counted, verdict
from hyper.engine.discovery import discover, start_of
from hyper.engine.lexing.session import Lexing
from hyper.engine.options import configure
from hyper.lang.lexer import decode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from hyper.cli.console import Console
    from hyper.engine.parsing import Uncut


class _File(msgspec.Struct):
    """A file before and after; ``after`` is ``None`` where it cannot be formatted."""

    path: str
    source: Source
    after: str | None

    @property
    def changed(self) -> bool:
        return self.after is not None and self.after != self.source.text


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Format files in place, or say what would change."""
    if "-" in arguments.paths:
        return _stdin(arguments, console)
    found: list[Diagnostic] = []
    files = _format_all(arguments, console, found)
    changed = [file for file in files if file.changed]
    dry = arguments.check or arguments.diff
    if not dry:
        _write_all(changed, found)
    failed = any(item.is_error for item in found)
    code = FAILED if failed or (arguments.check and changed) else OK
    if console.json:
        value: dict[str, Any] = {"success": code == OK, "changed": [file.path for file in changed]}
        console.object(as_object(found) | value | {"files": len(files), "written": not dry})
        return code
    texts = {file.path: file.source for file in files}
    console.diagnostics(
        found, lambda file, line: texts[file].line_text(line) if file in texts else None
    )
    _tell(files, changed, arguments, console)
    if failed:
        console.remark(f"hyper: {verdict(found)}; files with errors are left as they are")
    return code


def _tell(
    files: list[_File], changed: list[_File], arguments: argparse.Namespace, console: Console
) -> None:
    if arguments.diff:
        for file in changed:
            _print(_diff(file), console)
        return
    verb = "would change" if arguments.check else "formatted"
    for file in changed:
        console.say(f"{verb} {console.shown(file.path)}")
    rest = counted(len(files) - len(changed), "file")
    console.say(
        f"{counted(len(changed), 'file')} {'to format' if arguments.check else 'formatted'}, {rest} as they are"
    )


def _print(text: str, console: Console) -> None:
    console.write("\n".join(console.shown(line) for line in text.split("\n")))


def _stdin(arguments: argparse.Namespace, console: Console) -> int:
    if len(arguments.paths) > 1 or console.json:
        raise UsageError("- stands alone: hyper fmt - < FILE")
    from hyper.lang.formatter import format_text

    source, broken = decode("<stdin>", sys.stdin.buffer.read())
    done = format_text(source)
    found = broken or done.diagnostics
    console.diagnostics(found, lambda _file, line: source.line_text(line))
    if any(item.is_error for item in found):
        return FAILED
    if arguments.diff:
        _print(_diff(_File("<stdin>", source, done.text)), console)
    elif not arguments.check:
        _print(done.text, console)
    return FAILED if arguments.check and done.text != source.text else OK


def _format_all(
    arguments: argparse.Namespace, console: Console, found: list[Diagnostic]
) -> list[_File]:
    """Every file that is asked for, before and after; they are cut into tokens together."""
    disk = Disk()
    start = start_of(disk, arguments.paths)
    configured = configure(disk, start, os.environ, {"source": arguments.source})
    source = configured.options.source
    if source is None and not arguments.paths and configured.folder is not None:
        source = os.path.relpath(configured.folder)
    discovered = discover(disk, arguments.paths, source)
    found += [*configured.diagnostics, *discovered.diagnostics]
    contents: dict[str, bytes] = {}
    lost: dict[str, Diagnostic] = {}
    for each in discovered.paths:
        path = os.path.normpath(os.path.join(discovered.root, each)).replace(os.sep, "/")
        contents[path] = b""
        try:
            contents[path] = disk.read(path)
        except OSError as error:
            message = f"cannot read the file: {error.strerror}"
            lost[path] = diagnostic("E0901", message, file=path)
    lexing = Lexing(console.fell_back)
    with closing(lexing):
        files = lexing.cut(configured.options, contents)
        return [_format(path, files, lost, found) for path in contents]


def _format(
    path: str, files: Uncut, lost: Mapping[str, Diagnostic], found: list[Diagnostic]
) -> _File:
    from hyper.lang.formatter import format_text

    if path in lost:
        found.append(lost[path])
        return _File(path, Source(path, ""), None)
    source, broken = decode(path, files.files[path])
    if broken:
        found += broken
        return _File(path, source, None)
    done = format_text(source, files.tokens(source))
    found += done.diagnostics
    failed = any(item.is_error for item in done.diagnostics)
    return _File(path, source, None if failed else done.text)


def _write_all(changed: list[_File], found: list[Diagnostic]) -> None:
    for file in changed:
        try:
            _replace(file.path, (file.after or "").encode())
        except OSError as error:
            found.append(
                diagnostic("E0908", f"cannot write the file: {error.strerror}", file=file.path)
            )


def _replace(path: str, data: bytes) -> None:
    """Put new bytes in the place of a file at once, with the permissions that it had."""
    path = os.path.realpath(path)
    descriptor, side = tempfile.mkstemp(prefix=".hyper-fmt-", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.chmod(side, os.stat(path).st_mode & 0o7777)
        os.replace(side, path)
    except BaseException:
        os.unlink(side)
        raise


def _diff(file: _File) -> str:
    before = file.source.text.splitlines(keepends=True)
    after = (file.after or "").splitlines(keepends=True)
    lines = difflib.unified_diff(before, after, file.path, f"{file.path} (formatted)")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
