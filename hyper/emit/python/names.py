"""Which Python module, class, function and attribute each name of a program becomes.

Every name is made a valid identifier that means nothing else where it stands; a clash gets a number. The choice
depends on the declarations alone, in their order, so that it is the same in every build.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from hyper.ir.program import (
    EntityDef,
    EnumDef,
    FeatureDef,
    FieldDef,
    Program,
    ServiceDef,
)
from hyper.ir.types import Alias, Entity, Enum, ListOf, MapOf, Marked, Opt, Type, Union

if TYPE_CHECKING:
    from hyper.emit.python.functions.links import Links

_OUTSIDE: Final = re.compile(r"\W")
_KEYWORDS: Final = frozenset(keyword.kwlist) | {"match", "type", "_"}

_LONGEST: Final = 80
"""Bytes of a file's name; file systems take 255."""

RESERVED_MODULES: Final = frozenset({"api", "native", "schema", "manifest", "openapi", "py"})
"""Top-level names of a package that are the compiler's."""

RESERVED_GLOBALS: Final = (
    frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"self", "cls", "now", "dt"}
)
"""Names that a declaration cannot take in its Python module."""

_MODEL_ATTRIBUTES: Final = frozenset(
    {
        "construct",
        "copy",
        "dict",
        "from_orm",
        "json",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "schema",
        "schema_json",
        "update_forward_refs",
        "validate",
    }
)
# fmt: off
_TYPE_NAMES: Final = frozenset((
    "str", "list", "dict", "float", "None", "True", "False", "self", "cls", "dt", "utc_now",
    "utc_today", "json_schema_", "Annotated", "Any", "BigInt", "Bool", "Bytes", "ClassVar",
    "ConfigDict", "Date", "DateTime", "Decimal", "Digits", "Duration", "Email", "Exactly", "ExactlyOne",
    "Field", "Finite", "Float", "Int", "Json", "JsonSchema", "Literal", "Matches",
    "Model", "Multiple", "Omittable", "RawBytes", "SchemaModel", "SparseModel", "Tagged", "Time",
    "UUID", "Uuid", "Unique", "Url", "WriteOnly",
))
# fmt: on
_FIELD_CLASHES: Final = _MODEL_ATTRIBUTES | _TYPE_NAMES | frozenset(keyword.kwlist)
_ENUM_CLASHES: Final = frozenset(keyword.kwlist) | frozenset(dir(str)) | {"name", "value", "mro"}


def identifier(text: str) -> str:
    """The nearest valid identifier; Python compares identifiers after NFKC, and so it is applied here."""
    if text.isascii() and text.isidentifier():
        return text
    clean = _OUTSIDE.sub("_", unicodedata.normalize("NFKC", text))
    if not clean or not clean.isidentifier():
        clean = f"_{clean}"
    return clean if clean.isidentifier() else "_" + "".join(c for c in clean if c.isascii())


