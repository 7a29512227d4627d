"""Calls: calcs, tables, externs, rules, builtins, and entities being built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tree
from hyper.lang.check.builtin_calls import infer_builtin
from hyper.lang.check.builtins import CONVERSIONS, FUNCTIONS, NAMES
from hyper.lang.check.names import is_value_name, report_no_field
from hyper.lang.check.relations import describe, optional
from hyper.lang.check.typed import EntityRef, FunctionRef
from hyper.lang.resolve.lookup import (
    declared_in,
    dotted_symbol,
    is_bound,
    is_failed,
    nearest,
    symbol_of,
    visible_names,
    written_out,
)
from hyper.lang.resolve.types import kind_word
from hyper.lang.resolve.values import dotted
from hyper.lang.symbols import EntitySymbol, FunctionSymbol, RuleSymbol
from hyper.lang.types import UNKNOWN, Entity, Opt, Type, Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.lang.check.checker import Checker
    from hyper.lang.symbols import FieldSymbol, Symbol


def infer_call(checker: Checker, node: tree.Call, hint: Type | None) -> Type:
    """``callee(args)``."""
    callee = node.callee
    parts = dotted(callee)
    symbol: Symbol | None = None
    if parts is not None and len(parts) == 1:
        symbol = symbol_of(parts[0], checker.scope, checker.world)
        if symbol is None and parts[0] in NAMES and not _is_quoted(callee):
            return infer_builtin(checker, node, parts[0], hint)
    elif parts is not None and not is_value_name(checker, parts[0]):
        symbol = dotted_symbol(parts, checker.scope, checker.world)
    if isinstance(symbol, FunctionSymbol):
        return _function(checker, node, symbol)
    if isinstance(symbol, EntitySymbol):
        return _record(checker, node, symbol)
    if isinstance(symbol, RuleSymbol) and checker.place == "scenario":
        return _rule(checker, node, symbol)
    _report_callee(checker, node, parts, symbol)
    _abandon(checker, node)
    return UNKNOWN


def _is_quoted(node: tree.Expr) -> bool:
    return isinstance(node, tree.Name) and node.quoted


def _abandon(checker: Checker, node: tree.Call) -> None:
    """Type the arguments of a call that means nothing, for the mistakes in them."""
    for arg in node.args:
        if not isinstance(arg.value, tree.Comprehension):
            checker.value(arg.value)


def _report_callee(
    checker: Checker, node: tree.Call, parts: list[str] | None, symbol: Symbol | None
) -> None:
    callee = node.callee
    if isinstance(symbol, RuleSymbol):
        checker.report(
            "E0306", f"`{parts[-1] if parts else ''}` is a rule: actions `check` it", callee
        )
    elif symbol is not None:
        checker.report(
            "E0306",
            f"`{parts[-1] if parts else ''}` is {kind_word(symbol)}, not a function",
            callee,
        )
    elif parts is not None and is_failed(parts, checker.scope, checker.world):
        return
    elif isinstance(callee, tree.Attr) and (
        parts is None or is_value_name(checker, parts[0]) or callee.name.name in NAMES
    ):
        _report_method(checker, callee)
    elif parts is not None:
        _report_unknown(checker, callee, parts)
    else:
        checker.report("E0406", "only functions and entities by name can be called", callee)


def _report_method(checker: Checker, callee: tree.Attr) -> None:
    name = callee.name.name
    if name in NAMES:
        base = callee.base
        known = isinstance(base, tree.Name) and is_value_name(checker, base.name)
        message = f"values have no methods: write `{name}(…)` with the value first"
        if isinstance(base, tree.Name) and not known and not is_bound(base.name, checker.scope):
            message = f"functions stand alone: write `{name}(…)`"
        checker.report("E0406", message, callee.name)
    else:
        checker.value(callee.base)
        checker.report("E0406", f"values have no methods, so no `{name}(…)`", callee.name)


def _report_unknown(checker: Checker, callee: tree.Expr, parts: list[str]) -> None:
    name = ".".join(parts)
    if len(parts) == 1 and is_value_name(checker, name):
        checker.report("E0406", f"`{name}` is a value, not a function", callee)
        return
    homes = declared_in(name, checker.world) if len(parts) == 1 else []
    if homes:
        checker.report(
            "E0303", f"`{name}` was not brought here: add `use {homes[0]} ({name})`", callee
        )
        return
    candidates = [*visible_names(checker.scope), *FUNCTIONS, *CONVERSIONS]
    said = _SAID.get(name, "")
    near = written_out(parts, checker.scope) or _ELSEWHERE.get(name) or nearest(name, candidates)
    suggestion = None if said else near
    checker.report("E0303", f"there is no function `{name}`{said}", callee, suggestion=suggestion)


# What people coming from elsewhere write.
_ELSEWHERE = {
    "len": "length",
    "size": "length",
    "str": "string",
    "strip": "trim",
    "mean": "avg",
    "average": "avg",
    "ceiling": "ceil",
    "total": "sum",
    "toupper": "upper",
    "tolower": "lower",
    "startswith": "starts_with",
    "endswith": "ends_with",
    "includes": "contains",
    "sort": "sorted",
    "reverse": "reversed",
    "unique": "distinct",
    "concat": "join",
    "substr": "substring",
    "Decimal": "decimal",
    "indexOf": "index_of",
}
_LISTS = ": write a list with `for` inside, as `[x + 1 for x in xs if x > 0]`"
_SAID = {
    "map": _LISTS,
    "filter": _LISTS,
    "reduce": ": write a fold, as `sum(…)`, or a `for` that sets a `var`",
    "enumerate": ": write `for i in range(length(xs))`",
    "zip": ": write `for i in range(length(xs))`",
    "print": ": a body only computes its value",
    "return": ": the last expression of a body is its value",
    "isinstance": ": `match` tells the variants of a union apart",
    "Error": ': refuse with `require … else "…"` in a rule',
    "format": ': join the parts, as in `"a " + string(x)`',
}


# ---------------------------------------------------------------- functions and rules


def _function(checker: Checker, node: tree.Call, symbol: FunctionSymbol) -> Type:
    checker.uses.callees.setdefault(symbol.name, node)
    checker.typing.refs[node] = FunctionRef(symbol.name)
    params = [(name, checker.normal(kind)) for name, kind in symbol.params]
    checker.typing.args[node] = bind_arguments(checker, node, symbol.name, params)
    return checker.normal(symbol.returns)


def bind_arguments(
    checker: Checker, node: tree.Call, name: str, params: Sequence[tuple[str, Type]]
) -> list[tree.Expr]:
    """Check the arguments of a call against its parameters; give them in the order of the parameters."""
    short = name.rpartition(".")[2]
    bound: dict[str, tree.Expr] = {}
    kinds = dict(params)
    extra = 0
    misnamed = False
    for place, arg in enumerate(node.args):
        target = _target(checker, arg, place, params=params, bound=bound, short=short)
        if target is None:
            extra += arg.name is None
            misnamed |= arg.name is not None
            if not isinstance(arg.value, tree.Comprehension):
                checker.value(arg.value)
            continue
        bound[target] = arg.value
        checker.check(arg.value, kinds[target])
    missing = [param for param, _ in params if param not in bound]
    if extra:
        checker.report(
            "E0406",
            f"`{short}` takes {_count(len(params), 'argument')}, not {len(node.args)}",
            node,
        )
    elif missing and not misnamed:
        names = ", ".join(f"`{param}`" for param in missing)
        checker.report("E0406", f"`{short}` needs {names} too", node)
    return [bound[param] for param, _ in params if param in bound]


def _target(
    checker: Checker,
    arg: tree.Arg,
    place: int,
    *,
    params: Sequence[tuple[str, Type]],
    bound: dict[str, tree.Expr],
    short: str,
) -> str | None:
    """The parameter that an argument is for."""
    if arg.name is None:
        return params[place][0] if place < len(params) and params[place][0] not in bound else None
    name = arg.name.name
    names = [param for param, _ in params]
    if name not in names:
        checker.report(
            "E0406",
            f"`{short}` has no parameter `{name}`",
            arg.name,
            suggestion=nearest(name, names),
        )
        return None
    if name in bound:
        checker.report("E0406", f"`{name}` is given twice", arg.name)
        return None
    return name


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _rule(checker: Checker, node: tree.Call, symbol: RuleSymbol) -> Type:
    checker.uses.callees.setdefault(symbol.name, node)
    checker.typing.refs[node] = FunctionRef(symbol.name)
    if symbol.entity is None:
        _abandon(checker, node)
        return UNKNOWN
    entity = Entity(symbol.entity)
    checker.typing.args[node] = bind_arguments(checker, node, symbol.name, [("self", entity)])
    return entity


# ---------------------------------------------------------------- records


def _record(checker: Checker, node: tree.Call, entity: EntitySymbol) -> Type:
    short = entity.name.rpartition(".")[2]
    checker.typing.refs[node] = EntityRef(entity.name)
    given = _fields(checker, node.args, entity)
    missing = [
        name
        for name, field in entity.fields.items()
        if name not in given and not field.optional and field.decl.default is None
    ]
    if missing and all(arg.name is not None for arg in node.args):
        names = ", ".join(f"`{name}`" for name in missing)
        checker.report("E0406", f"`{short}` needs {names} too", node)
    for name, field in entity.fields.items():
        if name not in given and field.decl.default is not None:
            checker.uses.callees.setdefault(f"{field.owner}.{name}", node)
    return Entity(entity.name)


def _fields(checker: Checker, args: list[tree.Arg], entity: EntitySymbol) -> set[str]:
    """Check the fields that a record is built with."""
    short = entity.name.rpartition(".")[2]
    given: set[str] = set()
    for arg in args:
        if arg.name is None:
            checker.report(
                "E0406",
                f"name the fields of `{short}`, as in `{short}({next(iter(entity.fields), 'name')}: …)`",
                arg.value,
            )
            if not isinstance(arg.value, tree.Comprehension):
                checker.value(arg.value)
            continue
        name = arg.name.name
        field = entity.fields.get(name)
        if field is None:
            report_no_field(checker, arg.name, entity)
            checker.value(arg.value)
            continue
        if name in given:
            checker.report("E0406", f"`{name}` is given twice", arg.name)
        given.add(name)
        check_field(checker, arg.value, field)
    return given


def check_field(checker: Checker, value: tree.Expr, field: FieldSymbol) -> None:
    """Check the value of a field. One that may be absent takes a value that may be none: none leaves it absent."""
    kind = checker.normal(field.type)
    if field.optional and field.decl.default is None and not isinstance(kind, Opt):
        kind = optional(kind)
    checker.check(value, kind)


def infer_with(checker: Checker, node: tree.With, hint: Type | None) -> Type:
    """``base with (field: value)``."""
    base = checker.known(node.base, checker.value(node.base, hint))
    entity = checker.entity(base.name) if isinstance(base, Entity) else None
    if entity is None:
        if not isinstance(base, Unknown):
            checker.report(
                "E0402", f"`with` changes fields of an entity, not of {describe(base)}", node.base
            )
        for arg in node.updates:
            checker.value(arg.value)
        return UNKNOWN
    _fields(checker, node.updates, entity)
    return base
