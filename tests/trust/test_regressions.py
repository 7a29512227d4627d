"""What once broke, in its smallest form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hyper import hyperCompile
from hyper.base.fs import Disk
from hyper.cli.main import USAGE, main

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.mark.parametrize(
    "words",
    [
        ["--json"],
        ["bulid", "--json"],
        ["build", "--tier", "agressive", "--json"],
        ["doctor", "more", "--json"],
        ["import", "--json"],
        ["completion", "tcsh", "--json"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_an_object_too(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == USAGE
    said = capsys.readouterr()
    value = json.loads(said.out)
    assert value["success"] is False
    assert value["error"]["code"] == "usage"
    assert said.err == ""


@pytest.mark.parametrize(
    "more",
    [
        ["--args", "[1]", "--now", "0001-01-01T00:00:00+23:00"],
        ["--args", "[1]", "--now", "9999-12-31T23:59:59-23:00"],
        ["--args", "[" * 100_000],
    ],
    ids=["before time", "after time", "deep"],
)
def test_hostile_arguments_of_run_are_wrong_usage(more: list[str], tmp_path: Path) -> None:
    source = tmp_path / "a.intent"
    source.write_text("calc f(x: int) -> int:\n    x\n", encoding="utf-8")
    assert main(["run", "f", str(source), *more]) == USAGE


def test_a_build_that_another_one_overtakes_knows_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.intent").write_text(f"entity {name.title()}:\n    a: int\n")
    out = tmp_path / "out"
    lock = Disk.lock
    overtaken: list[str] = []

    def overtake(self: Disk, folder: str) -> AbstractContextManager[None]:
        if not overtaken:
            overtaken.append(folder)
            assert hyperCompile(str(tmp_path / "two.intent"), out=str(out), package="shop").success
        return lock(self, folder)

    monkeypatch.setattr(Disk, "lock", overtake)
    result = hyperCompile(str(tmp_path / "one.intent"), out=str(out), package="shop")
    assert overtaken
    assert not result.diagnostics
    assert (out / "shop" / "one.py").exists()
    assert not (out / "shop" / "two.py").exists()
