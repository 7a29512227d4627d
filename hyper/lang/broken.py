"""What a mistake of syntax makes unsure, so that it is not reported a second time.

The parser leaves out what it cannot read. A body without one of its lines, or an entity without one of its fields, says
little about what else is wrong with it: its own mistake is the one to mend first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.lang import tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.base.diagnostics import Diagnostic
    from hyper.lang.symbols import Unit

# Declarations whose lines depend on each other; of the others only the head depends on the rest.
_WHOLE = (tree.CalcDecl, tree.RuleDecl, tree.TableDecl, tree.EnumDecl, tree.ActionDecl)


def is_broken(symbol: Any) -> bool:
    """Whether the declaration of a symbol has a mistake of syntax, so that parts of it are missing."""
    start, end = symbol.decl.start, symbol.decl.end
    return any(start <= at <= end for at in symbol.unit.module.mistakes)


def is_lost(unit: Unit, name: str) -> bool:
    """Whether a unit declares a name in a line that could not be read."""
    return name in unit.module.lost


def sure(items: Iterable[Diagnostic], unit: Unit) -> list[Diagnostic]:
    """The findings of a unit that do not stand where a mistake of syntax left something out."""
    found = list(items)
    if not unit.module.mistakes or not found:
        return found
    spans = _unsure(unit)
    return [item for item in found if not any(low <= item.line <= high for low, high in spans)]


def _unsure(unit: Unit) -> list[tuple[int, int]]:
    """The first and last lines of what has a mistake inside."""
    mistakes = unit.module.mistakes
    spans: list[tuple[int, int]] = []
    for decl in unit.module.declarations:
        parts: list[tree.Scenario] | list[tree.Declaration] = [decl]
        if isinstance(decl, tree.FeatureDecl):
            parts = decl.scenarios
        for part in parts:
            if any(part.start <= at <= part.end for at in mistakes):
                place = unit.source.locate(part.start, part.end)
                whole = isinstance(part, (*_WHOLE, tree.Scenario))
                spans.append((place.line, place.end_line if whole else place.line))
    lines = {unit.source.line_of(at) for at in mistakes}
    spans += [(line, line) for line in lines]
    return spans
