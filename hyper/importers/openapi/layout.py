"""Which file each part goes to: beside the actions that use it, or with what is shared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hyper.importers.openapi.words import Names, action_name, snake, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.importers.openapi.parts import Part
    from hyper.lang import tree

Layout: TypeAlias = Literal["tag", "schema", "single"]

SHARED: Final = "shared"
FEW: Final = 6
"""Shared schemas that begin with one word get a module of their own from this many on."""
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
    homes = _reached(actions)
    shared: list[Part] = []
    for part in types:
        users = homes.get(part, [])
        if len(users) == 1:
            part.module = users[0]
        else:
            shared.append(part)
    _share(shared, {part.module for part in actions})


def tag_modules(actions: list[Part]) -> None:
    """The module of each action: its first tag, else the first word of its path."""
    names = Names({"service", SHARED, "examples", "extensions"})
    modules: dict[str, str] = {}
    for part in actions:
        key = part.tags[0] if part.tags else _path_word(part)
        if key not in modules:
            modules[key] = names.claim(action_name(key, "actions"), "_actions", "_api")
        part.module = modules[key]


def _path_word(part: Part) -> str:
    decl: tree.ActionDecl = part.decl  # type: ignore[assignment]
    if decl.webhook:
        return "webhooks"
    path = decl.route.path if decl.route is not None else ""
    for piece in path.split("/"):
        if piece and "{" not in piece and not _VERSION.fullmatch(piece):
            return piece
    return "actions"


def _one_each(actions: list[Part], types: list[Part]) -> None:
    names = Names({"service"})
    for part in types:
        part.module = f"schemas.{names.claim(action_name(part.name))}"
    fresh = Names()
    for part in actions:
        part.module = f"{part.module}.{fresh.claim(action_name(part.name))}"


def _reached(actions: list[Part]) -> dict[Part, list[str]]:
    """The modules whose actions lead to a part, in order."""
    by_module: dict[str, list[Part]] = {}
    for part in actions:
        by_module.setdefault(part.module, []).append(part)
    homes: dict[Part, list[str]] = {}
    for module, roots in by_module.items():
        seen: set[Part] = set()
        stack = [dep for root in roots for dep in root.deps]
        while stack:
            part = stack.pop()
            if part in seen:
                continue
            seen.add(part)
            homes.setdefault(part, []).append(module)
            stack.extend(part.deps)
    return homes


def _share(parts: list[Part], taken: Iterable[str]) -> None:
    """Shared schemas stand together by the first word of their names where there are enough of them; inline ones
    stand with what they are part of."""
    del taken
    roots = [part for part in parts if part.wire or not part.hints]
    members = set(parts)
    groups: dict[str, list[Part]] = {}
    for part in roots:
        first = words(part.name)[:1]
        groups.setdefault(snake(first[0]) if first else SHARED, []).append(part)
    for word, group in groups.items():
        module = f"{SHARED}.{action_name(word)}" if len(group) >= FEW else SHARED
        for part in group:
            part.module = module
    for part in parts:
        if not part.module:
            owner = next((hint.owner for hint in part.hints if hint.owner in members), None)
            part.module = owner.module if owner is not None and owner.module else SHARED
    if all(part.module == SHARED or part.module.startswith(f"{SHARED}.") for part in parts):
        return


def in_order(actions: list[Part], types: list[Part]) -> list[Part]:
    """All types in the order in which actions and other types lead to them, then those that none leads to."""
    found: dict[Part, None] = {}
    for root in (*actions, *types):
        stack = [root]
        while stack:
            part = stack.pop()
            if part in found:
                continue
            if part.kind != "action":
                found[part] = None
            elif part is not root:
                continue
            stack.extend(reversed(part.deps))
    return list(found)
