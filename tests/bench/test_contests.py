"""Contests: every contestant gives the answers of tier 0, one that gives others is told, one that is absent is named."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hyper.bench.contest import calling, compiling, engines, kernels, ours
from hyper.bench.contest.arena import Contestant, contest, same
from hyper.bench.contest.entry import AbsentError
from hyper.bench.contest.package import build
from hyper.bench.report import BenchError, Report
from hyper.engine.batch import running
from hyper.ir.interpreter import EvaluationError, Interpreter
from hyper.ir.interpreter.values import EnumValue
from hyper.ir.stored import encode_module

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.bench.contest.entry import Array
    from hyper.ir.program import Program

ROWS = 2000
NO_FORM = {("smoothed", "numpy")} | {
    (kernel, library)
    for kernel in ("smoothed", "margin")
    for library in ("numexpr", "polars", "duckdb")
}
TASK: dict[str, int] = {"rows": ROWS, "seed": 5, "cores": 1}


@pytest.fixture(scope="module")
def program() -> Program:
    return ours.program_of(kernels.SOURCE)


def answers(module: str, kernel: str, **more: Any) -> list[Array]:
    entry = import_module(f"hyper.bench.contest.{module}").prepare(
        {**TASK, "kernel": kernel, **more}
    )
    return list(entry.answers(entry.run()))


def rows_of(given: dict[str, Array]) -> list[dict[str, Any]]:
    """The rows as tier 0 takes them."""
    wires = {"tier": kernels.TIERS, "country": kernels.COUNTRIES}
    rows = []
    for place in range(len(given.get("alpha", given[next(iter(given))]))):
        row: dict[str, Any] = {}
        for name, column in given.items():
            if name == "prices":
                part = given["prices[]"][column[place] : column[place + 1]]
                row["prices"] = part.tolist()
            elif name in wires:
                wire = wires[name][column[place]]
                row[name] = EnumValue(f"contest.{name.capitalize()}", wire, wire)
            elif name == "member":
                row[name] = bool(column[place])
            elif name != "prices[]":
                row[name] = column[place].item()
        rows.append(row)
    return rows


def zero(interpreter: Interpreter, name: str, row: dict[str, Any]) -> tuple[int, Any]:
    """The status and the value of a row at tier 0; 0 where it fails."""
    try:
        return 0, interpreter.call(name, [row[param] for param, _ in interpreter.params(name)])
    except EvaluationError as error:
        return kernels.STATUS[error.code], 0


@pytest.mark.parametrize("kernel", kernels.KERNELS)
def test_ours_gives_what_tier_0_gives(kernel: str, program: Program) -> None:
    found = answers("ours", kernel)
    interpreter = Interpreter(program)
    given = kernels.inputs(kernel, ROWS, TASK["seed"])
    expected = [zero(interpreter, f"contest.{kernel}", row) for row in rows_of(given)]
    status = found[1].tolist() if len(found) > 1 else [0] * len(expected)
    assert list(zip(status, found[0].tolist(), strict=True)) == expected
    assert any(code for code, _ in expected) == (len(found) > 1)


@pytest.mark.parametrize("kernel", kernels.KERNELS)
@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("by_hand", "numba"),
        ("columns", "pyarrow"),
        ("arrays", "numpy"),
        ("arrays", "numexpr"),
        ("frames", "polars"),
        ("frames", "duckdb"),
    ],
)
def test_every_contestant_gives_what_ours_gives(
    kernel: str, module: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(library)
    if library == "polars":
        import polars as pl

        monkeypatch.setattr(pl, "thread_pool_size", lambda: 1)
    if (kernel, library) in NO_FORM:
        with pytest.raises(AbsentError, match="has no form of"):
            answers(module, kernel, library=library)
    else:
        assert same(answers("ours", kernel), answers(module, kernel, library=library))


@pytest.mark.parametrize(("kernel", "form"), compiling.SIGNATURES)
def test_what_is_compiled_computes_the_same(
    kernel: str, form: str, program: Program, tmp_path: Path
) -> None:
    pytest.importorskip("numba")
    path = tmp_path / "module"
    path.write_bytes(encode_module(program.modules[0]))
    task = {"kernel": kernel, "form": form, "file": str(path), "seed": 3}
    found = []
    for library in ("ours", "numba.njit"):
        entry = compiling.prepare({**task, "library": library})
        found.append(list(entry.answers(entry.run())))
    interpreter = Interpreter(program)
    rows = rows_of(kernels.inputs(kernel, len(found[0][0]), 3))
    expected = [zero(interpreter, f"contest.{kernel}", row) for row in rows]
    assert [(0, value) for value in found[0][0].tolist()] == expected
    assert same(found[0], found[1])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(str(tmp_path_factory.mktemp("package")))


@pytest.mark.parametrize("name", calling.CALLED)
def test_machine_code_gives_what_python_by_hand_gives(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(package)
    task = {"function": name, "out": package, "seed": 2, "calls": 3}
    found = []
    for who in ("native", "by hand"):
        entry = calling.prepare({**task, "who": who})
        found.append(list(entry.answers(entry.run())))
    assert same(found[0], found[1])
    assert len(set(found[0][0].tolist())) > 1
    with pytest.raises(AbsentError, match=f"{name} is machine code here"):
        calling.prepare({**task, "who": "generated"})


MODULES = {
    "zen-engine": "zen",
    "cel-python": "celpy",
    "common-expression-language": "cel",
    "cel-expr-python": "cel_expr_python",
    "panzi-json-logic": "json_logic",
    "regopy": "regopy",
}


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_every_engine_decides_as_ours(engine: str) -> None:
    pytest.importorskip(MODULES[engine])
    task = {"engine": engine, "rows": ROWS, "seed": 5, "decisions": 5}
    entry = engines.prepare(task)
    entry.run()
    (found,) = entry.answers(None)
    assert same(answers("ours", "rate", each=True), [found])
    assert len(found) == kernels.CHECKED
    assert set(found.tolist()) == {0.15, 0.12, 0.10, 0.07, 0.05, 0.03, 0.02, 0.0}


def test_all_cores_give_the_same() -> None:
    assert same(answers("ours", "margin"), answers("ours", "margin", cores=3))


@pytest.mark.parametrize("kernel", kernels.KERNELS)
@pytest.mark.parametrize("cores", [1, 3])
def test_pieces_give_the_same(kernel: str, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(running, "PIECE", 7)
    monkeypatch.setattr(running, "_WORTH", 0.0)
    assert same(answers("ours", kernel), answers("columns", kernel, cores=cores))


def test_what_is_the_same() -> None:
    column = np.array([1.0, -0.0, np.nan])
    assert same([column], [column.copy()])
    assert not same([column], [np.array([1.0, 0.0, np.nan])])
    assert not same([column], [column.astype(np.float32)])
    assert not same([column], [column[:2]])
    assert not same([column], [column, column])
    near = column * (1 + 1e-12)
    assert not same([column], [near])
    assert same([column], [near], 1e-9)
    assert not same([column], [column * 1.1], 1e-9)


def entrant(name: str, module: str, **more: Any) -> Contestant:
    return Contestant(name, module, {**TASK, "kernel": "margin", **more})


def test_answers_that_differ_fail_the_run() -> None:
    report = Report(benchmark="compare", workload="batch")
    contestants = [
        entrant("ours", "ours"),
        entrant("right", "arrays", library="numpy"),
        entrant("wrong", "arrays", library="numpy", seed=6),
        entrant("absent", "arrays", library="numexpr"),
    ]
    assert contest(contestants, report, 2, 0) == ["ours", "right", "wrong"]
    assert not report.success
    assert report.remarks[0].startswith("absent is skipped: it has no form of margin")
    assert report.remarks[1:] == ["the answers of wrong are not those of ours"]
    assert [each.runs for each in report.figures] == [2, 2, 2]
    assert all(each.wall_seconds > 0 for each in report.figures)


def test_without_ours_there_is_no_contest() -> None:
    report = Report(benchmark="compare", workload="batch")
    with pytest.raises(BenchError, match="ours cannot take part: it has no form"):
        contest([entrant("ours", "arrays", library="numexpr")], report, 1, 0)
