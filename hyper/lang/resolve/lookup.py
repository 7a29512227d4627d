"""What a name means in a unit, and which name was probably meant instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang.symbols import EnumSymbol
from hyper.lang.types import UNKNOWN, Alias, Marked, Opt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import Scope, Symbol, World
    from hyper.lang.types import Type

# Past this many names, only those that begin alike are compared with a misspelt one.
_MANY: Final = 200
# A file with this many mistakes has others than misspelt names, and looking for what was meant costs time.
_ENOUGH: Final = 100
_SHOWN: Final = 6


def symbol_of(name: str, scope: Scope, world: World, *, peek: bool = False) -> Symbol | None:
    """Find what a bare name means among the declarations and imports of a unit.

    ``None`` where the name is not known, and where its import failed: ``is_bound`` tells the two apart.
    Who only wants to know the form of the declaration takes a ``peek``.
    """
    qualified = scope.own.get(name)
    if qualified is None:
        qualified = scope.imported.get(name)
        if qualified is None:
            return None
    scope.used.add(name)
    return world.symbols.peek(qualified) if peek else world.symbols.get(qualified)


def dotted_symbol(
    parts: Sequence[str], scope: Scope, world: World, *, peek: bool = False
) -> Symbol | None:
    """Find ``module.Name`` where the module was brought by ``use module``; private names are not found."""
    module = ".".join(parts[:-1])
    name = parts[-1]
    if module not in scope.modules:
        return None
    scope.used.add(module)
    if name.startswith("_") and module != scope.unit.name:
        return None
    qualified = f"{module}.{name}"
    return world.symbols.peek(qualified) if peek else world.symbols.get(qualified)


def find(parts: Sequence[str], scope: Scope, world: World, *, peek: bool = False) -> Symbol | None:
    """Find a bare or a dotted name; no parts are a name that the parser has already reported."""
    if len(parts) == 1:
        return symbol_of(parts[0], scope, world, peek=peek)
    return dotted_symbol(parts, scope, world, peek=peek) if parts else None


def is_bound(name: str, scope: Scope) -> bool:
    """Whether a bare name is declared or imported, even where its import has an error already."""
    return name in scope.own or name in scope.imported


def is_failed(parts: Sequence[str], scope: Scope, world: World) -> bool:
    """Whether a name, or the import of it or of its module, was already reported."""
    if not parts:
        return True
    if len(parts) == 1:
        qualified = scope.imported.get(parts[0])
        return qualified is not None and qualified not in world.symbols
    module = ".".join(parts[:-1])
    return module in scope.modules and module not in world.units


def visible_names(scope: Scope) -> list[str]:
    """Every bare name of a unit, in order of appearance."""
    return [*scope.own, *scope.imported]


def visible_enums(scope: Scope, world: World) -> list[EnumSymbol]:
    """The enums that a unit can name without a module: its own, then the imported ones."""
    found: list[EnumSymbol] = []
    for name in (*scope.own.values(), *scope.imported.values()):
        if isinstance(world.symbols.peek(name), EnumSymbol):
            enum = world.symbols[name]
            assert isinstance(enum, EnumSymbol)
            found.append(enum)
    return found


def enums_with(member: str, scope: Scope, world: World) -> list[EnumSymbol]:
    """The visible enums that have a member of this name."""
    return [enum for enum in visible_enums(scope, world) if member in enum.members]


def declared_in(name: str, world: World) -> list[str]:
    """Modules that declare a public name, sorted."""
    if name.startswith("_"):
        return []
    return [module for module in sorted(world.units) if f"{module}.{name}" in world.symbols]


def written_out(parts: Sequence[str], scope: Scope) -> str | None:
    """The full name that a dotted one probably means: after ``use shop.money``, ``money.X`` is ``shop.money.X``."""
    if len(parts) < 2:
        return None
    wanted = ".".join(parts[:-1])
    homes = sorted(module for module in scope.modules if module.endswith(f".{wanted}"))
    return f"{homes[0]}.{parts[-1]}" if homes else None


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Find the candidate that was probably meant, if one is near."""
    folded = name.casefold()
    names = [item for item in candidates if abs(len(item) - len(name)) <= 1 + len(name) // 3]
    for item in names:
        if item.casefold() == folded:
            return item
    if len(names) > _MANY:
        names = [item for item in names if item[:1].casefold() == folded[:1]]
    if len(names) > _MANY:
        half = folded[: (len(folded) + 1) // 2]
        names = [item for item in names if item.casefold().startswith(half)][:_MANY]
    if not names:
        return None
    from difflib import get_close_matches  # only a mistake pays for it

    matches = get_close_matches(name, names, n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggest(name: str, candidates: Iterable[str], reporter: Reporter) -> str | None:
    """Find what was probably meant, unless the file has so many mistakes that nobody would read it."""
    return nearest(name, candidates) if len(reporter.items) < _ENOUGH else None


def chain_text(names: Sequence[str]) -> str:
    """Write a ring of qualified names for a message: the first few of a long one."""
    shown = [f"`{name.rpartition('.')[2]}`" for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(f"… ({len(names)} in all)")
    return " is ".join([*shown, shown[0]])


def core(kind: Type, world: World) -> Type:
    """Give the type behind aliases, ``?`` and markers: what a value is when it is there."""
    while True:
        if isinstance(kind, Opt | Marked):
            kind = kind.inner
        elif isinstance(kind, Alias):
            found: Type = world.cores.get(kind.name, UNKNOWN)
            return found
        else:
            return kind


def is_nullable(kind: Type, world: World) -> bool:
    """Whether null is a value of the type, through aliases."""
    while isinstance(kind, Marked):
        kind = kind.inner
    if isinstance(kind, Alias):
        return kind.name in world.nullables
    return isinstance(kind, Opt)
