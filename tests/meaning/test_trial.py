"""The command that tries random programs: it goes on where it was, and finds which program of a build is wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hyper.ir.program import CalcDef, RuleDef, TableDef
from hyper.ir.text import dump_node
from tests.meaning import trial
from tests.meaning.groups import drawn, reduced
from tests.meaning.shrinking import Case, shrunk
from tests.meaning.trial import ENDED, Part, read, run

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.ir.program import Module

pytest.importorskip("llvmlite")

# Stands for the worker: seed 3 differs, a build with seed 5 ends the process, and seed 8 breaks its build.
WORKER = """
import json, os, sys
start, count, group = (int(sys.argv[sys.argv.index(name) + 1]) for name in ("--start", "--count", "--group"))
for first in range(start, start + count, group):
    seeds = range(first, min(first + group, start + count))
    if 5 in seeds:
        os._exit(1)
    if 8 in seeds:
        print(json.dumps({"broken": "no build"}), flush=True)
        continue
    wrong = [[3, "differs"]] if 3 in seeds else []
    print(json.dumps({"counts": {"programs": len(seeds), "same": 1}, "differences": wrong}), flush=True)
"""


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "worker.py"
    path.write_text(WORKER)

    def command(part: Part, *_flags: str) -> list[str]:
        numbers = {"--start": part.start, "--count": part.number, "--group": part.group}
        return [
            sys.executable,
            str(path),
            *[str(each) for pair in numbers.items() for each in pair],
        ]

    monkeypatch.setattr(Part, "command", command)


@pytest.mark.usefixtures("worker")
def test_each_failure_is_found_and_what_is_done_is_not_done_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = str(tmp_path / "state.json")
    first = run(Part(0, 6, 2, all=False), state, most=20)
    assert first.failures == [[3, "differs"], [5, ENDED]]
    assert (first.next, first.counts["programs"]) == (6, 6)
    whole = run(Part(0, 12, 2, all=False), state, most=20)
    assert [seed for seed, _ in whole.failures] == [3, 5, 8]
    assert (whole.next, whole.counts["programs"]) == (12, 12)
    assert read(state, 0).failures == whole.failures
    told = capsys.readouterr().err
    assert told.count("FAILED, seed ") == 3
    assert "--start 5 --count 1" in told


@pytest.mark.usefixtures("worker")
def test_it_ends_after_so_many_failures() -> None:
    found = run(Part(0, 100, 1, all=False), None, most=1)
    assert (found.failures, found.next) == ([[3, "differs"]], 4)


def _last(seed: int) -> tuple[Module, str]:
    """The program of a seed, and the name of its last function."""
    made = drawn(seed).module
    last = made.definitions[-1]
    assert isinstance(last, CalcDef | TableDef | RuleDef)
    return made, last.name


def test_a_program_that_fails_is_made_smaller() -> None:
    def fails(case: Case) -> bool:
        return "end_of_month" in dump_node(case.module.definitions[-1]) and 7 in case.rows[0]

    made = next(
        Case(program, f"{program.name}.{name}", [[1], [7]])
        for seed in range(400)
        for program, name in [_last(seed)]
        if "end_of_month" in dump_node(program.definitions[-1])
    )
    found = shrunk(made, fails)
    assert found.rows == [[7]]
    assert len(found.module.definitions) == 1
    assert len(dump_node(found.module.definitions[0])) < 600


def test_what_does_not_fail_is_not_made_smaller() -> None:
    assert reduced(3) is None


def test_the_command_tries_programs(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.argv
    sys.argv = ["trial", "--start", "40", "--count", "2", "--group", "2"]
    try:
        assert trial.main() == 0
    finally:
        sys.argv = before
    out, err = capfd.readouterr()
    assert "2 programs" in out
    assert "0 failed" in err
