"""``hyper grep``: literal patterns in intent files, everywhere or only in names, strings, comments or code."""

from __future__ import annotations

import os
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from hyper.base.fs import Disk
from hyper.base.reports import as_object
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK, USAGE
from hyper.engine.option_values import OptionError
from hyper.engine.search.grep import Match, Query, find_matches
from hyper.engine.search.kinds import KINDS
from hyper.engine.search.texts import read_texts

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.engine.search.texts import Request

_LONG: Final = 1000
_AROUND: Final = 200


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the lines that match; 1 where none does."""
    if console.json and (arguments.count or arguments.files):
        raise UsageError("--json has the files, counts and matches: leave -l and -c out")
    query, paths = _query(arguments)
    try:
        request = read_texts(Disk(), paths, arguments.source, os.environ, console.fell_back)
        with closing(request.texts.engine):
            found = list(find_matches(request.texts, query))
    except OptionError as error:
        raise UsageError(error.message, error.suggestion) from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    failed = any(item.is_error for item in request.diagnostics)
    if console.json:
        console.object(_object(request, query, found, success=bool(found) and not failed))
    else:
        console.diagnostics(request.diagnostics, lambda _file, _line: None)
        _tell(request, found, arguments, console)
    if failed:
        return USAGE
    return OK if found else FAILED


def _query(arguments: argparse.Namespace) -> tuple[Query, list[str]]:
    """What is looked for, and where: without ``-e`` the first word is the pattern."""
    patterns, paths = arguments.patterns, arguments.words
    if not patterns:
        if not paths:
            raise UsageError("what is to be found? hyper grep PATTERN [PATHS]")
        patterns, paths = paths[:1], paths[1:]
    kinds = []
    for kind in arguments.kinds.split(",") if arguments.kinds is not None else []:
        if kind not in KINDS:
            from difflib import get_close_matches

            near = get_close_matches(kind, KINDS, 1)
            message = f'--in knows {", ".join(KINDS)}, not "{kind}"'
            raise UsageError(message, near[0] if near else None)
        kinds.append(kind)
    return Query(tuple(patterns), arguments.ignore_case, arguments.whole, tuple(kinds)), paths


def _tell(
    request: Request, found: list[Match], arguments: argparse.Namespace, console: Console
) -> None:
    texts = request.texts
    paint = console.palette
    shown = console.shown
    for file, matches in groupby(found, lambda match: match.file):
        path = f"{paint.place}{shown(texts.paths[file])}{paint.reset}"
        if arguments.files:
            console.say(path)
            continue
        lines = [(line, list(group)) for line, group in groupby(matches, lambda match: match.line)]
        if arguments.count:
            console.say(f"{path}:{len(lines)}")
            continue
        source = texts.source(file)
        for line, group in lines:
            text = source.line_text(line)
            parts = []
            at = 0
            for match in group:
                begin, end = match.column - 1, match.end_column - 1
                parts += [shown(text[at:begin]), paint.error, shown(text[begin:end]), paint.reset]
                at = end
            parts.append(shown(text[at:]))
            console.say(f"{path}:{line}:{group[0].column}: {''.join(parts)}")


def _context(line: str, match: Match) -> dict[str, Any]:
    """The text around a match: of a long line a part, since as many matches are told of it as it has."""
    if len(line) <= _LONG:
        return {"text": line, "text_column": 1}
    begin = max(0, match.column - 1 - _AROUND)
    return {"text": line[begin : match.end_column - 1 + _AROUND], "text_column": begin + 1}


def _object(request: Request, query: Query, found: list[Match], *, success: bool) -> dict[str, Any]:
    texts = request.texts
    matches = [
        {
            "file": texts.paths[match.file],
            "line": match.line,
            "column": match.column,
            "end_column": match.end_column,
            "pattern": query.patterns[match.pattern],
            **_context(texts.source(match.file).line_text(match.line), match),
        }
        for match in found
    ]
    counts = {
        texts.paths[file]: len({match.line for match in group})
        for file, group in groupby(found, lambda match: match.file)
    }
    value = {"success": success, "files": len(texts), "counts": counts, "matches": matches}
    return as_object(request.diagnostics) | value
