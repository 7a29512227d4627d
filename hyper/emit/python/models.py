"""Entities, enums, unions and aliases as Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.python.constants import NotConstantError, constant, is_plain, literal
from hyper.emit.python.format import (
    INDENT,
    LIMIT,
    annotated,
    assignment,
    docstring,
    explode,
    quote,
    split,
    width,
)
from hyper.emit.python.identifiers import field_identifier
from hyper.emit.python.resolving import takes_null
from hyper.emit.python.types import annotate, annotation, schemas
from hyper.ir.markers import NO_MARKERS
from hyper.ir.nodes import EnumConst, MakeList, MakeMap, Now
from hyper.ir.program import AliasDef, EntityDef, EnumDef, FieldDef, UnionDef
from hyper.ir.types import Alias, Entity, Enum, ListOf, MapOf, Marked, Opt, Prim, Type, Union

if TYPE_CHECKING:
    from hyper.emit.python.names import Names
    from hyper.emit.python.scope import Scope
    from hyper.ir.markers import Markers
    from hyper.ir.nodes import Expr
    from hyper.ir.program import Program

__all__ = ["field_identifier", "model_lines"]


def model_lines(
    definition: EntityDef | EnumDef | UnionDef | AliasDef, qualified: str, scope: Scope
) -> list[str]:
    """The lines of one declaration."""
    match definition:
        case EnumDef():
            return _enum(definition, qualified, scope)
        case EntityDef():
            return _entity(definition, qualified, scope)
        case UnionDef():
            return _union(definition, qualified, scope)
        case AliasDef():
            return _alias(definition, qualified, scope)


def described(doc: str, markers: Markers) -> str:
    """The documentation of a node with what its markers add to it for a reader."""
    notes: list[str] = []
    if markers is not NO_MARKERS:
        if markers.deprecated is not None:
            notes.append(
                f"Deprecated: {markers.deprecated}" if markers.deprecated else "Deprecated."
            )
        if markers.read:
            notes.append("Only in answers.")
        if markers.write:
            notes.append("Only in requests.")
    if not notes:
        return doc
    return f"{doc}\n\n{' '.join(notes)}" if doc else " ".join(notes)


# Enums


def _enum(definition: EnumDef, qualified: str, scope: Scope) -> list[str]:
    wires = [member.wire for member in definition.members]
    if all(isinstance(wire, str) for wire in wires):
        base = scope.take("enum", "StrEnum")
    elif all(type(wire) is int for wire in wires):
        base = scope.take(".choices", "IntChoice")
    else:
        base = scope.take(".choices", "MixedChoice")
    lines = _head(scope.names.symbol(qualified), [base])
    doc = docstring(described(definition.doc, definition.markers), INDENT)
    lines += doc
    if doc:
        lines.append("")
    members = scope.names.members(qualified)
    for member in definition.members:
        lines += assignment(INDENT, members[member.name], literal(member.wire))
        lines += docstring(described(member.doc, member.markers), INDENT)
    if not definition.members:
        lines.append(f"{INDENT}pass")
    return lines


# Entities


def _entity(definition: EntityDef, qualified: str, scope: Scope) -> list[str]:
    names = scope.names
    own = names.own_fields(qualified, definition)
    bases = _bases(definition, qualified, own, scope)
    body: list[str] = []
    body += _config(definition, qualified, scope)
    attributes = names.fields(qualified)
    documented = False
    for field in own:
        lines = _field(field, attributes[field.name], scope)
        doc = docstring(described(field.doc, field.markers), INDENT)
        body += lines
        body += doc
        documented = documented or bool(doc)
    doc = docstring(described(definition.doc, definition.markers), INDENT)
    while body and not body[-1]:
        body.pop()
    lines = _head(names.symbol(qualified), bases)
    if doc and body:
        return [*lines, *doc, "", *body]
    return [*lines, *(doc or body or [f"{INDENT}pass"])]


def _head(name: str, bases: list[str]) -> list[str]:
    line = f"class {name}({', '.join(bases)}):"
    if width(line) <= LIMIT:
        return [line]
    return [f"class {name}(", *(f"{INDENT}{base}," for base in bases), "):"]


def _bases(
    definition: EntityDef, qualified: str, own: tuple[FieldDef, ...], scope: Scope
) -> list[str]:
    bases: list[str] = []
    if scope.names.inherits(qualified):
        bases = [scope.need(base) for base in definition.bases]
    if any(
        sparse(field, scope.names) or is_write_only(field, scope.names.program) for field in own
    ):
        bases.append(scope.take(".model", "SparseModel"))
    if definition.markers.schema:
        bases.append(scope.take(".schemas", "SchemaModel"))
    return bases or [scope.take(".model", "Model")]


def _config(definition: EntityDef, qualified: str, scope: Scope) -> list[str]:
    lines: list[str] = []
    extra = _extra(definition)
    inherited = "ignore"
    if scope.names.inherits(qualified):
        for base in definition.bases:
            other = scope.names.program.definitions[base]
            assert isinstance(other, EntityDef)
            inherited = _extra(other) if _extra(other) != "ignore" else inherited
    if extra != inherited:
        config = scope.take("pydantic", "ConfigDict")
        lines.append(f"{INDENT}model_config = {config}(extra={quote(extra)})")
    if definition.markers.schema:
        class_var = scope.take("typing", "ClassVar")
        kind = scope.take("typing", "Any")
        for text in (_merged(definition.markers.schema),):
            lines += annotated(INDENT, "json_schema_", f"{class_var}[dict[str, {kind}]]", text)
    if lines:
        lines.append("")
    extra_type = definition.extra_type
    if extra_type is not None or (extra == "allow" and extra != inherited):
        kind_text = annotation(extra_type or Prim("any"), NO_MARKERS, scope)
        field = scope.take("pydantic", "Field")
        lines += annotated(
            INDENT, "__pydantic_extra__", f"dict[str, {kind_text}]", f"{field}(init=False)"
        )
    return lines


def _merged(texts: tuple[str, ...]) -> str:
    import msgspec

    parts = [msgspec.json.decode(text) for text in texts]
    if len(parts) == 1:
        return literal(parts[0])
    return literal({"allOf": parts})


def _extra(definition: EntityDef) -> str:
    if definition.extra_type is not None:
        return "allow"
    return definition.markers.extra or "ignore"


def sparse(field: FieldDef, names: Names) -> bool:
    """Whether the field may be absent, and null is another thing."""
    return field.optional and field.default is None and takes_null(field.type, names.program)


def _field(field: FieldDef, attribute: str, scope: Scope) -> list[str]:
    names = scope.names
    default: str | None = None
    markers = field.markers
    if field.default is not None:
        default = default_text(field.default, scope)
        kind = annotation(field.type, markers, scope)
    elif field.optional:
        default = "None"
        if takes_null(field.type, names.program):
            kind = annotation(field.type, markers, scope)
            if not isinstance(field.type, Opt):
                kind = f"{kind} | None" if kind != "Json" else kind
        else:
            kind = f"{scope.take('.fields', 'Omittable')}[{annotation(field.type, markers, scope)}]"
    else:
        kind = annotation(field.type, markers, scope)
    notes: list[str] = []
    if is_write_only(field, names.program):
        notes.append(f"{scope.take('.model', 'WriteOnly')}()")
    if field.wire != attribute:
        notes.append(f"{scope.take('pydantic', 'Field')}(alias={quote(field.wire)})")
    kind = annotate(kind, notes, scope)
    return annotated(INDENT, attribute, kind, default)


def is_write_only(field: FieldDef, program: Program) -> bool:
    """Whether ``@write`` is said of the field, or of the type that it has."""
    if field.markers.write:
        return True
    kind, seen = field.type, set[str]()
    while True:
        match kind:
            case Opt(inner):
                kind = inner
            case Marked(inner, markers):
                if markers.write:
                    return True
                kind = inner
            case Alias(name) if name not in seen:
                seen.add(name)
                if program.alias_is_write_only(name):
                    return True
                target = program.alias_type(name)
                if target is None:
                    return False
                kind = target
            case _:
                return False


def default_text(default: Expr, scope: Scope) -> str:
    """What stands behind the ``=`` of a field."""
    if isinstance(default, EnumConst) and isinstance(default.type, Enum):
        text = constant(default, scope)
        if scope.names.home(default.type.name) == scope.module:
            return text
        return f"{scope.take('pydantic', 'Field')}(default_factory=lambda: {text})"
    if is_plain(default):
        text = constant(default, scope)
        if text != "None":
            return text
        # ``= None`` stands for an absent field.
        return f"{scope.take('pydantic', 'Field')}(default_factory=lambda: None)"
    field = scope.take("pydantic", "Field")
    if isinstance(default, MakeList) and not default.items:
        return f"{field}(default_factory=list)"
    if isinstance(default, MakeMap) and not default.entries:
        return f"{field}(default_factory=dict)"
    try:
        text = constant(default, scope)
    except NotConstantError:
        return f"{field}(default_factory={computed_default(default, scope)})"
    if isinstance(default, Now):
        return f"{field}(default_factory={text.removesuffix('()')})"
    return f"{field}(default_factory=lambda: {text})"


def computed_default(default: Expr, scope: Scope) -> str:
    """A function that computes a default."""
    from hyper.emit.python.functions.expressions import Expressions
    from hyper.emit.python.functions.pieces import flat
    from hyper.emit.python.functions.writer import Writer

    writer = Writer(scope, scope.names.links, scope.unit)
    text = flat(Expressions(writer).write(default))
    if writer.reads_clock:
        return f"lambda: (lambda now: {text})({scope.take('.moments', 'utc_now')}())"
    return f"lambda: {text}"


# Unions and aliases


def _union(definition: UnionDef, qualified: str, scope: Scope) -> list[str]:
    name = scope.names.symbol(qualified)
    scope.far = scope.far or any(_is_far(variant, scope) for variant in definition.variants)
    variants = [annotation(variant, NO_MARKERS, scope) for variant in definition.variants]
    flat: list[str] = []
    for variant in variants:
        flat += [part for part in split(variant, " | ") if part not in flat]
    text = " | ".join(flat) or "None"
    parts: list[str] = []
    if definition.discriminator is not None and definition.mapping:
        parts.append(_tagged(definition, scope))
    elif definition.exactly and len(variants) > 1:
        parts.append(f"{scope.take('.unions', 'ExactlyOne')}()")
    elif len(flat) > 1:
        parts.append(f'{scope.take("pydantic", "Field")}(union_mode="left_to_right")')
    parts += schemas(definition.markers, scope) if definition.markers.schema else []
    return _lazy_alias(
        name, annotate(text, parts, scope), described(definition.doc, definition.markers), scope
    )


def _tagged(definition: UnionDef, scope: Scope) -> str:
    """The tags and the entity of each. The tag may have another name in Python than on the wire."""
    names = scope.names
    wire = definition.discriminator or ""
    attributes: list[str] = []
    for _, target in definition.mapping:
        attributes += names.tag_attributes(target, wire)
    found = sorted({attribute for attribute in attributes if attribute != wire})
    pairs = ", ".join(f"{quote(tag)}: {scope.refer(target)}" for tag, target in definition.mapping)
    rest = "".join(f", {quote(attribute)}" for attribute in found)
    return f"{scope.take('.unions', 'Tagged')}({quote(wire)}, {{{pairs}}}{rest})"


def _alias(definition: AliasDef, qualified: str, scope: Scope) -> list[str]:
    name = scope.names.symbol(qualified)
    doc = described(definition.doc, definition.markers)
    text = annotation(definition.type, definition.markers, scope)
    if refers(definition.type):
        scope.far = scope.far or _is_far(definition.type, scope)
        return _lazy_alias(name, text, doc, scope)
    alias = scope.take("typing", "TypeAlias")
    return [*annotated("", name, alias, text), *docstring(doc, "")]


def _innermost(kind: Type) -> Type:
    while isinstance(kind, Opt | Marked | ListOf | MapOf):
        if isinstance(kind, ListOf):
            kind = kind.item
        elif isinstance(kind, MapOf):
            kind = kind.value
        else:
            kind = kind.inner
    return kind


def refers(kind: Type) -> bool:
    """Whether the type names another declaration."""
    return isinstance(_innermost(kind), Entity | Enum | Union | Alias)


def _is_far(kind: Type, scope: Scope) -> bool:
    """Whether the type names a declaration of another module."""
    inner = _innermost(kind)
    if not isinstance(inner, Entity | Enum | Union | Alias):
        return False
    return scope.names.home(inner.name) != scope.module


def _lazy_alias(name: str, text: str, doc: str, scope: Scope) -> list[str]:
    """An alias whose right-hand side is evaluated when it is needed."""
    alias = scope.take("typing_extensions", "TypeAliasType")
    scope.aliases.append(name)
    return [
        *explode(f"{alias}({quote(name)}, {quote(text)})", "", f"{name} = "),
        *docstring(doc, ""),
    ]
