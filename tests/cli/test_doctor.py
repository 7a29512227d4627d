"""``hyper doctor``: what it looks at, and what it advises."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
import redis

from benchmarks.remote_server import RedisServer
from hyper.cli.commands import doctor, doctor_gpu
from hyper.distributed import packages
from hyper.distributed.names import Names
from hyper.distributed.roster import Worker
from hyper.engine.identity import identity
from hyper.engine.lexing import library, measured
from hyper.engine.natives import toolchain
from hyper.gpu.backend import BackendError
from hyper.gpu.choosing import OPERATIONS, Speeds
from hyper.gpu.compiled.backend import CompiledBackend
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.measurements import Sample, measure
from hyper.gpu.sources import Opened, Source
from hyper.gpu.webgpu.device import Adapter, Listed
from hyper.jit import hardware
from hyper.jit.llvm import target
from hyper.lang.automaton.table import token_table
from tests.redis_server import require_server

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
        f"[{name}]" for name in ("bench", "cache", "data", "distributed", "gpu", "jit")
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
    again = told("--prepare")
    assert again["prepared"] == "ok: the text engine's library was there already"
    monkeypatch.setattr(library, "open_library", lambda: None)
    with monkeypatch.context() as full:
        full.setattr(library, "prepare", _no_room)
        done = hyper("doctor", "--prepare")
    assert done.code == 1
    assert "nothing: /state: Read-only file system" in done.out
    assert "XDG_STATE_HOME names another" in done.out
    monkeypatch.setattr(library, "can_prepare", lambda: False)
    assert told() == {"text engine": "absent: the reference lexer cuts files one by one"}
    monkeypatch.setitem(sys.modules, "numba", None)
    done = hyper("doctor", "--prepare")
    assert done.code == 1
    assert "pip install 'hypercompiler[gpu]'" in done.out


def _no_room() -> str:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/state")


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Listed]:
    """Small sizes, the plain loops and a device, and the adapters that are found."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(doctor_gpu, "can_prepare", lambda: False)
    made = CompiledBackend("wgpu", PlainLoops())
    offered = {
        "plain": Source(lambda: Opened(CompiledBackend("plain", PlainLoops()))),
        "wgpu": Source(lambda: Opened(made, "software", "a device"), "", lambda _on, data: data),
    }

    def measure_here(*_given: object) -> dict[str, Speeds]:
        return measure(offered, Sample(b"const A = 1\n" * 40, token_table()), (1 << 11, 1 << 12))

    found = [Listed(Adapter("llvmpipe", "CPU", "Vulkan", "Mesa"), 1 << 27, 1 << 31, 1024, True)]
    monkeypatch.setattr(doctor_gpu, "measure_here", measure_here)
    monkeypatch.setattr(doctor_gpu, "adapters", lambda: found)
    return found


@pytest.mark.usefixtures("measuring")
def test_doctor_measures_and_keeps_what_the_engine_goes_by(hyper: Hyper) -> None:
    before = hyper("doctor", "--json").json("doctor")
    assert "gpu" not in before
    value = hyper("doctor", "--gpu", "--json").json("doctor")
    (adapter,) = value["gpu"]["adapters"]
    assert (adapter["name"], adapter["software"], adapter["usable"]) == ("llvmpipe", True, True)
    assert [each["name"] for each in value["gpu"]["backends"]] == ["plain", "wgpu"]
    assert value["gpu"]["kept"] is True
    assert set(value["gpu"]["operations"]) == set(OPERATIONS)
    for costs in value["gpu"]["operations"].values():
        assert [each["backend"] for each in costs] == ["plain", "wgpu"]
        assert all(len(each["points"]) == 2 for each in costs)
    kept = measured.read_measurements()
    assert kept["wgpu"].kind == "software"
    for operation, costs in value["gpu"]["operations"].items():
        assert kept["plain"].costs[operation].speed == costs[0]["speed"]
    (finding,) = [item for item in value["findings"] if item["subject"] == "measured"]
    assert finding["detail"] == "the text engine's back ends: plain, wgpu"


def test_doctor_shows_a_table_and_a_plot_of_each_operation(
    hyper: Hyper, measuring: list[Listed]
) -> None:
    told = hyper("doctor", "--gpu").out
    assert "llvmpipe: software, Vulkan, Mesa; bindings of 128 MiB" in told
    assert "on a device; software, never under auto" in told
    assert "p plain" in told
    for operation in OPERATIONS:
        assert told.count(f"\n{operation}") == 2
    assert told.count("+-----") == len(OPERATIONS)
    measuring.clear()
    assert "none: install a driver" in hyper("doctor", "--gpu").out


@pytest.mark.usefixtures("measuring")
def test_doctor_says_why_there_are_no_adapters(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def adapters() -> list[Listed]:
        message = "wgpu cannot be loaded: none"
        raise BackendError(message)

    monkeypatch.setattr(doctor_gpu, "adapters", adapters)

    def full(_found: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(doctor_gpu, "keep_measurements", full)
    told = hyper("doctor", "--gpu").out
    assert "wgpu cannot be loaded: none" in told
    assert "the measurements cannot be kept: No space left on device" in told
    value = hyper("doctor", "--gpu", "--json").json("doctor")["gpu"]
    assert (value["adapters"], value["trouble"]) == ([], "wgpu cannot be loaded: none")
    assert value["kept"] is False


def _fleet_of(hyper: Hyper) -> tuple[str, str, str | None]:
    findings = hyper("doctor", "--json").json("doctor")["findings"]
    (found,) = [item for item in findings if item["subject"] == "fleet"]
    return found["state"], found["detail"], found["advice"]


def test_doctor_tells_what_a_fleet_lacks(hyper: Hyper, monkeypatch: pytest.MonkeyPatch) -> None:
    state, detail, advice = _fleet_of(hyper)
    assert (state, detail) == ("absent", "no server is named")
    assert advice is not None
    assert "HYPER_QUEUE_URL" in advice
    monkeypatch.setenv("HYPER_QUEUE_URL", "unix:///nowhere/at/all")
    state, detail, _ = _fleet_of(hyper)
    told = "unix:///nowhere/at/all cannot be used: no connection"
    assert (state, detail) == ("absent", told)
    monkeypatch.setenv("HYPER_CACHE_KEYS", "k1=00")
    state, detail, _ = _fleet_of(hyper)
    assert state == "absent"
    assert "HYPER_CACHE_KEYS" in detail
    monkeypatch.setattr(packages, "find_spec", lambda _name: None)
    assert _fleet_of(hyper)[:2] == ("absent", "bullmq and redis not installed")


def test_doctor_looks_at_all_that_a_worker_needs(hyper: Hyper) -> None:
    findings = hyper("doctor", "--json").json("doctor")["findings"]
    subjects = {item["subject"].partition(" ")[0] for item in findings}
    assert set(packages.WORKER.values()) <= subjects


def test_doctor_counts_the_workers_of_a_fleet(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_server()
    server = RedisServer()
    monkeypatch.setenv("HYPER_QUEUE_URL", server.url)
    try:
        assert _fleet_of(hyper)[0] == "absent"
        names = Names("hyper")
        with redis.Redis.from_url(server.url) as client:
            for name, digest in (("a", identity()), ("b", "0" * 64)):
                worker = Worker(name, digest, ("any",), slots=1)
                client.set(names.worker(name), msgspec.json.encode(worker))
                client.sadd(names.members("workers"), name)
        told = "1 of this version, with 1 slot, 1 of another"
        assert _fleet_of(hyper) == ("ok", f"workers at {server.url}: {told}", None)
    finally:
        server.close()
