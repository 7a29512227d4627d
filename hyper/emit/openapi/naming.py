"""Names of components: what a declaration is called under ``components.schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from hyper.ir.program import AliasDef, EntityDef, EnumDef, UnionDef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.program import Program

SchemaDef: TypeAlias = EntityDef | EnumDef | UnionDef | AliasDef
SCHEMA_DEFS: Final = (EntityDef, EnumDef, UnionDef, AliasDef)


def schema_definitions(program: Program) -> Iterator[tuple[str, SchemaDef]]:
    """Every declaration that has a schema, by qualified name, in the order of modules and sources."""
    for name, definition in program.definitions.items():
        if isinstance(definition, SCHEMA_DEFS):
            yield name, definition


def component_names(program: Program) -> dict[str, str]:
    """The component name of each declaration, by qualified name.

    ``@json`` names are served first, then bare names. Where several want one name, all of them
    are named by module too, so that adding a module never renames what it does not clash with.
    """
    claimed: dict[str, list[str]] = {}
    bare: dict[str, list[str]] = {}
    for qualified, definition in schema_definitions(program):
        wire = definition.markers.wire
        wanted = bare if wire is None else claimed
        wanted.setdefault(wire or definition.name, []).append(qualified)
    names: dict[str, str] = {}
    taken = set(claimed) | set(bare)
    for wanted in (claimed, bare):
        for name, owners in wanted.items():
            if len(owners) == 1 and not (wanted is bare and name in claimed):
                names[owners[0]] = name
                continue
            for owner in owners:
                names[owner] = _free(owner, taken)
    return names


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
