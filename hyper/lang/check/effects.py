"""Which fields a rule reads and writes: every field that it names, through the calcs that it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hyper.lang import tree
from hyper.lang.check.typed import ConstRef, FieldRef, FunctionRef, LocalRef, RuleFacts, SelfField
from hyper.lang.check.walk import body_expressions, children
from hyper.lang.symbols import FunctionSymbol, RuleSymbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hyper.lang.check.typed import Checked, Typing
    from hyper.lang.reads import Functions
    from hyper.lang.symbols import World

Path: TypeAlias = tuple[str, ...]
Reads: TypeAlias = dict[str, set[Path]]
"""For each parameter (``self`` in rules) the paths of fields that are read; the empty path is the whole value."""


def find_effects(
    world: World, checked: Checked, foreign: Mapping[str, Functions] | None = None
) -> None:
    """Compute what every rule reads and writes; functions come before what calls them.

    ``foreign`` are the functions that others compiled.
    """
    functions = checked.effects
    for name, known in (foreign or {}).items():
        functions[name] = {
            param: {tuple(path) for path in paths} for param, paths in known.effects.items()
        }
    for name in checked.order:
        body = checked.bodies.get(name)
        if body is None or not world.symbols.is_own(name):
            continue
        symbol = world.symbols.own(name)
        world.symbols.reading(symbol.unit.name)
        if isinstance(symbol, FunctionSymbol):
            functions[name] = _of_function(symbol, body.typing, functions, world)
        elif isinstance(symbol, RuleSymbol):
            reads = _collect(_rule_expressions(symbol), body.typing, functions, world)
            checked.rules[name] = _facts(symbol, reads, world)


def _rule_expressions(symbol: RuleSymbol) -> list[tree.Expr]:
    found: list[tree.Expr] = []
    for clause in symbol.decl.clauses:
        found.append(clause.condition)
        if isinstance(clause, tree.Derive):
            found.extend(update.value for update in clause.updates)
    return found


def _facts(symbol: RuleSymbol, reads: Reads, world: World) -> RuleFacts:
    entity = world.symbols.get(symbol.entity or "")
    fields: Iterable[str] = getattr(entity, "fields", {})
    paths = {".".join(path) for path in reads.get("self", ()) if path}
    if () in reads.get("self", ()):
        paths.update(fields)
    written = {
        update.name.name
        for clause in symbol.decl.clauses
        if isinstance(clause, tree.Derive)
        for update in clause.updates
    }
    return RuleFacts(tuple(sorted(paths)), tuple(sorted(written)))


def _of_function(
    symbol: FunctionSymbol, typing: Typing, known: Mapping[str, Reads], world: World
) -> Reads:
    params = {name for name, _ in symbol.params}
    decl = symbol.decl
    if isinstance(decl, tree.CalcDecl):
        reads = _collect(body_expressions(decl.body), typing, known, world)
    elif isinstance(decl, tree.TableDecl):
        results = [result for row in decl.rows for result in row.results]
        reads = _collect(results, typing, known, world)
        for ident in decl.inputs:
            reads.setdefault(ident.name, set()).add(())
    else:
        return {name: {()} for name in params}
    return {name: paths for name, paths in reads.items() if name in params}


def _collect(
    roots: Iterable[tree.Expr], typing: Typing, known: Mapping[str, Reads], world: World
) -> Reads:
    """The paths that expressions read. An argument of a calc is read as far as the calc reads its parameter."""
    reads: Reads = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        path = _path(node, typing)
        if path is not None:
            reads.setdefault(path[0], set()).add(path[1:])
            continue
        ref = typing.refs.get(node)
        if isinstance(node, tree.Call) and isinstance(ref, FunctionRef):
            waiting.extend(_arguments(node, ref, typing, known, world=world, reads=reads))
        elif isinstance(ref, ConstRef):
            continue
        else:
            waiting.extend(children(node))
    return reads


def _arguments(
    node: tree.Call,
    ref: FunctionRef,
    typing: Typing,
    known: Mapping[str, Reads],
    *,
    world: World,
    reads: Reads,
) -> list[tree.Expr]:
    symbol = world.symbols.get(ref.name)
    inside = known.get(ref.name)
    rest: list[tree.Expr] = []
    names = [name for name, _ in symbol.params] if isinstance(symbol, FunctionSymbol) else []
    for place, argument in enumerate(typing.args.get(node, ())):
        path = _path(argument, typing)
        if path is None or inside is None or place >= len(names):
            rest.append(argument)
            continue
        for further in inside.get(names[place], ()):
            reads.setdefault(path[0], set()).add((*path[1:], *further))
    return rest


def _path(node: tree.Expr, typing: Typing) -> Path | None:
    """The local and the fields that an expression goes through, where it does nothing else."""
    names: list[str] = []
    while True:
        if isinstance(node, tree.Paren):
            node = node.inner
        elif isinstance(node, tree.Attr) and isinstance(typing.refs.get(node), FieldRef):
            names.append(node.name.name)
            node = node.base
        else:
            break
    ref = typing.refs.get(node)
    if isinstance(ref, LocalRef):
        names.append(ref.name)
    elif isinstance(ref, SelfField):
        names.extend((ref.name, "self"))
    else:
        return None
    names.reverse()
    return tuple(names)
