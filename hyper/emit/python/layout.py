"""The files of a package: one Python module for each intent module, and the folders between them."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.emit.parts import Made, Part
from hyper.emit.python.format import INDENT, assignment, docstring, quote
from hyper.emit.python.models import model_lines
from hyper.emit.python.names import PACKAGE, Names
from hyper.emit.python.scope import Scope
from hyper.ir.index import DATA_KINDS, FUNCTION_KINDS
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
from hyper.ir.reads import HEAD, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hyper.emit.python.functions.module import Counted, FunctionsText
    from hyper.ir.program import Module, Program

MODULE: Final = "module "
"""How the ids of the parts begin that are the modules of a program."""
# The runtime is imported first. Without one of the variables it loads nothing more, and functions are as they were written.
_STARTING: Final = b'''\
"""What the generated modules of this package stand on."""

from os import environ

if "HYPER_PROFILE_OUT" in environ or "HYPER_PROFILE_JSON" in environ:
    from .profiling import start

    start(__name__.rpartition(".")[0])
'''
_FUNCTIONS: Final = (CalcDef, ConstDef, ExternDef, RuleDef, TableDef)
COMPILED: Final = frozenset({"calc", "table", "rule"})
"""Kinds of declarations that may be compiled to machine code."""
_RECORDS: Final = "profile_records.py"
"""What reads and writes profiles, which packages and the compiler share."""
_IN_MODULES: Final = DATA_KINDS | FUNCTION_KINDS

# Notes for the linter of this repository, which say nothing in a package.
_NOQA: Final = re.compile(r"  # noqa: [A-Z0-9, ]+[0-9]")


class ModuleText(NamedTuple):
    """A module, ``(line, intent line)`` pairs, each good until the next, and what can be counted of its functions, by Python
    name."""

    text: str
    origins: list[tuple[int, int]]
    counted: dict[str, Counted]


def module_text(module: Module, names: Names) -> ModuleText:
    """The text of one module."""
    functions: FunctionsText | None = None
    own = names.own_symbols(module.name)
    has_functions = any(isinstance(found, _FUNCTIONS) for found in module.definitions)
    if has_functions:
        # Many modules have data alone.
        from hyper.emit.python.functions.locals import module_locals

        own = own | module_locals(module, names)
    scope = Scope(names, names.module(module.name), own)
    scope.unit = module.name
    body: list[str] = []
    origins: list[tuple[int, int]] = []
    counted: dict[str, Counted] = {}
    previous_is_line = False
    for definition in _ordered(module, names):
        lines = model_lines(definition, f"{module.name}.{definition.name}", scope)
        is_line = not lines[0].startswith("class ")
        body += [""] if is_line and (previous_is_line or not body) else ["", ""]
        origins.append((len(body), definition.line))
        body += lines
        previous_is_line = is_line
    if has_functions:
        from hyper.emit.python.functions.module import emit_functions

        functions = emit_functions(module, scope)
    if functions is not None and functions.lines:
        body += [""] if previous_is_line and functions.starts_with_const else ["", ""]
        origins += [(len(body) + at, line) for at, line in _changes(functions.origins)]
        counted = functions.counted
        _move(counted, len(body))
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
    if names.native and names.index[module.name].has(COMPILED):
        # Last of all: it takes the place of functions.
        bind = scope.take_from(("native",), "bind")
        body += ["", "", f"{bind}(__name__)"]
    head = docstring(module.doc or f"The module {module.name}.", "")
    if not body:
        return ModuleText("\n".join(head) + "\n", [], {})
    head = [*head, "", *scope.header()] if head else scope.header()
    shift = len(head) + 1
    _move(counted, shift)
    text = "\n".join([*head, *body]) + "\n"
    return ModuleText(text, [(index + shift, line) for index, line in origins], counted)


def _move(counted: dict[str, Counted], lines: int) -> None:
    """There are so many lines before the functions."""
    for each in counted.values():
        each.marks = [mark._replace(line=mark.line + lines) for mark in each.marks]


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


def python_parts(names: Names) -> Iterator[Part]:
    """All files of the package but those of ``assembled``."""
    paths: set[str] = set()
    folders: set[str] = {""}
    for module in names.index:
        path = names.file(module)
        paths.add(path)
        folders.update(_parents(path))
        yield Part(MODULE + module, path, partial(_module, module, names))
    # Loaded where one of its files is made: most edits are to data.
    from hyper.emit.python.service_files import service_parts

    yield from service_parts(names)
    for folder in sorted(folders):
        path = f"{folder}__init__.py"
        if path not in paths:
            yield Part(f"folder {folder}", path, partial(_package, folder, names))
    for name in runtime_names():
        yield Part(f"runtime {name}", f"_runtime/{name}", partial(_runtime, name))
    if names.native:
        for name in ("__init__.py", "__main__.py"):
            yield Part(f"native {name}", f"native/{name}", partial(_loader, name))
    if names.batch:
        from hyper.emit.python.batches import batch_parts

        yield from batch_parts(names)
    yield Part("typed", "py.typed", lambda: Made(b""))


def _module(name: str, names: Names) -> Made:
    note = names.program.reads.note
    note(HEAD + name)
    for found in names.index[name].definitions:
        if found.kind in _IN_MODULES:
            note(f"{WHOLE}{name}.{found.name}")
    module = names.source(name)
    made = module_text(module, names)
    origins = {"file": module.path, "lines": made.origins}
    notes = [msgspec.json.encode(origins)]
    if made.counted:
        notes.append(msgspec.json.encode(made.counted))
    return Made(made.text.encode(), b"\n".join(notes))


def _package(folder: str, names: Names) -> Made:
    if folder:
        text = f'"""The modules of {folder.strip("/").replace("/", ".")}."""\n'
        return Made(text.encode())
    program = names.program
    program.reads.note(PACKAGE)
    service = program.service
    doc = service.doc or service.title if service is not None else ""
    lines = docstring(doc or f"The package {names.package}.", "")
    return Made("\n".join([*lines, "", "from . import _runtime as _runtime", ""]).encode())


def assembled(
    names: Names, notes: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, msgspec.Raw]]:
    """What speaks of all modules, from the notes of their parts, by module: the file of the lines of functions, for the messages of
    errors; that of what can be counted of them; and the source map, which is a part of the manifest."""
    made: dict[str, bytes] = {}
    origins: dict[str, msgspec.Raw] = {}
    counted: dict[str, msgspec.Raw] = {}
    with_lines: dict[str, msgspec.Raw] = {}
    for name, module in names.index.items():
        lines, _, functions = notes[name].partition(b"\n")
        origins[names.file(name)] = msgspec.Raw(lines)
        if module.has(FUNCTION_KINDS):
            with_lines[".".join(names.module(name))] = msgspec.Raw(lines)
        if functions:
            counted[".".join(names.module(name))] = msgspec.Raw(functions)
    if with_lines:
        made["_runtime/lines.json"] = msgspec.json.encode(with_lines)
    if counted:
        made["_runtime/counted.json"] = msgspec.json.encode(counted)
    return made, origins


def emit_python(
    program: Program, package: str, source: Callable[[str], Module] | None = None
) -> dict[str, str]:
    """All files of the package but ``openapi.json`` and ``schema/``: relative path to text.

    ``source`` gives modules as they are after passes.
    ``manifest.json`` holds what this back end adds to the manifest: the source map.
    """
    names = Names(program, package, source)
    files: dict[str, bytes] = {}
    notes: dict[str, bytes] = {}
    for part in python_parts(names):
        made = part.make()
        files[part.path] = made.data
        if part.id.startswith(MODULE):
            notes[part.id.removeprefix(MODULE)] = made.note
    lines, sources = assembled(names, notes)
    files |= lines
    files["manifest.json"] = msgspec.json.encode({"source_map": sources})
    return {path: files[path].decode() for path in sorted(files)}


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: size + 1]) + "/" for size in range(len(parts))]


@cache
def _loader(name: str) -> Made:
    from importlib import resources

    entry = resources.files(__package__).joinpath("runtime_native").joinpath(name)
    return Made(_NOQA.sub("", entry.read_text(encoding="utf-8")).encode())


@cache
def runtime_names() -> dict[str, str]:
    """The files of the runtime that every package carries, each with the folder here that has it."""
    from importlib import resources

    found = {"__init__.py": "", _RECORDS: "jit"}
    for room in ("runtime", "runtime_http"):
        folder = resources.files(__package__).joinpath(room)
        if folder.is_dir():
            for entry in folder.iterdir():
                if entry.name.endswith(".py") and entry.name != "__init__.py":
                    found[entry.name] = room
    return dict(sorted(found.items()))


@cache
def _runtime(name: str) -> Made:
    room = runtime_names()[name]
    if not room:
        return Made(_STARTING)
    from importlib import resources

    folder = resources.files("hyper.jit" if name == _RECORDS else f"{__package__}.{room}")
    text = _NOQA.sub("", folder.joinpath(name).read_text(encoding="utf-8"))
    # All are one folder in a package.
    text = text.replace("from hyper.jit import", "from . import")
    return Made(text.replace(f"from {__package__}.runtime.", "from .").encode())
