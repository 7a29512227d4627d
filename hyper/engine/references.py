"""What declarations name, and who names them: for ``hyper explain``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir import nodes
from hyper.ir.program import (
    ActionDef,
    AliasDef,
    CalcDef,
    CheckDef,
    ConstDef,
    EntityDef,
    EnumDef,
    ExternDef,
    FeatureDef,
    RuleDef,
    ServiceDef,
    TableDef,
    UnionDef,
)
from hyper.lang import types

if TYPE_CHECKING:
    from hyper.ir.program import Def, Module, Program


KINDS: Final[dict[type, str]] = {
    EntityDef: "entity",
    EnumDef: "enum",
    UnionDef: "union",
    AliasDef: "type",
    ConstDef: "const",
    CalcDef: "calc",
    ExternDef: "extern calc",
    TableDef: "table",
    RuleDef: "rule",
    ActionDef: "action",
    ServiceDef: "service",
    FeatureDef: "feature",
}
"""What a declaration is, as people say it."""


class UnknownNameError(LookupError):
    """A name that no declaration has, or that several have. ``near`` are those that may be meant, which the text names after
    ``message``."""

    def __init__(self, message: str, near: tuple[str, ...]) -> None:
        super().__init__(f"{message}; did you mean {' or '.join(near)}?" if near else message)
        self.message = message
        self.near = near


def declared(program: Program) -> dict[str, tuple[Module, Def]]:
    """Every declaration by its qualified name, with its module; a feature's is its title after the module.

    Of two features of a module with one title, the first is kept.
    """
    found: dict[str, tuple[Module, Def]] = {
        name: (program.home[name], definition) for name, definition in program.definitions.items()
    }
    for module in program.modules:
        for definition in module.definitions:
            if isinstance(definition, FeatureDef):
                found.setdefault(f"{module.name}.{definition.title}", (module, definition))
    return found


def _short(definition: Def) -> str:
    return definition.title if isinstance(definition, FeatureDef) else definition.name


def find(program: Program, name: str) -> str:
    """The qualified name of a declaration, given as it is or bare where that is enough."""
    known_as = declared(program)
    if name in known_as:
        return name
    shorts = {each: _short(definition) for each, (_, definition) in known_as.items()}
    found = [each for each, short in shorts.items() if short == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownNameError(f'several modules declare "{name}"', tuple(sorted(found)))
    known = [*shorts, *shorts.values()]
    near = get_close_matches(name, known, 3)
    raise UnknownNameError(f'nothing is called "{name}"', tuple(dict.fromkeys(near)))


def named_by(definition: Def) -> tuple[set[str], set[str]]:
    """The qualified names in a declaration, and those among them that it calls."""
    names: set[str] = set()
    called: set[str] = set()
    stack: list[object] = [definition]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
            continue
        if not isinstance(part, msgspec.Struct):
            continue
        match part:
            case types.Entity() | types.Enum() | types.Union() | types.Alias():
                names.add(part.name)
            case nodes.ConstRef():
                names.add(part.name)
                stack.append(part.type)
                continue
            case nodes.Call():
                called.add(part.function)
            case CheckDef():
                called.add(part.rule)
            case EntityDef():
                names.update(part.bases)
            case RuleDef():
                names.add(part.entity)
        stack.extend(getattr(part, field) for field in part.__struct_fields__)
    return names | called, called


class Uses(msgspec.Struct, frozen=True):
    """``uses`` is what a declaration names; ``dependents`` name it; ``callers`` call it. Qualified and sorted; a
    feature stands by its title."""

    uses: tuple[str, ...]
    dependents: tuple[str, ...]
    callers: tuple[str, ...]


def uses_of(program: Program, name: str) -> Uses:
    """Look through the whole program for what a declaration has to do with."""
    dependents: list[str] = []
    callers: list[str] = []
    for module in program.modules:
        for definition in module.definitions:
            other = _label(module.name, definition)
            if other == name:
                continue
            names, called = named_by(definition)
            if name in names:
                dependents.append(other)
            if name in called:
                callers.append(other)
    own, _ = named_by(declared(program)[name][1])
    return Uses(tuple(sorted(own - {name})), tuple(sorted(dependents)), tuple(sorted(callers)))


def _label(module: str, definition: Def) -> str:
    if isinstance(definition, FeatureDef):
        return f'feature "{definition.title}"'
    return f"{module}.{definition.name}"
