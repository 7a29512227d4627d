"""Every command and program in the documentation runs, and prints what the page says."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests import console

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = sorted(
    path
    for path in [*(ROOT / "docs").glob("*.md"), ROOT / "examples" / "storefront" / "README.md"]
    if path.exists() and console.commands(path)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYPER_INCREMENTAL")  # as a reader has it
    tools = console.make_tools(tmp_path / "bin")
    folder = tmp_path / "work"
    folder.mkdir()
    ours = shutil.ignore_patterns(".hyper", "__pycache__")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=ours)
    (folder / ".git").mkdir()
    for command in console.commands(page):
        code, printed = console.run(command, folder, tools)
        place = f"{page.name}:{command.line}: $ {command.text}\n{printed}"
        assert code == command.code, place
        assert console.matches(command.output, printed), f"{place}\n--- expected\n{command.output}"


def test_the_pages_of_commands_are_run() -> None:
    assert {"cli.md", "api.md", "cache.md"} <= {page.name for page in PAGES}


def test_the_guide_says_what_a_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z-]+>=[\d.]+)`", guide))
    assert len(told) == 4
    assert told <= set(project["dependencies"])


@pytest.mark.parametrize(
    ("expected", "printed", "result"),
    [
        ("", "", True),
        ("a", "b", False),
        ("a ... c", "a b c", True),
        ("a...", "a\nb\nc", True),
        ("1.5", "1x5", False),
        ("...", "", True),
    ],
)
def test_matching(expected: str, printed: str, result: bool) -> None:
    assert console.matches(expected, printed) is result
