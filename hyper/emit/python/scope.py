"""The names that are visible in one generated Python module, and the imports that bring them.

Names of the module itself come first; what is imported takes another name where it would clash. A declaration of another
module is *referred to*: imported for type checkers, and bound at run time when a model that names it is first used, so that
modules may refer to one another in rings and importing one loads no other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from hyper.emit.python.format import INDENT, quote, width

if TYPE_CHECKING:
    from hyper.emit.python.names import Names

RUNTIME: Final = ("_runtime",)
_IMPORT_LIMIT: Final = 88
"""Import rules of formatters break longer lines by default; an import that is broken is right at any longer limit too."""
_DIGITS: Final = re.compile(r"(\d+)")
_Natural: TypeAlias = list[tuple[int, int, str]]
_STANDARD: Final = frozenset(
    {"base64", "collections.abc", "datetime", "decimal", "enum", "typing", "uuid"}
)


def _natural(text: str) -> _Natural:
    """A sort key by which ``M2`` stands before ``M10``."""
    return [
        (0, int(part), part) if part.isdigit() and part.isascii() else (1, 0, part)
        for part in _DIGITS.split(text)
        if part
    ]


def _member_key(entry: str) -> tuple[int, _Natural, _Natural, str]:
    name = entry.partition(" as ")[0]
    if len(name) > 1 and name.isupper():
        kind = 0
    elif name[0].isupper():
        kind = 1
    else:
        kind = 2
    return kind, _natural(name.lower()), _natural(name), entry


def relative(here: tuple[str, ...], there: tuple[str, ...]) -> str:
    """The text after ``from`` that names the module ``there`` for a module whose package is ``here``."""
    shared = 0
    for one, other in zip(here, there, strict=False):
        if one != other:
            break
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(there[shared:])


class Scope:
    """The scope of one generated module. ``package`` are the parts of the package that the module's file is in."""

    __slots__ = (
        "_deferred",
        "_imports",
        "_local",
        "_provided",
        "_taken",
        "aliases",
        "far",
        "module",
        "names",
        "package",
        "unit",
    )

    def __init__(self, names: Names, module: tuple[str, ...], own: set[str]) -> None:
        self.names = names
        self.module = module
        self.package = module if names.is_package(module) else module[:-1]
        self._taken: set[str] = set(own)
        self._provided: dict[str, str] = {}
        self.aliases: list[str] = []
        """The aliases of the module that are evaluated late."""
        self.unit = ""
        """The name of the intent module, where the generated one is that of one."""
        self.far = False
        """Whether one of them names a declaration of another module."""
        self._local: dict[tuple[str, str], str] = {}
        self._imports: dict[str, set[str]] = {}
        self._deferred: dict[tuple[str, ...], set[str]] = {}

    def _choose(self, key: tuple[str, str], wanted: str, other: str) -> tuple[str, str]:
        """The local name for what is called ``wanted`` elsewhere, and its entry in an import."""
        name = wanted
        if name in self._taken:
            name = other
            number = 2
            while name in self._taken:
                name = f"{other}_{number}"
                number += 1
        self._taken.add(name)
        self._local[key] = name
        return name, wanted if name == wanted else f"{wanted} as {name}"

    def take(self, module: str, name: str) -> str:
        """A name of a library or, where ``module`` begins with a dot, of the package's runtime."""
        known = self._local.get((module, name))
        if known is not None:
            return known
        if name in self._provided:
            return self._provided[name]
        local, entry = self._choose((module, name), name, f"_{name}")
        source = relative(self.package, (*RUNTIME, module[1:])) if module[0] == "." else module
        self._imports.setdefault(source, set()).add(entry)
        return local

    def take_from(self, home: tuple[str, ...], name: str) -> str:
        """A name of another module of the package that is no declaration's."""
        key = (".".join(home), name)
        local, entry = self._choose(key, name, f"_{name}")
        self._imports.setdefault(relative(self.package, home), set()).add(entry)
        return local

    def take_module(self, module: str, alias: str) -> str:
        """A module of the standard library under another name, as ``datetime`` under ``dt``."""
        known = self._local.get((module, ""))
        if known is not None:
            return known
        local, _ = self._choose((module, ""), alias, f"_{alias}")
        self._imports.setdefault(f"import {module} as {local}", set())
        return local

    def refer(self, qualified: str) -> str:
        """The local name of a declaration of the program; see the module's docstring for those of other modules."""
        home, symbol = self.names.place(qualified)
        if home == self.module:
            return symbol
        dotted = ".".join(home)
        known = self._local.get((dotted, symbol))
        if known is not None:
            return known
        title = "".join(part[:1].upper() + part[1:] for part in home[-1].split("_"))
        local, entry = self._choose((dotted, symbol), symbol, f"{title}{symbol}")
        self._deferred.setdefault(home, set()).add(entry)
        return local

    def need(self, qualified: str) -> str:
        """The local name of a declaration that must be there when the module is imported: the base of a class."""
        home, symbol = self.names.place(qualified)
        if home == self.module:
            return symbol
        key = (".".join(home), symbol)
        known = self._local.get(key)
        if known is None:
            title = "".join(part[:1].upper() + part[1:] for part in home[-1].split("_"))
            known, entry = self._choose(key, symbol, f"{title}{symbol}")
        else:
            entry = symbol if known == symbol else f"{symbol} as {known}"
            self._deferred.get(home, set()).discard(entry)
        self._imports.setdefault(relative(self.package, home), set()).add(entry)
        return known

    def sibling(self, home: tuple[str, ...]) -> str:
        """The local name of another module of the package, imported whole, so that modules may call one another in rings."""
        key = (".".join(home), "")
        known = self._local.get(key)
        if known is None:
            known, entry = self._choose(key, home[-1], f"{home[-1]}_module")
            self._imports.setdefault(relative(self.package, home[:-1]), set()).add(entry)
        return known

    def provide(self, names: dict[str, str]) -> None:
        """Names of libraries that are there without an import."""
        self._provided = names

    def header(self, *, references: bool = True) -> list[str]:
        """The import lines, and the table of names that are bound when they are needed."""
        deferred = {home: entries for home, entries in self._deferred.items() if entries}
        if deferred:
            self._imports.setdefault("typing", set()).add("TYPE_CHECKING")
        lines = ["from __future__ import annotations"]
        lines += _blocks(self._imports)
        if deferred:
            lines += ["", "if TYPE_CHECKING:"]
            sources = {relative(self.package, home): found for home, found in deferred.items()}
            for source in sorted(sources, key=source_key):
                lines += import_lines(source, sources[source], INDENT)
            if references:
                lines += ["", *self.references()]
        return lines

    def references(self) -> list[str]:
        """The lines of the table of names that are bound when they are needed."""
        lines = ["_REFERENCES = {"]
        for home in sorted(self._deferred):
            for entry in sorted(self._deferred[home], key=_member_key):
                name, _, local = entry.partition(" as ")
                dotted = quote(f"{'.'.join(home)}:{name}")
                lines.append(f"{INDENT}{quote(local or name)}: {dotted},")
        return [*lines, "}"] if len(lines) > 1 else []


