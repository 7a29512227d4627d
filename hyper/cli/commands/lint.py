"""``hyper lint``: warnings, credentials, near-duplicates, and declarations that nothing reaches."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from hyper.base.diagnostics import Diagnostic, sort_key
from hyper.base.fs import Disk
from hyper.base.reports import as_github, as_object, as_sarif
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, counted, verdict
from hyper.engine.discovery import translate_glob
from hyper.engine.lint.findings import Masks, dead, duplicates, secrets
from hyper.engine.lint.settings import LEAST_SIMILARITY, LintSettings, read_similarity
from hyper.engine.option_values import OptionError
from hyper.engine.search.texts import read_texts

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.engine.compiler import Compiler
    from hyper.engine.result import Result
    from hyper.engine.search.texts import Request

_LINTS = ("warnings", "secrets", "duplicates", "dead")


class _Findings:
    """What was found so far, with the way to the lines that are shown."""

    def __init__(self, request: Request, settings: LintSettings) -> None:
        self.request = request
        self.settings = settings
        self.masks = Masks()
        self.view: View | None = None
        self.items: list[Diagnostic] = []
        self._files = {path: file for file, path in enumerate(request.texts.paths)}

    def is_allowed(self, code: str, path: str) -> bool:
        """Whether the configuration says that a warning is not told of a file."""
        inside = os.path.relpath(path, self.request.root).replace(os.sep, "/")
        return any(
            translate_glob(glob).fullmatch(inside)
            for known, globs in self.settings.allow
            if known == code
            for glob in globs
        )

    def line_of(self, file: str, line: int) -> str | None:
        """The text of a line, without what nobody is to see."""
        at = self._files.get(file)
        text = self.view.line_of(file, line) if self.view is not None and at is None else None
        if at is not None:
            source = self.request.texts.source(at)
            text = source.line_text(line) if line <= len(source.line_starts) else None
        return None if text is None else self.masks.apply(file, line, text)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look for what was asked for, and print it in the form that was asked for."""
    if console.json and arguments.format not in {None, "json"}:
        raise UsageError(f"--json and --format {arguments.format} name two forms: leave one out")
    form = arguments.format or ("json" if console.json else "text")
    console.json = form != "text"
    try:
        request = read_texts(
            Disk(), arguments.paths, arguments.source, os.environ, console.fell_back
        )
    except OptionError as error:
        raise UsageError(error.message, error.suggestion) from None
    settings = _settings(arguments, request.configured.options.lint or LintSettings())
    found = _Findings(request, settings)
    with closing(request.texts.engine):
        _collect(found, arguments, console)
    items = sorted(
        {
            item: None
            for item in found.items
            if item.is_error or not item.file or not found.is_allowed(item.code, item.file)
        },
        key=sort_key,
    )
    items = [found.masks.hidden(item) for item in items]
    failed = any(item.is_error or settings.deny_warnings for item in items)
    _print(form, items, found, console, failed=failed)
    return FAILED if failed else OK


def _settings(arguments: argparse.Namespace, configured: LintSettings) -> LintSettings:
    """What is asked for: what the call names, else what the configuration turns on."""
    values: dict[str, Any] = {}
    if any(getattr(arguments, each) for each in _LINTS):
        values = {each: getattr(arguments, each) for each in _LINTS}
    if arguments.deny_warnings:
        values["deny_warnings"] = True
    settings = msgspec.structs.replace(configured, **values)
    if arguments.similarity is None:
        return settings
    if not settings.duplicates:
        raise UsageError("--similarity is about --duplicates: ask for them, too")
    share = read_similarity(arguments.similarity)
    if share is None:
        given = arguments.similarity
        raise UsageError(f"--similarity is a number from {LEAST_SIMILARITY} to 1, not {given!r}")
    return msgspec.structs.replace(settings, similarity=share)


def _collect(found: _Findings, arguments: argparse.Namespace, console: Console) -> None:
    settings, texts = found.settings, found.request.texts
    if settings.warnings or settings.dead:
        _compile(found, arguments, console)
    else:
        found.items += found.request.diagnostics
    try:
        if settings.secrets:
            found.items += secrets(texts, found.masks, lambda path: found.is_allowed("W1101", path))
        if settings.duplicates:
            found.items += duplicates(texts, settings.similarity)
    except ImportError as error:
        message = f"near-duplicates need {error.name}: pip install 'hypercompiler[cache]'"
        raise UsageError(message) from None
    except ValueError as error:
        raise UsageError(str(error)) from None


def _compile(found: _Findings, arguments: argparse.Namespace, console: Console) -> None:
    """The diagnostics of the compiler, and the declarations that nothing reaches."""
    settings = found.settings

    def compiled(compiler: Compiler, paths: list[str]) -> Result:
        if not settings.warnings:
            return compiler.analyse(paths)
        # What is kept of an earlier check has no program in it.
        return compiler.check(paths, incremental=False) if settings.dead else compiler.check(paths)

    view = found.view = compile_with(arguments, console, compiled)
    found.items += [item for item in view.diagnostics if settings.warnings or item.is_error]
    state = view.result.compilation
    if not settings.dead or state is None or state.program is None or state.world is None:
        return
    items = dead(state.program, state.world)
    if items is None:
        console.remark(
            "hyper: nothing here is a root (a service, action, webhook, feature or @export): "
            "what is not reached cannot be told"
        )
        return
    told = {(item.file, item.line, item.column) for item in found.items}
    for item in items:
        shown = msgspec.structs.replace(item, file=view.shown(item.file))
        # Of what is private and never used it was said already.
        if (shown.file, shown.line, shown.column) not in told:
            found.items.append(shown)


def _print(
    form: str, items: list[Diagnostic], found: _Findings, console: Console, *, failed: bool
) -> None:
    files = len(found.request.texts)
    if form == "json":
        told = [each for each in _LINTS if getattr(found.settings, each)]
        value = {"success": not failed, "lints": told, "stats": {"files": files}}
        console.object(as_object(items) | value)
    elif form == "sarif":
        from hyper import __version__

        console.document(as_sarif(items, __version__))
    elif form == "github":
        console.write(as_github(items))
    else:
        console.diagnostics(items, found.line_of)
        said = verdict(items)
        if failed:
            console.remark(f"hyper: {said}")
        else:
            console.say(f"linted {counted(files, 'file')}: {said or 'all fine'}")
