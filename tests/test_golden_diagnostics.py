"""Every diagnostic code: its page, and a case whose output is compared with what it was.

A case is a folder ``tests/golden/diagnostics/CODE`` or ``CODE-word``: intent files, and a configuration where it needs one.
``hyper check`` runs in a copy of it; ``arguments.txt`` names other arguments, ``absent.txt`` a package that cannot be imported
meanwhile. ``expected.txt`` holds what is printed to
stderr, and is written anew with ``HYPER_UPDATE_GOLDEN=1``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from hyper.base.codes import CODES
from hyper.cli import main

ROOT: Final = Path(__file__).resolve().parents[1]
CASES: Final = ROOT / "tests" / "golden" / "diagnostics"
PAGES: Final = ROOT / "docs" / "diagnostics"
LINT: Final = ["lint", "--secrets", "--duplicates", "--dead"]
LINTED: Final = frozenset({"W1101", "W1102", "W1103"})
NAMES: Final = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def _run(case: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    shutil.copytree(case, folder, dirs_exist_ok=True, symlinks=True)
    given = folder / "arguments.txt"
    arguments = shlex.split(given.read_text()) if given.exists() else ["check"]
    main(arguments)
    captured = capsys.readouterr()
    return captured.err.replace(str(folder), "FOLDER")


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    # A folder with .git ends the search for a configuration.
    (tmp_path / ".git").mkdir()


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("name", NAMES)
def test_case(
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES / name
    if (case / "absent.txt").exists():
        monkeypatch.setitem(sys.modules, (case / "absent.txt").read_text().strip(), None)
    code = name.partition("-")[0]
    printed = _run(case, tmp_path, capsys)
    expected = case / "expected.txt"
    if os.environ.get("HYPER_UPDATE_GOLDEN"):
        expected.write_text(printed, encoding="utf-8")
    assert f"[{code}]" in printed, printed
    assert expected.exists(), "no expected.txt: run once with HYPER_UPDATE_GOLDEN=1, and read it"
    assert printed == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(CODES))
def test_code_has_a_page_and_a_case(code: str) -> None:
    page = PAGES / f"{code}.md"
    assert page.exists(), f"docs/diagnostics/{code}.md is missing"
    first = page.read_text(encoding="utf-8").partition("\n")[0]
    assert first == f"# {code} {CODES[code].title}"
    cases = [name for name in NAMES if name.partition("-")[0] == code]
    assert cases, f"tests/golden/diagnostics/{code} is missing"


def test_pages_and_cases_are_of_known_codes() -> None:
    named = {path.stem for path in PAGES.glob("[EW]*.md")}
    named |= {name.partition("-")[0] for name in NAMES}
    assert named <= set(CODES)


def _examples(code: str) -> tuple[dict[str, str], list[str]]:
    """The files that a page names, as ```intent shop/money.intent, and its other examples in order."""
    page = PAGES / f"{code}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = re.findall(r"^```intent(?: (\S+))?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return {name: body for name, body in found if name}, [body for name, body in found if not name]


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("code", [code for code in sorted(CODES) if len(_examples(code)[1]) >= 2])
def test_page_shows_the_mistake_and_its_mending(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside, examples = _examples(code)
    for name, body in beside.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body, encoding="utf-8")
    path = tmp_path / "example.intent"
    path.write_text(examples[0], encoding="utf-8")
    command = LINT if code in LINTED else ["test"]
    main(command)
    assert f"[{code}]" in capsys.readouterr().err, "the first example does not show the mistake"
    path.write_text(examples[-1], encoding="utf-8")
    main(command)
    assert f"[{code}]" not in capsys.readouterr().err, "the last example still has the mistake"
