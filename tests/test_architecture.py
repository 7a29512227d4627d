"""The rooms, their arrows, and what `import hyper` may load: held to ARCHITECTURE.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from hyper.base.graph import components

ROOT: Final = Path(__file__).resolve().parents[1]
NOTHING: Final = "nothing of ours"


def _table() -> dict[str, set[str]]:
    """Rooms and what they may import, from the table of ARCHITECTURE.md."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(?:hyper/)?(\w+)/` \|[^|]*\| ([^|]*) \|$", text, re.MULTILINE)
    return {room: set() if may == NOTHING else set(may.split(", ")) for room, may in rows}


def _contracts() -> dict[str, set[str]]:
    """Rooms and what they may not import, from the settings of import-linter."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if len(contract["source_modules"]) == 1:
            (source,) = contract["source_modules"]
            found[source.removeprefix("hyper.")] = {
                name.removeprefix("hyper.") for name in contract["forbidden_modules"]
            }
    return found


def _folders() -> set[str]:
    return {path.name for path in (ROOT / "hyper").iterdir() if (path / "__init__.py").exists()}


def test_every_folder_has_its_place() -> None:
    assert _folders() == set(_table())


def test_the_contracts_say_what_the_table_says() -> None:
    table = _table()
    contracts = _contracts()
    for room, may in table.items():
        forbidden = set(table) - may - {room}
        assert contracts.get(room, set()) == forbidden, room


RINGS: Final = (
    # Types hold markers, which hold expressions, and an expression may be a type.
    {"hyper.lang.printer.expressions", "hyper.lang.printer.types"},
    # The index of a program is made of its modules when it is first asked for.
    {"hyper.ir.index", "hyper.ir.program"},
)


def _modules() -> dict[str, Path]:
    found = {}
    for room in (ROOT / "hyper").iterdir():
        for path in sorted(room.rglob("*.py")) if room.is_dir() else [room]:
            if path.suffix == ".py":
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[: -1 if path.stem == "__init__" else None])] = path
    return found


class _Imports(ast.NodeVisitor):
    """The names that a module imports when it runs, within functions too."""

    def __init__(self, module: str, path: Path) -> None:
        self.names: list[str] = []
        self._package = module if path.stem == "__init__" else module.rpartition(".")[0]
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names += [each.name for each in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        above = self._package.split(".")[: 1 - node.level or None] if node.level else []
        source = ".".join([*above, *([node.module] if node.module else [])])
        self.names += [source, *(f"{source}.{each.name}" for each in node.names)]


def test_modules_do_not_import_each_other() -> None:
    """Not even once they run, which is how a ring is hidden."""
    modules = _modules()
    edges = {name: _Imports(name, path).names for name, path in modules.items()}
    inside = {
        name: [each for each in found if each in modules and not name.startswith(f"{each}.")]
        for name, found in edges.items()
    }
    rings = [set(ring) for ring in components(inside) if len(ring) > 1]
    assert [ring for ring in rings if ring not in RINGS] == []


ROOMS_AT_THE_ROOT: Final = ("jit", "cache", "gpu", "distributed")


def test_rooms_at_the_root_are_links() -> None:
    for room in ROOMS_AT_THE_ROOT:
        assert (ROOT / "hyper" / room).resolve() == ROOT / room


def test_modules_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT))
        # Rooms at the root are links in the package, which a search does not follow.
        for room in ("hyper", "tests", "benchmarks", *ROOMS_AT_THE_ROOT)
        for path in (ROOT / room).rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > 600
    }
    assert long == set()


HEAVY: Final = (
    "pydantic",
    "fastapi",
    "rich",
    "yaml",
    "jsonschema",
    "shtab",
    "asyncio",
    "numba",
    "redis",
)


@pytest.mark.parametrize(
    "code",
    [
        "import hyper",
        "from hyper.cli import main; assert main(['--help']) == 0",
        "from hyper.cli import main; assert main(['--version']) == 0",
    ],
)
def test_starting_is_light(code: str) -> None:
    check = f"import sys; {code}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {check}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == ""


SELDOM: Final = (
    *HEAVY,
    "difflib",
    "http",
    "tempfile",
    "tomllib",
    "hyper.engine.executors.processes",
    "hyper.engine.proving",
    "hyper.ir.interpreter",
    "hyper.lang.check.session",
)
"""What neither a build of what is there already nor one after an edit of data has work for."""
_BUILD: Final = """
import os, sys
from hyper.cli import main

def build():
    sys.stdout = open(os.devnull, "w")
    assert main(["build", "intents", "-o", "out"]) == 0
    sys.stdout = sys.__stdout__
"""


@pytest.mark.parametrize("edited", [False, True])
def test_building_again_is_light(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, edited: bool
) -> None:
    monkeypatch.delenv("HYPER_INCREMENTAL")
    sources = tmp_path / "intents"
    sources.mkdir()
    for number in range(20):
        (sources / f"unit_{number}.intent").write_text(f"entity E{number}:\n    size: int\n")
    start = [sys.executable, "-I", "-c"]
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_BUILD}\nbuild()\n"
    subprocess.run([*start, path], check=True, cwd=tmp_path)
    if edited:
        (sources / "unit_3.intent").write_text("entity E3:\n    size: int\n    name: string\n")
    told = f"print(*[name for name in {SELDOM!r} if name in sys.modules])"
    done = subprocess.run(
        [*start, f"{path}\n{told}"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == ""
    assert ("name" in (tmp_path / "out/app/unit_3.py").read_text()) == edited


def test_the_version_is_one() -> None:
    import hyper

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert hyper.__version__ == settings["project"]["version"]


def test_the_api_is_there_under_both_names() -> None:
    import hyper

    assert hyper.hyperCompile is hyper.hyper_compile
    assert hyper.createHyperCompiler is hyper.create_hyper_compiler
    assert set(hyper.__all__) <= set(dir(hyper))
    with pytest.raises(AttributeError):
        _ = hyper.nothing
