"""The tables of docs/scale.md are what their commands print: the quick ones with all pages, those of a million units here."""

from __future__ import annotations

import os
import re
import shlex
from typing import Final

import pytest

from hyper.cli import main
from tests import console
from tests.checkout import ROOT

PAGE: Final = ROOT / "docs" / "scale.md"
LONG: Final = re.findall(
    r"^```text\n\$ hyper (.*)\n([^`]*)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


def test_there_are_tables_of_both_kinds() -> None:
    assert len(LONG) == 2
    quick = [each.text for each in console.commands(PAGE)]
    assert len(quick) >= 5
    for command in [*quick, *(command for command, _ in LONG)]:
        assert "worker simulate" in command


@pytest.mark.skipif("HYPER_LONG" not in os.environ, reason="takes minutes: --full")
@pytest.mark.parametrize(("command", "table"), LONG, ids=["one build", "many builds"])
def test_a_million_units(
    command: str, table: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out.splitlines() == table.splitlines()
