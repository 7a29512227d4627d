"""Which reads (``hyper.ir.reads``) give something else in one program than in an earlier one.

Only modules that are named are looked at, and only their definitions: what is made from indexes is compared by who makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.ir.program import AliasDef, CalcDef, FeatureDef, RuleDef, TableDef, UnionDef
from hyper.ir.reads import CLOCK, DATA, EVERYTHING, FACETS, HEAD, SERVICE, TEXT, TYPE, WHOLE
from hyper.ir.stored import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hyper.ir.program import Def, Module, Program

_LINES: Final = frozenset({"line", "column", "end_line", "end_column"})
_REMARKS: Final = _LINES | {"doc"}


def changed_reads(before: Program, after: Program, modules: Iterable[str]) -> set[str]:
    """The reads of modules and definitions that changed, where the modules that are new, gone or different are among these."""
    found: set[str] = set()
    for name in modules:
        old, new = _module(before, name), _module(after, name)
        if old is not None or new is not None:
            found.add(EVERYTHING)
            found |= _of_module(name, old, new)
    if _service(before) != _service(after):
        found.add(SERVICE)
    return found


def _module(program: Program, name: str) -> Module | None:
    """A module, or ``None`` where there is none."""
    try:
        return program.module(name)
    except LookupError:
        return None


def _service(program: Program) -> list[str]:
    return [
        f"{module.name}.{found.name}"
        for module in program.index
        for found in module.definitions
        if found.kind == "service"
    ]


def _of_module(name: str, old: Module | None, new: Module | None) -> set[str]:
    found: set[str] = set()
    if _head(old) != _head(new):
        found.add(HEAD + name)
    before, after = _definitions(old), _definitions(new)
    for definition in before.keys() | after.keys():
        qualified = f"{name}.{definition}"
        changed = _facets(before.get(definition), after.get(definition))
        found |= {facet + qualified for facet in changed}
    return found


def _head(module: Module | None) -> Any:
    if module is None:
        return None
    return (
        module.path,
        module.doc,
        repr(msgspec.to_builtins(module.markers)),
        [(type(found).__name__, found.name) for found in _named(module)],
    )


def _named(module: Module) -> list[Any]:
    return [found for found in module.definitions if not isinstance(found, FeatureDef)]


def _definitions(module: Module | None) -> Mapping[str, Def]:
    return {found.name: found for found in _named(module)} if module is not None else {}


def _facets(old: Def | None, new: Def | None) -> list[str]:
    """The facets of a definition that changed. Equal structs may differ, as 1 and true do, so that their bytes are compared."""
    if old is None or new is None:
        return list(FACETS)
    if encode(old) == encode(new):
        return []
    try:
        forms = (msgspec.to_builtins(old), msgspec.to_builtins(new))
        return _changed(old, new, forms)
    except RecursionError:
        return list(FACETS)


def _changed(old: Def, new: Def, forms: tuple[Any, Any]) -> list[str]:
    changed = [WHOLE]
    if not _same(*(_without(form, _LINES) for form in forms)):
        changed.append(TEXT)
        if not _same(*(_without(form, _REMARKS) for form in forms)):
            changed.append(DATA)
    if _type(old) != _type(new):
        changed.append(TYPE)
    if _clock(old) != _clock(new):
        changed.append(CLOCK)
    return changed


def _same(one: Any, other: Any) -> bool:
    return one == other and repr(one) == repr(other)


def _without(form: Any, keys: frozenset[str]) -> Any:
    """A form of structs without these fields."""
    if isinstance(form, dict):
        return {key: _without(value, keys) for key, value in form.items() if key not in keys}
    if isinstance(form, list | tuple):
        return [_without(value, keys) for value in form]
    return form


def _type(definition: Def) -> str:
    match definition:
        case AliasDef(type=kind, markers=markers):
            return repr((msgspec.to_builtins(kind), markers.write))
        case UnionDef(variants=variants):
            return repr(msgspec.to_builtins(variants))
        case _:
            return type(definition).__name__


def _clock(definition: Def) -> bool:
    return isinstance(definition, CalcDef | TableDef | RuleDef) and definition.reads_clock
