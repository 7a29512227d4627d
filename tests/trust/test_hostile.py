"""Nothing in an intent file runs code or leaves the output folder, whatever it says.

Each place that a file can put text into is tried with text that would do harm if it were pasted into
Python, a path or a template; then the package is built, imported in a process of its own, and the
witness file that the text tries to make must not be there.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hyper import hyperCompile
from hyper.engine.option_values import OptionError

if TYPE_CHECKING:
    from pathlib import Path

PAYLOADS = [
    '__import__("pathlib").Path("WITNESS").touch()',
    '"); __import__("pathlib").Path("WITNESS").touch(); ("',
    '"""\n__import__("pathlib").Path("WITNESS").touch()\n"""',
    "'''\n__import__('pathlib').Path('WITNESS').touch()\n'''",
    '\\"; import os; os.mkdir("WITNESS") #',
    "{__import__('os').mkdir('WITNESS')}",
    "${7*7} {{7*7}} %(x)s {0.__class__}",
    "line one\nimport os; os.mkdir('WITNESS')",
    "carriage\rreturn \x0b\x0c\x1c\x85\u2028\u2029 import os",
    "../../WITNESS",
    "/WITNESS",
    "nul\0byte",
    "\\",
    "\\N{BULLET} \\x41 \\u0041",
    "\ud7ff\U0010ffff\u202e",
    "# type: ignore\n",
    "*/ --> ]]> </script>",
]


def literal(text: str) -> str:
    """The text as a string of the language, every control character escaped."""
    out = ['"']
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif character < " " or "\x7f" <= character < "\xa0" or character in "\u2028\u2029":
            out.append(
                f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
            )
        else:
            out.append(character)
    return "".join([*out, '"'])


def quoted(text: str) -> str:
    """The text as a quoted name: backticks and line ends cannot stand in one."""
    kept = "".join(c for c in text if c not in "`\n\r\\\0" and c.isprintable())
    return f"`{kept}`"


def source(payload: str) -> str:
    text = literal(payload)
    return f"""{text}
intent hostile

service Hostile:
    {text}
    title {text}
    version {text}
    server {text} {text}
    tag {text} {text}
    roles reader

const GREETING = {text}

type Code = string @x("x-note", {text}) @default({text}) @example({text})
    {text}

enum Kind:
    {text}
    first = {text}
        {text}
    {quoted("m" + payload)} = "second"

entity Thing @json({text}) @deprecated({text}):
    {text}
    {quoted("f" + payload)}: string = {text}
        {text}
    plain: string = {text} @json({text}) @deprecated({text})
    formatted?: string @format({text})
    extra?: any @x("x-any", {{{text}: [{text}]}}) @schema({{"description": {text}, "enum": [{text}, 1]}})
    kind: {text}

calc echo(value: string) -> string:
    {text}
    value + GREETING + {text}

rule refuses on Thing:
    {text}
    require plain == {text} else {text}

action send @json({text}) @openapi({{"x-node": {text}}}):
    {text}
    route POST /send
    query asked?: string @json({text})
    header head?: string = {text}
    body thing: Thing
    check refuses(thing)
    returns 200 Thing
        {text}
    tags {text}
"""


CHECK = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import importlib
package = importlib.import_module(sys.argv[2])
from importlib import import_module
app = import_module(sys.argv[2] + ".api").create_app(None, mock=True)
json.dumps(app.openapi())
"""


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_stays_text(payload: str, tmp_path: Path) -> None:
    """Hostile text in every place that takes text is data in the package, or refused with a diagnostic."""
    tree = tmp_path / "src"
    tree.mkdir()
    (tree / "hostile.intent").write_text(source(payload), encoding="utf-8", newline="")
    out = tmp_path / "out"
    result = hyperCompile(str(tree), out=str(out), package="hostile")
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert all(path.is_relative_to(out) or path.is_relative_to(tree) for path in written)
    if not result.success:
        assert [item for item in result.diagnostics if item.is_error]
        return
    for path in out.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHECK, str(out), "hostile"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.rglob("*WITNESS*"))
    document = json.loads((out / "hostile" / "openapi.json").read_text(encoding="utf-8"))
    assert document["info"]["title"] == payload


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "..",
        "/etc/evil",
        "a/b",
        "a\\b",
        "con",
        "__init__",
        "os.path",
        "",
        "a b",
        "é",
        "import",
    ],
)
def test_module_names_stay_inside(name: str, tmp_path: Path) -> None:
    """A module name is a dotted identifier or an error; nothing is written outside of the output."""
    tree = tmp_path / "src"
    tree.mkdir()
    (tree / "one.intent").write_text(
        f"intent {name}\n\nentity Thing:\n    x: int\n", encoding="utf-8"
    )
    out = tmp_path / "deep" / "out"
    result = hyperCompile(str(tree), out=str(out), package="safe")
    assert result.success or [item for item in result.diagnostics if item.is_error]
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(out)]
    assert outside == [tree / "one.intent"]


@pytest.mark.parametrize("name", ["../evil", "a.b", "1a", "class", "a-b", "os\n", "é"])
def test_package_names_are_identifiers(name: str, tmp_path: Path) -> None:
    """The package is named by an identifier, or nothing is built."""
    tree = tmp_path / "src"
    tree.mkdir()
    (tree / "one.intent").write_text("entity Thing:\n    x: int\n", encoding="utf-8")
    with pytest.raises(OptionError) as raised:
        hyperCompile(str(tree), out=str(tmp_path / "out"), package=name)
    assert raised.value.code == "E0903"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tree / "one.intent"]


def test_extern_and_handler_are_not_imported(tmp_path: Path) -> None:
    """Building and checking import nothing that a file names."""
    tree = tmp_path / "src"
    tree.mkdir()
    (tree / "trap.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    (tree / "one.intent").write_text(
        'extern calc f(x: int) -> int from "trap:f"\n\n'
        "calc g(x: int) -> int:\n    f(x)\n\n"
        'action a:\n    route GET /a\n    returns 204\n    handled by "trap:f"\n\n'
        'feature "F":\n    scenario "s":\n        when y = g(1)\n        then y == 1\n',
        encoding="utf-8",
    )
    result = hyperCompile(str(tree), out=str(tmp_path / "out"), package="safe")
    assert result.success, result.diagnostics
