"""Builds of machine code: what an edit compiles again, the same bytes everywhere, and what there is without a compiler."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper.engine.natives import compiling, toolchain
from hyper.engine.option_values import OptionError, parse_value
from hyper.engine.options import Options
from tests.native.packages import SHOP, asked, build, status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hyper import Result

EDITS = [
    ("amount // 2", "amount // 3"),
    ("# a remark\nenum Size", "enum Size"),
    ("enum Size: small,", "enum Size: tiny, small,"),
    ("net * 0.19", "net * RATE\n\nconst RATE = 0.20"),
    ("calc near(a: float, b: float)", "calc near(b: float, a: float)"),
    ('medium = "m"', 'medium = "mm"'),
    ("calc name(size: Size)", "calc more(size: int) -> int:\n    size + 3\n\ncalc name(size: Size)"),
    ("    large | -       => 3.00\n", ""),
]  # fmt: skip


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions whose objects are compiled, as they are."""
    pytest.importorskip("llvmlite")
    # What other processes compile is not seen here.
    monkeypatch.setenv("HYPER_PROCESSES", "1")
    seen: list[str] = []
    make = compiling.compiled

    def recorded(source: compiling.Source) -> bytes:
        seen.extend(source.exported)
        return make(source)

    monkeypatch.setattr(compiling, "compiled", recorded)
    return seen


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def _built(folder: Path, text: str = SHOP, **options: Any) -> Result:
    result = build(folder, {"shop.intent": text}, **options)
    assert result.success, result.diagnostics
    return result


def test_an_edit_compiles_the_functions_that_it_changes(
    tmp_path: Path, compiled: list[str]
) -> None:
    _built(tmp_path)
    assert len(compiled) == len(set(compiled)) == 23
    compiled.clear()
    _built(tmp_path)
    _built(tmp_path, SHOP.replace("enum Size", "# a remark\nenum Size"))
    assert compiled == []
    _built(tmp_path, SHOP.replace("amount // 2", "amount // 3"))
    assert sorted(compiled) == ["shop.half.call", "shop.of_half.call"]
    compiled.clear()
    _built(tmp_path, SHOP.replace("rounded down", "rounded to the floor"))
    assert compiled == ["PyInit__kernels"]
    compiled.clear()
    _built(tmp_path)
    assert compiled == []


