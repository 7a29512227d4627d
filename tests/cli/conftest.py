"""The command line, run in this process, in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator

from hyper.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS: Final = Path(__file__).resolve().parents[2] / "docs" / "schemas"


class Done(msgspec.Struct, frozen=True):
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    def json(self, schema: str) -> dict[str, Any]:
        """The one object on stdout, checked against its published schema."""
        value: dict[str, Any] = json.loads(self.out)
        document = json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(document)
        Draft202012Validator(document).validate(value)
        return value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: empty, and the root of a repository."""
    place = tmp_path / "work"
    (place / ".git").mkdir(parents=True)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def hyper(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run ``hyper`` with words, in the working folder."""
    assert folder.is_dir()

    def run(*words: str) -> Done:
        capsys.readouterr()
        code = main(list(words))
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture
def tree(hyper: Callable[..., Done], folder: Path) -> Path:
    """A tree that ``hyper init`` made, in the working folder."""
    assert hyper("init", "--package", "shop").code == 0
    return folder
