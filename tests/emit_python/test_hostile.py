"""Names, strings, defaults, docs and patterns that try to leave their place."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hyper.emit.python import emit_python
from hyper.emit.python.format import comment, docstring, quote, quote_regex
from hyper.ir.markers import Markers
from hyper.ir.nodes import Const
from hyper.ir.program import Module, ServiceDef
from hyper.ir.types import INT, STRING, Entity, ListOf, Lit, Marked
from tests.emit_python.packages import Client, installed
from tests.emit_python.programs import (
    action,
    alias,
    answer,
    body,
    entity,
    enum,
    field,
    module,
    parameter,
    program,
    text,
    union,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.ir.program import Program

HOSTILE = [
    '"""\nraise SystemExit("out")\n"""',
    "'''\nraise SystemExit('out')\n'''",
    '\\"""\nraise SystemExit("out")\n',
    'x"\nraise SystemExit("out")\n#',
    "x'\nraise SystemExit('out')\n#",
    "x\\",
    "\\\\",
    '\\"',
    "x\r\nraise SystemExit('out')",
    "x\x0craise SystemExit('out')",
    "x\x00y",
    "\u2028raise SystemExit('out')",
    "\u202eevil\u2066",
    "{raise}{0}%s$x`id`",
    "__import__('os').system('touch out')",
    "$(touch out)",
    "../../out",
    "/etc/passwd",
    "C:\\out",
    "..",
    "",
    " ",
    "#",
    "a: int\n    evil = 1",
    "print",
    "None",
    "ﬁeld",
    "नाम",
    "e\u0301",
    "1x",
    "💥",
    "x" * 300,
    "\udcff",
]


def hostile(texts: list[str]) -> Program:
    """Every kind of name and text, each hostile."""
    fields = [
        field(bad or "empty", STRING, optional=True, wire=bad, doc=bad)
        for bad in dict.fromkeys(texts)
    ]
    modules: list[Module] = []
    for number, bad in enumerate(texts):
        name = f"n{number}"
        modules.append(
            module(
                name,
                entity(bad or "_", field("x", INT), doc=bad, markers=Markers(deprecated=bad)),
                enum(bad + "E", {bad or "m": bad, "other": bad + "2"}, doc=bad),
                alias(bad + "A", STRING, doc=bad),
                entity(
                    "Holder",
                    field("a", STRING, default=text(bad), doc=bad),
                    field("b", Lit(bad), optional=True),
                    field(
                        "c",
                        STRING,
                        optional=True,
                        markers=Markers(schema=(json.dumps({"not": {"const": bad + "!"}}),)),
                    ),
                    field("d", ListOf(Marked(STRING, Markers(patterns=(bad,)))), optional=True),
                ),
                entity("Variant", field(bad or "tag", STRING, wire=bad)),
                union(
                    bad + "U",
                    Entity(f"{name}.Variant"),
                    by=bad,
                    mapping={bad: f"{name}.Variant", bad + "2": f"{name}.Variant"},
                ),
                action(
                    bad + "Q",
                    "GET",
                    f"/{number}",
                    parameter("query", bad or "q", STRING, wire=bad, default=text(bad)),
                    parameter("header", f"h{number}", INT, optional=True),
                    body(STRING, media="application/json"),
                    answer("200", STRING, media="application/json"),
                    doc=bad,
                    operation_id=bad,
                ),
                doc=bad,
            )
        )
    modules.append(module("wide", entity("Wide", *fields)))
    service = ServiceDef(
        name="S",
        title=texts[0],
        version=texts[1],
        servers=(),
        schemes=(),
        security=None,
        roles=(),
        tags=(),
        markers=Markers(),
        doc="\n".join(texts),
        line=1,
    )
    modules.append(module("service", service))
    return program(*modules)


def importable(files: dict[str, str]) -> None:
    """Every module parses, and holds nothing but what this back end writes."""
    allowed = (
        ast.ClassDef,
        ast.FunctionDef,
        ast.Import,
        ast.ImportFrom,
        ast.Assign,
        ast.AnnAssign,
        ast.If,
    )
    for path, code in files.items():
        if path.startswith("_runtime/") or not path.endswith(".py"):
            continue
        for node in ast.parse(code).body:
            plain = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert plain or isinstance(node, allowed), (path, ast.unparse(node))
            if isinstance(node, ast.If):
                assert "TYPE_CHECKING" in ast.unparse(node.test)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    texts = [bad for bad in HOSTILE if not any("\ud800" <= char <= "\udfff" for char in bad)]
    made = hostile(texts)
    files = emit_python(made, "app")
    importable(files)
    for path in files:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert "\\" not in path
    for package in installed(made, tmp_path):
        for number, bad in enumerate(texts):
            holder = package[f"n{number}:Holder"]
            assert holder().a == bad
            assert holder(b=bad).b == bad
            assert holder(c=bad).c == bad
            union_name = next(
                name
                for name, value in vars(package.module(f"n{number}")).items()
                if type(value).__name__ == "TypeAliasType"
            )
            assert union_name
        wide = package["wide:Wide"]
        value = dict.fromkeys(dict.fromkeys(texts), "v")
        assert json.loads(wide.model_validate_json(json.dumps(value)).model_dump_json()) == value
        client = Client(package["api:create_app"]())
        for number, _ in enumerate(texts):
            assert client.request("GET", f"/{number}", json="x").status_code == 501
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        next(tmp_path.iterdir()).name,
    ]


def test_hostile_code_is_formatted(tmp_path: Path) -> None:
    texts = [bad for bad in HOSTILE if not any("\ud800" <= char <= "\udfff" for char in bad)]
    for path, code in emit_python(hostile(texts), "app").items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--isolated",
            "--line-length",
            "100",
            "--diff",
            ".",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout


# A module's name is read from a source or is a path's text, and neither holds lone surrogates.
@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if not re.search("[\ud800-\udfff]", name)]
)
def test_hostile_module_names_stay_inside(name: str) -> None:
    made = program(module(name, entity("One", field("x", INT))))
    for path, code in emit_python(made, "app").items():
        if path.endswith(".py"):
            parts = path.removesuffix(".py").split("/")
            assert all(part.isidentifier() and len(part.encode()) < 240 for part in parts)
            compile(code, path, "exec")
        else:
            assert path in {"py.typed", "manifest.json", "_runtime/lines.json"}


def test_handlers_are_imported_by_their_name_only(tmp_path: Path) -> None:
    bad = action("a", "GET", "/a", answer("204"), handled_by="os:system('touch out')")
    for package in installed(program(module("m", bad)), tmp_path):
        client = Client(package["api:create_app"]())
        with pytest.raises(AttributeError):
            client.get("/a")


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_texts_read_back(value: str) -> None:
    assert ast.literal_eval(quote(value)) == value
    assert ast.literal_eval(quote_regex(value)) == value
    lines = docstring(value, "    ")
    if lines:
        tree = ast.parse("class A:\n" + "\n".join(lines) + "\n")
        assert len(tree.body) == 1
        kind = tree.body[0]
        assert isinstance(kind, ast.ClassDef)
        assert len(kind.body) == 1
    for line in comment(value, ""):
        assert ast.parse(line).body == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4))
def test_random_texts_give_code(texts: list[str]) -> None:
    files: dict[str, Any] = emit_python(hostile(list(dict.fromkeys([*texts, "a", "b"]))), "app")
    importable(files)


def test_constants_of_all_kinds() -> None:
    assert Const(STRING, '"x"').text == '"x"'
