"""How one generated module reaches the declarations of another at run time.

A module imports the names it needs, as a person would, but in a ring of modules: there it imports
the other module, and looks the name up when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.base.graph import components
from hyper.ir.nodes import Call, ConstRef, EnumConst, IsVariant, MakeRecord
from hyper.ir.program import ConstDef, EntityDef, ExternDef
from hyper.ir.types import Alias, Entity, Enum, ListOf, MapOf, Marked, Opt, Type, Union
from hyper.ir.weight import definition_expressions, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.emit.python.names import Names
    from hyper.ir.nodes import Expr
    from hyper.ir.program import Def, Program


FRAMES_PER_CALL: Final = 5
"""Frames of a call: the function, its decorators and a generator or two."""


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


def _needed(expr: Expr, program: Program) -> Iterator[str]:
    for node in walk(expr):
        match node:
            case Call():
                yield node.function
            case ConstRef():
                yield node.name
                yield from _needed(node.value, program)
            case EnumConst() | MakeRecord():
                yield from declarations(node.type, program)
            case IsVariant():
                yield from declarations(node.variant, program)
            case _:
                pass


def _needs(definition: Def, program: Program) -> Iterator[str]:
    for expr in definition_expressions(definition):
        yield from _needed(expr, program)
    if isinstance(definition, ExternDef):
        yield from declarations(definition.returns, program)


def _const_uses(program: Program) -> dict[str, Expr]:
    """The value of each const that all its uses agree on, where they do."""
    found: dict[str, list[Expr]] = {}
    for definition in program.definitions.values():
        for expr in definition_expressions(definition):
            for node in walk(expr):
                if isinstance(node, ConstRef):
                    values = found.setdefault(node.name, [])
                    if node.value not in values:
                        values.append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


class Links:
    """What the modules of a program need of one another at run time: rings among them, and how consts are used."""

    def __init__(self, names: Names) -> None:
        self._uses: dict[str, Expr] | None = None
        self._calls: dict[str, list[str]] = {}
        self._frames: dict[str, int] = {}
        program = names.program
        edges: dict[str, set[str]] = {module.name: set() for module in program.modules}
        by_parts = {names.module(module.name): module.name for module in program.modules}
        for module in program.modules:
            parts = names.module(module.name)
            for size in range(1, len(parts)):
                if parts[:size] in by_parts:
                    edges[module.name].add(by_parts[parts[:size]])
            for definition in module.definitions:
                needed = set(_needs(definition, program))
                if isinstance(definition, EntityDef):
                    needed.update(definition.bases)
                edges[module.name].update(
                    program.home[name].name for name in needed if name in program.home
                )
        self._ring = {
            name: number for number, ring in enumerate(components(edges)) for name in ring
        }
        self._program = program

    def const_value(self, name: str) -> Expr:
        """The value that a const has as a variable: at the type of its uses, where they have one, else at its own."""
        if self._uses is None:
            self._uses = _const_uses(self._program)
        definition = self._program.definitions[name]
        assert isinstance(definition, ConstDef)
        return self._uses.get(name, definition.value)

    def frames(self, name: str) -> int:
        """How many Python frames a function takes at most with all that it calls; there are no rings of calls."""
        stack = [name]
        while stack:
            top = stack[-1]
            if top not in self._calls:
                definition = self._program.definitions[top]
                self._calls[top] = list(
                    dict.fromkeys(
                        node.function
                        for expr in definition_expressions(definition)
                        for node in walk(expr)
                        if isinstance(node, Call)
                    )
                )
            waiting = [called for called in self._calls[top] if called not in self._frames]
            if waiting:
                stack.append(waiting[0])
                continue
            stack.pop()
            inner = (self._frames[called] for called in self._calls[top])
            self._frames[top] = FRAMES_PER_CALL + max(inner, default=0)
        return self._frames[name]

    def in_ring(self, module: str, qualified: str) -> bool:
        """Whether a module and the one of a declaration need each other."""
        return self._ring[module] == self._ring[self._program.home[qualified].name]
