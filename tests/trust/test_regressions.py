"""What once broke, in its smallest form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hyper import hyperCompile
from hyper.base.fs import Disk
from hyper.cli.main import FAILED, OK, USAGE, main

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


MOMENT = "2026-03-01T12:00:00Z"
AMOUNTS = """\
type Amount = decimal(6, 2) @range(0, 1_000)

entity Note:
    made: datetime = now()
    text?: string

calc kept(amount: Amount) -> Amount:
    amount

calc whole(number: int) -> int:
    number

calc raw(data: bytes) -> int:
    length(data)

calc huge(value: float) -> float:
    value * 1e308

calc when_made(note: Note) -> datetime:
    note.made

rule told on Note:
    require text is not none else "say something"
"""


@pytest.mark.parametrize("tier", ["0", "1"])
@pytest.mark.parametrize(
    ("name", "args", "value"),
    [
        ("kept", "[1]", "1.00"),
        ("kept", "[1.005]", None),
        ("kept", "[1001]", None),
        ("whole", "[7]", 7),
        ("whole", "[true]", None),
        ("whole", '["7"]', None),
        ("whole", "[9223372036854775808]", None),
        ("raw", '["aGk="]', 2),
        ("raw", '["aGk"]', None),
        ("huge", "[1e10]", "Infinity"),
        ("when_made", f'[{{"made": "{MOMENT}"}}]', MOMENT),
        ("told", "{}", None),
        ("told", f'{{"made": "{MOMENT}", "text": "a"}}', {"made": MOMENT, "text": "a"}),
    ],
)
def test_both_tiers_read_and_write_alike(  # noqa: PLR0917
    tier: str,
    name: str,
    args: str,
    value: object,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = tmp_path / "a.intent"
    source.write_text(AMOUNTS, encoding="utf-8")
    words = ["run", name, str(source), "--args", args, "--tier", tier, "--json"]
    code = main([*words, "--now", MOMENT])
    said = json.loads(capsys.readouterr().out)
    assert code == (FAILED if value is None else OK)
    assert said.get("value") == value
    if value is None:
        assert said["error"]["code"] == ("refused" if name == "told" else "input")


def test_a_default_of_the_arguments_reads_the_clock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.intent"
    source.write_text(AMOUNTS, encoding="utf-8")
    words = ["run", "when_made", str(source), "--args", "[{}]", "--json", "--now", MOMENT]
    assert main(words) == OK
    assert json.loads(capsys.readouterr().out)["value"] == MOMENT
