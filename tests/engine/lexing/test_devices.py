"""Graphics processors in builds: what the options say, what the trace shows, and what is kept of measurements."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.cli.main import main
from hyper.engine import options as build_options
from hyper.engine import ownership
from hyper.engine.compiler import createHyperCompiler
from hyper.engine.lexing import choice, library, measured
from hyper.engine.lexing import session as lexing
from hyper.engine.lexing.library import Library
from hyper.engine.search import engine as search_engine
from hyper.engine.trace import Trace
from hyper.gpu import engine
from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.choosing import OPERATIONS, Cost, Operation, Speeds
from hyper.gpu.compiled.backend import CompiledBackend
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.sources import Opened, Settings, Source
from hyper.gpu.webgpu.backend import WebgpuBackend
from hyper.gpu.webgpu.device import Limits
from hyper.lang.automaton.table import token_table
from tests.checkout import STOREFRONT

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.base.events import Event
    from hyper.engine.result import Result

PLAIN = Library(PlainLoops(), token_table())


class Device(CompiledBackend):
    """A device that works unless it is lost."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__("device", PlainLoops())
        self.fails = fails
        self.closed = 0
        self.worked: list[str] = []

    def _work(self, operation: str) -> None:
        if self.fails:
            message = "the device is lost: a cable"
            raise BackendError(message)
        self.worked.append(operation)

    def cut(self, *given: Any) -> Any:
        self._work("cut")
        return super().cut(*given)

    def search(self, *given: Any) -> Any:
        self._work("search")
        return super().search(*given)

    def hash(self, *given: Any) -> Any:
        self._work("hash")
        return super().hash(*given)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(choice, "open_library", lambda: PLAIN)
    return tmp_path / "state" / "hypercompiler" / "text-engine"


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device()
    asked: list[Settings] = []

    def sources(settings: Settings) -> dict[str, Source]:
        asked.append(settings)
        return {
            "wgpu": Source(lambda: Opened(made, "device", "a device")),
            "plain": Source(lambda: Opened(CompiledBackend("plain", PlainLoops()))),
        }

    monkeypatch.setattr(engine, "sources", sources)
    made.asked = asked  # type: ignore[attr-defined]
    return made


def fast() -> None:
    """Have it measured that the device is far faster than all else."""
    costs: dict[Operation, Cost] = {
        name: Cost(0.0, 0.0, 1e12) for name in OPERATIONS if name != "lay_out"
    }
    measured.keep_measurements(
        {"wgpu": Speeds("device", 0.0, costs, 1e12, "a device", measured=True)}
    )


def build(out: Path, **more: Any) -> tuple[Result, list[Event], dict[str, str]]:
    heard: list[Event] = []
    with createHyperCompiler(environment={}, incremental=False, **more) as compiler:
        compiler.on("text:cut", heard.append)
        compiler.on("text:fallback", heard.append)
        result = compiler.compile(str(STOREFRONT), out=str(out))
    assert result.success
    return result, heard, {output.path: output.digest for output in result.outputs}


def test_on_a_device_cuts_and_the_output_is_the_same(tmp_path: Path, device: Device) -> None:
    wanted = build(tmp_path / "python", text="python")[2]
    settings = {"gpu": "on", "gpu_memory": "64MB", "gpu_workgroup": 256}
    result, heard, made = build(tmp_path / "device", tier="conservative", **settings)
    assert made == wanted
    assert result.metrics["lexed_by_wgpu"] >= result.metrics["lexed_bytes"] > 0
    assert [(each.name, each.worker, each.phase) for each in heard] == [("text:cut", "wgpu", "lex")]
    assert device.asked == [Settings("on", 64_000_000, 256)]  # type: ignore[attr-defined]
    assert device.closed
    trace = Trace()
    for event in heard:
        trace.hear(event)
    assert b'"backend":"wgpu"' in trace.encode()


def test_a_device_that_is_lost_is_told_once(tmp_path: Path, device: Device) -> None:
    wanted = build(tmp_path / "python", text="python")[2]
    device.fails = True
    result, heard, made = build(tmp_path / "device", gpu="on")
    assert made == wanted
    assert [each.name for each in heard] == ["text:fallback", "text:cut"]
    assert heard[0].reason == "wgpu: the device is lost: a cable"
    assert heard[0].phase == "cut"
    assert "lexed_by_wgpu" not in result.metrics
    assert result.metrics["lexed_by_native"] > 0
    assert device.closed


