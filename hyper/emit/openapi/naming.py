"""What a declaration is called under ``components.schemas``, and which entities are written flat: both are known from the index of
a program. What is asked is noted as a read (``hyper.ir.reads``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from hyper.ir.index import DATA_KINDS
from hyper.ir.program import AliasDef, EntityDef, EnumDef, UnionDef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.index import DefIndex
    from hyper.ir.program import Program

SchemaDef: TypeAlias = EntityDef | EnumDef | UnionDef | AliasDef
SCHEMA_DEFS: Final = (EntityDef, EnumDef, UnionDef, AliasDef)

COMPONENT: Final = "component "
"""Of a declaration: the name of its component."""
CLOSED: Final = "closed "
"""Of an entity: whether it is written flat."""


class Components:
    """The components of a program, made from its index."""

    def __init__(self, program: Program) -> None:
        self._note = program.reads.note
        self.names = component_names(program)
        """The component name of each declaration, by qualified name, in the order of modules and sources."""
        self._closed = closed_entities(program)

    def reference(self, qualified: str) -> str:
        """The ``$ref`` of a declaration. Raises ``KeyError``."""
        return "#/components/schemas/" + pointer(self.name(qualified))

    def name(self, qualified: str) -> str:
        """The component name of a declaration. Raises ``KeyError``."""
        self._note(COMPONENT + qualified)
        return self.names[qualified]

    def is_closed(self, qualified: str) -> bool:
        """Whether a declaration is one of ``closed_entities``."""
        self._note(CLOSED + qualified)
        return qualified in self._closed


def _declared(program: Program) -> Iterator[tuple[str, DefIndex]]:
    for module in program.index:
        for found in module.definitions:
            if found.kind in DATA_KINDS:
                yield f"{module.name}.{found.name}", found


def component_names(program: Program) -> dict[str, str]:
    """The component name of each declaration, by qualified name, in the order of modules and sources.

    ``@json`` names are served first, then bare names. Where several want one name, all of them
    are named by module too, so that adding a module never renames what it does not clash with.
    """
    claimed: dict[str, list[str]] = {}
    bare: dict[str, list[str]] = {}
    order: list[str] = []
    for qualified, found in _declared(program):
        order.append(qualified)
        wanted = bare if found.wire is None else claimed
        wanted.setdefault(found.wire or found.name, []).append(qualified)
    names: dict[str, str] = {}
    taken = set(claimed) | set(bare)
    for wanted in (claimed, bare):
        for name, owners in wanted.items():
            if len(owners) == 1 and not (wanted is bare and name in claimed):
                names[owners[0]] = name
                continue
            for owner in owners:
                names[owner] = _free(owner, taken)
    return {qualified: names[qualified] for qualified in order}


def closed_entities(program: Program) -> frozenset[str]:
    """Entities that refuse fields that they do not name, or whose bases do: parts of an ``allOf`` would then refuse each
    other's."""
    derived: dict[str, list[str]] = {}
    closed: set[str] = set()
    for name, found in _declared(program):
        if found.closed:
            closed.add(name)
        for base in found.bases:
            derived.setdefault(base, []).append(name)
    waiting = sorted(closed)
    while waiting:
        fresh = [name for name in derived.get(waiting.pop(), ()) if name not in closed]
        closed.update(fresh)
        waiting += fresh
    return frozenset(closed)


def _free(name: str, taken: set[str]) -> str:
    """``name``, numbered where it is taken, and taken from now on."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate


def pointer(name: str) -> str:
    """A name as one part of a JSON pointer in a URI fragment."""
    return name.replace("~", "~0").replace("/", "~1").replace("%", "%25").replace(" ", "%20")
