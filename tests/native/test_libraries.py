"""The target ``library``: what a build writes for C, again only where it must."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper import hyper_compile
from hyper.cli import main
from hyper.engine.incremental import StoredObjects
from hyper.engine.natives.objects import Objects
from hyper.jit.objects.link import LinkError, linker
from tests.checkout import ROOT
from tests.engine.test_edits import files_of
from tests.meaning.node import NODE
from tests.native.packages import RUNS_HERE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hyper import Result

pytest.importorskip("llvmlite")

COST = """intent cost

calc cost(quantity: int, price: int) -> int:
    quantity * price
"""
ORDERS = """intent orders
use cost (cost)

calc total(a: int, b: int) -> int:
    cost(a, 3) + cost(b, 5)

calc grown(x: float) -> float: exp(x)

calc shown(a: string) -> string: a + "!"
"""


@pytest.fixture
def linked() -> None:
    try:
        linker("auto", "x86-64")
    except LinkError as error:
        pytest.skip(str(error))


def build(folder: Path, *, cost: str = COST, orders: str = ORDERS, **options: Any) -> Result:
    source = folder / "src"
    source.mkdir(parents=True, exist_ok=True)
    (folder / ".git").mkdir(exist_ok=True)
    (source / "cost.intent").write_text(cost)
    (source / "orders.intent").write_text(orders)
    given = {
        "target": ["library"],
        "hardware": ["x86-64"],
        "package": "shop",
        "incremental": True,
    } | options
    return hyper_compile(source, out=folder / "out", cache=folder / "cache", **given)


def names(folder: Path) -> set[str]:
    return {
        name.removeprefix("native/")
        for name in files_of(folder / "out" / "shop")
        if name.startswith("native/")
    }


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pieces that are compiled, not found."""
    found: list[str] = []
    inner = Objects.told

    def noted(objects: Objects, keys: Sequence[str] | None = None) -> list[str]:
        labels = inner(objects, keys)
        found.extend(label.rpartition(" ")[0] for label in labels)
        return labels

    monkeypatch.setattr(Objects, "told", noted)
    return found


def total(folder: Path, a: int, b: int) -> tuple[int, int]:
    found = ctypes.CDLL(str(folder / "out" / "shop" / "native" / "x86-64" / "libshop.so"))
    result = ctypes.c_int64()
    status = found.orders__total(ctypes.c_int64(a), ctypes.c_int64(b), ctypes.byref(result))
    return status, result.value


@pytest.mark.usefixtures("linked")
def test_a_build_writes_a_header_and_a_library_a_profile(tmp_path: Path) -> None:
    result = build(tmp_path, hardware=["x86-64", "wasm32"])
    assert (result.success, result.diagnostics) == (True, [])
    assert names(tmp_path) == {"shop.h", "x86-64/libshop.so", "wasm32/shop.wasm"}
    header = (tmp_path / "out/shop/native/shop.h").read_text()
    assert "int32_t orders__total(int64_t a, int64_t b, int64_t *result);" in header
    assert "orders.shown: " in header
    assert "Not in WebAssembly: it needs `exp`" in header
    module = (tmp_path / "out/shop/native/wasm32/shop.wasm").read_bytes()
    assert b"orders__total" in module
    assert b"orders__grown" not in module
    if RUNS_HERE:
        assert total(tmp_path, 2, 4) == (0, 26)
        assert total(tmp_path, 2**62, 4)[0] > 0


@pytest.mark.usefixtures("linked")
def test_an_edit_compiles_the_piece_that_it_changes(tmp_path: Path, compiled: list[str]) -> None:
    assert build(tmp_path, lto="off").success
    assert sorted(compiled) == ["shop", "shop.0", "shop.1"]
    compiled.clear()
    assert build(tmp_path, lto="off").success
    assert compiled == []
    # The piece of what all libraries have names the unit, which is another one.
    assert build(tmp_path, lto="off", orders=ORDERS.replace("b, 5", "b, 7")).success
    assert sorted(compiled) == ["shop", "shop.1"]
    if RUNS_HERE:
        assert total(tmp_path, 2, 4) == (0, 34)
    compiled.clear()
    assert build(tmp_path, lto="off").success
    assert build(tmp_path, lto="off", cost=f"{COST}\nentity Other:\n    name: string\n").success
    assert compiled == []
    assert build(tmp_path, lto="program").success
    assert compiled == ["shop"]


