"""Lists, maps, comprehensions and indexing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hyper.lang import tree
from hyper.lang.check.names import declare, static_symbol
from hyper.lang.check.narrow import facts_of
from hyper.lang.check.nesting import MAX_TYPE, too_deep
from hyper.lang.check.relations import (
    NEVER,
    describe,
    fits,
    is_flexible,
    join,
    waits,
    without_none,
)
from hyper.lang.types import INT, STRING, UNKNOWN, Entity, ListOf, MapOf, Type, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.lang.check.checker import Checker


# ---------------------------------------------------------------- literals


def infer_list(checker: Checker, node: tree.ListLit, hint: Type | None) -> Type:
    """``[a, b]``: the items become one type."""
    hint = without_none(hint) if hint is not None else None
    item = _items(checker, node.items, hint.item if isinstance(hint, ListOf) else None)
    if item == NEVER and isinstance(hint, ListOf):
        return hint
    return _bounded(checker, node, ListOf(item))


def infer_map(checker: Checker, node: tree.MapLit, hint: Type | None) -> Type:
    """``{"k": v}``: the values become one type."""
    hint = without_none(hint) if hint is not None else None
    for entry in node.entries:
        checker.check(entry.key, STRING)
    values = [entry.value for entry in node.entries]
    value = _items(checker, values, hint.value if isinstance(hint, MapOf) else None)
    if value == NEVER and isinstance(hint, MapOf):
        return hint
    return _bounded(checker, node, MapOf(value))


def _bounded(checker: Checker, node: tree.Expr, kind: Type) -> Type:
    """The type of a literal, unless names of names made it deeper than any that may be written."""
    if not too_deep(kind):
        return kind
    checker.report(
        "E0210",
        f"the type of this is nested too deeply: at most {MAX_TYPE} levels of lists and maps",
        node,
    )
    return UNKNOWN


def _items(checker: Checker, items: list[tree.Expr], hint: Type | None) -> Type:
    kinds: list[Type] = []
    meet: Type = NEVER
    for item in items:
        kind = checker.infer(item, hint if hint is not None or meet == NEVER else meet)
        kinds.append(kind)
        both = join(meet, kind, checker.world)
        if both is None and hint is not None and fits(kind, hint, checker.world):
            both = hint if fits(meet, hint, checker.world) else None
        if both is None:
            checker.report(
                "E0401",
                f"the items are {describe(meet)} and {describe(kind)}: they must be of one type",
                item,
            )
            return UNKNOWN
        meet = both
    if not waits(meet):
        for item, kind in zip(items, kinds, strict=True):
            checker.bring(item, kind, meet)
    return meet


def check_list(checker: Checker, node: tree.ListLit, expected: Type) -> bool | None:
    """A list literal whose items are each what is expected."""
    wanted = without_none(expected)
    if not isinstance(wanted, ListOf):
        return None
    sound = True
    for item in node.items:
        sound &= checker.check(item, wanted.item)
    return sound


def check_map(checker: Checker, node: tree.MapLit, expected: Type) -> bool | None:
    """A map literal whose values are each what is expected."""
    wanted = without_none(expected)
    if not isinstance(wanted, MapOf):
        return None
    sound = True
    for entry in node.entries:
        sound &= checker.check(entry.key, STRING)
        sound &= checker.check(entry.value, wanted.value)
    return sound


def infer_paren(checker: Checker, node: tree.Paren, hint: Type | None) -> Type:
    """``(inner)``."""
    return checker.infer(node.inner, hint)


def check_paren(checker: Checker, node: tree.Paren, expected: Type) -> bool | None:
    """``(inner)``."""
    return checker.check(node.inner, expected)


# ---------------------------------------------------------------- comprehensions


def source_item(checker: Checker, node: tree.Expr) -> Type:
    """Type what ``for`` goes through, and give the type of its items."""
    inner = node
    while isinstance(inner, tree.Paren):
        inner = inner.inner
    if is_range(checker, inner):
        return _range(checker, inner)
    kind = checker.known(node, checker.value(node))
    if isinstance(kind, ListOf):
        if kind.item != NEVER:
            return kind.item
        checker.report("E0414", "this list is always empty: there is nothing to go through", node)
        return UNKNOWN
    if isinstance(kind, MapOf):
        checker.report(
            "E0414", "`for` goes through a list: write `keys(…)` or `values(…)` of the map", node
        )
    elif kind == INT:
        checker.report("E0414", "`for` goes through a list: write `range(…)` of the number", node)
    elif not isinstance(kind, Unknown):
        checker.report("E0414", f"`for` goes through a list, not {describe(kind)}", node)
    return UNKNOWN


def is_range(checker: Checker, node: tree.Expr) -> bool:
    """Whether an expression is ``range(…)`` of the language."""
    return (
        isinstance(node, tree.Call)
        and isinstance(node.callee, tree.Name)
        and node.callee.name == "range"
        and static_symbol(checker, node.callee) is None
    )


def _range(checker: Checker, node: tree.Expr) -> Type:
    args = node.args if isinstance(node, tree.Call) else []
    if len(args) not in (1, 2) or any(arg.name for arg in args):
        checker.report("E0406", "write `range(stop)` or `range(start, stop)`", node)
    for arg in args:
        checker.check(arg.value, INT)
    checker.typing.types[node] = ListOf(INT)
    checker.typing.args[node] = [arg.value for arg in args]
    return INT


@contextmanager
def _loop(checker: Checker, node: tree.Comprehension) -> Iterator[None]:
    item = source_item(checker, node.source)
    with checker.block():
        declare(checker, node.target, item, "item")
        checker.loop_sources[node.target.name] = node.source
        if node.condition is None:
            yield
            return
        checker.condition(node.condition)
        with checker.assuming(facts_of(checker, node.condition)[0]):
            yield


def infer_comprehension(checker: Checker, node: tree.Comprehension, hint: Type | None) -> Type:
    """``element for x in xs if c``, as the list of its elements."""
    hint = without_none(hint) if hint is not None else None
    with _loop(checker, node):
        wanted = hint.item if isinstance(hint, ListOf) else None
        kind = checker.infer(node.element, wanted)
        return ListOf(kind)


def check_comprehension(checker: Checker, node: tree.Comprehension, expected: Type) -> bool | None:
    """A list whose elements are each what is expected."""
    wanted = without_none(expected)
    if not isinstance(wanted, ListOf):
        return None
    with _loop(checker, node):
        return checker.check(node.element, wanted.item)


# ---------------------------------------------------------------- indexing


def infer_index(checker: Checker, node: tree.Index, hint: Type | None) -> Type:
    """``base[index]`` of a list or a map."""
    base = checker.infer(node.base)
    if waits(base) and hint is not None:
        target = MapOf(hint) if isinstance(base, MapOf) else ListOf(hint)
        base = checker.settle(node.base, base, target)
    base = checker.known(node.base, base)
    if isinstance(base, ListOf):
        checker.check(node.index, INT)
        return _there(checker, node, base.item)
    if isinstance(base, MapOf):
        checker.check(node.index, STRING)
        return _there(checker, node, base.value)
    checker.value(node.index)
    if isinstance(base, Unknown):
        return UNKNOWN
    if is_flexible(base):
        base = checker.settle(node.base, base, None)
    hint_text = ": write `substring(…)`" if base == STRING else ""
    if isinstance(base, Entity) and isinstance(node.index, tree.StrLit):
        text = checker.unit.source.text[node.base.start : node.base.end]
        hint_text = f": a field is read with a dot, as in `{text}.{node.index.value}`"
    checker.report("E0402", f"{describe(base)} has no items to index{hint_text}", node)
    return UNKNOWN


def _there(checker: Checker, node: tree.Index, item: Type) -> Type:
    if item != NEVER:
        return item
    checker.report("E0402", "this is always empty: it has no items to index", node)
    return UNKNOWN
