"""``hyper lint``: what it looks for, what it prints and how it exits."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

SECRET = "kX9vQ2mZ7rT4wL8c"
TEXT = f"""\
const API_KEY = "{SECRET}"

calc _unused(x: int) -> int:
    x

entity Guest:
    name: string

action greet:
    route POST /greet
    body guest: Guest
    returns 200 Guest
"""


@pytest.fixture(autouse=True)
def source(folder: Path) -> Path:
    path = folder / "a.intent"
    path.write_text(TEXT, encoding="utf-8")
    return path


def _codes(done: Done) -> list[str]:
    return [item["code"] for item in done.json("lint")["diagnostics"]]


def test_without_a_choice_the_warnings_of_the_compiler_are_shown(hyper: Hyper) -> None:
    done = hyper("lint")
    assert done.code == 0
    assert "warning[W0302]" in done.err
    assert done.out == "linted 1 file: 1 warning\n"


def test_a_choice_is_what_is_looked_for_and_nothing_else(hyper: Hyper) -> None:
    assert _codes(hyper("lint", "--json")) == ["W0302"]
    assert _codes(hyper("lint", "--json", "--secrets")) == ["W1101"]
    assert _codes(hyper("lint", "--json", "--dead")) == ["W1103", "W1103"]
    both = hyper("lint", "--json", "--secrets", "--warnings", "--dead")
    assert _codes(both) == ["W1103", "W1101", "W0302"]
    assert both.json("lint")["lints"] == ["warnings", "secrets", "dead"]


def test_no_form_shows_a_secret(hyper: Hyper) -> None:
    for words in ((), ("--json",), ("--format", "sarif"), ("--format", "github")):
        done = hyper("lint", "--secrets", "--dead", *words)
        assert "W1101" in done.out + done.err
        assert SECRET not in done.out + done.err
        assert "kX9v" in done.out + done.err
        assert SECRET[4:] not in done.out + done.err


def test_what_else_is_told_shows_no_secret(hyper: Hyper, source: Path) -> None:
    """It may be a name, too, of which the compiler says something, or stand elsewhere on a line that is shown."""
    source.write_text(
        f'const API_KEY = "{SECRET}"\ncalc f(x: {SECRET}) -> int:\n    x\nconst b = `{SECRET}`\n'
    )
    for words in ((), ("--json",), ("--format", "sarif"), ("--format", "github")):
        done = hyper("lint", "--secrets", "--warnings", *words)
        told = done.out + done.err
        assert "W1101" in told
        assert "there is no type" in told
        assert f"kX9v{'*' * 12}" in told
        assert SECRET[4:] not in told


def test_secrets_need_no_sources_without_errors(hyper: Hyper, source: Path) -> None:
    source.write_text(f'entity :::\n# password = {SECRET}\n"unclosed\n')
    assert _codes(hyper("lint", "--json", "--secrets")) == ["W1101"]
    assert hyper("lint", "--secrets").code == 0
    done = hyper("lint", "--dead", "--json")
    assert done.code == 1
    assert not done.json("lint")["success"]
    assert {code[0] for code in _codes(done)} == {"E"}


def test_warnings_can_be_denied(hyper: Hyper, folder: Path) -> None:
    assert hyper("lint", "--secrets", "--deny-warnings").code == 1
    denied = hyper("lint", "--secrets", "--deny-warnings", "--json")
    assert denied.code == 1
    assert denied.json("lint")["success"] is False
    assert hyper("lint", "--duplicates", "--deny-warnings").code == 0
    (folder / "hyper.toml").write_text("[lint]\ndeny_warnings = true\n")
    assert hyper("lint").code == 1


def test_the_configuration_says_what_is_looked_for(hyper: Hyper, folder: Path) -> None:
    (folder / "hyper.toml").write_text("[lint]\nwarnings = false\nsecrets = true\ndead = true\n")
    assert _codes(hyper("lint", "--json")) == ["W1103", "W1101", "W1103"]
    assert _codes(hyper("lint", "--json", "--warnings")) == ["W0302"]
    (folder / "hyper.toml").unlink()
    (folder / "pyproject.toml").write_text("[tool.hyper.lint]\nsecrets = true\n")
    assert _codes(hyper("lint", "--json")) == ["W1101", "W0302"]


def test_files_are_excepted_by_code(hyper: Hyper, folder: Path) -> None:
    (folder / "demo").mkdir()
    (folder / "demo" / "b.intent").write_text(f'const PASSWORD = "{SECRET}9"\n')
    assert len(_codes(hyper("lint", "--json", "--secrets"))) == 2
    (folder / "hyper.toml").write_text('[lint.allow]\nW1101 = ["demo/*.intent"]\nW0302 = ["**"]\n')
    done = hyper("lint", "--json", "--secrets", "--warnings")
    assert _codes(done) == ["W1101"]
    assert done.json("lint")["diagnostics"][0]["file"] == "a.intent"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[lint]\nsecrts = true\n", "[E0902]: there is no option"),
        ('[lint]\nsecrets = "yes"\n', "is true or false"),
        ("[lint]\nsimilarity = 0.2\n", "from 0.5 to 1"),
        ("[lint]\nsimilarity = true\n", "from 0.5 to 1"),
        ("lint = 3\n", "[lint] is a table"),
        ("[lint]\nallow = 3\n", "a table of codes"),
        ('[lint.allow]\nW1109 = ["a"]\n', "there is no warning"),
        ('[lint.allow]\nE0303 = ["a"]\n', "there is no warning"),
        ("[lint.allow]\nW1101 = 3\n", "a table of codes"),
    ],
)
def test_mistakes_of_the_configuration(hyper: Hyper, folder: Path, table: str, told: str) -> None:
    (folder / "hyper.toml").write_text(table)
    for command in (("lint",), ("lint", "--secrets"), ("check",)):
        done = hyper(*command)
        assert done.code == 1
        assert told in done.err


def test_what_is_private_and_never_used_is_told_once(hyper: Hyper) -> None:
    codes = _codes(hyper("lint", "--json", "--warnings", "--dead"))
    assert codes == ["W1103", "W0302"]


def test_without_roots_nothing_is_dead(hyper: Hyper, source: Path) -> None:
    source.write_text("entity A:\n    x: int\n")
    done = hyper("lint", "--dead")
    assert done.code == 0
    assert "nothing here is a root" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--similarity", "0.9"), "ask for them, too"),
        (("--duplicates", "--similarity", "2"), "from 0.5 to 1"),
        (("--duplicates", "--similarity", "much"), "from 0.5 to 1"),
        (("--secret",), ""),
    ],
)
def test_wrong_calls(hyper: Hyper, words: tuple[str, ...], told: str) -> None:
    done = hyper("lint", *words)
    if told:
        assert done.code == 2
        assert told in done.err


def test_forms(hyper: Hyper) -> None:
    done = hyper("lint", "--secrets", "--json", "--format", "sarif")
    assert done.code == 2
    log = json.loads(hyper("lint", "--secrets", "--format", "sarif").out)
    assert log["runs"][0]["results"][0]["ruleId"] == "W1101"
    assert hyper("lint", "--secrets", "--format", "github").out.startswith("::warning title=W1101")


def test_duplicates_without_the_extra(hyper: Hyper, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "datasketch", None)
    done = hyper("lint", "--duplicates")
    assert done.code == 2
    assert "pip install 'hypercompiler[cache]'" in done.err


def test_duplicates_tell_both_places(hyper: Hyper, folder: Path) -> None:
    pytest.importorskip("datasketch")
    fields = "".join(f"    field_{number}: string @length(1, 90)\n" for number in range(12))
    (folder / "b.intent").write_text(f"entity First:\n{fields}\nentity Second:\n{fields}")
    (item,) = hyper("lint", "--duplicates", "--json").json("lint")["diagnostics"]
    assert item["code"] == "W1102"
    assert "`Second`" in item["message"]
    assert "`First`" in item["message"]
    assert (item["line"], item["related"][0]["line"]) == (15, 1)


def test_a_path_that_is_not_there(hyper: Hyper) -> None:
    for words in (("--secrets",), ()):
        done = hyper("lint", *words, "missing.intent")
        assert done.code == 1
        assert "E0901" in done.err


@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are UTF-8 there")
def test_a_file_whose_name_is_no_utf8_is_in_every_form(hyper: Hyper, folder: Path) -> None:
    with open(os.fsencode(folder) + b"/b\xff.intent", "wb") as stream:
        stream.write(TEXT.encode())
    (folder / "a.intent").unlink()
    for command in (["lint", "--secrets"], ["check"]):
        log = json.loads(hyper(*command, "--format", "sarif").out)
        uris = {
            place["physicalLocation"]["artifactLocation"]["uri"]
            for result in log["runs"][0]["results"]
            for place in result["locations"]
        }
        assert uris == {"b%FF.intent"}
        assert hyper(*command, "--format", "github").code in {0, 1}
        assert json.loads(hyper(*command, "--format", "json").out)["diagnostics"]
