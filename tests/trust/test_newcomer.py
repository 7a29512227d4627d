"""What a newcomer writes out of habit, and what the compiler says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("written", "meant"),
    [("null", "none"), ("None", "none"), ("True", "true"), ("False", "false")],
)
def test_a_constant_of_another_language_is_told_by_its_name_here(
    written: str, meant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = "int?" if meant == "none" else "bool"
    source = tmp_path / "habit.intent"
    source.write_text(f"calc same(a: {kind}) -> bool: a == {written}\n")
    assert main(["check", str(source)]) == 1
    assert f"did you mean `{meant}`?" in capsys.readouterr().err