@pytest.mark.parametrize("lto", ["off", "unit", "program"])
def test_after_each_edit_it_is_what_a_build_from_nothing_makes(tmp_path: Path, lto: str) -> None:
    entity = "\nentity Line:\n    quantity: int\n"
    more = "\ncalc twice(line: Line) -> int: line.quantity * 2\n"
    edits = [
        (COST, ORDERS),
        (COST.replace("price", "unit_price"), ORDERS),
        (COST + entity, ORDERS),
        (COST + entity + more, ORDERS),
        (COST + entity.replace("quantity", "count") + more.replace("quantity", "count"), ORDERS),
        (f'"""Costs."""\n{COST}', ORDERS.replace("a: string", "a: int").replace('a + "!"', '"?"')),
        (COST, "intent orders\n\nconst NONE: int = 0\n"),
        (COST, ORDERS),
    ]
    for place, (cost, orders) in enumerate(edits):
        options = {"cost": cost, "orders": orders, "lto": lto, "linker": "none"}
        assert build(tmp_path, **options).success
        fresh = tmp_path / f"fresh{place}"
        assert build(fresh, **options, incremental=False).success
        assert files_of(tmp_path / "out" / "shop") == files_of(fresh / "out" / "shop"), place


def test_without_what_compiles_there_is_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    result = build(tmp_path)
    assert (result.success, [each.code for each in result.diagnostics]) == (True, ["W0902"])
    assert names(tmp_path) == {"shop.h"}
    monkeypatch.undo()
    assert build(tmp_path, linker="none").success
    assert "x86-64/shop.0.o" in names(tmp_path)


@pytest.mark.usefixtures("linked")
def test_the_bytes_are_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "another" / "place"]
    profiles = ["x86-64", "x86-64-v3", "wasm32"]
    for folder in folders:
        assert build(folder, hardware=profiles, target=["python", "library"]).success
    one, other = (files_of(folder / "out" / "shop") for folder in folders)
    assert one == other


@pytest.mark.usefixtures("linked")
def test_what_was_removed_is_taken_from_the_store(tmp_path: Path, compiled: list[str]) -> None:
    assert build(tmp_path).success
    before = files_of(tmp_path / "out" / "shop")
    (tmp_path / "out/shop/native/x86-64/libshop.so").unlink()
    compiled.clear()
    assert build(tmp_path).success
    assert files_of(tmp_path / "out" / "shop") == before
    assert compiled == []


def test_objects_are_what_there_is_without_a_linker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = build(tmp_path, linker="none")
    assert (result.success, result.diagnostics) == (True, [])
    assert names(tmp_path) == {
        "shop.h",
        *(f"x86-64/shop{each}.o" for each in ("", ".0", ".1")),
    }
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = build(tmp_path / "other")
    assert [each.code for each in result.diagnostics] == ["W0902"]
    assert "pip install ziglang" in result.diagnostics[0].message
    assert names(tmp_path / "other") == names(tmp_path)


@pytest.mark.skipif(not RUNS_HERE, reason="x86-64 Linux is needed")
@pytest.mark.parametrize("linker", ["own", "cc", "lld"])
def test_each_linker(tmp_path: Path, linker: str) -> None:
    result = build(tmp_path, linker=linker)
    if any(each.code == "W0902" for each in result.diagnostics):
        pytest.skip(result.diagnostics[0].message)
    assert total(tmp_path, 2, 4) == (0, 26)


