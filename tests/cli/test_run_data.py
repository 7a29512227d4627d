"""``hyper run --data``: tables in files, in and out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper.cli import progress
from hyper.engine.batch import files, functions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

pa = pytest.importorskip("pyarrow")

SHOP = """\
enum Tier: standard, gold

entity Person:
    name: string
    tier: Tier

table discount(tier: Tier, amount: decimal(14, 2)) -> decimal(3, 2), first:
    tier | amount => result
    gold | >= 500 => 0.15
    -    | -      => 0.00

calc share(parts: int, of: int) -> int:
    parts // of

calc greeting(person: Person) -> string:
    upper(person.name)

calc same(one: string, other: string?) -> bool:
    one == other

calc tags(tier: Tier) -> list[string]:
    if tier == Tier.gold then ["a", "é"] else []

calc tiny(x: decimal(12, 10)) -> decimal(12, 10):
    x
"""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("raise OSError('libLLVM.so: no such file\\nhelp')", "libLLVM.so: no such file"),
        ("raise ImportError('numpy is too new')", "numpy is too new"),
        ("binding = None", "'NoneType' object has no attribute 'initialize_all_targets'"),
    ],
)
def test_an_llvmlite_that_cannot_be_loaded_is_told_and_python_runs(
    shop: Path, fault: str, told: str
) -> None:
    (shop / "rows.csv").write_text("parts,of\n7,2\n")
    (shop / "hyper.toml").write_text('package = "shop"\ntarget = ["python", "native"]\n')
    site = shop.parent / "site"
    (site / "llvmlite").mkdir(parents=True)
    (site / "llvmlite" / "__init__.py").write_text(f"{fault}\n")
    (site / "llvmlite-9.9.dist-info").mkdir()

    def done(*words: str) -> subprocess.CompletedProcess[str]:
        here = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, "-m", "hyper", *words],
            cwd=shop,
            env={**os.environ, "PYTHONPATH": here},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    run = done("run", "share", "--data", "rows.csv")
    assert (run.returncode, run.stdout) == (0, '"value"\n3\n')
    reason = f"llvmlite is installed, and cannot be loaded: {told}; pip install --force-reinstall"
    assert f"1 in Python, no machine code: {reason}" in run.stderr
    built = done("build", "-o", "dist")
    assert (built.returncode, told in built.stdout + built.stderr) == (0, True), built.stderr
    assert "W0902" in built.stdout + built.stderr
    doctor = done("doctor")
    assert doctor.returncode == 0
    assert f"cannot be loaded: {told}" in doctor.stdout


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "shop.intent").write_text(SHOP, encoding="utf-8")
    return folder


def write(path: Path, table: Any) -> None:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    elif path.suffix == ".arrows":
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    elif path.suffix in {".arrow", ".feather"}:
        with pa.ipc.new_file(path, table.schema) as stream:
            stream.write_table(table, max_chunksize=2)
    else:
        from pyarrow import csv

        with pa.output_stream(path, compression="gzip" if path.suffix == ".gz" else None) as stream:
            csv.write_csv(table, stream)


def read(path: Path) -> Any:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path)
    if path.suffix == ".arrow":
        with pa.ipc.open_file(path) as reader:
            return reader.read_all()
    from pyarrow import csv

    return csv.read_csv(path, convert_options=csv.ConvertOptions(strings_can_be_null=True))


@pytest.mark.parametrize(
    "name", ["a.csv", "a.csv.gz", "a.parquet", "a.arrow", "a.feather", "a.arrows"]
)
@pytest.mark.parametrize("tier", ["0", "1", "3"])
def test_every_format_gives_the_same(hyper: Hyper, shop: Path, name: str, tier: str) -> None:
    table = pa.table({"of": [2, 0, 3], "ignored": ["x", "y", "z"], "parts": [7, 1, 9]})
    write(shop / name, table)
    done = hyper("run", "share", "--data", name, "--tier", tier)
    assert (done.code, done.out) == (1, '"value"\n3\n\n3\n')
    assert f"{name}: row 2: shop.intent:13: division_by_zero: division by zero" in done.err
    assert "3 rows: 1 error" in done.err


@pytest.mark.parametrize("out", ["b.csv", "b.csv.gz", "b.parquet", "b.arrow"])
def test_results_go_into_a_table(hyper: Hyper, shop: Path, out: str) -> None:
    (shop / "a.csv").write_text("tier,amount\ngold,600\nglod,1\nstandard,2.50\n")
    done = hyper("run", "discount", "--data", "a.csv", "-o", out)
    assert (done.code, done.out) == (1, f"{out} from 3 rows\n")
    rows = read(shop / out).to_pylist()
    assert [str(row["value"]) for row in rows[:2]] == ["0.15", "None"]
    assert [row["error.code"] for row in rows] == [None, "input", None]
    assert rows[1]["error.column"] == "tier"
    assert sorted(path.name for path in shop.iterdir()) == sorted(
        [".git", "a.csv", out, "shop.intent"]
    )


def test_one_object_has_values_and_errors(hyper: Hyper, shop: Path) -> None:
    (shop / "a.csv").write_text("tier,amount\ngold,600\nglod,1\n")
    done = hyper("run", "discount", "--data", "a.csv", "--json")
    value = done.json("run")
    assert (done.code, value["values"], value["failed"]) == (1, ["0.15", None], 1)
    assert (value["errors"][0]["row"], value["codes"]) == (2, {"input": 1})
    assert value["stats"]["rows"] == 2
    done = hyper("run", "discount", "--data", "a.csv", "--json", "--out", "b.parquet")
    assert done.json("run")["out"] == "b.parquet"
    (shop / "a.csv").write_text("tier\ngold\nstandard\n")
    done = hyper("run", "tags", "--data", "a.csv", "--json")
    assert (done.code, done.json("run")["values"]) == (0, [["a", "é"], []])
    assert done.json("run")["stats"]["line"] > 0
    (shop / "a.csv").write_text("tier\n")
    assert hyper("run", "tags", "--data", "a.csv", "--json").json("run")["values"] == []


def test_rows_that_are_none_keep_their_place(
    hyper: Hyper, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS", 7)
    monkeypatch.setattr(files, "_BLOCK", 64)
    lines = ["1,2,3" if row % 5 == 4 else f'{row},"1"' for row in range(60)]
    (shop / "a.csv").write_text("\ufeffparts,of\n" + "\n".join(lines) + "\n\n", encoding="utf-8")
    value = hyper("run", "share", "--data", "a.csv", "--json").json("run")
    assert value["values"] == [None if row % 5 == 4 else row for row in range(60)]
    assert [error["row"] for error in value["errors"]] == list(range(5, 61, 5))
    assert value["errors"][0]["message"] == "a row of 3 cells, not 2"


def test_cells(hyper: Hyper, shop: Path) -> None:
    text = 'other,one\n,""\n"a,\nb","a,\nb"\nÜ,Ü\nx,\n'
    (shop / "a.csv").write_text(text, encoding="utf-8")
    done = hyper("run", "same", "--data", "a.csv")
    assert (done.code, done.out) == (0, '"value"\nfalse\ntrue\ntrue\nfalse\n')
    (shop / "a.csv").write_text("person.tier\tname\ngold\ta\n")
    (shop / "a.csv").rename(shop / "a.tsv")
    assert hyper("run", "greeting", "--data", "a.tsv").out == '"value"\n"A"\n'
    (shop / "a.csv").write_text("x\n0.0000000001\n1e-3\n")
    assert (
        hyper("run", "tiny", "--data", "a.csv").out == '"value"\n"0.0000000001"\n"0.0010000000"\n'
    )


def test_what_is_wrong_with_the_call(
    hyper: Hyper, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "a.csv").write_text("parts,off\n1,2\n")
    done = hyper("run", "share", "--data", "a.csv")
    assert done.code == 2
    assert (
        "a.csv: there is no column of (int is expected), but parts, off; is it 'off'?" in done.err
    )
    for words, message in (
        (["--data", "none.csv"], "none.csv: "),
        (["--data", "a.xls"], "by the end of its name"),
        (["--data", "a.csv", "-o", "b.xls"], "by the end of its name"),
        (["--data", "a.csv", "--why"], "--why is for one input"),
        (["--data", "a.csv", "--args", "[1]"], "--args is for one input"),
        (["--out", "b.csv"], "--out is for the results of --data"),
        (["--tier", "3"], "--tier 3 is for --data"),
    ):
        done = hyper("run", "share", *words)
        assert (done.code, message in done.err) == (2, True), (words, done.err)
    (shop / "a.parquet").write_text("nothing of the kind")
    assert hyper("run", "share", "--data", "a.parquet").code == 2
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    done = hyper("run", "share", "--data", "a.csv", "--json")
    assert "hypercompiler[data]" in json.loads(done.out)["error"]["message"]


def test_a_file_that_breaks_off_leaves_no_results(
    hyper: Hyper, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BLOCK", 64)
    rows = b"".join(b"%d,1\n" % row for row in range(100))
    (shop / "a.csv").write_bytes(b"parts,of\n" + rows + b"\xff,1\n")
    done = hyper("run", "share", "--data", "a.csv", "--out", "b.csv")
    assert done.code == 1
    assert "hyper: a.csv: " in done.err
    assert not (shop / "b.csv").exists()
    value = hyper("run", "share", "--data", "a.csv", "--json").json("run")
    assert value["error"]["code"] == "data"


def test_a_bar_shows_how_far_it_is(
    hyper: Hyper, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, int | None, int]] = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress.Progress, "show", lambda _self, *given: shown.append(given))
    monkeypatch.setattr(files, "ROWS", 10)
    write(shop / "a.parquet", pa.table({"parts": range(40), "of": [1] * 40}))
    assert hyper("run", "share", "--data", "a.parquet").code == 0
    assert [given for given in shown if given[0] == "rows"] == [
        ("rows", 40, 10),
        ("rows", 40, 20),
        ("rows", 40, 30),
        ("rows", 40, 40),
    ]
    # Rows in Python are slow, and what is read is soon read.
    shown.clear()
    monkeypatch.setattr(functions, "_PYTHON_ROWS", 4)
    done = hyper("run", "share", "--data", "a.parquet", "--tier", "1")
    assert done.out.split() == ['"value"', *map(str, range(40))]
    assert [given[2] for given in shown if given[0] == "rows"][:4] == [4, 8, 10, 14]
    shown.clear()
    (shop / "a.csv").write_text("parts,of\n" + "1,1\n" * 6)
    assert hyper("run", "share", "--data", "a.csv", "--tier", "1").code == 0
    assert [given for given in shown if given[0] == "rows"] == [
        ("rows", None, 4),
        ("rows", None, 6),
    ]


def test_an_empty_line_of_a_single_column_is_a_row(
    hyper: Hyper, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BLOCK", 64)
    (shop / "a.csv").write_text('\ufeff\n\nx\n1,2\n\n1\n""\n3,4\n\n', encoding="utf-8")
    value = hyper("run", "tiny", "--data", "a.csv", "--json").json("run")
    assert value["values"] == [None, None, "1.0000000000", None, None, None]
    cells = "a row of 2 cells, not 1"
    assert [error["message"] == cells for error in value["errors"]] == [
        *(True, False, False),
        *(True, False),
    ]
    (shop / "a.csv").write_text("\nparts,of\n\n6,3\n\n")
    assert hyper("run", "share", "--data", "a.csv").out == '"value"\n2\n'


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.parquet", "a.arrow"])
def test_a_pipe_is_no_table(hyper: Hyper, shop: Path, name: str) -> None:
    os.mkfifo(shop / name)
    done = hyper("run", "share", "--data", name)
    assert (done.code, "a pipe or a device" in done.err) == (2, True), done.err


def test_names_of_columns_that_are_no_text(hyper: Hyper, shop: Path) -> None:
    for data in (b"parts,of,\xff\n1,2,3\n", b"\x1f\x8b\x08\0\n"):
        (shop / "a.csv").write_bytes(data)
        done = hyper("run", "share", "--data", "a.csv")
        assert (done.code, "not UTF-8" in done.err) == (2, True), done.err


@pytest.mark.parametrize("name", ["a.arrow", "a.arrows", "a.parquet"])
def test_what_a_file_says_of_its_texts_is_not_believed(hyper: Hyper, shop: Path, name: str) -> None:
    buffers = [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    texts = pa.Array.from_buffers(pa.string(), 2, buffers)
    write(shop / name, pa.table({"one": texts, "other": ["a", "b"]}))
    done = hyper("run", "same", "--data", name)
    assert (done.code, f"hyper: {name}: " in done.err, "UTF8" in done.err) == (1, True, True)


@pytest.mark.parametrize("name", ["a.arrow", "a.arrows"])
def test_what_a_file_says_of_its_places_is_not_believed(
    hyper: Hyper, shop: Path, name: str
) -> None:
    tiers = pa.DictionaryArray.from_arrays(
        pa.array([0, 5], pa.int32()), pa.array(["gold", "standard"]), safe=False
    )
    write(shop / name, pa.table({"tier": tiers, "amount": [1, 2]}))
    done = hyper("run", "discount", "--data", name)
    assert (done.code, f"hyper: {name}: " in done.err) == (1, True), done.err


def test_numbers_that_json_does_not_have_are_texts(hyper: Hyper, shop: Path) -> None:
    text = SHOP + "\ncalc twice(x: float) -> float:\n    x * 2.0\n"
    text += "\ncalc both(x: float) -> list[float]:\n    [x, 0.5]\n"
    (shop / "shop.intent").write_text(text, encoding="utf-8")
    (shop / "a.csv").write_text("x\n1e308\n-1e308\n1\n")
    done = hyper("run", "twice", "--data", "a.csv", "--json")
    assert json.loads(done.out, parse_constant=pytest.fail)["values"] == [
        *("Infinity", "-Infinity"),
        2.0,
    ]
    assert hyper("run", "twice", "--args", "[1e308]").out == '"Infinity"\n'
    write(shop / "a.parquet", pa.table({"x": [float("nan")]}))
    done = hyper("run", "both", "--data", "a.parquet", "--json")
    assert json.loads(done.out, parse_constant=pytest.fail)["values"] == [["NaN", 0.5]]
    assert hyper("run", "both", "--data", "a.parquet").out == '"value"\n"[""NaN"", 0.5]"\n'


def test_a_file_with_other_separators_is_told(hyper: Hyper, shop: Path) -> None:
    (shop / "in.csv").write_text("tier;amount\ngold;600,00\n", encoding="utf-8")
    ran = hyper("run", "discount", "--data", "in.csv")
    assert ran.code == 2
    assert "in.csv: its cells are parted by `;`" in ran.err
    ran = hyper("run", "discount", "--data", "not_there.csv")
    assert (ran.code, ran.err) == (2, "hyper: not_there.csv: no such file\n")


def test_without_numpy_it_is_said_what_to_install(shop: Path) -> None:
    program = (
        "import sys; sys.modules['numpy'] = None; from hyper.cli import main;"
        "sys.exit(main(['run', 'discount', '--data', 'in.csv']))"
    )
    (shop / "in.csv").write_text("tier,amount\ngold,600\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=shop, capture_output=True, text=True, check=False
    )
    said = "hyper: batches need NumPy: pip install 'hypercompiler[data]'\n"
    assert (ran.returncode, ran.stderr) == (2, said)


@pytest.mark.parametrize("name", ["a.arrow", "a.arrows"])
def test_dates_with_a_time_of_day_are_errors_of_their_rows(
    hyper: Hyper, shop: Path, name: str
) -> None:
    (shop / "days.intent").write_text(
        "intent days\n\nentity Stay:\n    day: date\n\n"
        'calc late(day: date) -> bool: day > date("2024-03-18")\n'
        'calc longer(stay: Stay) -> bool: stay.day > date("2024-03-18")\n'
    )
    moments = [0, 19_800 * 86_400_000 + 5, 19_801 * 86_400_000]
    days = pa.array(moments, pa.int64()).view(pa.date64())
    stays = pa.StructArray.from_arrays([days], ["day"])
    for function, table in (("late", {"day": days}), ("longer", {"stay": stays})):
        write(shop / name, pa.table(table))
        done = hyper("run", function, "--data", name, "--json")
        found = done.json("run")
        assert (done.code, found["values"]) == (1, [False, None, True])
        (error,) = found["errors"]
        assert (error["row"], error["message"]) == (2, "a time of day, where a date is expected")