def test_a_module_that_an_edit_does_not_touch_is_not_looked_at(
    tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hyper.emit.native import wrappers

    other = "intent other\n\ncalc twice(amount: int) -> int:\n    amount + amount\n"
    build(tmp_path, {"shop.intent": SHOP, "other.intent": other})
    looked: list[str] = []
    make = wrappers.wrappers

    def recorded(module: str, *rest: Any) -> Any:
        looked.append(module)
        return make(module, *rest)

    monkeypatch.setattr(wrappers, "wrappers", recorded)
    compiled.clear()
    edited = other.replace("amount + amount", "amount * 2")
    build(tmp_path, {"shop.intent": SHOP, "other.intent": edited})
    assert (looked, compiled) == (["other"], ["other.twice.call"])


def test_a_chain_of_edits_gives_what_a_first_build_gives(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    text = SHOP.replace("enum Size", "# a remark\nenum Size")
    _built(tmp_path / "chain", text)
    for number, (old, new) in enumerate(EDITS):
        assert old in text
        text = text.replace(old, new)
        _built(tmp_path / "chain", text)
        _built(tmp_path / str(number), text, incremental=False)
        fresh = _files(tmp_path / str(number) / "out")
        assert _files(tmp_path / "chain" / "out") == fresh
        assert [path for path in fresh if path.endswith(".so")]


def test_a_build_that_is_gone_comes_back_from_the_store(
    tmp_path: Path, compiled: list[str]
) -> None:
    _built(tmp_path)
    before = _files(tmp_path / "out")
    compiled.clear()
    shutil.rmtree(tmp_path / "out")
    _built(tmp_path)
    assert _files(tmp_path / "out") == before
    shutil.rmtree(tmp_path / "cache" / "records")
    shutil.rmtree(tmp_path / "cache" / "graphs")
    _built(tmp_path, kernels=["shop.half", "shop.rate"])
    assert compiled == ["PyInit__kernels"]


def test_an_object_in_the_store_that_was_altered_is_made_again(
    tmp_path: Path, compiled: list[str]
) -> None:
    _built(tmp_path)
    before = _files(tmp_path / "out")
    for path in (tmp_path / "cache" / "store").rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            for at in range(64, len(data), 64):
                data[at] ^= 0x20
            path.write_bytes(data)
    shutil.rmtree(tmp_path / "cache" / "records")
    shutil.rmtree(tmp_path / "cache" / "graphs")
    compiled.clear()
    _built(tmp_path)
    assert compiled
    assert _files(tmp_path / "out") == before


_PROCESS = """
import sys
from hyper import hyper_compile
result = hyper_compile(
    sys.argv[1] + "/src", out=sys.argv[1] + "/out", cache=sys.argv[1] + "/cache",
    target=["python", "native"], hardware=["x86-64"], package="built",
    incremental=True,
)
assert result.success, result.diagnostics
print(*sorted({"llvmlite", "numba", "numpy"} & set(sys.modules)))
"""


def _in_process(folder: Path, script: str = _PROCESS, **variables: str) -> Any:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_processes_with_other_hash_seeds_at_other_paths_write_the_same_bytes(
    tmp_path: Path,
) -> None:
    _built(tmp_path / "one")
    for seed, name in (("1", "a longer name"), ("2", "n")):
        folder = tmp_path / name
        shutil.copytree(tmp_path / "one" / "src", folder / "src")
        (folder / ".git").mkdir()
        done = _in_process(folder, PYTHONHASHSEED=seed)
        assert (done.returncode, done.stdout) == (0, "llvmlite\n"), done.stderr
        assert _files(folder / "out") == _files(tmp_path / "one" / "out")
        # Nothing that compiles is loaded where there is nothing to compile.
        assert _in_process(folder).stdout == "\n"


_KILLED = (
    """
import os, signal
from hyper.engine.natives import compiling
make = compiling.compiled
seen = []
def killed(*given):
    seen.append(given)
    if len(seen) == LEFT:
        os.kill(os.getpid(), signal.SIGKILL)
    return make(*given)
compiling.compiled = killed
"""
    + _PROCESS
)


@pytest.mark.parametrize("left", [1, 7, 23])
def test_a_build_that_is_killed_while_it_compiles_leaves_nothing_half(
    left: int, tmp_path: Path
) -> None:
    _built(tmp_path)
    before = _files(tmp_path / "out")
    changed = SHOP.replace("amount", "number").replace("* 0.19", "* 0.18").replace("0.5", "0.25")
    (tmp_path / "src" / "shop.intent").write_text(changed, encoding="utf-8")
    shutil.rmtree(tmp_path / "cache")
    done = _in_process(tmp_path, _KILLED.replace("LEFT", str(left)), HYPER_PROCESSES="1")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert _files(tmp_path / "out") == before
    _built(tmp_path, changed)
    _built(tmp_path / "fresh", changed)
    assert _files(tmp_path / "out") == _files(tmp_path / "fresh" / "out")


def _codes(result: Result) -> list[str]:
    return [item.code for item in result.diagnostics]


def test_without_a_compiler_the_rest_is_made_and_never_taken_for_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "llvmlite", None)
        assert _codes(_built(tmp_path)) == ["W0902"]
        assert _codes(_built(tmp_path)) == ["W0902"]
        without = _files(tmp_path / "out")
        assert not [path for path in without if path.endswith(".so")]
        edited = _built(tmp_path, SHOP.replace("amount // 2", "amount // 3"))
        assert _codes(edited) == ["W0902"]
    found = status(tmp_path / "out" / "built")
    assert (found["reason"], found["native"]) == ("there is no machine code of it", [])
    assert _codes(_built(tmp_path)) == []
    assert [path for path in _files(tmp_path / "out") if path.endswith(".so")]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "llvmlite", None)
        assert _codes(_built(tmp_path)) == ["W0902"]
        assert _files(tmp_path / "out") == without


