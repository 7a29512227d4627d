"""What the links among modules are made from: which declarations each needs at run time, what its functions call, and how it uses
consts. It is found module by module, so that what is known of one need not be found again when another changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.ir.index import FUNCTION_KINDS
from hyper.ir.nodes import Call, ConstRef, EnumConst, Expr, IsVariant, MakeRecord
from hyper.ir.program import ExternDef, FeatureDef
from hyper.ir.reads import DATA
from hyper.ir.types import Alias, Entity, Enum, ListOf, MapOf, Marked, Opt, Type, Union
from hyper.ir.weight import definition_expressions, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.ir.index import ModuleIndex
    from hyper.ir.program import Def, Module, Program


class LinkFacts(msgspec.Struct, frozen=True, array_like=True):
    """Of one module: the qualified names that its functions need, sorted; what each function calls, in the order of
    its expressions; the different values that each const has where it is used."""

    needs: tuple[str, ...] = ()
    calls: dict[str, tuple[str, ...]] = {}
    consts: dict[str, tuple[Expr, ...]] = {}


NO_FACTS = LinkFacts()


def declarations(kind: Type, program: Program) -> Iterator[str]:
    """The entities and enums that a test of this type names."""
    waiting, seen = [kind], set[str]()
    while waiting:
        kind = waiting.pop()
        match kind:
            case Opt(inner) | ListOf(inner) | MapOf(inner) | Marked(inner, _):
                waiting.append(inner)
            case Entity(name) | Enum(name):
                yield name
            case Union(name) | Alias(name) if name not in seen:
                seen.add(name)
                waiting.extend(program.variants(name) or ())
                target = program.alias_type(name)
                if target is not None:
                    waiting.append(target)
            case _:
                pass


def link_facts(index: ModuleIndex, source: Callable[[str], Module], program: Program) -> LinkFacts:
    """The facts of a module; ``source`` gives it as it is emitted."""
    if not index.has(FUNCTION_KINDS):
        return NO_FACTS
    for found in index.definitions:
        if found.kind in FUNCTION_KINDS:
            program.reads.note(f"{DATA}{index.name}.{found.name}")
    needs: set[str] = set()
    calls: dict[str, tuple[str, ...]] = {}
    consts: dict[str, list[Expr]] = {}
    for definition in source(index.name).definitions:
        if isinstance(definition, FeatureDef):
            continue
        called: dict[str, None] = {}
        _look(definition, program, needs, called, consts)
        if called:
            calls[f"{index.name}.{definition.name}"] = tuple(called)
    return LinkFacts(
        tuple(sorted(needs)), calls, {name: tuple(values) for name, values in consts.items()}
    )


def _look(
    definition: Def,
    program: Program,
    needs: set[str],
    called: dict[str, None],
    consts: dict[str, list[Expr]],
) -> None:
    if isinstance(definition, ExternDef):
        needs.update(declarations(definition.returns, program))
    for expr in definition_expressions(definition):
        for node in walk(expr):
            needs.update(_needed(node, program))
            if isinstance(node, Call):
                called[node.function] = None
            elif isinstance(node, ConstRef):
                values = consts.setdefault(node.name, [])
                if node.value not in values:
                    values.append(node.value)


def _needed(node: Expr, program: Program) -> Iterator[str]:
    match node:
        case Call():
            yield node.function
        case ConstRef():
            yield node.name
            for inner in walk(node.value):
                yield from _needed(inner, program)
        case EnumConst() | MakeRecord():
            yield from declarations(node.type, program)
        case IsVariant():
            yield from declarations(node.variant, program)
        case _:
            pass
