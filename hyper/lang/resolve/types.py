"""Type expressions become types."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.resolve.lookup import (
    declared_in,
    find,
    is_failed,
    suggest,
    visible_names,
    written_out,
)
from hyper.lang.resolve.site import Site
from hyper.lang.symbols import (
    ActionSymbol,
    AliasSymbol,
    ConstSymbol,
    EntitySymbol,
    EnumSymbol,
    FunctionSymbol,
    RuleSymbol,
    ServiceSymbol,
    UnionSymbol,
)
from hyper.lang.types import (
    PRIMITIVES,
    UNKNOWN,
    Alias,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
    Prim,
    Union,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import Scope, Symbol, World
    from hyper.lang.types import Type

PRIMITIVE_TYPES: Final[dict[str, Type]] = {name: Prim(name) for name in sorted(PRIMITIVES)}
GENERIC: Final = ("decimal", "list", "map")
BUILTIN_TYPES: Final = frozenset((*PRIMITIVES, *GENERIC))

MAX_PRECISION: Final = 28

# What people coming from elsewhere write.
_FOREIGN: Final = {
    "str": "string",
    "text": "string",
    "integer": "int",
    "long": "int",
    "int32": "int",
    "int64": "int",
    "number": "float",
    "double": "float",
    "float64": "float",
    "boolean": "bool",
    "object": "any",
    "array": "list",
    "dict": "map",
    "uri": "url",
    "timestamp": "datetime",
    "binary": "bytes",
    "money": "decimal",
    **dict.fromkeys(("i32", "i64", "u32", "u64", "short", "byte", "isize", "usize"), "int"),
    **dict.fromkeys(("f32", "f64", "real"), "float"),
    **dict.fromkeys(("varchar", "char", "&str"), "string"),
    **dict.fromkeys(("seq", "sequence", "vec", "iterable"), "list"),
    **dict.fromkeys(("hashmap", "mapping", "btreemap"), "map"),
    **dict.fromkeys(("unknown", "json", "jsonvalue"), "any"),
    "guid": "uuid",
    "timedelta": "duration",
    "biginteger": "bigint",
}
# Types of other languages that are written without a name here.
_SAID: Final = {
    **dict.fromkeys(("optional", "option", "maybe", "nullable"), "what may be null is `{of}?`"),
    **dict.fromkeys(("set", "frozenset", "hashset"), "write `list[{of}]`, and `@unique` after it"),
    **dict.fromkeys(("tuple",), "declare an entity with a field for each part"),
    **dict.fromkeys(("union", "either", "oneof"), "declare `union Name = A | B`"),
    **dict.fromkeys(("literal", "enum"), "declare `enum Name: a, b`, or write the value alone"),
    **dict.fromkeys(("none", "null", "void", "nil"), "what may be null is `T?`"),
    **dict.fromkeys(("callable", "function"), "functions are no values"),
    **dict.fromkeys(("annotated", "final", "readonly"), "write the type alone, and its markers"),
    "promise": "write the type alone",
    "partial": "a field that may be absent is `name?: T`",
}

_KIND_WORDS: Final = {
    EntitySymbol: "an entity",
    EnumSymbol: "an enum",
    UnionSymbol: "a union",
    AliasSymbol: "a type",
    ConstSymbol: "a const",
    FunctionSymbol: "a function",
    RuleSymbol: "a rule",
    ActionSymbol: "an action",
    ServiceSymbol: "the service",
}


def kind_word(symbol: Symbol) -> str:
    """Name the kind of a symbol, with its article, for messages."""
    return _KIND_WORDS[type(symbol)]


def type_of_symbol(symbol: Symbol) -> Type | None:
    """Give the type that a declaration declares; ``None`` where it declares none."""
    if isinstance(symbol, EntitySymbol):
        return Entity(symbol.name)
    if isinstance(symbol, EnumSymbol):
        return Enum(symbol.name)
    if isinstance(symbol, AliasSymbol):
        return Alias(symbol.name)
    if isinstance(symbol, UnionSymbol):
        return Union(symbol.name)
    return None


def resolve_type(expr: tree.TypeExpr, scope: Scope, world: World, reporter: Reporter) -> Type:
    """Resolve a type expression. What cannot be resolved is reported once and becomes ``Unknown``."""
    if type(expr) is tree.TypeName:
        return resolve_name(expr, scope, world, reporter)
    wrappers: list[tree.TypeOpt | tree.TypeMarked] = []
    while isinstance(expr, tree.TypeOpt | tree.TypeMarked):
        wrappers.append(expr)
        expr = expr.inner
    if isinstance(expr, tree.TypeName):
        kind = resolve_name(expr, scope, world, reporter)
    elif isinstance(expr, tree.TypeLit):
        kind = Lit(expr.value.value)
    else:
        kind = UNKNOWN
    for wrapper in reversed(wrappers):
        if kind is UNKNOWN:
            return kind
        if isinstance(wrapper, tree.TypeMarked):
            from hyper.lang.resolve.markers import read_markers  # markers may name types

            markers = read_markers(wrapper.markers, "type", kind, Site(scope, world, reporter))
            kind = Marked(kind, markers)
        elif not isinstance(kind, Opt):
            kind = Opt(kind)
    return kind


def resolve_name(name: tree.TypeName, scope: Scope, world: World, reporter: Reporter) -> Type:
    """Resolve a named type, generic or not."""
    parts = name.parts
    known: Type | None = None
    if len(parts) == 1:
        word = parts[0].name
        known = scope.types.get(word)
        if known is not None and not name.args and not name.numbers:
            return known
        if word in GENERIC and not parts[0].quoted:
            return _generic(word, name, scope, world, reporter)
    kind = known if known is not None else _declared(name, scope, world, reporter)
    if (name.args or name.numbers) and kind is not UNKNOWN:
        reporter.report(
            "E0307",
            f"`{parts[-1].name}` takes no arguments: only `list`, `map` and `decimal` do",
            name.start,
            name.end,
        )
        return UNKNOWN
    return kind


def _generic(
    word: str, name: tree.TypeName, scope: Scope, world: World, reporter: Reporter
) -> Type:
    if word == "decimal":
        return _decimal(name, reporter)
    wanted = 1 if word == "list" else 2
    form = "list[T]" if word == "list" else "map[string, T]"
    if len(name.args) != wanted or name.numbers:
        reporter.report("E0307", f"write `{form}`", name.start, name.end)
        return UNKNOWN
    if word == "map":
        _check_key(name.args[0], reporter)
    inner = resolve_type(name.args[-1], scope, world, reporter)
    # The list of an unknown is known to be a list, so its other mistakes are still found.
    return ListOf(inner) if word == "list" else MapOf(inner)


def _check_key(key: tree.TypeExpr, reporter: Reporter) -> None:
    if isinstance(key, tree.BadType):
        return
    plain = isinstance(key, tree.TypeName) and not key.args and not key.numbers
    if not plain or [part.name for part in key.parts] != ["string"]:  # type: ignore[union-attr]
        reporter.report("E0307", "the keys of a map are `string`", key.start, key.end)


def _decimal(name: tree.TypeName, reporter: Reporter) -> Type:
    values = [number.value for number in name.numbers]
    if len(values) != 2 or name.args:
        reporter.report(
            "E0307",
            "write `decimal(p, s)`: the number of digits, and how many stand after the point",
            name.start,
            name.end,
        )
        return UNKNOWN
    precision, scale = values
    if not 1 <= precision <= MAX_PRECISION or not 0 <= scale <= precision:
        reporter.report(
            "E0307",
            f"`decimal({precision}, {scale})` is out of bounds: 1 to {MAX_PRECISION} digits, of which"
            " at least 0 and at most all stand after the point",
            name.start,
            name.end,
        )
        return UNKNOWN
    return Dec(precision, scale)


def _declared(name: tree.TypeName, scope: Scope, world: World, reporter: Reporter) -> Type:
    parts = [part.name for part in name.parts]
    if not parts:
        return UNKNOWN  # the parser has reported it
    bare = parts[0] if len(parts) == 1 else None
    symbol = find(parts, scope, world, peek=True)
    kind: Type = UNKNOWN
    if symbol is None:
        if not is_failed(parts, scope, world):
            _report_unknown(name, parts, scope, world, reporter)
    else:
        declared = type_of_symbol(symbol)
        if declared is None:
            reporter.report(
                "E0306",
                f"`{parts[-1]}` is {kind_word(symbol)}, not a type",
                name.start,
                name.end,
            )
        else:
            kind = declared
    if bare is not None:
        scope.types[bare] = kind  # an unknown name is reported once a file
    return kind


def _report_unknown(
    name: tree.TypeName, parts: list[str], scope: Scope, world: World, reporter: Reporter
) -> None:
    shown = ".".join(parts)
    suggestion: str | None = None
    message = f"there is no type `{shown}` here"
    if len(parts) > 1:
        module = ".".join(parts[:-1])
        if parts[-1].startswith("_") and f"{shown}" in world.symbols:
            message = f"`{parts[-1]}` is private to `{module}`"
            reporter.report("E0304", message, name.start, name.end)
            return
        if module in world.units and module not in scope.modules:
            message = f"the module `{module}` was not brought here: add `use {module}`"
        elif module not in scope.modules:
            suggestion = written_out(parts, scope)
        else:
            near = suggest(parts[-1], world.scopes[module].own, reporter)
            suggestion = near and f"{module}.{near}"
    else:
        homes = declared_in(parts[0], world)
        if homes:
            message = f"`{shown}` was not brought here: add `use {homes[0]} ({shown})`"
        else:
            folded = parts[0].casefold()
            said = _SAID.get(folded, "").format(of=_inside(name, scope))
            message += f": {said}" if said else ""
            suggestion = _FOREIGN.get(folded)
            if not said and suggestion is None:
                names = chain(_type_names(scope, world), sorted(BUILTIN_TYPES))
                suggestion = suggest(parts[0], names, reporter)
    reporter.report("E0303", message, name.start, name.end, suggestion=suggestion)


def _inside(name: tree.TypeName, scope: Scope) -> str:
    """The text of the one type in the brackets of another."""
    if len(name.args) != 1:
        return "T"
    return scope.unit.source.text[name.args[0].start : name.args[0].end]


def _type_names(scope: Scope, world: World) -> Iterator[str]:
    for name in visible_names(scope):
        symbol = world.symbols.get(scope.own.get(name) or scope.imported[name])
        if symbol is not None and type_of_symbol(symbol) is not None:
            yield name


def head_type(expr: tree.TypeExpr, scope: Scope, world: World) -> Type:
    """Give the outermost shape of a type expression without reporting anything.

    Null and markers are left out and what is inside of ``list`` and ``map`` is ``Unknown``: enough to
    tell what an alias is before every alias is resolved.
    """
    while isinstance(expr, tree.TypeOpt | tree.TypeMarked):
        expr = expr.inner
    if isinstance(expr, tree.TypeLit):
        return Lit(expr.value.value)
    if not isinstance(expr, tree.TypeName):
        return UNKNOWN
    if len(expr.parts) == 1:
        word = expr.parts[0].name
        if word in PRIMITIVES:
            return PRIMITIVE_TYPES[word]
        if word in GENERIC:
            shapes: dict[str, Type] = {
                "list": ListOf(UNKNOWN),
                "map": MapOf(UNKNOWN),
                "decimal": Dec(0, 0),
            }
            return shapes[word]
    symbol = find([part.name for part in expr.parts], scope, world, peek=True)
    return (type_of_symbol(symbol) if symbol is not None else None) or UNKNOWN
