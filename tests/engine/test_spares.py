"""The spare folder of a large output, as builds keep it beneath the cache's folder."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from hyper.base import spare
from hyper.cli.main import main
from hyper.engine import spares
from hyper.engine.compiler import hyper_compile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(spare, "LEAST", 1)
    monkeypatch.setenv("HYPER_INCREMENTAL", "on")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "intents").mkdir()
    for number in range(12):
        (tmp_path / "intents" / f"unit_{number}.intent").write_text("entity E:\n    size: int\n")
    _edit(tmp_path, 0)
    _edit(tmp_path, 1)
    return tmp_path


def _edit(project: Path, number: int) -> None:
    text = f"entity E:\n    size: int @range(0, {number + 1})\n"
    (project / "intents" / "unit_3.intent").write_text(text)
    assert hyper_compile("intents", out="out", memory=0).success


def _files(folder: Path) -> dict[Path, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in found}


def _away(project: Path) -> list[str]:
    return sorted(os.listdir(project / ".hyper" / "spares"))


def test_an_edit_is_made_of_the_folder_before_the_last(project: Path) -> None:
    (name,) = _away(project)
    folder = (project / ".hyper" / "spares" / name).stat().st_ino
    _edit(project, 2)
    assert (project / "out" / "app").stat().st_ino == folder
    assert _away(project) == [name]
    assert hyper_compile("intents", out="whole", memory=0, incremental=False).success
    assert _files(project / "out") == _files(project / "whole")


def test_a_spare_that_nobody_used_goes(project: Path) -> None:
    cache = project / ".hyper"
    (cache / "spares" / "mine").mkdir()
    spares.sweep(str(cache), 3600)
    (name, mine) = _away(project)
    then = time.time() - 7200
    os.utime(cache / "spares" / name, (then, then))
    spares.sweep(str(cache), 3600)
    assert _away(project) == [mine] == ["mine"]


def test_a_spare_goes_as_a_whole(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that takes it while it is removed has all of it, or none; what a kill left of one goes later."""
    cache = project / ".hyper"
    (name,) = _away(project)

    def killed(_path: str, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise OSError

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        spares.sweep(str(cache), -1)
    assert name not in _away(project)
    assert len(_away(project)) == 1
    spares.sweep(str(cache), 3600)
    assert _away(project) == []


def test_clearing_the_cache_removes_it(project: Path) -> None:
    assert main(["cache", "clear"]) == 0
    assert _away(project) == []
