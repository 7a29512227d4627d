"""Parts become modules, and modules the texts of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import extensions, open_api
from hyper.importers.openapi.layout import EXTENSIONS, common_module
from hyper.importers.openapi.nodes import ident
from hyper.importers.openapi.words import Names, module_name, words
from hyper.lang import tree
from hyper.lang.printer import print_module

if TYPE_CHECKING:
    from hyper.importers.openapi.document import Document
    from hyper.importers.openapi.parts import Part

LARGE: Final = 24_000
"""Raw parts of a document with more signs than this do not stand in the file of the service."""
CHUNK: Final = 60_000


def write_files(
    document: Document,
    service: tree.ServiceDecl,
    actions: list[Part],
    types: list[Part],
    *,
    rest: dict[str, Any],
    components: dict[str, dict[str, Any]],
) -> dict[str, str]:
    """The text of every file, by its path."""
    modules: dict[str, list[Part]] = {"service": []}
    for part in (*types, *actions):
        modules.setdefault(part.module, []).append(part)
    alone = set(modules) == {"service"}
    raw = _raw_modules(document, rest, components, alone=alone)
    service.markers.extend(raw.pop("service", []))
    files: dict[str, str] = {}
    for name, parts in modules.items():
        declarations = [part.decl for part in parts if part.decl is not None]
        if name == "service":
            declarations.insert(0, service)
        files[_path(name)] = print_module(
            tree.Module(0, 0, None, ident(name), [], _uses(name, parts), declarations, [])
        )
    for name, markers in raw.items():
        files[_path(name)] = print_module(tree.Module(0, 0, None, ident(name), markers, [], [], []))
    return dict(sorted(files.items()))


def _path(name: str) -> str:
    return f"{name.replace('.', '/')}.intent"


def _uses(name: str, parts: list[Part]) -> list[tree.Use]:
    """The ``use`` lines of a module, by module and name."""
    wanted: dict[str, set[str]] = {}
    for part in parts:
        for dep in part.deps:
            if dep.module != name and dep.decl is not None:
                wanted.setdefault(dep.module, set()).add(dep.name)
    return [
        tree.Use(
            0, 0, ident(module), [tree.UseName(0, 0, ident(each), None) for each in sorted(names)]
        )
        for module, names in sorted(wanted.items())
    ]


def _raw_modules(
    document: Document,
    rest: dict[str, Any],
    components: dict[str, dict[str, Any]],
    *,
    alone: bool,
) -> dict[str, list[tree.Marker]]:
    """Markers of what has no form: on the service what is short, in modules of their own what is long."""
    root = {key: value for key, value in document.root.items() if key.startswith("x-")}
    whole = {**components, **rest.get("components", {})}
    modules: dict[str, list[tree.Marker]] = {}
    long_x = {} if alone else {key: value for key, value in root.items() if _size(value) > LARGE}
    kept = dict(rest)
    long_sections: dict[str, dict[str, Any]] = {}
    if not alone:
        long_sections = {
            section: nodes
            for section, nodes in whole.items()
            if isinstance(nodes, dict) and _size(nodes) > LARGE // 12
        }
    short = {key: value for key, value in whole.items() if key not in long_sections}
    if short:
        kept["components"] = short
    else:
        kept.pop("components", None)
    modules["service"] = [
        *open_api(kept),
        *extensions({key: value for key, value in root.items() if key not in long_x}),
    ]
    names = Names({"service"})
    for section, nodes in long_sections.items():
        for module, chunk in _chunks(document, section, nodes, names).items():
            modules[module] = open_api({"components": {section: chunk}})
    names = Names()
    for key, value in long_x.items():
        base = f"{EXTENSIONS}.{names.claim(module_name(key.removeprefix('x-'), 'extension'))}"
        if isinstance(value, dict) and _size(value) > CHUNK:
            for word, chunk in _by_word(value).items():
                modules[f"{base}.{word}"] = open_api({key: chunk})
        else:
            modules[base] = extensions({key: value})
    return modules


def _chunks(
    document: Document, section: str, nodes: dict[str, Any], names: Names
) -> dict[str, dict[str, Any]]:
    """The nodes of a section of components: in one module, or beside others that the same tag uses."""
    base = names.claim(module_name(section, "components"))
    if _size(nodes) <= LARGE:
        return {base: nodes}
    chunks: dict[str, dict[str, Any]] = {}
    for name, node in nodes.items():
        pointer = f"#/components/{section}/{name.replace('~', '~0').replace('/', '~1')}"
        users = document.carried.get(pointer, {})
        modules = list(dict.fromkeys(part.module for part in users))
        home = (common_module(modules) if modules else "") or "shared"
        chunks.setdefault(f"{base}.{home}", {})[name] = node
    return chunks


def _by_word(nodes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The nodes by the first word of their keys."""
    groups: dict[str, dict[str, Any]] = {}
    for key, node in nodes.items():
        first = words(key)[:1]
        groups.setdefault(module_name(first[0], "other") if first else "other", {})[key] = node
    return groups


def _size(value: Any) -> int:
    """About how many signs a value takes."""
    from hyper.importers.openapi.shapes import canonical

    return len(canonical(value))
