"""The Python names of parameters and local variables."""

from __future__ import annotations

import builtins
import keyword
from typing import TYPE_CHECKING, Final

from hyper.emit.python.identifiers import identifier
from hyper.ir.nodes import Assign, Bind, Comprehend, Fold, For, Let
from hyper.ir.program import CalcDef, ExternDef, RuleDef, TableDef
from hyper.ir.weight import definition_expressions, statements, walk

if TYPE_CHECKING:
    from hyper.emit.python.names import Names
    from hyper.ir.program import Def, Module

_TAKEN: Final = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"now", "self", "cls", "dt"}


def intent_locals(definition: Def) -> list[str]:
    """The names that are bound in a function, in the order in which they are."""
    names: dict[str, None] = {}
    if isinstance(definition, CalcDef | TableDef | ExternDef):
        names.update(dict.fromkeys(param.name for param in definition.params))
    if isinstance(definition, RuleDef):
        names["self"] = None
    if isinstance(definition, CalcDef):
        for stmt in statements(definition.body):
            if isinstance(stmt, Let | Assign):
                names[stmt.name] = None
            elif isinstance(stmt, For):
                names[stmt.target] = None
    for expr in definition_expressions(definition):
        for node in walk(expr):
            if isinstance(node, Bind):
                names[node.name] = None
            elif isinstance(node, Comprehend | Fold):
                names[node.target] = None
    return list(names)


def snake(name: str) -> str:
    """``OrderLine`` as ``order_line``."""
    text = "".join(
        f"_{char.lower()}" if char.isupper() and index and not name[index - 1].isupper() else char
        for index, char in enumerate(name)
    )
    return text.lower()


def python_locals(definition: Def, own: set[str]) -> dict[str, str]:
    """The Python name of each local; ``own`` are the names of the module's declarations.

    ``self`` of a rule is named after its entity.
    """
    taken: set[str] = set()
    chosen: dict[str, str] = {}
    for name in intent_locals(definition):
        wanted = name
        if isinstance(definition, RuleDef) and name == "self":
            wanted = snake(definition.entity.rpartition(".")[2])
        wanted = identifier(wanted)
        if wanted.startswith("__"):
            wanted = f"_{wanted.strip('_')}"
        chosen[name] = _free(wanted, (own, taken))
        taken.add(chosen[name])
    return chosen


def _free(wanted: str, taken: tuple[set[str], ...]) -> str:
    """The name that is wanted, or one like it that neither Python nor one of the sets has."""
    number = 0 if wanted.strip("_") else 1
    name = wanted if wanted.strip("_") else f"{wanted}_"
    while name in _TAKEN or any(name in names for names in taken):
        number += 1
        name = f"{wanted}_" if number == 1 else f"{wanted}__{number}"
    return name


def module_locals(module: Module, names: Names) -> set[str]:
    """All local names of a module's functions: imports take others."""
    own = names.own_symbols(module.name)
    found: set[str] = set()
    for definition in module.definitions:
        found.update(python_locals(definition, own).values())
    return found
