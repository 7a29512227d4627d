"""How deep values and types are nested that grew over many declarations, where no single text is deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.walk import children
from hyper.lang.types import ListOf, MapOf, Opt

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.types import Type

MAX_TYPE: Final = 256
"""Levels of lists and maps of a type that nobody wrote: as many as may be written."""

MAX_VALUE: Final = 160
"""Levels of a const. Its value is written out as one expression, and Python reads 200 brackets."""

UNKNOWN_LEVELS: Final = -1
"""Those of a const that is too deep: what names it is not told that it is too deep as well."""


def too_deep(kind: Type) -> bool:
    """Whether a type is nested deeper than ``MAX_TYPE``."""
    levels = 0
    while isinstance(kind, ListOf | MapOf | Opt):
        levels += 1
        kind = (
            kind.item
            if isinstance(kind, ListOf)
            else kind.value
            if isinstance(kind, MapOf)
            else kind.inner
        )
    return levels > MAX_TYPE


def levels_of(
    root: tree.Expr, named: Callable[[tree.Expr], int | None], builds: Callable[[tree.Call], bool]
) -> int:
    """The levels of lists, maps and entities in the value of an expression.

    ``named`` gives those of the const that a name or ``module.name`` means, ``None`` for any other; ``builds`` tells the calls that
    make an entity, a list or a map.
    """
    found: dict[int, int] = {}
    waiting: list[tuple[tree.Expr, bool]] = [(root, False)]
    while waiting:
        node, known = waiting.pop()
        inner = children(node)
        if not known:
            waiting.append((node, True))
            waiting.extend((child, False) for child in inner)
            continue
        within = named(node)
        below = [found[id(child)] for child in inner]
        if within is None:
            within = min(below) if UNKNOWN_LEVELS in below else max(below, default=0)
        makes = isinstance(node, tree.ListLit | tree.MapLit | tree.With) or (
            isinstance(node, tree.Call) and builds(node)
        )
        found[id(node)] = within + makes if within != UNKNOWN_LEVELS else within
    return found[id(root)]
