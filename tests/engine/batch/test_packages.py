"""Packages whose functions run over columns."""

from __future__ import annotations

import filecmp
import importlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper import hyper_compile
from hyper.engine.batch import packages
from tests.engine.batch.answers import rows_of
from tests.engine.batch.programs import SHOP, function
from tests.engine.batch.test_differential import NOW, SCHEMAS, Made, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

KINDS: Final = {"free": "rules", "discount": "tables"}


def build(folder: Path, out: str, *, target: str = "python,batch", **options: Any) -> Path:
    options = {"package": "columnar", "cache": str(folder / "kept")} | options
    done = hyper_compile(folder / "in", out=str(folder / out), target=target, **options)
    assert done.success, done.diagnostics
    return folder / out / "columnar"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "shop.intent").write_text(SHOP, encoding="utf-8")
    return tmp_path


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Import a module of a package in a folder."""

    def loaded(folder: Path, module: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(folder))
        return importlib.import_module(f"columnar.{module}")

    yield loaded
    packages._packaged.cache_clear()
    for name in [each for each in sys.modules if each.partition(".")[0] == "columnar"]:
        del sys.modules[name]


@pytest.mark.parametrize("level", ["1", "3"])
def test_every_function_gives_what_it_gives_elsewhere(
    sources: Path, load: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setenv("HYPER_JIT", level)
    build(sources, "out")
    for name in SCHEMAS:
        found = getattr(load(sources / "out", KINDS.get(name, "calcs")), name)
        rows = Made(1).rows(name, 30)
        result = found.batch(table(name, rows), now=NOW)
        wanted = function(name, int(level)).batch(table(name, rows), now=NOW)
        assert rows_of(function(name), result) == rows_of(function(name), wanted)  # type: ignore[arg-type]
        assert result.stats.as_dict() == wanted.stats.as_dict()  # type: ignore[union-attr]
        assert bool(found.reason) == (level == "1" or name == "greeting")


def test_rows_that_are_left_to_python_run_in_the_package(
    sources: Path, load: Callable[..., ModuleType]
) -> None:
    build(sources, "out")
    calcs = load(sources / "out", "calcs")
    shop = load(sources / "out", "shop")
    assert calcs.share(7, 2) == shop.share(7, 2) == 3
    vars(shop)["greeting"] = lambda order: f"to {order.customer.name}"
    order = Made(2).order()
    assert calcs.greeting.batch([order]).values.tolist() == [f"to {order['customer']['name']}"]


def test_names(sources: Path, load: Callable[..., ModuleType]) -> None:
    other = "calc share(x: int) -> int:\n    x\n\ncalc tables(x: int) -> int:\n    x\n"
    (sources / "in" / "tables.intent").write_text(other, encoding="utf-8")
    plain = build(sources, "plain", target="python")
    assert (plain / "tables.py").read_text().startswith('"""The module tables')
    build(sources, "out")
    calcs = load(sources / "out", "calcs")
    assert load(sources / "out", "tables_").tables(1) == 1
    assert calcs.find("tables.share").batch({"x": [1]}).values.tolist() == [1]
    assert calcs.find("shop.share").name == "shop.share"
    assert set(dir(calcs)) == {
        *("find", "age", "average_weight", "greeting", "half", "line_total", "maybe", "offer"),
        *("same_name", "shop.share", "tables.share", "tables", "total"),
    }
    with pytest.raises(AttributeError, match=r"2 calcs .* say find\('shop.share'\) or find"):
        _ = calcs.share
    with pytest.raises(AttributeError, match="is it greeting"):
        _ = calcs.greetings
    with pytest.raises(AttributeError, match="no calc discount"):
        _ = calcs.discount
    with pytest.raises(LookupError):
        calcs.find("other.share")


def test_without_the_compiler_it_is_said_what_to_install(
    sources: Path, load: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(sources, "out")
    tables = load(sources / "out", "tables")
    monkeypatch.setitem(sys.modules, "hyper.engine.batch.packages", None)
    with pytest.raises(ImportError, match="hypercompiler"):
        _ = tables.discount


@pytest.mark.parametrize("harm", ["version", "module", "altered", "gone"])
def test_a_program_that_cannot_be_read_is_told(
    sources: Path, load: Callable[..., ModuleType], harm: str
) -> None:
    folder = build(sources, "out") / "_batch"
    if harm == "version":
        (folder / "package.json").write_text(json.dumps({"package": "columnar", "version": "0"}))
    elif harm == "module":
        (folder / "shop.module").write_bytes(b"\x00")
    elif harm == "altered":  # another number in a row, which is as good a program
        path = folder / "shop.module"
        path.write_bytes(path.read_bytes().replace(b"0.10", b"0.19", 1))
    else:
        (folder / "package.json").unlink()
    with pytest.raises(ImportError, match=r"build the package again|cannot be read"):
        _ = load(sources / "out", "tables").discount


def test_only_who_asks_has_it_and_an_edit_makes_what_a_whole_build_makes(sources: Path) -> None:
    (sources / "in" / "more.intent").write_text("enum Far: one, two\n", encoding="utf-8")
    plain = build(sources, "plain", target="python")
    names = {path.relative_to(plain).as_posix() for path in plain.rglob("*")}
    assert not any(name.startswith(("_batch", "tables", "calcs", "rules")) for name in names)
    made = build(sources, "out")
    for path in plain.rglob("*.py"):
        assert path.read_bytes() == (made / path.relative_to(plain)).read_bytes()
    text = SHOP.replace("gold   | -       => 0.10", "gold   | -       => 0.12")
    (sources / "in" / "shop.intent").write_text(text, encoding="utf-8")
    before = (made / "_batch" / "more.module").stat().st_mtime_ns
    edited = build(sources, "out")
    whole = build(sources, "again", incremental=False)
    assert _differences(edited, whole) == []
    assert (made / "_batch" / "more.module").stat().st_mtime_ns == before


def _differences(one: Path, other: Path) -> list[str]:
    left = sorted(os.path.relpath(path, one) for path in one.rglob("*") if path.is_file())
    right = sorted(os.path.relpath(path, other) for path in other.rglob("*") if path.is_file())
    assert left == right
    return filecmp.cmpfiles(one, other, left, shallow=False)[1]


def test_several_threads_may_ask(sources: Path, load: Callable[..., ModuleType]) -> None:
    build(sources, "out")
    calcs = load(sources / "out", "calcs")
    rows = {name: Made(4).rows(name, 50) for name in ("same_name", "greeting", "total", "half")}

    def ask(turn: int) -> tuple[str, list[Any]]:
        name = list(rows)[turn % len(rows)]
        result = calcs.find(name).batch(table(name, rows[name]), now=NOW)
        return name, rows_of(function(name), result)

    wanted = dict(map(ask, range(len(rows))))
    packages._packaged.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        for name, got in pool.map(ask, range(40)):
            assert got == wanted[name]