def test_a_compiler_that_does_not_load_is_said_and_what_came_of_it_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")

    def broken(*_given: object) -> bytes:
        raise OSError("libLLVM.so: wrong ELF class")

    with monkeypatch.context() as patch:
        patch.setattr(compiling, "compiled", broken)
        result = _built(tmp_path)
        (said,) = result.diagnostics
        assert said.code == "W0902"
        assert "llvmlite does not work: libLLVM.so: wrong ELF class" in said.message
    assert _codes(_built(tmp_path)) == []
    assert [path for path in _files(tmp_path / "out") if path.endswith(".so")]


def test_another_machine_makes_what_it_can(
    tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert _codes(_built(tmp_path)) == []
    (said,) = _built(tmp_path, hardware=["x86-64-v3"]).diagnostics
    assert "compiles on x86-64 only" in said.message
    assert compiled


def test_other_profiles_and_another_toolchain_are_other_builds(
    tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _built(tmp_path)
    first = _files(tmp_path / "out")
    compiled.clear()
    _built(tmp_path, hardware=["x86-64-v3", "x86-64"])
    assert len(compiled) == 22  # those of the other profile, with its question
    assert _files(tmp_path / "out") != first
    compiled.clear()
    monkeypatch.setattr(toolchain, "_installed", lambda _path: "llvmlite 99")
    _built(tmp_path)
    assert len(compiled) == 23


@pytest.mark.parametrize("name", ["*", "shop.", "a,b", "../x", "x;y"])
def test_kernels_are_named(name: str) -> None:
    with pytest.raises(OptionError, match="a list of modules and functions"):
        parse_value("kernels", ["shop", name])


def test_what_shapes_a_build_is_not_taken_for_what_it_is_made_of() -> None:
    some = Options(target=("python", "native"), kernels=("a", "b"))
    more = Options(target=("python", "native"), kernels=("a",))
    assert toolchain.shape_of(some)[: len(toolchain.shape_of(more))] != toolchain.shape_of(more)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "native"}, 'ask for "python" too'),
        ({"hardware": "pentium"}, 'there is no hardware profile "pentium"'),
        ({"hardware": "aarch64"}, "packages are compiled for x86-64, not for aarch64"),
    ],
)
def test_what_cannot_be_asked_for(options: Mapping[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=said):
        build(tmp_path, {"shop.intent": SHOP}, **options)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[hardware.fast]\ncpu = 'pentium'", "the processor 'pentium' is not known; "),
        ("[hardware.fast]\ncpu = 'znver44'", "did you mean znver4"),
        (
            "[hardware.fast]\nturbo = 1",
            'the profile "fast" has no "turbo"; a profile has cpu, tune, ',
        ),
        ("[hardware.fast]\nopt_level = 9", "opt_level is one of"),
        ("hardware = ['fast']", 'there is no hardware profile "fast"'),
    ],
)
def test_mistakes_in_the_configuration_are_told_with_their_place(
    table: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "hyper.toml").write_text(table, encoding="utf-8")
    result = build(tmp_path, {"shop.intent": SHOP}, hardware=None)
    assert not result.success
    (found,) = result.diagnostics
    assert (found.code, said in found.message) == ("E0903", True), found.message


def test_what_old_processors_ask_the_c_library_for_is_there(tmp_path: Path) -> None:
    """Without SSE4.1 rounding is a call, which a library of kernels has to be linked to."""
    pytest.importorskip("llvmlite")
    pytest.importorskip("ziglang")
    text = "intent near\n" + "".join(
        f"\ncalc {name}_of(x: float) -> int:\n    {name}(x)\n"
        for name in ("ceil", "floor", "round")
    )
    result = build(tmp_path, {"near.intent": text}, target=["python", "native", "library"])
    assert _codes(result) == []
    script = "import json; from built.near import *; print(json.dumps([ceil_of(0.5), floor_of(-0.5), round_of(2.5)]))"
    assert asked(tmp_path / "out", script) == [1, -1, 2]


def test_the_toolchain_is_the_same_whatever_the_order_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ["llvmlite-0.46.0.dist-info", "numpy", "llvmlite-0.45.1.dist-info"]
    for names in (found, found[::-1]):
        monkeypatch.setattr(os, "listdir", lambda _folder, names=names: list(names))
        assert toolchain._installed.__wrapped__((str(tmp_path),)) == "llvmlite 0.45.1"