def test_a_build_of_what_is_there_loads_no_compiler(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from hyper import hyper_compile\n"
        "made = hyper_compile(sys.argv[2] + '/src', out=sys.argv[2] + '/out', cache=sys.argv[2] + '/cache',\n"
        "    target=['library'], hardware=['x86-64'], package='shop', incremental=True)\n"
        "assert made.success\n"
        "print({'llvmlite', 'numba', 'numpy', 'pyarrow'} & sys.modules.keys())\n"
    )
    assert build(tmp_path).success
    done = subprocess.run(
        [sys.executable, "-c", script, os.getcwd(), tmp_path],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": ["python", "native"], "hardware": ["aarch64"]}, "not for aarch64"),
        ({"target": ["python", "native", "library"], "hardware": ["wasm32"]}, "not for wasm32"),
        ({"lto": "thin"}, "off, unit, program"),
        ({"codegen_units": 257}, "up to 256"),
        ({"linker": "gold"}, "auto, lld, cc, own, none"),
        ({"strip": "some"}, "true or false"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    from hyper.engine.option_values import OptionError

    with pytest.raises(OptionError, match=message):
        build(tmp_path, **options)


_PAGE = ROOT / "docs" / "native-library.md"


def _shown(folder: Path, word: str) -> str:
    """The block of the page in a language, beside the library of its program."""
    page = _PAGE.read_text()
    (program,) = re.findall(
        r"^\$ cat > prices/prices.intent.*?\n(.*?)^> END$", page, re.MULTILINE | re.DOTALL
    )
    (folder / "prices").mkdir()
    (folder / "prices" / "prices.intent").write_text(re.sub("(?m)^> ?", "", program))
    made = hyper_compile(
        folder / "prices",
        out=folder / "out",
        target=["library"],
        hardware=["x86-64", "wasm32"],
        package="shop",
    )
    assert made.success, made.diagnostics
    (block,) = re.findall(rf"^```{word}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.mark.usefixtures("linked")
@pytest.mark.skipif(not RUNS_HERE, reason="x86-64 Linux is needed")
def test_the_page_shows_c_that_runs(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is needed")
    (tmp_path / "main.c").write_text(_shown(tmp_path, "c"))
    native = tmp_path / "out" / "shop" / "native"
    given = [f"-I{native}", f"-L{native}/x86-64", "-lshop", f"-Wl,-rpath,{native}/x86-64"]
    subprocess.run([compiler, "main.c", *given, "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    assert done.stdout == "0 2427\noverflow at prices.intent:13\n"


def test_the_page_shows_javascript_that_runs(tmp_path: Path) -> None:
    if NODE is None:
        pytest.skip("Node is needed")
    script = _shown(tmp_path, "js")
    done = subprocess.run(
        [NODE, "-e", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0 2427n\n13\n"


def test_doctor_says_what_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> dict[str, list[str]]:
        main(["doctor", "--json"])
        findings = json.loads(capsys.readouterr().out)["findings"]
        return {
            each["subject"]: [each["state"], each["detail"]]
            for each in findings
            if each["subject"].startswith(("linker", "machine code"))
        }

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("HYPER_TARGET", "library")
    monkeypatch.setenv("HYPER_HARDWARE", "x86-64,aarch64,wasm32")
    monkeypatch.setenv("HYPER_LINKER", "none")
    found = told()
    assert found["linker for aarch64"] == found["linker for x86-64"] == ["ok", "none"]
    assert found["machine code"][1].endswith(", wasm32 (not run here)")
    monkeypatch.setenv("HYPER_LINKER", "auto")
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert told()["linker for x86-64"] == ["absent", "objects only"]


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"INPUT(/etc/hosts)",
        b"\x7fELF\x02\x01" + b"\xff" * 90,
        b"\0asm\1\0\0\0\0\x7f\x07linking",
    ],
)
@pytest.mark.parametrize("options", [{}, {"linker": "own"}, {"hardware": ["wasm32"]}])
def test_kept_objects_that_are_none_are_made_again(
    lie: bytes, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build(tmp_path / "true", incremental=False, **options).success
    monkeypatch.setattr(StoredObjects, "get", lambda _self, keys: dict.fromkeys(keys, lie))
    result = build(tmp_path / "harmed", **options)
    assert (result.success, result.diagnostics) == (True, [])
    assert files_of(tmp_path / "harmed" / "out") == files_of(tmp_path / "true" / "out")
