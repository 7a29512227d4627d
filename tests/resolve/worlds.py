"""Worlds from text, for the tests of resolving and lowering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.source import Source
from hyper.lang.parser import parse
from hyper.lang.resolve import resolve
from hyper.lang.symbols import Unit

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.lang.symbols import World


def units_of(files: dict[str, str]) -> list[Unit]:
    """Parse files that have no syntax errors."""
    units: list[Unit] = []
    for path, text in files.items():
        source = Source(path, text)
        parsed = parse(source)
        assert not list(parsed.diagnostics), parsed.diagnostics
        units.append(Unit(path, "", source, parsed.module))
    return units


def resolved(files: dict[str, str]) -> tuple[World, list[Diagnostic]]:
    """Parse and resolve files by path."""
    return resolve(units_of(files))


def one(text: str) -> World:
    """Resolve one file, ``main.intent``, that has no mistakes."""
    world, found = resolved({"main.intent": text})
    assert not found, found
    return world


def mistakes(text: str) -> list[tuple[str, int, str | None]]:
    """Resolve one file and give the code, line and suggestion of each finding."""
    _, found = resolved({"main.intent": text})
    return [(item.code, item.line, item.suggestion) for item in found]
