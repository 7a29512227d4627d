"""``hyper run --record`` and ``hyper tune``: what is recorded, and that nothing is kept that does not pay or changes an answer."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import msgspec
import pytest

from hyper.engine.tuning import tune as tuning
from hyper.jit.profiles import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

ROWS: Final = 40
SOURCE: Final = (
    "table fee(code: int) -> int, unique:\n    code => result\n"
    + "".join(f"    {code:<4} => {code * 10}\n" for code in range(ROWS))
    + f"    not 0..{ROWS - 1} => 1 // (code - {ROWS})\n"
    + f"""
calc dearest(codes: list[int]) -> int:
    max(fee(code) for code in codes)

feature "Fees":
    scenario "the last ones":
        given codes = [{ROWS - 1}, {ROWS - 2}, {ROWS - 1}]
        when found = dearest(codes)
        then found == {(ROWS - 1) * 10}
"""
)


@pytest.fixture
def sources(folder: Path) -> Path:
    (folder / "fees.intent").write_text(SOURCE)
    (folder / "hyper.toml").write_text('package = "shop"\n')
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, float]]:
    """What is measured, instead of measuring."""
    spent = {tuning.BASELINE: {"fees.fee": 200.0}, tuning.TUNED: {"fees.fee": 100.0}}
    monkeypatch.setattr(tuning, "_times", lambda _folder, rounds: spent if rounds else {})
    return spent


def test_runs_add_up_in_a_file(hyper: Hyper, sources: Path) -> None:
    for code in (3, 3, 4):
        done = hyper("run", "fee", "--args", f"[{code}]", "--record", "runs.profile")
        assert (done.code, done.out, done.err) == (0, f"{code * 10}\n", "")
    assert hyper("run", "fee", "--args", "[5]", "--record", "runs.profile", "--why").code == 0
    failed = hyper("run", "fee", "--args", f"[{ROWS}]", "--record", "runs.profile", "--tier", "1")
    assert "division_by_zero" in failed.err
    (fee,) = load(str(sources / "runs.profile")).functions.values()
    assert fee.calls == 5
    assert fee.decisions[0][3:6] == (2, 1, 1)
    assert fee.decisions[0][ROWS] == 1


def test_the_rows_of_a_file_are_recorded(hyper: Hyper, sources: Path) -> None:
    pytest.importorskip("pyarrow")
    (sources / "codes.csv").write_text("code\n3\n3\n39\n40\n")
    words = ("run", "fee", "--data", "codes.csv", "--record", "runs.profile")
    done = hyper(*words)
    assert (done.code, done.out) == (1, '"value"\n30\n30\n390\n\n')
    assert "4 rows: 1 error; 4 in Python, " in done.err
    assert "machine code" not in done.err  # nothing is switched off
    (fee,) = load(str(sources / "runs.profile")).functions.values()
    assert (fee.calls, fee.decisions[0][3], fee.decisions[0][39:]) == (4, 2, (1, 1))
    assert hyper(*words, "--tier", "2").code == 2
    (sources / "thesis.txt").write_text("years of work")
    assert hyper(*words[:-1], "thesis.txt").code == 2
    assert (sources / "thesis.txt").read_text() == "years of work"


def test_a_record_does_not_take_the_place_of_another_file(hyper: Hyper, sources: Path) -> None:
    (sources / "thesis.txt").write_text("years of work")
    done = hyper("run", "fee", "--args", "[1]", "--record", "thesis.txt")
    assert done.code == 2
    assert "thesis.txt: it is not a profile" in done.err
    assert (sources / "thesis.txt").read_text() == "years of work"


@pytest.mark.usefixtures("quick")
def test_a_gain_is_kept_and_built_for(hyper: Hyper, sources: Path) -> None:
    done = hyper("tune", "-o", "dist")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:6] == [
        "recorded  2 functions, 4 calls",
        "rows      fees.fee  40 rows moved; 200 ns a call, 100 ns after",
        "answers   equal for 44 inputs: both builds, and tier 0",
        "gain      2.00 times as fast, calls of these tables",
        "wrote     hyper.profile; dist/shop is built for it",
        'next      profile = "hyper.profile" in the configuration',
    ]
    assert lines[-1].startswith("measure   hyperfine '")
    text = (sources / "dist" / "shop" / "fees.py").read_text()
    assert text.index("return 390") < text.index("return 380") < text.index("return 0")
    again = hyper("build", "-o", "dist", "--profile", "hyper.profile")
    assert "unchanged" in again.out
    assert " written" not in again.out
    back = hyper("build", "-o", "dist", "--profile", "hyper.profile", "--profile-effort", "none")
    assert back.code == 0
    text = (sources / "dist" / "shop" / "fees.py").read_text()
    assert text.index("return 0") < text.index("return 390")


@pytest.mark.usefixtures("quick")
def test_a_dry_run_writes_nothing(hyper: Hyper, sources: Path) -> None:
    done = hyper("tune", "--dry-run", "--json")
    told = done.json("tune")
    assert (told["gain"], told["profile"]) == (2.0, None)
    assert sorted(each.name for each in sources.iterdir()) == [
        ".git",
        ".hyper",
        "fees.intent",
        "hyper.toml",
    ]


@pytest.mark.usefixtures("quick")
def test_what_came_with_a_tree_is_neither_followed_nor_run(hyper: Hyper, sources: Path) -> None:
    outside = sources.parent / "outside"
    (outside / "tuned_package").mkdir(parents=True)
    (outside / "mine").write_text("years of work")
    place = sources / ".hyper" / "tune"
    (place / "tuned").mkdir(parents=True)
    (place / "tuned" / "sitecustomize.py").write_text("raise SystemExit(7)")
    (place / "baseline").symlink_to(outside)
    (place / "calls.json").symlink_to(outside / "mine")
    assert hyper("tune").code == 0
    assert not (place / "tuned" / "sitecustomize.py").exists()
    assert not (place / "calls.json").is_symlink()
    assert (outside / "mine").read_text() == "years of work"
    assert list((outside / "tuned_package").iterdir()) == []
    shutil.rmtree(place)
    place.symlink_to(outside)
    done = hyper("tune")
    assert (done.code, "is a link" in done.err) == (2, True)
    assert sorted(path.name for path in outside.iterdir()) == ["mine", "tuned_package"]


@pytest.mark.usefixtures("quick")
def test_a_profile_is_replaced_as_a_whole(
    hyper: Hyper, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hyper("tune").code == 0
    before = (sources / "hyper.profile").read_bytes()
    full = mock.Mock(side_effect=OSError(28, "No space left on device"))
    monkeypatch.setattr("hyper.cli.commands.tune.encode", full)
    assert hyper("tune").code == 2
    assert (sources / "hyper.profile").read_bytes() == before


def test_without_a_gain_the_baseline_is_kept(
    hyper: Hyper, sources: Path, quick: dict[str, dict[str, float]]
) -> None:
    quick[tuning.TUNED]["fees.fee"] = 199.0
    done = hyper("tune")
    assert done.code == 0
    assert "gain      none (1.01 times as fast): the baseline is kept" in done.out
    assert not (sources / "dist").exists()
    assert not (sources / "hyper.profile").exists()


def test_where_nothing_moves_that_is_told(hyper: Hyper, sources: Path) -> None:
    hyper("run", "fee", "--args", "[0]", "--record", "runs.profile")
    done = hyper("tune", "--from", "runs.profile")
    assert done.code == 0
    assert "there is nothing to move" in done.out
    assert "the baseline is kept" in done.out
    assert not (sources / "dist").exists()


@pytest.mark.usefixtures("quick")
def test_answers_that_differ_are_not_kept(
    hyper: Hyper, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tuning._asked

    def wrong(folder: str, kind: str, what: str) -> dict[str, Any]:
        found = asked(folder, kind, what)
        if kind == tuning.TUNED:
            found["fees.fee"][3]["value"] += 1
        return found

    monkeypatch.setattr(tuning, "_asked", wrong)
    done = hyper("tune")
    assert done.code == 1
    assert "answers   differ for fees.fee: the baseline is kept" in done.out
    assert not (sources / "hyper.profile").exists()


def test_several_profiles_and_stale_ones(
    hyper: Hyper, sources: Path, quick: dict[str, dict[str, float]]
) -> None:
    for place, code in enumerate((7, 8, 8)):
        hyper("run", "fee", "--args", f"[{code}]", "--record", f"{place % 2}.profile")
    path = sources / "fees.intent"
    done = hyper("tune", "--from", "0.profile", "--from", "1.profile", "--into", "both.profile")
    assert done.code == 0
    (fee,) = load(str(sources / "both.profile")).functions.values()
    assert fee.decisions[0][7:9] == (1, 2)
    path.write_text(path.read_text().replace("=> 70", "=> 71"))
    done = hyper("tune", "--from", "both.profile", "--json")
    assert [each["code"] for each in done.json("tune")["diagnostics"]] == ["W0904"]
    assert done.json("tune")["tables"] == []
    assert quick


@pytest.mark.usefixtures("quick")
def test_the_rows_of_a_file_are_what_is_tuned_for(hyper: Hyper, sources: Path) -> None:
    pytest.importorskip("pyarrow")
    (sources / "codes.csv").write_text("code\n7\n8\n8\n40\nseven\n")
    hyper("run", "fee", "--args", "[8]", "--record", "runs.profile")
    done = hyper("tune", "--data", "fee=codes.csv", "--from", "runs.profile", "-o", "dist")
    assert done.code == 0
    assert done.err == "hyper: codes.csv: 1 of 5 rows cannot be read as fees.fee\n"
    assert "recorded  1 function, 5 calls" in done.out
    (fee,) = load(str(sources / "hyper.profile")).functions.values()
    assert (fee.decisions[0][7:9], fee.decisions[0][40]) == ((1, 3), 1)
    text = (sources / "dist" / "shop" / "fees.py").read_text()
    assert text.index("return 80") < text.index("return 70") < text.index("return 0")


@pytest.mark.usefixtures("quick")
def test_rows_are_among_the_inputs_that_both_builds_are_asked(hyper: Hyper, sources: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = "".join(f"{code}\n" for code in (*range(-9, 0), 39, 39))
    (sources / "codes.csv").write_text("code\n" + rows)
    plain = hyper("tune", "--from", str(_recorded(hyper)), "--dry-run", "--json").json("tune")
    with_rows = hyper("tune", "--data", "fees.fee=codes.csv", "--dry-run", "--json").json("tune")
    assert with_rows["success"]
    assert with_rows["inputs"] == plain["inputs"] + 9


def _recorded(hyper: Hyper) -> str:
    hyper("run", "fee", "--args", "[39]", "--record", "runs.profile")
    return "runs.profile"


def test_rows_that_fit_no_function_are_wrong_usage(hyper: Hyper, sources: Path) -> None:
    pytest.importorskip("pyarrow")
    (sources / "codes.csv").write_text("cod\n7\n")
    for words, told in (
        ("codes.csv", "'codes.csv' is not NAME=FILE"),
        ("feee=codes.csv", "did you mean fee"),
        ("fee=absent.csv", "--data: absent.csv: no such file"),
        ("fee=fees.intent", "a table is known by the end of its name"),
        ("fee=codes.csv", "there is no column code"),
    ):
        done = hyper("tune", "--data", words)
        assert (done.code, told in done.err) == (2, True), done.err


def test_what_is_no_profile_is_wrong_usage(hyper: Hyper, sources: Path) -> None:
    (sources / "thesis.txt").write_text("years of work")
    for words in (["--from", "thesis.txt"], ["--from", "absent.profile"]):
        assert hyper("tune", *words).code == 2


def test_times_are_measured_in_processes(hyper: Hyper, sources: Path) -> None:
    done = hyper("tune", "--fast", "--dry-run", "--json")
    (table,) = done.json("tune")["tables"]
    assert table["before"] > 0
    assert table["after"] > 0
    assert msgspec.json.encode(done.json("tune")["commands"]).count(b"replay") == 2
    assert (sources / ".hyper" / "tune" / "baseline").is_dir()


@pytest.mark.usefixtures("quick")
def test_machine_code_is_asked_where_it_is_a_target(hyper: Hyper, sources: Path) -> None:
    pytest.importorskip("llvmlite")
    (sources / "hyper.toml").write_text('package = "shop"\ntarget = ["python", "native"]\n')
    done = hyper("tune", "-o", "dist")
    assert (done.code, done.err) == (0, "")
    assert "answers   equal for 44 inputs" in done.out
    for place in (sources / ".hyper" / "tune" / "baseline", sources / "dist"):
        assert list(place.rglob("*.so"))
    codes = {
        path.name: path.read_bytes()
        for kind in ("baseline", "tuned")
        for path in (sources / ".hyper" / "tune" / kind).rglob("*fees*.so")
    }
    assert len(codes) == len(set(codes.values())) > 1