def test_the_command_says_so_and_goes_on(
    tmp_path: Path,
    device: Device,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device.fails = True
    monkeypatch.setenv("HYPER_GPU", "on")
    assert main(["build", str(STOREFRONT), "-o", str(tmp_path), "--no-cache"]) == 0
    told = capsys.readouterr().err
    assert told.count("the text engine goes on without wgpu: the device is lost: a cable") == 1
    assert main(["fmt", "--check", str(STOREFRONT)]) == 0
    assert capsys.readouterr().err.count("goes on without wgpu") == 1


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    ("given", "by"),
    [
        ({"tier": "balanced"}, "native"),
        ({"tier": "aggressive", "processes": 1}, "wgpu"),
        ({"tier": "aggressive", "processes": 1, "gpu": "off"}, "native"),
        ({"tier": "balanced", "processes": 1, "gpu": "auto"}, "wgpu"),
        # From a process with threads no worker can be forked.
        ({"tier": "aggressive", "processes": 4}, "native" if sys.platform != "win32" else "wgpu"),
        ({"gpu": "on", "processes": 4}, "wgpu"),
    ],
)
def test_the_fastest_by_measurements_cuts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], by: str
) -> None:
    fast()
    monkeypatch.setattr(lexing, "LEAST", 1)
    result = build(tmp_path, **given)[0]
    assert [key for key in result.metrics if key.startswith("lexed_by_")] == [f"lexed_by_{by}"]


def test_auto_without_measurements_opens_no_device(
    tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexing, "LEAST", 1)
    result = build(tmp_path, gpu="auto", processes=1)[0]
    assert result.metrics["lexed_by_native"] > 0
    assert not device.closed


def test_another_setting_in_a_session_is_another_engine(tmp_path: Path, device: Device) -> None:
    with createHyperCompiler(environment={}, incremental=False) as compiler:
        first = compiler.compile(str(STOREFRONT), out=str(tmp_path / "a"), gpu="on")
        assert device.closed == 0
        second = compiler.compile(str(STOREFRONT), out=str(tmp_path / "b"), gpu="off", memory=0)
    assert device.closed == 1
    assert "lexed_by_wgpu" in first.metrics
    assert "lexed_by_wgpu" not in second.metrics


def test_without_a_library_a_huge_build_may_compile_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "open_library", lambda: None)
    monkeypatch.setattr(choice, "can_prepare", lambda: False)
    opened: list[str] = []

    def numba() -> Opened:
        opened.append("numba")
        return Opened(CompiledBackend("numba", PlainLoops()))

    sources = {"numba": Source(numba)}
    monkeypatch.setattr(engine, "sources", lambda _settings: sources)
    content = {"a.intent": b"const A = 1\n" * 100}
    assert choice.Choice().cut(content).sizes == (0, 0)
    monkeypatch.setattr(choice, "_WORTH", 1)
    assert choice.Choice().cut(content).sizes == (0, 0)
    assert not opened
    # What the lexer is reckoned to take longer for than compiling does is cut by what was compiled.
    monkeypatch.setattr(choice, "REFERENCE_SPEED", 100.0)
    costs = {name: Cost(0.0, 2.0, 1e9) for name in OPERATIONS}
    measured.keep_measurements({"numba": Speeds("processor", 0.5, costs, measured=True)})
    lexed = choice.Choice().cut(content)
    assert lexed.sizes == (1200, 0)
    assert lexed.by == {"numba": 1201}
    assert opened == ["numba"]


# Measurements that are kept.


def test_measurements_are_read_as_they_were_kept(state: Path) -> None:
    assert measured.read_measurements() == {}
    assert not state.exists()
    fast()
    assert measured.read_measurements()["wgpu"].device == "a device"
    assert {each.name for each in state.iterdir()} == {"measurements", "measurements.seal"}


def _sealed(path: Path, data: bytes) -> None:
    ownership.keep_sealed(str(path), data)


@pytest.mark.parametrize(
    "way", ["flipped", "cut", "empty", "seal", "gone", "mode", "folder", "huge"]
)
def test_measurements_that_were_harmed_are_not_believed(state: Path, way: str) -> None:
    fast()
    path, seal = state / "measurements", state / "measurements.seal"
    data = path.read_bytes()
    if way == "flipped":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif way == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif way == "empty":
        path.write_bytes(b"")
    elif way == "seal":
        seal.write_bytes(b"\xff" * 64)
    elif way == "gone":
        seal.unlink()
    elif way == "mode":
        if sys.platform == "win32":
            pytest.skip("there are no such modes")
        path.chmod(0o722)
    elif way == "huge":
        path.write_bytes(data + b"\0" * (1 << 20))
    else:
        path.unlink()
        path.mkdir()
    assert measured.read_measurements() == {}


