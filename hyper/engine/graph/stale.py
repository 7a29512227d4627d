"""Which scenarios may come to something else after an edit.

Where only the bodies of functions, consts and defaults are others than before, those that call one, through whatever other
functions. Where the face of a declaration is another, all of the modules that see its module, through whatever other modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hyper.engine.graph.rows import Declared, Row

# Forms of which a body alone changes what is evaluated: an entity's holds the defaults of its fields.
_EVALUATED: Final = frozenset({"CalcDef", "TableDef", "RuleDef", "ConstDef", "ExternDef"})


def stale(before: Sequence[Row], after: Sequence[Row], others: Sequence[Row]) -> frozenset[str]:
    """The modules whose scenarios have to be run again. ``before`` and ``after`` are the units that were compiled or are gone,
    ``others`` all the rest."""
    was = {row.module: row for row in before}
    now = {row.module: row for row in after}
    rows = (*others, *after)
    seen: set[str] = set()
    called: set[str] = set()
    own: set[str] = set()
    for module in was.keys() | now.keys():
        one, other = was.get(module), now.get(module)
        if one is None or other is None or _faces(one) != _faces(other):
            seen.add(module)
        else:
            called.update(_bodies(one, other))
        if other is not None and (one is None or one.features != other.features):
            own.add(module)
    found = own | _seeing(seen, rows) | _calling(called, rows)
    return frozenset(row.module for row in rows if row.features and row.module in found)


def _faces(row: Row) -> list[tuple[str, str, bytes]]:
    return [(each.name, each.form, each.face) for each in row.declared]


def _bodies(one: Row, other: Row) -> Iterable[str]:
    """What can be called of a module and has another body."""
    bodies = {each.name: each.body for each in one.declared}
    for each in other.declared:
        if bodies[each.name] != each.body:
            yield from _callable(f"{other.module}.{each.name}", each, (one, other))


def _callable(name: str, declared: Declared, rows: Sequence[Row]) -> Iterable[str]:
    if declared.form in _EVALUATED:
        yield name
    elif declared.form == "EntityDef":
        # Its defaults are called by the entity's name with a dot behind, whoever builds one.
        yield f"{name}."
        yield from (each for row in rows for each in row.functions if each.startswith(f"{name}."))


def _seeing(modules: set[str], rows: Iterable[Row]) -> set[str]:
    """The modules that look something of these up, through others, and these."""
    if not modules:
        return set()
    seen_by: dict[str, list[str]] = {}
    for row in rows:
        for module in row.sees():
            seen_by.setdefault(module, []).append(row.module)
    return _reached(modules, seen_by)


def _calling(names: set[str], rows: Sequence[Row]) -> set[str]:
    """The modules with scenarios that call one of these, through other functions."""
    if not names:
        return set()
    called_by: dict[str, list[str]] = {}
    for row in rows:
        for name, function in row.functions.items():
            for callee in function.callees:
                called_by.setdefault(callee, []).append(name)
    entities = tuple(name for name in names if name.endswith("."))
    if entities:
        names = names | {callee for callee in called_by if callee.startswith(entities)}
        tested = {each for row in rows for each in row.tested}
        names |= {callee for callee in tested if callee.startswith(entities)}
    reached = _reached(names, called_by)
    return {row.module for row in rows if not reached.isdisjoint(row.tested)}


def _reached(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached
