"""Builds for a profile: which rows move, that no answer changes, and what is said of profiles that do not fit."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from hyper.engine.compiler import Compiler
from hyper.engine.evaluation import interpret
from hyper.engine.recording import Recorder
from hyper.ir.decisions import function_digest
from hyper.ir.frequency import order_rows
from hyper.ir.program import Module, Program, TableDef
from hyper.jit.profiles import FunctionProfile, Profile, encode
from tests.emit_incremental.trees import program_of

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.base.events import Event

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
FEES: Final = """
enum Kind:
    small
    large
    huge

table fee(kind: Kind, amount: int) -> int, first:
    kind  | amount   => result
    small | < 10     => 1
    small | >= 10    => 2
    large | 0..5     => 3
    large | -        => 4
    huge  | not 3..4 => 5
    -     | -        => 6

table code(number: int) -> int, unique:
    number => result
    1      => 10
    2      => 20
    3, 4   => 1 // (number - 4)

table known(number: float) -> int, any:
    number  => result
    < 1.5   => 1
    >= 1.5  => 2
    < 1.0   => 1
    not 1.0 => 9

calc twice(amount: int) -> int:
    if amount > 100:
        fee(Kind.small, amount)
    else:
        2 * fee(Kind.huge, amount)
"""
WITHOUT_KNOWN: Final = FEES[: FEES.index("table known")] + FEES[FEES.index("calc twice") :]


def _program(text: str = WITHOUT_KNOWN) -> Program:
    return program_of({"shop.intent": text})


def _table(program: Program, name: str) -> TableDef:
    found = program.definitions[name]
    assert isinstance(found, TableDef)
    return found


def _with(program: Program, table: TableDef) -> Program:
    (module,) = program.modules
    changed = [
        table if isinstance(found, TableDef) and found.name == table.name else found
        for found in module.definitions
    ]
    return Program([Module(module.name, module.path, "", (), tuple(changed))])


def _answers(program: Program) -> list[Any]:
    kinds, amounts = ("small", "large", "huge"), (-1, 0, 3, 5, 6, 9, 10, 11)
    asked = [("shop.fee", {"kind": kind, "amount": n}) for kind in kinds for n in amounts]
    asked += [("shop.code", {"number": number}) for number in range(6)]
    return [interpret(program, name, given, NOW) for name, given in asked]


@pytest.mark.parametrize("name", ["fee", "code"])
@pytest.mark.parametrize("seed", range(10))
def test_moved_rows_give_the_same_answers_and_errors(name: str, seed: int) -> None:
    draw = random.Random(seed)
    program = _program()
    table = _table(program, f"shop.{name}")
    moved = order_rows(table, program, [draw.choice([0, 1, 5, 50]) for _ in table.rows])
    assert sorted(moved.rows, key=lambda row: row.line) == list(table.rows)
    assert _answers(_with(program, moved)) == _answers(program)


def test_rows_are_ordered_by_how_often_they_fit() -> None:
    program = _program()
    table = _table(program, "shop.fee")
    lines = [row.line for row in table.rows]

    def order(*counts: int) -> list[int]:
        return [lines.index(row.line) for row in order_rows(table, program, counts).rows]

    assert order(1, 2, 3, 4, 5, 6) == [4, 2, 3, 1, 0, 5], "3 before 4, and 6 behind all"
    assert order(0, 0, 0, 0, 0, 9) == [0, 1, 2, 3, 4, 5]
    assert order(9, 8, 7, 6, 5, 4) == [0, 1, 2, 3, 4, 5]


def test_rows_that_are_all_collected_stay() -> None:
    text = "table every(a: int) -> int, collect sum:\n    a => result\n    > 1 => 1\n    < 0 => 3\n"
    program = _program(text)
    table = _table(program, "shop.every")
    assert order_rows(table, program, [1, 2]) == table


def test_lines_and_remarks_are_no_part_of_a_digest() -> None:
    one = _program()
    two = _program(
        "# a remark\n\n" + WITHOUT_KNOWN.replace("-> int, first:", '-> int, first:\n    "Fees."')
    )
    other = _program(WITHOUT_KNOWN.replace("=> 6", "=> 7"))

    def digest(program: Program, name: str) -> str:
        found: Any = program.definitions[name]
        return function_digest(name, found)

    for name in ("shop.fee", "shop.code", "shop.twice"):
        assert digest(one, name) == digest(two, name)
    assert digest(one, "shop.fee") != digest(other, "shop.fee")
    assert digest(one, "shop.twice") == digest(other, "shop.twice")


def test_the_interpreter_is_recorded() -> None:
    program = _program()
    recorder = Recorder(program)
    for amount in (200, 300, 4):
        interpret(program, "shop.twice", {"amount": amount}, NOW, recorder)
    interpret(program, "shop.code", {"number": 4}, NOW, recorder)
    interpret(program, "shop.code", {"number": 9}, NOW, recorder)
    found = {each.name: each for each in recorder.profile().functions.values()}
    assert found["shop.twice"].decisions == ((2, 1),)
    assert found["shop.fee"].decisions == ((0, 2, 0, 0, 0, 1),)
    assert found["shop.fee"].constants == {"kind": None, "amount": None}
    assert found["shop.code"].decisions == ((0, 0, 1),)
    assert found["shop.code"].calls == 2
    assert found["shop.twice"].tiers["0"].nanoseconds > 0


def _profile(program: Program, **rows: list[int]) -> Profile:
    functions = {}
    for name, counts in rows.items():
        qualified = f"shop.{name}"
        table = _table(program, qualified)
        functions[function_digest(qualified, table)] = FunctionProfile(qualified, (tuple(counts),))
    return Profile(functions)


class _Folder:
    """A folder with sources and a profile, and builds of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile = folder / "runs.profile"
        self.source = folder / "src"
        self.source.mkdir()
        (self.source / "shop.intent").write_text(WITHOUT_KNOWN)

    def build(self, out: str, **options: Any) -> tuple[dict[str, bytes], list[str]]:
        with Compiler(cache=str(self.folder / "cache"), **options) as compiler:
            result = compiler.compile(str(self.source), out=str(self.folder / out))
        assert result.success
        package = self.folder / out / "app"
        files = {
            str(path.relative_to(package)): path.read_bytes()
            for path in sorted(package.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        return files, [item.code for item in result.diagnostics if item.code != "W0611"]


@pytest.fixture
def made(tmp_path: Path) -> _Folder:
    return _Folder(tmp_path)


def _rows_of(files: dict[str, bytes]) -> list[str]:
    text = files["shop.py"].decode().partition("def code")[2].partition("def ")[0]
    return [line.strip() for line in text.splitlines() if "return" in line]


def test_a_build_puts_frequent_rows_first_and_nothing_else_changes(made: _Folder) -> None:
    made.profile.write_bytes(encode(_profile(_program(), code=[1, 9, 3])))
    plain, _ = made.build("plain")
    tuned, found = made.build("tuned", profile=str(made.profile))
    assert found == []
    assert _rows_of(tuned)[0] == "return 20"
    assert _rows_of(plain)[0] == "return 10"
    assert {path for path in plain if plain[path] != tuned[path]} == {
        "shop.py",
        "manifest.json",
        "_runtime/counted.json",
        "_runtime/lines.json",
    }
    for effort in ("light", "none"):
        same, _ = made.build(effort, profile=str(made.profile), profile_effort=effort)
        assert same == plain


def test_a_profile_is_part_of_the_key_and_its_times_are_not(made: _Folder) -> None:
    profile = _profile(_program(), code=[1, 9, 3])
    made.profile.write_bytes(encode(profile))
    first, _ = made.build("out", profile=str(made.profile))
    ((digest, function),) = profile.functions.items()
    timed = msgspec.structs.replace(function, tiers={})
    made.profile.write_bytes(encode(Profile({digest: timed})))
    assert made.build("out", profile=str(made.profile))[0] == first
    made.profile.write_bytes(encode(_profile(_program(), code=[1, 2, 30])))
    second, _ = made.build("out", profile=str(made.profile))
    assert _rows_of(second)[0] != _rows_of(first)[0]
    plain, _ = made.build("out")
    assert _rows_of(plain)[0] == "return 10"


def test_an_edit_beside_a_profile_gives_what_a_whole_build_gives(made: _Folder) -> None:
    made.profile.write_bytes(encode(_profile(_program(), code=[1, 9, 3])))
    options = {"profile": str(made.profile)}
    made.build("out", **options)
    path = made.source / "shop.intent"
    edits = (("=> 6", "=> 7", False), ("3, 4 ", "3, 5 ", True), ("3, 5 ", "3, 4 ", False))
    for old, new, is_stale in edits:
        path.write_text(path.read_text().replace(old, new))
        edited = made.build("out", **options)
        assert edited == made.build("whole", incremental=False, **options)
        assert ("W0904" in edited[1]) is is_stale


@pytest.mark.parametrize("data", [b"", b"years of work", b"hyper profile 1 00\n{}"])
def test_a_profile_that_cannot_be_used_is_a_warning(made: _Folder, data: bytes) -> None:
    plain, _ = made.build("plain")
    made.profile.write_bytes(data)
    assert made.build("out", profile=str(made.profile)) == (plain, ["W0903"])
    made.profile.unlink()
    assert made.build("other", profile=str(made.profile)) == (plain, ["W0903"])


def test_counts_that_do_not_fit_the_function_are_left_out(made: _Folder) -> None:
    plain, _ = made.build("plain")
    profile = _profile(_program(), code=[1, 9, 3], fee=[0] * 6)
    forged = Profile(
        {
            digest: msgspec.structs.replace(each, decisions=((1, 2),))
            for digest, each in profile.functions.items()
        }
    )
    made.profile.write_bytes(encode(forged))
    assert made.build("out", profile=str(made.profile)) == (plain, ["W0904"])


def test_nan_fits_no_two_rows_that_change_places() -> None:
    text = FEES[FEES.index("table known") : FEES.index("calc twice")]
    text = text.replace(", any:", ", first:")
    program = _program(text)
    table = _table(program, "shop.known")
    for counts in itertools.permutations([1, 2, 3, 4]):
        moved = _with(program, order_rows(table, program, counts))
        for number in (float("nan"), 0.5, 1.0, 1.2, 1.5, float("inf")):
            assert _run(moved, number) == _run(program, number)


def _run(program: Program, number: float) -> Any:
    from hyper.ir.interpreter import Interpreter

    return Interpreter(program).run("shop.known", [number])


def _large(rows: int) -> str:
    cells = "".join(f"    {place} => {place * place}\n" for place in range(rows))
    return f"table large(code: int) -> int, first:\n    code => result\n{cells}    - => 7\n"


def test_kernels_know_which_way_branches_go() -> None:
    pytest.importorskip("llvmlite")
    from hyper.emit.native.unit import Unit
    from hyper.emit.native.weights import Weights
    from hyper.jit.llvm.module import module_text

    program = _program(_large(200))
    counts = [*range(200), 0]

    def text(*, moves: bool, known: bool = True) -> str:
        weights = Weights({"shop.large": [counts]} if known else {}, moves=moves)
        return module_text(Unit(program, weights).unit(["shop.large"]))

    plain, light, full = text(moves=False, known=False), text(moves=False), text(moves=True)
    assert "branch_weights" not in plain.replace('!0 = !{!"branch_weights"', "")
    assert light.count(', !prof !{!"branch_weights", i32') > 100
    compared = [line for line in full.splitlines() if "icmp eq i64" in line]
    assert compared[0].endswith(", 199")
    assert next(line for line in light.splitlines() if "icmp eq i64" in line).endswith(", 0")


def test_machine_code_for_a_profile_is_other_bytes_only_where_it_says_something(
    made: _Folder,
) -> None:
    pytest.importorskip("llvmlite")
    (made.source / "shop.intent").write_text(_large(200))
    program = _program(_large(200))
    made.profile.write_bytes(encode(_profile(program, large=[*range(200), 0])))
    options = {"target": "python,native", "package": "app"}
    plain, _ = made.build("plain", **options)
    for effort in ("light", "full"):
        tuned, found = made.build(
            effort, profile=str(made.profile), profile_effort=effort, **options
        )
        assert found == []
        libraries = {path for path in plain if path.endswith(".so")}
        assert libraries
        assert libraries.isdisjoint(tuned)
        again, _ = made.build(
            f"{effort}-again",
            incremental=False,
            profile=str(made.profile),
            profile_effort=effort,
            **options,
        )
        assert again == tuned
    made.profile.write_bytes(encode(Profile()))
    assert made.build("empty", profile=str(made.profile), **options)[0] == plain


def test_batches_use_the_profile_and_give_the_same(made: _Folder) -> None:
    pytest.importorskip("llvmlite")
    pytest.importorskip("numpy")
    source = _large(200)
    (made.source / "shop.intent").write_text(source)
    made.profile.write_bytes(encode(_profile(_program(source), large=[*range(200), 0])))
    codes = {"code": [0, 5, 199, 200, -1]}
    heard: list[str] = []

    def hear(event: Event) -> None:
        if event.diagnostic is not None:
            heard.append(event.diagnostic.code)

    def answers(**options: Any) -> tuple[list[Any], Any]:
        with Compiler(incremental=False, **options) as compiler:
            compiler.on("diagnostic", hear)
            functions = compiler.functions(str(made.source))
            result = functions.function("shop.large").batch(codes)
            assert not isinstance(result, Iterator)
            return result.columns["value"].numpy().tolist(), functions.unit.weights

    plain, none = answers()
    tuned, weights = answers(profile=str(made.profile))
    assert plain == tuned == [0, 25, 199 * 199, 7, 7]
    table = _table(_program(source), "shop.large")
    assert none.table(table, _program(source))[0] == table
    assert weights is not none
    assert heard == []
    made.profile.write_bytes(b"")
    assert answers(profile=str(made.profile))[0] == plain
    assert heard == ["W0903"]