def test_measurements_of_another_version_or_with_odd_figures_are_not_believed(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast()
    path = state / "measurements"
    kept = msgspec.msgpack.decode(path.read_bytes())
    for wrong in (
        kept | {"key": "0" * 64},
        kept | {"backends": [1]},
        {"key": kept["key"]},
        {"key": kept["key"], "backends": {"wgpu": kept["backends"]["wgpu"] | {"opening": -1.0}}},
        {"key": kept["key"], "backends": {"wgpu": kept["backends"]["wgpu"] | {"kind": "magic"}}},
    ):
        _sealed(path, msgspec.msgpack.encode(wrong))
        assert measured.read_measurements() == {}
    _sealed(path, msgspec.msgpack.encode(kept))
    assert measured.read_measurements()
    monkeypatch.setattr(measured, "_PACKAGES", (("msgspec", "_version.py"),))
    assert measured.read_measurements() == {}


def test_a_build_believes_no_harmed_measurements(
    tmp_path: Path, device: Device, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast()
    (state / "measurements").write_bytes(b"\xc1" * 100)
    monkeypatch.setattr(lexing, "LEAST", 1)
    assert "lexed_by_native" in build(tmp_path, gpu="auto", processes=1)[0].metrics
    assert not device.closed


# A real adapter, where there is one.


def test_a_real_adapter_cuts_a_build(tmp_path: Path) -> None:
    backend = WebgpuBackend(Limits())
    try:
        backend.open()
    except BackendError as error:
        pytest.skip(f"no kernel can run here: {error}")
    finally:
        backend.close()
    wanted = build(tmp_path / "python", text="python")[2]
    result, heard, made = build(tmp_path / "device", gpu="on", processes=1)
    assert made == wanted
    assert [each.name for each in heard] == ["text:cut"]
    assert result.metrics["lexed_by_wgpu"] > 0


@pytest.mark.parametrize(
    ("tier", "given", "wanted"),
    [
        ("conservative", {}, ("off", "python")),
        ("conservative", {"gpu": "on"}, ("on", "native")),
        ("conservative", {"gpu": "on", "text": "python"}, ("on", "python")),
        ("balanced", {}, ("off", "native")),
        ("insane", {}, ("auto", "native")),
        ("insane", {"gpu": "off"}, ("off", "native")),
    ],
)
def test_what_options_mean(tier: Any, given: dict[str, Any], wanted: tuple[str, str]) -> None:
    chosen = build_options.Options(tier=tier, **given)
    assert (chosen.gpu_use, chosen.text_level) == wanted


# Searches.


@pytest.mark.parametrize(
    "words",
    [
        ("grep", "entity", str(STOREFRONT)),
        ("grep", "-i", "-e", "order", "-e", "Price", "--in", "names", str(STOREFRONT)),
        ("lint", "--secrets", "--duplicates", str(STOREFRONT)),
    ],
)
def test_searches_go_to_the_device_and_on_without_it(
    words: tuple[str, ...],
    device: Device,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = main([*words])
    wanted = capsys.readouterr()
    assert not device.worked
    monkeypatch.setenv("HYPER_GPU", "on")
    assert main([*words]) == code
    assert capsys.readouterr() == wanted
    assert device.worked
    assert device.closed == 1
    device.fails = True
    assert main([*words]) == code
    found = capsys.readouterr()
    assert found.out == wanted.out
    assert found.err.count("the text engine goes on without wgpu: the device is lost: a cable") == 1


@pytest.mark.usefixtures("state")
def test_a_search_weighs_the_device_against_python(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_engine, "LEAST", 1)
    monkeypatch.setattr(library, "open_library", lambda: None)
    arena = Arena([b"entity A\n" * 100])
    words = [b"entity", b"A", b"B", b"C", b"D", b"E"]
    wanted = search_engine.search_plainly(arena, words)
    given = build_options.Options(tier="aggressive")
    for measured_first in (False, True):
        if measured_first:
            fast()
        chosen = search_engine.Engine(given, arena.size)
        assert chosen.search(arena, words) == wanted
        assert bool(device.worked) == measured_first
    off = build_options.Options(tier="balanced")
    device.worked.clear()
    assert search_engine.Engine(off, arena.size).search(arena, words) == wanted
    assert not device.worked
