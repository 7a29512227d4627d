"""Which Python module, class, function and attribute each name of a program becomes.

Every name is made a valid identifier that means nothing else where it stands; a clash gets a number. The choice
depends on the declarations alone, in their order, so that it is the same in every build. What is asked of names is noted as a
read (``hyper.ir.reads``): modules and symbols come from the index of the program, attributes from definitions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.emit.python.identifiers import (
    BATCH_MODULES,
    ENUM_CLASHES,
    RESERVED_GLOBALS,
    RESERVED_MODULES,
    field_identifier,
    identifier,
    segment,
    unique,
)
from hyper.ir.program import EntityDef, EnumDef, FieldDef, Module, Program
from hyper.ir.reads import DATA
from hyper.ir.types import Alias, Entity, Enum, ListOf, MapOf, Marked, Opt, Type, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.native.weights import Weights
    from hyper.emit.python.functions.facts import LinkFacts
    from hyper.emit.python.functions.links import Links
    from hyper.emit.python.served import Served
    from hyper.ir.index import ModuleIndex

PACKAGE: Final = "package"
"""The name of the package."""
PLACE: Final = "place "
"""Of a module: its Python module, and whether that is a folder."""
OWN: Final = "own "
"""Of a module: the Python names of its declarations."""
NAME: Final = "name "
"""Of a declaration: its Python module and name."""
DERIVING: Final = "deriving "
"""Of an entity: those that have it as a base."""
INHERITS: Final = "inherits "
HEIRS: Final = "heirs "
ATTRIBUTES: Final = "attributes "
ATTRIBUTE: Final = "attribute "
"""Of an entity and, after a tab, a field: its attribute."""
TAG: Final = "tag "
"""Of an entity and, after a tab, a wire name as JSON: the attributes of the fields that have it."""
MEMBERS: Final = "members "
MEMBER: Final = "member "
"""Of an enum and, after a tab, a member: its Python name."""

_NO_NAME: Final = frozenset({"feature", "service"})


class Place(NamedTuple):
    """Where a declaration is: the parts of its Python module, and its name there."""

    home: tuple[str, ...]
    symbol: str


class _Layout(NamedTuple):
    """The parts of each module's path by its name, which of these are folders, and what lies in each of them."""

    modules: dict[str, tuple[str, ...]]
    packages: set[tuple[str, ...]]
    children: dict[tuple[str, ...], set[str]]


def _without_package(modules: list[str], package: str) -> dict[str, str]:
    """The name of each module without that of the package before it, which its folder says; all as they are where two of
    them would then be one."""
    prefix = f"{package}." if package else ""
    short = {name: name.removeprefix(prefix) for name in modules}
    return (
        short
        if len(set(short.values())) == len(short)
        else dict(zip(modules, modules, strict=True))
    )


