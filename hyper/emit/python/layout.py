"""The files of a package: one Python module for each intent module, and the folders between them."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.emit.python.api import api_files
from hyper.emit.python.format import INDENT, assignment, docstring, quote
from hyper.emit.python.functions import emit_functions, module_locals
from hyper.emit.python.models import model_lines
from hyper.emit.python.names import Names
from hyper.emit.python.scope import Scope
from hyper.ir.program import (
    AliasDef,
    CalcDef,
    ConstDef,
    EntityDef,
    EnumDef,
    ExternDef,
    RuleDef,
    TableDef,
    UnionDef,
)

if TYPE_CHECKING:
    from hyper.ir.program import Module, Program

_FUNCTIONS: Final = (CalcDef, ConstDef, ExternDef, RuleDef, TableDef)

# Notes for the linter of this repository, which say nothing in a package.
_NOQA: Final = re.compile(r"  # noqa: [A-Z0-9, ]+[0-9]")


class ModuleText(NamedTuple):
    """A module, and ``(line, intent line)`` pairs, each good until the next."""

    text: str
    origins: list[tuple[int, int]]


def module_text(module: Module, names: Names) -> ModuleText:
    """The text of one module."""
    own = names.own_symbols(module.name)
    scope = Scope(names, names.module(module.name), own | module_locals(module, names))
    scope.unit = module.name
    body: list[str] = []
    origins: list[tuple[int, int]] = []
    previous_is_line = False
    for definition in _ordered(module, names):
        lines = model_lines(definition, f"{module.name}.{definition.name}", scope)
        is_line = not lines[0].startswith("class ")
        body += [""] if is_line and (previous_is_line or not body) else ["", ""]
        origins.append((len(body), definition.line))
        body += lines
        previous_is_line = is_line
    functions = emit_functions(module, scope)
    if functions.lines:
        body += [""] if previous_is_line and functions.starts_with_const else ["", ""]
        origins += [(len(body) + at, line) for at, line in _changes(functions.origins)]
        body += functions.lines
        previous_is_line = False
    if scope.far:
        # Whoever takes such an alias from outside gets it with all that it names.
        names_text = ", ".join(quote(name) for name in scope.aliases)
        checking = scope.take("typing", "TYPE_CHECKING")
        deferred = scope.take(".binding", "deferred")
        call = f"{deferred}(__name__, {names_text})"
        gap = [""] if previous_is_line else ["", ""]
        body += [*gap, f"if not {checking}:", *assignment(INDENT, "__getattr__", call)]
    head = docstring(module.doc or f"The module {module.name}.", "")
    if not body:
        return ModuleText("\n".join(head) + "\n", [])
    head = [*head, "", *scope.header()] if head else scope.header()
    shift = len(head) + 1
    return ModuleText(
        "\n".join([*head, *body]) + "\n", [(index + shift, line) for index, line in origins]
    )


def _changes(lines: list[int]) -> list[tuple[int, int]]:
    """Where the source line changes."""
    changes: list[tuple[int, int]] = []
    known = 0
    for index, line in enumerate(lines):
        if line and line != known:
            changes.append((index, line))
            known = line
    return changes


def _ordered(module: Module, names: Names) -> list[EntityDef | EnumDef | UnionDef | AliasDef]:
    """Enums first, which are defaults of fields, then aliases, then classes with bases before those that inherit."""
    enums = [found for found in module.definitions if isinstance(found, EnumDef)]
    aliases = [found for found in module.definitions if isinstance(found, AliasDef)]
    entities = [found for found in module.definitions if isinstance(found, EntityDef)]
    unions = [found for found in module.definitions if isinstance(found, UnionDef)]
    return [*enums, *aliases, *_bases_first(module.name, entities, names), *unions]


def _bases_first(module: str, entities: list[EntityDef], names: Names) -> list[EntityDef]:
    if not any(names.inherits(f"{module}.{entity.name}") for entity in entities):
        return entities
    by_name = {f"{module}.{entity.name}": entity for entity in entities}
    placed: dict[str, EntityDef] = {}
    for start in by_name:
        waiting = [start]
        while waiting:
            name = waiting[-1]
            missing = [
                base
                for base in (by_name[name].bases if names.inherits(name) else ())
                if base in by_name and base not in placed
            ]
            if missing:
                waiting += reversed(missing)
            else:
                placed.setdefault(waiting.pop(), by_name[name])
    return list(placed.values())


def emit_python(program: Program, package: str) -> dict[str, str]:
    """All files of the package but ``openapi.json`` and ``schema/``: relative path to text.

    ``manifest.json`` holds what this back end adds to the manifest: the source map.
    """
    names = Names(program, package)
    files: dict[str, str] = {}
    folders: set[str] = {""}
    sources: dict[str, Any] = {}
    for module in program.modules:
        path = names.file(module.name)
        made = module_text(module, names)
        files[path] = made.text
        sources[path] = {"file": module.path, "lines": made.origins}
        folders.update(_parents(path))
    files |= api_files(program, names)
    for folder in sorted(folders):
        path = f"{folder}__init__.py"
        if path not in files:
            files[path] = _package_text(folder, program, package)
    for name, text in runtime_files().items():
        files[f"_runtime/{name}"] = text
    files["py.typed"] = ""
    lines = {
        ".".join(names.module(module.name)): sources[names.file(module.name)]
        for module in program.modules
        if any(isinstance(found, _FUNCTIONS) for found in module.definitions)
    }
    if lines:
        files["_runtime/lines.json"] = json.dumps(lines, separators=(",", ":"))
    files["manifest.json"] = json.dumps({"source_map": sources}, separators=(",", ":"))
    return dict(sorted(files.items()))


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: size + 1]) + "/" for size in range(len(parts))]


def _package_text(folder: str, program: Program, package: str) -> str:
    if not folder:
        service = program.service
        doc = service.doc or service.title if service is not None else ""
        return "\n".join(docstring(doc or f"The package {package}.", "")) + "\n"
    return f'"""The modules of {folder.strip("/").replace("/", ".")}."""\n'


@cache
def runtime_files() -> dict[str, str]:
    """The runtime that every package carries: file name to text."""
    files: dict[str, str] = {}
    for room in ("runtime", "runtime_http"):
        folder = resources.files(__package__).joinpath(room)
        if not folder.is_dir():
            continue
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".py") and entry.name != "__init__.py":
                text = _NOQA.sub("", entry.read_text(encoding="utf-8"))
                # Both are one folder in a package.
                files[entry.name] = text.replace(f"from {__package__}.runtime.", "from .")
    files["__init__.py"] = '"""What the generated modules of this package stand on."""\n'
    return files
