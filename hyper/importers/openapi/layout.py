"""Which file each part goes to: beside the actions that use it, or with what is shared.

Modules make a tree: ``repos.branches`` is part of ``repos``. A type stands in the nearest module that all its users are part of.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hyper.importers.openapi.words import Names, module_name, snake, words
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.parts import Part

Layout: TypeAlias = Literal["tag", "schema", "single"]

SHARED: Final = "shared"
UNREACHED: Final = "schemas"
"""Where schemas stand that no action leads to."""
EXTENSIONS: Final = "extensions"
"""Where long vendor extensions of the root stand."""
FEW: Final = 4
"""Schemas that begin with one word get a module of their own from this many on."""
LARGE: Final = 1200
"""Lines from which a module is split, where there is a way to."""
_VERSION: Final = re.compile(r"v[0-9]+(\.[0-9]+)*|api|rest")


def assign(actions: list[Part], types: list[Part], layout: Layout, single: str) -> None:
    """Give every part its module."""
    if layout == "single":
        for part in (*actions, *types):
            part.module = single
        return
    tag_modules(actions)
    if layout == "schema":
        _one_each(actions, types)
        return
    _place(actions, types)
    if _split_large(actions, types):
        _place(actions, types)
    _divide_types(actions, types)


def tag_modules(actions: list[Part]) -> None:
    """The module of each action: its first tag, else the first word of its path."""
    names = Names({"service", SHARED, UNREACHED, EXTENSIONS, "examples"})
    modules: dict[str, str] = {}
    for part in actions:
        key = part.tags[0] if part.tags else _path_word(part)
        if key not in modules:
            modules[key] = names.claim(module_name(key, "actions"), "_actions", "_api")
        part.module = modules[key]


def _segments(part: Part) -> list[str]:
    """The fixed segments of an action's path, without versions."""
    decl = part.decl
    if not isinstance(decl, tree.ActionDecl) or decl.route is None:
        return []
    return [
        piece
        for piece in decl.route.path.split("/")
        if piece and "{" not in piece and not _VERSION.fullmatch(piece)
    ]


def _path_word(part: Part) -> str:
    decl = part.decl
    if isinstance(decl, tree.ActionDecl) and decl.webhook:
        return "webhooks"
    found = _segments(part)
    return found[0] if found else "actions"


def _one_each(actions: list[Part], types: list[Part]) -> None:
    names = Names({"service"})
    for part in types:
        part.module = f"{UNREACHED}.{names.claim(module_name(part.name, 'part'))}"
    fresh = Names()
    for part in actions:
        part.module = f"{part.module}.{fresh.claim(module_name(part.name, 'part'))}"


def _place(actions: list[Part], types: list[Part]) -> None:
    """Types go to the nearest module that all actions which lead to them are part of."""
    homes = _homes(actions)
    shared: list[Part] = []
    unreached: list[Part] = []
    for part in types:
        part.module = homes.get(part, "")
        if not part.module:
            (shared if part in homes else unreached).append(part)
    _group(shared, SHARED)
    _group(unreached, UNREACHED)


def _homes(actions: list[Part]) -> dict[Part, str]:
    """The nearest module for each part that an action leads to; empty where there is none but the root."""
    by_module: dict[str, list[Part]] = {}
    for part in actions:
        by_module.setdefault(part.module, []).append(part)
    homes: dict[Part, str] = {}
    for module, roots in by_module.items():
        seen: set[Part] = set()
        stack = [dep for root in roots for dep in root.deps]
        while stack:
            part = stack.pop()
            if part in seen:
                continue
            seen.add(part)
            homes[part] = _common(homes[part], module) if part in homes else module
            stack.extend(part.deps)
    return homes


def _common(one: str, other: str) -> str:
    """The nearest module that two are part of."""
    if one == other:
        return one
    found: list[str] = []
    for ours, theirs in zip(one.split("."), other.split("."), strict=False):
        if ours != theirs:
            break
        found.append(ours)
    return ".".join(found)


def common_module(modules: list[str]) -> str:
    """The nearest module that all are part of; empty where there is none."""
    found = modules[0]
    for module in modules[1:]:
        found = _common(found, module)
    return found