def source_key(source: str) -> tuple[int, _Natural, _Natural]:
    """Relative imports from the farthest to the closest, then by name."""
    dots = len(source) - len(source.lstrip("."))
    name = source.lstrip(".")
    return -dots, _natural(name.lower()), _natural(name)


def _blocks(imports: dict[str, set[str]]) -> list[str]:
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    for source in imports:
        plain = source.removeprefix("import ").partition(" ")[0]
        if source.startswith("."):
            groups[2].append(source)
        elif plain in _STANDARD:
            groups[0].append(source)
        else:
            groups[1].append(source)
    lines: list[str] = []
    for group in groups:
        if not group:
            continue
        lines.append("")
        lines += sorted(source for source in group if source.startswith("import "))
        for source in sorted(
            (source for source in group if not source.startswith("import ")), key=source_key
        ):
            lines += import_lines(source, imports[source], "")
    return lines


def import_lines(source: str, entries: set[str], indent: str = "") -> list[str]:
    """``from source import …`` as the formatter and its import rule would leave it, at its own length of a line as well."""
    plain = sorted((entry for entry in entries if " as " not in entry), key=_member_key)
    # The formatter's import rule keeps a renamed member on a line of its own.
    statements = [(_member_key(entry), [entry]) for entry in entries if " as " in entry]
    if plain:
        statements.append((_member_key(plain[0]), plain))
    lines: list[str] = []
    for _, members in sorted(statements):
        line = f"{indent}from {source} import {', '.join(members)}"
        if width(line) <= _IMPORT_LIMIT:
            lines.append(line)
        else:
            lines.append(f"{indent}from {source} import (")
            lines += [f"{indent}{INDENT}{entry}," for entry in members]
            lines.append(f"{indent})")
    return lines