class Names:
    """The Python names of one program.

    ``module`` gives a module as it is emitted, optimised or not; ``facts`` what is known of how modules are linked without looking;
    ``native`` tells whether functions are compiled, too, and ``batch`` whether they run over columns: there for ``weights``.
    """

    __slots__ = (
        "_attribute",
        "_attributes",
        "_bases",
        "_deriving",
        "_facts",
        "_heirs",
        "_inherits",
        "_laid_out",
        "_links",
        "_member",
        "_members",
        "_own",
        "_places",
        "_served",
        "_short",
        "_symbols",
        "_tags",
        "batch",
        "index",
        "native",
        "package",
        "program",
        "source",
        "weights",
    )

    def __init__(
        self,
        program: Program,
        package: str = "",
        source: Callable[[str], Module] | None = None,
        facts: Callable[[str], LinkFacts] | None = None,
        *,
        native: bool = False,
        batch: bool = False,
        weights: Weights | None = None,
    ) -> None:
        self.program = program
        self.native = native
        self.batch = batch
        self.weights = weights
        self.package = package
        self.source = source or program.module
        self.index = {module.name: module for module in program.index}
        self._facts = facts
        self._short = _without_package(list(self.index), package)
        self._laid_out: _Layout | None = None
        self._symbols: dict[str, dict[str, str]] = {}
        self._own: dict[str, set[str]] = {}
        self._places: dict[str, Place] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._deriving: dict[str, list[str]] = {}
        self._links: Links | None = None
        self._served: Served | None = None
        # What is derived from definitions, by key.
        self._inherits: dict[str, bool] = {}
        self._heirs: dict[str, bool] = {}
        self._attributes: dict[str, dict[str, str]] = {}
        self._attribute: dict[str, str] = {}
        self._tags: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, dict[str, str]] = {}
        self._member: dict[str, str] = {}
        self._find_bases()

    # Modules

    @property
    def _layout(self) -> _Layout:
        if self._laid_out is None:
            self._laid_out = self._name_modules()
        return self._laid_out

    def _name_modules(self) -> _Layout:
        layout = _Layout({}, set(), {})
        folded: dict[tuple[str, ...], dict[str, str]] = {}
        lowered: dict[tuple[str, ...], set[str]] = {}
        reserved = RESERVED_MODULES | {"_runtime"} | (BATCH_MODULES if self.batch else set())
        for name in self.index:
            parts: tuple[str, ...] = ()
            for text in self._short[name].split("."):
                taken = folded.setdefault(parts, {})
                part = taken.get(text)
                if part is None:
                    wanted = segment(text)
                    if not parts and wanted in reserved:
                        wanted += "_"
                    used = lowered.setdefault(parts, set())
                    number = 2
                    part = wanted
                    while part.casefold() in used:
                        part = f"{wanted}_{number}"
                        number += 1
                    taken[text] = part
                    used.add(part.casefold())
                parts = (*parts, part)
            layout.modules[name] = parts
            for size in range(1, len(parts)):
                layout.packages.add(parts[:size])
                layout.children.setdefault(parts[:size], set()).add(parts[size])
        return layout

    def module(self, name: str) -> tuple[str, ...]:
        """The dotted path of an intent module inside the package, as parts. Raises ``KeyError``."""
        self.program.reads.note(PLACE + name)
        return self._layout.modules[name]

    def is_package(self, parts: tuple[str, ...]) -> bool:
        """Whether modules lie below this one, so that its file is the ``__init__.py`` of a folder."""
        return parts in self._layout.packages

    def file(self, name: str) -> str:
        """The path of a module's file inside the package."""
        parts = self.module(name)
        return "/".join(parts) + ("/__init__.py" if self.is_package(parts) else ".py")

    # Declarations

    def _name_symbols(self, module: ModuleIndex) -> dict[str, str]:
        taken = {*RESERVED_GLOBALS} | self._layout.children.get(
            self._layout.modules[module.name], set()
        )
        found: dict[str, str] = {}
        for definition in module.definitions:
            if definition.kind in _NO_NAME:
                continue
            wanted = identifier(definition.name)
            if wanted.startswith("__"):
                wanted = f"_{wanted.lstrip('_')}"
            if wanted in taken:
                wanted = unique(f"{wanted}_", taken)
            taken.add(wanted)
            found[definition.name] = wanted
        return found

    def _symbols_of(self, module: str) -> dict[str, str]:
        known = self._symbols.get(module)
        if known is None:
            known = self._symbols[module] = self._name_symbols(self.index[module])
        return known

    def place(self, qualified: str) -> Place:
        """Where a declaration is. Raises ``KeyError``."""
        self.program.reads.note(NAME + qualified)
        known = self._places.get(qualified)
        if known is None:
            module = self.program.module_of(qualified)
            symbol = self._symbols_of(module)[qualified[len(module) + 1 :]]
            known = self._places[qualified] = Place(self._layout.modules[module], symbol)
        return known

    def symbol(self, qualified: str) -> str:
        """The Python name of a declaration in its module."""
        return self.place(qualified).symbol

    def home(self, qualified: str) -> tuple[str, ...]:
        """The parts of the Python module that a declaration is in."""
        return self.place(qualified).home

    def own_symbols(self, module: str) -> set[str]:
        """The Python names of all declarations of an intent module."""
        self.program.reads.note(OWN + module)
        known = self._own.get(module)
        if known is None:
            known = self._own[module] = set(self._symbols_of(module).values())
        return known

    # Fields and members

    def field(self, entity: str, name: str) -> str:
        """The attribute of an entity's field."""
        key = f"{ATTRIBUTE}{entity}\t{name}"
        return self.program.reads.derive(key, self._attribute, lambda: self.fields(entity)[name])

    def fields(self, entity: str) -> dict[str, str]:
        """The attribute of each field of an entity, inherited ones included."""
        key = ATTRIBUTES + entity
        return self.program.reads.derive(key, self._attributes, lambda: self._all_fields(entity))

    def tag_attributes(self, entity: str, wire: str) -> tuple[str, ...]:
        """The attributes of the fields of an entity that have a wire name; none where there is no such entity."""

        def find() -> tuple[str, ...]:
            definition = self.program.definitions.get(entity)
            if not isinstance(definition, EntityDef):
                return ()
            attributes = self.fields(entity)
            return tuple(
                attributes[field.name] for field in definition.fields if field.wire == wire
            )

        # A wire name may be any text, and one with a lone surrogate has no bytes.
        return self.program.reads.derive(f"{TAG}{entity}\t{json.dumps(wire)}", self._tags, find)

    def _all_fields(self, entity: str) -> dict[str, str]:
        found: dict[str, dict[str, str]] = {}
        for name in self._lineage(entity):
            if name not in found:
                found[name] = self._shared_fields(name, found)
        return found[entity]

    def _shared_fields(self, name: str, bases: dict[str, dict[str, str]]) -> dict[str, str]:
        return self.program.reads.shared(f"fields {name}", lambda: self._name_fields(name, bases))

    def _lineage(self, entity: str) -> list[str]:
        """The entity and all that its class inherits from, the farthest first."""
        order: list[str] = []
        waiting = [entity]
        while waiting:
            name = waiting.pop()
            order.append(name)
            if self.inherits(name):
                waiting += self._bases[name]
        order.reverse()
        return order

    def _name_fields(self, entity: str, bases: dict[str, dict[str, str]]) -> dict[str, str]:
        definition = self.program.definitions[entity]
        assert isinstance(definition, EntityDef)
        result: dict[str, str] = {}
        taken: set[str] = set()
        if self.inherits(entity):
            for base in definition.bases:
                result.update(bases[base])
                taken.update(bases[base].values())
        own = [field for field in definition.fields if field.name not in result]
        types: set[str] = set()
        for field in own:
            self._type_names(field.type, types)
        for field in own:
            wanted = field_identifier(field.name)
            if wanted in types:
                wanted += "_"
            result[field.name] = attribute = unique(wanted, taken)
            taken.add(attribute)
        return result

    def _type_names(self, kind: Type, into: set[str]) -> None:
        while isinstance(kind, Opt | Marked | ListOf | MapOf):
            kind = (
                kind.item
                if isinstance(kind, ListOf)
                else kind.value
                if isinstance(kind, MapOf)
                else kind.inner
            )
        if isinstance(kind, Entity | Enum | Union | Alias):
            try:
                into.add(self.symbol(kind.name))
            except KeyError:
                return

    def own_fields(self, entity: str, definition: EntityDef) -> tuple[FieldDef, ...]:
        """The fields that the class itself declares."""
        if not self.inherits(entity):
            return definition.fields
        inherited: set[str] = set()
        for base in definition.bases:
            inherited.update(self.fields(base))
        return tuple(field for field in definition.fields if field.name not in inherited)

    def member(self, enum: str, name: str) -> str:
        """The Python name of a member of an enum."""
        key = f"{MEMBER}{enum}\t{name}"
        return self.program.reads.derive(key, self._member, lambda: self.members(enum)[name])

    def members(self, enum: str) -> dict[str, str]:
        """The Python name of each member of an enum."""
        key = MEMBERS + enum
        return self.program.reads.derive(key, self._members, lambda: self._name_members(enum))

    def _name_members(self, enum: str) -> dict[str, str]:
        definition = self.program.definitions[enum]
        assert isinstance(definition, EnumDef)
        result: dict[str, str] = {}
        taken: set[str] = set()
        for member in definition.members:
            wanted = identifier(member.name)
            if wanted.startswith("_"):
                wanted = f"m{wanted}" if wanted.strip("_") else "member"
            if wanted in ENUM_CLASHES:
                wanted += "_"
            result[member.name] = wanted = unique(wanted, taken)
            taken.add(wanted)
        return result

    # Inheritance

    def _find_bases(self) -> None:
        for module in self.index.values():
            for definition in module.definitions:
                if definition.bases:
                    name = f"{module.name}.{definition.name}"
                    self._bases[name] = definition.bases
                    for base in dict.fromkeys(definition.bases):
                        self._deriving.setdefault(base, []).append(name)

    def inherits(self, entity: str) -> bool:
        """Whether the class of an entity has its bases' classes as bases, else it repeats their fields.

        Classes inherit where that says the same and needs no circular import.
        """
        if entity not in self._bases:
            # Its definition tells that, too; it need not be looked at.
            self.program.reads.note(DATA + entity)
            return False
        key = INHERITS + entity
        return self.program.reads.derive(key, self._inherits, lambda: self._can_inherit(entity))

    def deriving(self, entity: str) -> list[str]:
        """The entities that have an entity as a base."""
        self.program.reads.note(DERIVING + entity)
        return self._deriving.get(entity, [])

    def has_heirs(self, entity: str) -> bool:
        """Whether a class of the package inherits from that of an entity."""
        return self.program.reads.derive(
            HEIRS + entity, self._heirs, lambda: any(map(self.inherits, self.deriving(entity)))
        )

    def _can_inherit(self, name: str) -> bool:
        definition = self.program.definitions[name]
        assert isinstance(definition, EntityDef)
        here = self.program.module_of(name)
        inherited: dict[str, FieldDef] = {}
        for base in definition.bases:
            other = self.program.definitions.get(base)
            if not isinstance(other, EntityDef):
                return False
            there = self.program.module_of(base)
            if there != here and self.links.in_ring(here, base):
                return False
            for field in other.fields:
                if field.name in inherited:
                    return False
                inherited[field.name] = field
        own = {field.name: field for field in definition.fields}
        return all(
            field_name in own and _same(own[field_name], field)
            for field_name, field in inherited.items()
        )

    @property
    def links(self) -> Links:
        """Which modules need one another when they are imported."""
        if self._links is None:
            from hyper.emit.python.functions.links import Links

            links, _ = self.program.reads.part(lambda: Links(self, self._facts))
            self._links = links
        return self._links

    @property
    def served(self) -> Served:
        """Which actions are served, and under which names."""
        if self._served is None:
            from hyper.emit.python.served import Served

            served, _ = self.program.reads.part(lambda: Served(self))
            self._served = served
        return self._served


def _same(field: FieldDef, base: FieldDef) -> bool:
    return (
        field.wire == base.wire
        and field.type == base.type
        and field.optional == base.optional
        and field.default == base.default
        and field.markers == base.markers
    )