def unique(wanted: str, taken: set[str] | frozenset[str] | dict[str, str]) -> str:
    """``wanted``, or with the first number that is free."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}_{number}" in taken:
        number += 1
    return f"{wanted}_{number}"


def field_identifier(name: str) -> str:
    """The attribute that a field wants: no private name, no attribute of a model, no name of a type."""
    wanted = identifier(name)
    if wanted.startswith("_"):
        wanted = wanted.lstrip("_") or "field"
        if not wanted.isidentifier():
            wanted = f"field_{wanted}"
    if wanted in _FIELD_CLASHES or wanted.startswith("model_"):
        wanted += "_"
    return wanted


def _segment(text: str) -> str:
    wanted = identifier(text)
    if wanted.startswith("__"):
        wanted = wanted.strip("_") or "module"
        wanted = identifier(wanted)
    if len(wanted) > _LONGEST and len(wanted.encode()) > _LONGEST:
        wanted = wanted.encode()[:_LONGEST].decode(errors="ignore")
    return f"{wanted}_" if wanted in _KEYWORDS else wanted


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
    """The Python names of one program."""

    __slots__ = (
        "_attributes",
        "_links",
        "_members",
        "_modules",
        "_own",
        "_packages",
        "_short",
        "_symbols",
        "inherits",
        "program",
    )

    def __init__(self, program: Program, package: str = "") -> None:
        self.program = program
        self._short = _without_package([module.name for module in program.modules], package)
        self._modules: dict[str, tuple[str, ...]] = {}
        self._packages: set[tuple[str, ...]] = set()
        self._symbols: dict[str, str] = {}
        self._own: dict[str, set[str]] = {}
        self._attributes: dict[str, dict[str, str]] = {}
        self._members: dict[str, dict[str, str]] = {}
        self._links: Links | None = None
        self.inherits: dict[str, bool] = {}
        """Of each entity with bases: whether its class has its bases' classes as bases, else it repeats their fields."""
        self._name_modules()
        self._name_symbols()
        self._choose_inheritance()

    # Modules

    def _name_modules(self) -> None:
        folded: dict[tuple[str, ...], dict[str, str]] = {}
        for module in self.program.modules:
            parts: tuple[str, ...] = ()
            for text in self._short[module.name].split("."):
                taken = folded.setdefault(parts, {})
                part = taken.get(text)
                if part is None:
                    wanted = _segment(text)
                    if not parts and wanted in RESERVED_MODULES | {"_runtime"}:
                        wanted += "_"
                    lowered = {value.casefold() for value in taken.values()}
                    number = 2
                    part = wanted
                    while part.casefold() in lowered:
                        part = f"{wanted}_{number}"
                        number += 1
                    taken[text] = part
                parts = (*parts, part)
            self._modules[module.name] = parts
            for size in range(1, len(parts)):
                self._packages.add(parts[:size])

    def module(self, name: str) -> tuple[str, ...]:
        """The dotted path of an intent module inside the package, as parts."""
        return self._modules[name]

    def is_package(self, parts: tuple[str, ...]) -> bool:
        """Whether modules lie below this one, so that its file is the ``__init__.py`` of a folder."""
        return parts in self._packages

    def file(self, name: str) -> str:
        """The path of a module's file inside the package."""
        parts = self._modules[name]
        return "/".join(parts) + ("/__init__.py" if parts in self._packages else ".py")

    # Declarations

    def _name_symbols(self) -> None:
        children: dict[tuple[str, ...], set[str]] = {}
        for parts in self._modules.values():
            for size in range(1, len(parts)):
                children.setdefault(parts[:size], set()).add(parts[size])
        for module in self.program.modules:
            own = self._own.setdefault(module.name, set())
            taken = set(RESERVED_GLOBALS) | children.get(self._modules[module.name], set())
            for definition in module.definitions:
                if isinstance(definition, FeatureDef | ServiceDef):
                    continue
                wanted = identifier(definition.name)
                if wanted.startswith("__"):
                    wanted = f"_{wanted.lstrip('_')}"
                if wanted in taken:
                    wanted = unique(f"{wanted}_", taken)
                taken.add(wanted)
                own.add(wanted)
                self._symbols[f"{module.name}.{definition.name}"] = wanted

    def symbol(self, qualified: str) -> str:
        """The Python name of a declaration in its module."""
        return self._symbols[qualified]

    def own_symbols(self, module: str) -> set[str]:
        """The Python names of all declarations of an intent module."""
        return self._own[module]

    def home(self, qualified: str) -> tuple[str, ...]:
        """The parts of the Python module that a declaration is in."""
        return self._modules[self.program.home[qualified].name]

    # Fields and members

    def field(self, entity: str, name: str) -> str:
        """The attribute of an entity's field."""
        return self.fields(entity)[name]

    def fields(self, entity: str) -> dict[str, str]:
        """The attribute of each field of an entity, inherited ones included."""
        known = self._attributes.get(entity)
        if known is not None:
            return known
        for base in self._lineage(entity):
            if base not in self._attributes:
                self._attributes[base] = self._name_fields(base)
        return self._attributes[entity]

    def _lineage(self, entity: str) -> list[str]:
        """The entity and all that its class inherits from, the farthest first."""
        order: list[str] = []
        waiting = [entity]
        while waiting:
            name = waiting.pop()
            order.append(name)
            definition = self.program.definitions.get(name)
            if isinstance(definition, EntityDef) and self.inherits.get(name):
                waiting += definition.bases
        order.reverse()
        return order

    def _name_fields(self, entity: str) -> dict[str, str]:
        definition = self.program.definitions[entity]
        assert isinstance(definition, EntityDef)
        result: dict[str, str] = {}
        taken: set[str] = set()
        if self.inherits.get(entity):
            for base in definition.bases:
                inherited = self._attributes[base]
                result.update(inherited)
                taken.update(inherited.values())
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
            name = self._symbols.get(kind.name)
            if name is not None:
                into.add(name)

    def own_fields(self, entity: str, definition: EntityDef) -> tuple[FieldDef, ...]:
        """The fields that the class itself declares."""
        if not self.inherits.get(entity):
            return definition.fields
        inherited: set[str] = set()
        for base in definition.bases:
            inherited.update(self.fields(base))
        return tuple(field for field in definition.fields if field.name not in inherited)

    def member(self, enum: str, name: str) -> str:
        """The Python name of a member of an enum."""
        return self.members(enum)[name]

    def members(self, enum: str) -> dict[str, str]:
        """The Python name of each member of an enum."""
        known = self._members.get(enum)
        if known is None:
            definition = self.program.definitions[enum]
            assert isinstance(definition, EnumDef)
            known = {}
            taken: set[str] = set()
            for member in definition.members:
                wanted = identifier(member.name)
                if wanted.startswith("_"):
                    wanted = f"m{wanted}" if wanted.strip("_") else "member"
                if wanted in _ENUM_CLASHES:
                    wanted += "_"
                known[member.name] = wanted = unique(wanted, taken)
                taken.add(wanted)
            self._members[enum] = known
        return known

    # Inheritance

    def _choose_inheritance(self) -> None:
        """Classes inherit where that says the same as repeating the fields and needs no circular import."""
        for name, definition in self.program.definitions.items():
            if isinstance(definition, EntityDef) and definition.bases:
                self.inherits[name] = self._can_inherit(name, definition)

    def _can_inherit(self, name: str, definition: EntityDef) -> bool:
        here = self.program.home[name].name
        inherited: dict[str, FieldDef] = {}
        for base in definition.bases:
            other = self.program.definitions.get(base)
            if not isinstance(other, EntityDef):
                return False
            there = self.program.home[base].name
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

            self._links = Links(self)
        return self._links


def _same(field: FieldDef, base: FieldDef) -> bool:
    return (
        field.wire == base.wire
        and field.type == base.type
        and field.optional == base.optional
        and field.default == base.default
        and field.markers == base.markers
    )
