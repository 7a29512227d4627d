"""Names in expressions, in the order of the language: locals, fields of ``self``, the module's names, members of the
enum that is expected, a member unique among the visible enums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.broken import is_broken
from hyper.lang.check.builtins import FUNCTIONS, NAMES, RESERVED
from hyper.lang.check.checker import Local
from hyper.lang.check.relations import describe, is_flexible, optional, variants_of, without_none
from hyper.lang.check.settle import adopted
from hyper.lang.check.typed import ConstRef, FieldRef, GivenRef, LocalRef, MemberRef, SelfField
from hyper.lang.resolve.lookup import (
    declared_in,
    dotted_symbol,
    enums_with,
    is_bound,
    is_failed,
    nearest,
    symbol_of,
    visible_enums,
    visible_names,
)
from hyper.lang.resolve.types import kind_word
from hyper.lang.resolve.values import dotted
from hyper.lang.symbols import ConstSymbol, EnumSymbol
from hyper.lang.types import UNKNOWN, Entity, Enum, Opt, Type, Union, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.lang.check.checker import Checker
    from hyper.lang.symbols import EntitySymbol, FieldSymbol, Symbol


def field_type(checker: Checker, field: FieldSymbol) -> Type:
    """The type of reading a field: optional where it may be absent. One with a default is always filled."""
    kind = checker.normal(field.type)
    return optional(kind) if field.optional and field.decl.default is None else kind


def self_field(checker: Checker, name: str) -> FieldSymbol | None:
    """Find a field of ``self`` by its bare name."""
    if checker.self_entity is None:
        return None
    entity = checker.entity(checker.self_entity)
    return None if entity is None else entity.fields.get(name)


def is_value_name(checker: Checker, name: str) -> bool:
    """Whether a bare name is a local or a field of ``self``."""
    return name in checker.locals or self_field(checker, name) is not None


def static_symbol(checker: Checker, node: tree.Expr) -> Symbol | None:
    """Find the declaration that a bare or dotted name denotes; ``None`` for what is a value."""
    if isinstance(node, tree.Name):
        if is_value_name(checker, node.name):
            return None
        return symbol_of(node.name, checker.scope, checker.world)
    if not isinstance(node, tree.Attr):
        return None
    parts = dotted(node)
    if parts is None or is_value_name(checker, parts[0]):
        return None
    return dotted_symbol(parts, checker.scope, checker.world)


# ---------------------------------------------------------------- bare names


def infer_name(checker: Checker, node: tree.Name, hint: Type | None) -> Type:
    """A bare name."""
    name = node.name
    first = checker.enum_first
    if first is not None and node not in checker.columns and _member(checker, node, first):
        return Enum(first)
    local = checker.locals.get(name)
    if local is not None:
        return _local(checker, node, local, hint)
    field = self_field(checker, name)
    if field is not None and checker.self_entity is not None:
        kind = field_type(checker, field)
        checker.typing.refs[node] = SelfField(checker.self_entity, name, kind)
        return checker.narrowed(("self", name), kind)
    if is_bound(name, checker.scope):
        symbol = symbol_of(name, checker.scope, checker.world)
        return UNKNOWN if symbol is None else symbol_value(checker, node, symbol, hint)
    return _expected_member(checker, node, hint)


def _local(checker: Checker, node: tree.Name, local: Local, hint: Type | None) -> Type:
    if local.open is not None and checker.given is not None:
        name, kind = checker.given(checker, local, hint)
        checker.typing.refs[node] = GivenRef(name, kind)
        return kind
    checker.typing.refs[node] = LocalRef(local.name, local.type)
    return checker.narrowed((node.name,), local.type)


def _member(checker: Checker, node: tree.Name, enum: str) -> bool:
    symbol = checker.world.symbols.get(enum)
    if isinstance(symbol, EnumSymbol) and node.name in symbol.members:
        checker.typing.refs[node] = MemberRef(enum, node.name)
        return True
    return False


def _expected_member(checker: Checker, node: tree.Name, hint: Type | None) -> Type:
    for kind in _enums_of(checker, hint):
        if _member(checker, node, kind.name):
            return kind
    homes = enums_with(node.name, checker.scope, checker.world)
    if len(homes) == 1:
        _member(checker, node, homes[0].name)
        _mark_used(checker, homes[0].name)
        return Enum(homes[0].name)
    if homes:
        names = [symbol.name.rpartition(".")[2] for symbol in homes]
        checker.report(
            "E0312",
            f"`{node.name}` is a member of {_words(names)}: write `{names[0]}.{node.name}`",
            node,
            suggestion=f"{names[0]}.{node.name}",
        )
        return UNKNOWN
    report_unknown(checker, node, hint)
    return UNKNOWN


def _mark_used(checker: Checker, enum: str) -> None:
    """The import of an enum is used where a member of it stands alone."""
    for name, qualified in checker.scope.imported.items():
        if qualified == enum:
            checker.scope.used.add(name)


def _enums_of(checker: Checker, hint: Type | None) -> list[Enum]:
    kind = without_none(hint) if hint is not None else None
    if isinstance(kind, Enum):
        return [kind]
    if isinstance(kind, Union):
        return [item for item in variants_of(kind, checker.world) if isinstance(item, Enum)]
    return []


def _words(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def looks_like_member(checker: Checker, node: tree.Expr) -> bool:
    """Whether an expression is a bare name that only an expected enum can explain."""
    while isinstance(node, tree.Paren):
        node = node.inner
    if node in checker.columns:
        return False
    return (
        isinstance(node, tree.Name)
        and not is_value_name(checker, node.name)
        and not is_bound(node.name, checker.scope)
    )


ELSEWHERE: Final = {
    **dict.fromkeys(("null", "None", "nil", "undefined", "NULL", "Null", "nullptr"), "none"),
    **dict.fromkeys(("True", "TRUE"), "true"),
    **dict.fromkeys(("False", "FALSE"), "false"),
    "this": "self",
}
"""How other languages write what has another spelling here."""

_SAID: Final = {
    "return": ": the last expression of a body is its value",
    "pass": ": a body ends in an expression, which is its value",
    "break": ": a loop goes through its whole list; choose what it goes through, as in"
    " `[x for x in xs if c]`",
    "continue": ": put what the rest of the loop does into an `if`",
    "_": ": write `else` for what is left",
    "otherwise": ": write `else` for what is left",
}


def report_unknown(checker: Checker, node: tree.Name, hint: Type | None) -> None:
    """Report a name that means nothing here, with the nearest that does."""
    name = node.name
    if name in NAMES:
        checker.report("E0406", f"`{name}` is a function: call it, as in `{name}(…)`", node)
        return
    if any(is_broken(enum) for enum in visible_enums(checker.scope, checker.world)):
        return  # it may be the member that could not be read
    if _is_member_elsewhere(checker, node):
        return
    homes = declared_in(name, checker.world)
    if homes:
        checker.report(
            "E0303",
            f"`{name}` was not brought here: add `use {homes[0]} ({name})`",
            node,
        )
        return
    homes = sorted(module for module in checker.scope.modules if module.endswith(f".{name}"))
    if homes:
        message = f"`{name}` is the module `{homes[0]}`: write its whole name, `{homes[0]}.…`"
        checker.report("E0303", message, node)
        return
    suggestion = ELSEWHERE.get(name) or nearest(name, _candidates(checker, hint))
    if name in _SAID:
        suggestion = None
    elif name == "this" and checker.self_entity is None:
        suggestion = nearest(name, _candidates(checker, hint))
    said = _SAID.get(name, "")
    if name in checker.beside:
        said, suggestion = (
            ": a default reads no other field or parameter; compute the value in a calc or a rule",
            None,
        )
    checker.report("E0303", f"there is no `{name}` here{said}", node, suggestion=suggestion)


def _is_member_elsewhere(checker: Checker, node: tree.Name) -> bool:
    """Report the enum, once a file, that has a member and was not brought; tell whether there is one."""
    for symbol in checker.world.symbols.values():
        if isinstance(symbol, EnumSymbol) and node.name in symbol.members:
            module, _, short = symbol.name.rpartition(".")
            if module == checker.unit.name or short.startswith("_"):
                continue
            if checker.scope.types.get(short) != UNKNOWN:
                checker.scope.types[short] = UNKNOWN
                message = f"`{node.name}` is a member of `{short}`: add `use {module} ({short})`"
                checker.report("E0303", message, node)
            return True
    return False


def _candidates(checker: Checker, hint: Type | None) -> Iterable[str]:
    yield from checker.locals
    if checker.self_entity is not None:
        entity = checker.entity(checker.self_entity)
        yield from () if entity is None else entity.fields
    yield from visible_names(checker.scope)
    for kind in _enums_of(checker, hint):
        symbol = checker.world.symbols.get(kind.name)
        yield from symbol.members if isinstance(symbol, EnumSymbol) else ()
    for enum in visible_enums(checker.scope, checker.world):
        short = enum.name.rpartition(".")[2]
        yield from enum.members
        yield from (f"{short}.{member}" for member in enum.members)


def symbol_value(checker: Checker, node: tree.Expr, symbol: Symbol, hint: Type | None) -> Type:
    """Give the value of a declaration that stands as a value: only a const has one."""
    if isinstance(symbol, ConstSymbol):
        facts = checker.consts(symbol.name)
        checker.uses.callees.setdefault(symbol.name, node)
        checker.typing.refs[node] = ConstRef(symbol.name)
        if facts is None:
            return UNKNOWN
        return const_type(checker, node, facts.type, facts.value, hint)
    word = kind_word(symbol)
    name = symbol.name.rpartition(".")[2]
    help_ = {
        "a function": f": call it, as in `{name}(…)`",
        "an entity": f": build one, as in `{name}(…)`",
        "an enum": f": name a member, as in `{name}.{_first_member(symbol)}`",
    }.get(word, "")
    checker.report("E0306", f"`{name}` is {word}, not a value{help_}", node)
    return UNKNOWN


def _first_member(symbol: Symbol) -> str:
    return next(iter(symbol.members), "…") if isinstance(symbol, EnumSymbol) else "…"


def const_type(
    checker: Checker, node: tree.Expr, kind: Type, value: object, hint: Type | None
) -> Type:
    """Give the type that a const has where it is used."""
    from hyper.lang.check.exact import check_exact

    kind = adopted(kind, hint, checker.world)
    if not is_flexible(kind):
        check_exact(checker, node, value, kind)
    return kind


# ---------------------------------------------------------------- attributes


def infer_attr(checker: Checker, node: tree.Attr, hint: Type | None) -> Type:
    """``base.name``: a declaration of a module, a member of an enum or a field."""
    symbol = static_symbol(checker, node)
    if symbol is not None:
        return symbol_value(checker, node, symbol, hint)
    home = static_symbol(checker, node.base)
    if isinstance(home, EnumSymbol):
        return _named_member(checker, node, home)
    if home is None and _is_module_path(checker, node):
        return UNKNOWN
    base = checker.value(node.base)
    return field_of(checker, node, base)


def _named_member(checker: Checker, node: tree.Attr, enum: EnumSymbol) -> Type:
    name = node.name.name
    short = enum.name.rpartition(".")[2]
    if name in enum.members:
        checker.typing.refs[node] = MemberRef(enum.name, name)
        return Enum(enum.name)
    if is_broken(enum):
        return UNKNOWN
    near = nearest(name, enum.members)
    checker.report(
        "E0311",
        f"the enum `{short}` has no member `{name}`",
        node.name,
        suggestion=near and f"{short}.{near}",
    )
    return UNKNOWN


def _is_module_path(checker: Checker, node: tree.Attr) -> bool:
    """Report a dotted name whose beginning is a module and that means nothing; tell whether it was one."""
    parts = dotted(node)
    if parts is None or is_value_name(checker, parts[0]) or is_bound(parts[0], checker.scope):
        return parts is not None and is_failed([parts[0]], checker.scope, checker.world)
    if is_failed(parts, checker.scope, checker.world):
        return True
    for size in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:size])
        name = parts[size]
        if module in checker.scope.modules:
            if checker.world.symbols.get(f"{module}.{name}") is not None and size < len(parts) - 1:
                return False
            _report_in_module(checker, node, module, name)
            return True
        if module in checker.world.units and not _is_enum_member(checker, parts[0]):
            checker.report(
                "E0302",
                f"the module `{module}` was not brought here: add `use {module}`",
                node,
            )
            return True
    return False


def _is_enum_member(checker: Checker, name: str) -> bool:
    return bool(enums_with(name, checker.scope, checker.world))


def _report_in_module(checker: Checker, node: tree.Attr, module: str, name: str) -> None:
    if name.startswith("_") and f"{module}.{name}" in checker.world.symbols:
        checker.report("E0304", f"`{name}` is private to `{module}`", node)
        return
    near = nearest(name, checker.world.scopes[module].own)
    checker.report(
        "E0303",
        f"the module `{module}` has no `{name}`",
        node,
        suggestion=near and f"{module}.{near}",
    )


def field_of(checker: Checker, node: tree.Attr, base: Type) -> Type:
    """A field of a value."""
    name = node.name.name
    if isinstance(base, Opt):
        checker.report_none(node.base, base)
        return UNKNOWN
    if isinstance(base, Unknown):
        return UNKNOWN
    entity = checker.entity(base.name) if isinstance(base, Entity) else None
    if entity is None:
        _report_no_fields(checker, node, base)
        return UNKNOWN
    field = entity.fields.get(name)
    if field is None:
        report_no_field(checker, node.name, entity)
        return UNKNOWN
    kind = field_type(checker, field)
    checker.typing.refs[node] = FieldRef(entity.name, name, kind)
    path = path_of(checker, node)
    return kind if path is None else checker.narrowed(path, kind)


def report_no_field(checker: Checker, name: tree.Ident, entity: EntitySymbol) -> None:
    """Report a field that an entity does not have, unless one of its fields could not be read."""
    bases = [checker.world.symbols.get(base) for base in entity.bases]
    if not is_broken(entity) and not any(base and is_broken(base) for base in bases):
        checker.report(
            "E0311",
            f"`{entity.name.rpartition('.')[2]}` has no field `{name.name}`",
            name,
            suggestion=nearest(name.name, entity.fields),
        )


def _report_no_fields(checker: Checker, node: tree.Attr, base: Type) -> None:
    name = node.name.name
    if isinstance(base, Union):
        message = f"`{describe(base)}` is a union: tell its variants apart with `match` first"
    elif name in FUNCTIONS:
        message = f"{describe(base)} has no fields: write `{name}(…)`"
    else:
        message = f"{describe(base)} has no fields, so no `{name}`"
    checker.report("E0311", message, node.name)


def path_of(checker: Checker, node: tree.Expr) -> tuple[str, ...] | None:
    """The path of a local or of a field of one: what can be narrowed."""
    names: list[str] = []
    refs = checker.typing.refs
    while True:
        if isinstance(node, tree.Paren):
            node = node.inner
        elif isinstance(node, tree.Attr) and isinstance(refs.get(node), FieldRef):
            names.append(node.name.name)
            node = node.base
        else:
            break
    ref = refs.get(node)
    if isinstance(ref, LocalRef) and isinstance(node, tree.Name):
        names.append(node.name)
    elif isinstance(ref, SelfField) and isinstance(node, tree.Name):
        names.extend((node.name, "self"))
    else:
        return None
    names.reverse()
    return tuple(names)


# ---------------------------------------------------------------- new locals


def declare(checker: Checker, ident: tree.Ident, kind: Type, how: str) -> Local:
    """Add a local, after a look whether the name is free."""
    name = ident.name
    if name in checker.locals:
        what = "a parameter" if checker.locals[name].kind == "parameter" else "a name"
        checker.report("E0305", f"`{name}` is {what} already: choose another name", ident)
    elif name in RESERVED and not ident.quoted:
        checker.report("E0309", f"`{name}` is a builtin function: choose another name", ident)
    elif name in checker.scope.imported:
        checker.report("E0309", f"`{name}` is imported: choose another name", ident)
    local = Local(_name_in_ir(checker, ident, how), kind, how, ident)
    checker.locals[name] = local
    checker.typing.names[ident] = local.name
    return local


def _name_in_ir(checker: Checker, ident: tree.Ident, how: str) -> str:
    """Name a local in the IR. Two blocks may use one name for different things, so that statements name each anew;
    a comprehension is a scope of its own everywhere."""
    name = ident.name
    if how == "item":
        return name
    known = checker.typing.names.get(ident)
    if known is not None:
        return known
    fresh = name
    count = 1
    while fresh in checker.taken:
        count += 1
        fresh = f"{name}_{count}"
    checker.taken.add(fresh)
    return fresh
