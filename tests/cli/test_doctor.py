"""``hyper doctor``: what it looks at, and what it advises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hyper.cli.commands import doctor
from hyper.engine.lexing import library
from hyper.engine.natives import toolchain
from hyper.jit import hardware
from hyper.jit.llvm import target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]


def test_doctor(hyper: Hyper) -> None:
    value = hyper("doctor", "--json").json("doctor")
    assert value["success"] is True
    assert {"Python", "pydantic", "configuration"} <= {
        item["subject"] for item in value["findings"]
    }
    assert "everything that is needed is here" in hyper("doctor").out


def test_doctor_lists_extras_that_are_used_in_columns(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: "1" if name in doctor._CORE else None)
    lines = hyper("doctor").out.splitlines()
    extras = [line for line in lines if line.startswith("absent") and "[" in line]
    assert {line.split()[2] for line in extras} == {
        f"[{name}]" for name in ("bench", "cache", "data", "gpu", "jit")
    }
    assert len({line.index("not installed") for line in extras}) == 1
    assert all(" not installed" in line for line in extras)


def test_doctor_tells_for_what_machine_code_is_made(
    hyper: Hyper, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> tuple[str, str, str | None]:
        findings = hyper("doctor", "--json").json("doctor")["findings"]
        (found,) = [item for item in findings if item["subject"] == "machine code"]
        return found["state"], found["detail"], found["advice"]

    assert told() == ("ok", "neither native nor library is among the targets", None)
    (folder / "hyper.toml").write_text('target = ["python", "native"]\n[hardware.x86-64]\n')
    monkeypatch.setattr(toolchain, "_installed", lambda _path: "llvmlite 9")
    monkeypatch.setattr(target, "host", lambda: None)
    assert told() == ("ok", "llvmlite 9, for x86-64", None)
    monkeypatch.setattr(hardware, "host_features", lambda: {"sse3"})
    monkeypatch.setenv("HYPER_HARDWARE", "x86-64-v3,x86-64")
    assert told() == ("ok", "llvmlite 9, for x86-64-v3 (not run here), x86-64", None)
    monkeypatch.setattr(toolchain, "_installed", lambda _path: "none")
    state, detail, advice = told()
    assert (state, detail) == ("absent", "it needs llvmlite")
    assert advice == "pip install 'hypercompiler[jit]'"


def test_doctor_tells_what_is_on_and_why(
    hyper: Hyper, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HYPER_INCREMENTAL")
    (folder / "hyper.toml").write_text('tier = "conservative"\ncollects = false\n')
    found = {
        item["subject"]: item["detail"]
        for item in hyper("doctor", "--json").json("doctor")["findings"]
    }
    assert found["tier"] == "conservative"
    assert found["collects"] == "off, as configured"
    assert found["incremental"] == "on, by tier conservative"
    assert found["cache"] == ".hyper"


def test_doctor_sees_a_broken_configuration(hyper: Hyper, folder: Path) -> None:
    (folder / "hyper.toml").write_text("packge = 'x'")
    assert hyper("doctor").code == 1


def test_doctor_prepares_the_text_engine(
    hyper: Hyper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*words: str) -> dict[str, str]:
        findings = hyper("doctor", *words, "--json").json("doctor")["findings"]
        return {
            item["subject"]: f"{item['state']}: {item['detail']}"
            for item in findings
            if item["subject"] in {"text engine", "prepared"}
        }

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if not library.can_prepare():
        pytest.skip("libraries are made on Linux, with numba and llvmlite")
    assert told() == {"text engine": "absent: its library is not prepared"}
    after = told("--prepare")
    assert after["text engine"] == "ok: its library is prepared: many files are cut at once"
    assert after["prepared"].startswith("ok: the text engine's library, in ")
    assert told()["text engine"].startswith("ok")
    monkeypatch.setattr(library, "can_prepare", lambda: False)
    monkeypatch.setattr(library, "open_library", lambda: None)
    assert told() == {"text engine": "absent: the reference lexer cuts files one by one"}
    monkeypatch.setitem(sys.modules, "numba", None)
    done = hyper("doctor", "--prepare")
    assert done.code == 1
    assert "pip install 'hypercompiler[gpu]'" in done.out