def _lines(part: Part) -> int:
    """About how many lines a part takes."""
    decl = part.decl
    match decl:
        case tree.EntityDecl():
            return 3 + 3 * len(decl.markers) + 2 * len(decl.fields)
        case tree.EnumDecl():
            return 3 if decl.inline else 3 + len(decl.members)
        case tree.ActionDecl():
            return (
                12
                + 4 * len(decl.markers)
                + 2 * len(decl.params)
                + 4 * len(decl.bodies)
                + sum(2 + 2 * len(answer.headers) for answer in decl.returns)
            )
        case _:
            return 3


def _split_large(actions: list[Part], types: list[Part]) -> bool:
    """Give the actions of large modules submodules by the next word of their paths; tell whether any was."""
    weights: Counter[str] = Counter()
    for part in (*actions, *types):
        weights[part.module] += _lines(part)
    roots = {found[0] for part in actions if (found := _segments(part))}
    changed = False
    for module in sorted(weights):
        if weights[module] <= LARGE:
            continue
        mine = [part for part in actions if part.module == module]
        keys = {part: _sub_word(part, module, roots) for part in mine}
        counts = Counter(key for key in keys.values() if key)
        for part, key in keys.items():
            if key and 3 <= counts[key] < len(mine):
                part.module = f"{module}.{key}"
                changed = True
    return changed


def _sub_word(part: Part, module: str, roots: set[str]) -> str:
    """What an action of a module is about, by the first word of its path that is not that of a root or of the module."""
    found = _segments(part)
    while len(found) > 1 and (found[0] in roots or snake(found[0]) == module):
        found = found[1:]
    if not found or snake(found[0]) == module or found[0] in roots:
        return ""
    return module_name(found[0], "more")


def _divide_types(actions: list[Part], types: list[Part]) -> None:
    """Types of modules that are still large stand beside them."""
    weights: Counter[str] = Counter()
    for part in (*actions, *types):
        weights[part.module] += _lines(part)
    busy = {part.module for part in actions}
    for part in types:
        if weights[part.module] > 2 * LARGE and part.module in busy:
            part.module = f"{part.module}.{UNREACHED}"


def _group(parts: list[Part], base: str) -> None:
    """Schemas stand together by the first words of their names; inline ones stand with what they are part of."""
    members = set(parts)
    roots = [part for part in parts if _owner(part, members) is None]
    _by_word(roots, base, 0)
    for part in parts:
        if not part.module:
            owner = _owner(part, members)
            seen: set[Part] = set()
            while owner is not None and not owner.module and owner not in seen:
                seen.add(owner)
                owner = _owner(owner, members)
            part.module = owner.module if owner is not None and owner.module else base


def _owner(part: Part, members: set[Part]) -> Part | None:
    """The part that an inline one is part of, where it stands among the same."""
    if part.wire:
        return None
    owners = {hint.owner for hint in part.hints if hint.owner is not part}
    if len(owners) != 1:
        return None
    owner = owners.pop()
    return owner if owner in members else None


def _by_word(parts: list[Part], base: str, depth: int) -> None:
    groups: dict[str, list[Part]] = {}
    for part in parts:
        found = words(part.name)
        groups.setdefault(snake(found[depth]) if len(found) > depth else "", []).append(part)
    for word, group in groups.items():
        if not word or len(group) < FEW:
            for part in group:
                part.module = base
            continue
        module = f"{base}.{module_name(word, 'more')}"
        if depth < 3 and sum(_lines(part) for part in group) > LARGE // 2:
            _by_word(group, module, depth + 1)
        else:
            for part in group:
                part.module = module


def in_order(actions: list[Part], types: list[Part]) -> list[Part]:
    """All types in the order in which actions and other types lead to them, then those that none leads to."""
    found: dict[Part, None] = {}
    for root in (*actions, *types):
        stack = [root]
        while stack:
            part = stack.pop()
            if part in found or (part.kind == "action" and part is not root):
                continue
            if part.kind != "action":
                found[part] = None
            stack.extend(reversed(part.deps))
    return list(found)
