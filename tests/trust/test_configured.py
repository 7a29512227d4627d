"""Configurations and variables that are garbage: a diagnostic, never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from hyper.cli.main import FAILED, USAGE, main
from hyper.engine.options import KEYS
from tests.trust.command import hyper

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = {
    "binary": bytes(range(256)),
    "UTF-16": "package = 'a'".encode("utf-16"),
    "NUL": b"package = 'a\0'",
    "large": b"# " + b"x" * 10_000_000,
    "deep list": b"package = " + b"[" * 100_000,
    "deep table": b"package = " + b"{a = " * 100_000,
    "deep key": b"a." * 5_000 + b"a = 1",
    "deep header": b"[" + b"a." * 20_000 + b"a]",
    "long number": b"package = " + b"9" * 100_000,
    "NUL in out": b'out = "a\\u0000b"',
    "NUL in source": b'source = "a\\u0000b"',
    "source that leaves": b'source = "../../../../../../../../etc"',
    "source that is not there": b'source = "nowhere"',
    "source that is a file": b'source = "hyper.toml"',
    "long out": b'out = "' + b"x" * 100_000 + b'"',
    "device": b'out = "/dev/null"',
    "package that leaves": b'package = "../up"',
    "twice": b"package = 'a'\npackage = 'b'",
}
VALUES: Final = [
    *("1", "-1.5", "nan", "''", "[]", "[1]", "[[]]", "{}", "{a = 1}", "2026-01-01", "00:00:00"),
    *('"\\u0000"', '"\\uFFFF"', '["python", 1]', '["python", []]'),
]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.intent").write_text("entity Thing:\n    x: int\n")
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> None:
    """The command ends with 1 and an error of a configuration, a path or the output."""
    assert main([*words, "--json"]) == FAILED
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [item for item in found if item["code"].startswith("E09")]


@pytest.mark.parametrize("name", FILES)
def test_garbage_in_a_file(name: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "hyper.toml").write_bytes(FILES[name])
    refused(capsys, "build")
    assert sorted(path.name for path in tree.iterdir()) == [".git", "a.intent", "hyper.toml"]


@pytest.mark.parametrize("name", FILES)
def test_garbage_in_a_pyproject(name: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be somebody else's, and then it is not ours to judge."""
    (tree / "pyproject.toml").write_bytes(b"[tool.hyper]\n" + FILES[name])
    assert main(["check", "--json"]) in {0, FAILED}
    assert "diagnostics" in json.loads(capsys.readouterr().out)


def _is_right(key: str, value: str) -> bool:
    """Whether a value is one that the option can have."""
    if key in {"out", "cache", "profile"}:
        return value == '"\\uFFFF"'
    if key == "hardware":
        return value == "{}"  # no tables of profiles
    numbers = {
        *("cache_size", "cache_age", "memory", "processes", "jit", "codegen_units"),
        "gpu_memory",
    }
    return value == "1" and key in numbers


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key in KEYS for value in VALUES if not _is_right(key, value)],
)
def test_values_of_wrong_kinds(
    key: str, value: str, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "hyper.toml").write_text(f"{key} = {value}\n")
    refused(capsys, "build")


@pytest.mark.parametrize("value", ["", "\udcff", "a\n", "\x01", "x" * 100_000, "[", "\u202e", "{}"])
@pytest.mark.parametrize("key", [*KEYS, "", "\udcff", "a b", "X" * 10_000])
def test_garbage_in_a_variable(
    key: str,
    value: str,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"HYPER_{key.upper()}", value)
    if key in {"out", "cache", "profile", "kernels"} and value:
        assert main(["build", "--json"]) in {0, FAILED}
    else:
        refused(capsys, "build")
    assert (tree / "a.intent").exists()
    for command in (["check"], ["fmt", "--check"], ["doctor"], ["run", "f"], ["explain", "f"]):
        assert main(command) in {0, FAILED, USAGE}


def test_variables_of_odd_bytes_in_a_shell(tree: Path) -> None:
    for encoding in ("utf-8", "ascii"):
        more = {"HYPER_PACKAGE": "\udcff\udcfe", "HYPER_\udcff": "1", "PYTHONIOENCODING": encoding}
        done = hyper(tree, "build", more=more)
        assert (done.code, "Traceback" in done.text) == (1, False), done.text


def test_the_variables_of_the_tests_are_no_options(tree: Path) -> None:
    assert hyper(tree, "check", more={"HYPER_LONG": "1"}).code == 0
