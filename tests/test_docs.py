"""Every command and program in the documentation runs, and prints what the page says."""

from __future__ import annotations

import re
import textwrap
import tomllib
from typing import TYPE_CHECKING, Final

import pytest

from hyper.cli import main
from tests import console
from tests.checkout import ROOT, STOREFRONT, copy_of

if TYPE_CHECKING:
    from pathlib import Path

PAGES: Final = sorted(
    path
    for path in [*(ROOT / "docs").glob("*.md"), STOREFRONT / "README.md"]
    if path.exists() and console.commands(path)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYPER_INCREMENTAL")  # as a reader has it
    tools = console.make_tools(tmp_path / "bin")
    folder = tmp_path / "work"
    folder.mkdir()
    copy_of(ROOT / "examples", folder / "examples")
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


def _fences(text: str, info: str) -> list[str]:
    """The fenced blocks of a page with this word behind the fence, without their indentation."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, word, block in found if word == info]


def test_the_readme_shows_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / ".git").mkdir()
    shop = copy_of(STOREFRONT, tmp_path / "examples" / "storefront")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in shop.rglob("*.intent"))
    (intent,) = _fences(readme, "intent")
    for part in intent.strip().split("\n\n"):
        assert part in sources
    assert main(["build", "examples/storefront", "-o", "dist"]) == 0
    shown, error = _fences(readme, "")
    # Sizes and times are as they were when they were taken.
    vague = re.compile(r"[\d,.]+ (kB|s)\b|\(.*\)")
    assert vague.sub("", capsys.readouterr().out) == vague.sub("", shown)
    (function,) = _fences(readme, "python")
    package = (tmp_path / "dist" / "storefront" / "pricing.py").read_text(encoding="utf-8")
    assert function.removesuffix("    ...\n") in package
    (page,) = re.findall(
        r"```intent\n(.*?)```", (ROOT / "docs/diagnostics/E0610.md").read_text(), re.DOTALL
    )[:1]
    (tmp_path / "fees.intent").write_text(page)
    assert main(["check", "fees.intent"]) == 1
    assert error.strip() in capsys.readouterr().err
