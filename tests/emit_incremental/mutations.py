"""Changes of definitions at random: docs, lines, markers, fields, members, types, paths, and what comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec

from hyper.ir.program import (
    ActionDef,
    AliasDef,
    EntityDef,
    EnumDef,
    FieldDef,
    MemberDef,
    Program,
    ServiceDef,
    UnionDef,
)
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import INT, STRING, Opt

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from hyper.ir.program import Def, Module
    from hyper.lang.types import Type

_replace = msgspec.structs.replace


def mutated(program: Program, draws: random.Random) -> Program:
    """The program with one or two changes."""
    modules = list(program.modules)
    for _ in range(draws.choice([1, 1, 2])):
        at = draws.randrange(len(modules))
        names = [found.name for found in draws.choice(modules).definitions if _is_data(found)]
        modules[at] = _module(modules[at], names, draws)
    return Program(modules)


def _is_data(definition: Def) -> TypeGuard[EntityDef | EnumDef | UnionDef | AliasDef]:
    return isinstance(definition, EntityDef | EnumDef | UnionDef | AliasDef)


def _module(module: Module, names: list[str], draws: random.Random) -> Module:
    if draws.random() < 0.15 or not module.definitions:
        change = draws.choice(("doc", "path"))
        value = f"{draws.randrange(100)}.intent"
        return _replace(module, **{change: value})
    definitions = list(module.definitions)
    if draws.random() < 0.15:
        fresh = _fresh([*names, "Fresh", "type", "list"], draws)
        definitions.insert(draws.randrange(len(definitions) + 1), fresh)
        return _replace(module, definitions=_once(definitions))
    at = draws.randrange(len(definitions))
    definitions[at] = _definition(definitions[at], draws)
    if draws.random() < 0.2:
        draws.shuffle(definitions)
    return _replace(module, definitions=tuple(definitions))


def _once(definitions: list[Any]) -> tuple[Def, ...]:
    """The first of each name."""
    kept: dict[Any, Def] = {}
    for found in definitions:
        kept.setdefault(getattr(found, "name", found), found)
    return tuple(kept.values())


def _fresh(names: list[str], draws: random.Random) -> Def:
    name = draws.choice(names)
    made: list[Def] = [
        EntityDef(name, (), (_field(draws),), NO_MARKERS, None, "", 1),
        AliasDef(name, STRING, NO_MARKERS, "", 1),
        EnumDef(name, (MemberDef("a", "a", NO_MARKERS, "", 2),), NO_MARKERS, "", 1),
    ]
    return draws.choice(made)


def _field(draws: random.Random) -> FieldDef:
    name = draws.choice(["added", "id", "name", "class", "copy", "Name"])
    optional = draws.random() < 0.5
    kinds: list[Type] = [INT, STRING, Opt(STRING)]
    kind = draws.choice(kinds)
    return FieldDef(name, name, kind, optional, None, NO_MARKERS, "", 3)


def _definition(definition: Def, draws: random.Random) -> Def:
    changes: list[Callable[[], Def]] = []
    if not hasattr(definition, "doc"):
        return definition
    changes.append(lambda: _replace(definition, doc=f"Doc {draws.randrange(50)}."))
    changes.append(lambda: _replace(definition, line=definition.line + 1))
    if isinstance(definition, EntityDef):
        changes += [lambda: _entity(definition, draws)] * 3
    elif isinstance(definition, EnumDef):
        number = draws.randrange(5)
        member = MemberDef(f"m{number}", f"M{number}", NO_MARKERS, "", 9)
        known = {each.name for each in definition.members}
        if member.name not in known:
            changes.append(lambda: _replace(definition, members=(*definition.members, member)))
    elif isinstance(definition, AliasDef):
        changes.append(lambda: _replace(definition, type=Opt(definition.type)))
        changes.append(lambda: _replace(definition, markers=_marked(definition, draws)))
    elif isinstance(definition, UnionDef):
        changes.append(lambda: _replace(definition, variants=(*definition.variants, STRING)))
    elif isinstance(definition, ActionDef):
        changes += [
            lambda: _replace(definition, path=f"/moved{draws.randrange(9)}{definition.path}"),
            lambda: _replace(definition, name=f"{definition.name}{draws.randrange(3)}"),
            lambda: _replace(definition, tags=(*definition.tags, "more")),
        ]
    elif isinstance(definition, ServiceDef):
        changes.append(lambda: _replace(definition, title=f"Title {draws.randrange(9)}"))
        changes.append(lambda: _replace(definition, markers=_marked(definition, draws)))
    return draws.choice(changes)()


def _marked(definition: AliasDef | EntityDef | ServiceDef, draws: random.Random) -> Markers:
    own = definition.markers
    changes: list[dict[str, Any]] = [
        {"write": not own.write},
        {"extensions": (("x-more", str(draws.randrange(9))),)},
        {"openapi": ('{"x-merged": {"a": 1}}',)},
        {"openapi": ('{"paths": {"/merged": {}}}',)},
        {"openapi": ('{"components": {"examples": {"e": {"value": 1}}}}',)},
        {"openapi": ()},
    ]
    return _replace(own, **draws.choice(changes))


def _entity(entity: EntityDef, draws: random.Random) -> EntityDef:
    fields = {field.name: field for field in entity.fields}
    kind = draws.randrange(6)
    if kind == 0:
        field = _field(draws)
        fields.setdefault(field.name, field)
    elif kind == 1 and fields:
        name = draws.choice(sorted(fields))
        fields[name] = _replace(fields[name], doc=f"Field {draws.randrange(9)}.")
    elif kind == 2 and fields:
        name = draws.choice(sorted(fields))
        fields[name] = _replace(fields[name], wire=f"{name}-{draws.randrange(3)}")
    elif kind == 3:
        wire = draws.choice([None, "Wired", "Order", entity.name])
        return _replace(entity, markers=_replace(entity.markers, wire=wire))
    elif kind == 4:
        extra = draws.choice([None, "forbid", "allow"])
        return _replace(entity, markers=_replace(entity.markers, extra=extra))
    else:
        return _replace(entity, markers=_marked(entity, draws))
    return _replace(entity, fields=tuple(fields.values()))
