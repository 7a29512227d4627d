"""The contest of a build for a profile and one without: the same answers, from inputs that are skewed as they say."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper.bench.contest.skewed import CODE, FUNCTION, MODULE, OTHER, ROWS, code_at, inputs, source
from hyper.engine.recording import Recorder
from hyper.engine.training import Training
from hyper.ir.interpreter import Interpreter
from hyper.jit.profiles import encode

if TYPE_CHECKING:
    from pathlib import Path


def test_inputs_are_skewed_and_the_same_on_every_machine() -> None:
    rows = collections.Counter(code // 1000 * 2 + amount // 500 for code, amount in inputs(5000, 3))
    most = rows.most_common()
    assert set(rows) <= set(range(ROWS))
    assert most[0][1] > 500
    assert sum(count for _, count in most[:20]) > 2500
    even = collections.Counter(code // 1000 for code, _ in inputs(5000, 3, even=True))
    assert max(even.values()) < 100
    assert inputs(3, 3) == inputs(3, 3)
    assert inputs(3, 3) != inputs(3, 4)


@pytest.mark.parametrize("rows", [21, 200, 201])
def test_a_table_has_a_row_for_each_input(rows: int) -> None:
    """And the code that is recorded has rows of its own, in its middle, other than another one."""
    assert len(source(rows).splitlines()) == 2 + rows + rows % 2
    assert max(code for code, _ in inputs(5000, 1, rows, even=True)) // 1000 < (rows + 1) // 2
    assert (code_at(CODE), code_at(OTHER)) == (57_500, 23_500)
    recorded, other = code_at(CODE, rows), code_at(OTHER, rows)
    assert {code for code, _ in inputs(50, 1, rows, code=recorded)} == {recorded}
    assert 0 <= other // 1000 < recorded // 1000 < (rows + 1) // 2


TABLE: Final = 60


@pytest.mark.parametrize("code", [None, code_at(CODE, TABLE)])
def test_both_sides_give_the_same(tmp_path: Path, code: int | None) -> None:
    np = pytest.importorskip("numpy")
    pytest.importorskip("llvmlite")
    from hyper.bench.contest.ours import program_of
    from hyper.bench.contest.profiled import prepare

    program = program_of(source(TABLE), MODULE)
    recorder = Recorder(program)
    interpreter = Interpreter(program, watch=recorder)
    given = inputs(300, 2, TABLE, code=code)
    expected = [interpreter.run(f"{MODULE}.{FUNCTION}", row) for row in given]
    path = tmp_path / "runs.profile"
    path.write_bytes(encode(recorder.profile()))
    training = Training(recorder.profile(), "full")
    assert training.fit(program) == []

    def answers(profile: str | None) -> Any:
        task = {
            "way": "rows",
            "rows": 300,
            "table": TABLE,
            "seed": 2,
            "even": False,
            "code": code,
            "profile": profile,
        }
        entry = prepare(task)
        (found,) = entry.answers(entry.run())
        return found

    assert np.array_equal(answers(None), expected)
    assert np.array_equal(answers(str(path)), expected)
