"""The engine over all back ends: its own conformance, what it picks, and what it does when a back end fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest

from hyper.gpu import measurements
from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.choosing import OPERATIONS, Cost, Operation, Speeds
from hyper.gpu.compiled.backend import CompiledBackend, lay_out
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.engine import Fallback, TextEngine
from hyper.gpu.graphs import make_graph
from hyper.gpu.measurements import Sample, line_through, measure
from hyper.gpu.patterns import make_patterns
from hyper.gpu.sources import Opened, Settings, Source, sources
from hyper.gpu.webgpu.device import adapters
from hyper.lang.automaton.table import token_table
from tests.gpu.adapters import fresh
from tests.gpu.conformance import BackendConformance

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.gpu.backend import Backend
    from hyper.gpu.choosing import Kind, Use
    from hyper.gpu.results import Lines

TEXT: Final = b'entity A:\n    name: string  # "what"\n' * 40 + b"\xff\n"
ARENA: Final = Arena([TEXT.replace(b"\xff", b""), b"", b"const B = 2\n"])
GRAPH: Final = make_graph([[1, 2], [3], [], [0], []])
PATTERNS: Final = make_patterns([b"name", b"ame:", b"B"])
WORK: Final[dict[Operation, Callable[[Any], Any]]] = {
    "cut": lambda on: on.cut(ARENA, token_table()),
    "lines": lambda on: on.lines(ARENA),
    "search": lambda on: on.search(ARENA, PATTERNS),
    "hash": lambda on: on.hash(TEXT, [0, 10, 5, 900], 3),
    "reach": lambda on: on.reach(GRAPH, [0]),
    "histogram": lambda on: on.histogram(ARENA),
    "validate": lambda on: on.validate(ARENA),
}
FAST: Final = {name: Cost(0.0, 0.0, 1e12) for name in OPERATIONS}


def plain() -> CompiledBackend:
    return CompiledBackend("plain", PlainLoops())


class Device(CompiledBackend):
    """A device that works, until it fails; it knows what it was asked and whether it was given back."""

    def __init__(self, failing: str = "", *, well: bool = False) -> None:
        super().__init__("device", PlainLoops())
        self.failing = failing
        self.well = well
        self.asked: list[str] = []
        self.closed = 0

    @property
    def lost(self) -> str | None:
        return None if self.well else "it is lost"

    def close(self) -> None:
        self.closed += 1

    def __getattribute__(self, name: str) -> Any:
        if name in WORK:
            self.asked.append(name)
            if name == self.failing:
                message = "the device is lost"
                raise BackendError(message)
        return super().__getattribute__(name)


def engine(
    device: Device | BackendError,
    use: Use = "auto",
    kind: Kind = "device",
    heard: list[Fallback] | None = None,
    **more: Any,
) -> TextEngine:
    """An engine with the plain loops, and a device that is measured to be far faster."""

    def opened() -> Opened:
        if isinstance(device, BackendError):
            raise device
        return Opened(device, kind, "the device")

    return TextEngine(
        Settings(use),
        offered={"wgpu": Source(opened), "plain": Source(lambda: Opened(plain()))},
        tell=heard.append if heard is not None else None,
        **{
            "measured": {"wgpu": Speeds("device", 0.0, FAST, 1e12, "the device", measured=True)},
            **more,
        },
    )


class TestAllTogether(BackendConformance):
    """Of three back ends each does what it is predicted to be fastest at: with the sizes, that changes."""

    examples: ClassVar[int] = 20
    huge: ClassVar[int] = 80_000

    @pytest.fixture
    def backend(self) -> Backend:
        slow = {name: Cost(0.0, 1e-3, 1e9) for name in OPERATIONS}
        found = engine(
            Device(),
            measured={
                "wgpu": Speeds("device", 0.0, slow, 1e9, "the device", measured=True),
                "plain": Speeds("processor", 0.0, {**FAST, "cut": Cost(0.0, 0.0, 1e6)}),
            },
        )
        held: Backend = found
        return held


@pytest.mark.parametrize("operation", WORK)
def test_a_device_that_fails_is_told_once_and_the_work_is_done_again(operation: Operation) -> None:
    work = WORK[operation]
    heard: list[Fallback] = []
    device = Device(operation)
    chosen = engine(device, heard=heard)
    wanted = work(plain())
    assert work(chosen) == wanted
    assert heard == [Fallback("wgpu", operation, "the device is lost")]
    assert (device.asked, device.closed) == ([operation], 1)
    # It is asked for nothing from now on.
    for other in WORK.values():
        assert other(chosen) == other(plain())
    assert (device.asked, len(heard), device.closed) == ([operation], 1, 1)
    assert set(chosen.done) == {(each, "plain") for each in WORK}


@pytest.mark.parametrize("operation", WORK)
@pytest.mark.parametrize("use", ["auto", "on"])
def test_a_device_that_has_too_little_for_one_operation_does_the_others(
    operation: Operation, use: Use
) -> None:
    heard: list[Fallback] = []
    device = Device(operation, well=True)
    chosen = engine(device, use, heard=heard)
    for _ in range(2):
        for work in WORK.values():
            assert work(chosen) == work(plain())
    assert [each.operation for each in heard] == [operation]
    assert device.asked.count(operation) == 1
    assert chosen.done[operation, "plain"] > 0
    assert all(chosen.done[each, "wgpu"] for each in WORK if each != operation)
    assert device.closed == 0


@pytest.mark.parametrize("use", ["auto", "on"])
def test_where_there_is_no_adapter_it_is_told_once(use: Use) -> None:
    heard: list[Fallback] = []
    chosen = engine(BackendError("there is no graphics adapter"), use, heard=heard)
    for work in WORK.values():
        assert work(chosen) == work(plain())
    assert heard == [Fallback("wgpu", "cut", "there is no graphics adapter")]


def test_tokens_are_laid_out_by_a_processor_whoever_cut() -> None:
    heard: list[Fallback] = []
    wanted = lay_out(PlainLoops(), ARENA, token_table(), plain().cut(ARENA, token_table()))
    for device in (Device(), Device("cut")):
        costs: dict[Operation, Cost] = {
            name: cost for name, cost in FAST.items() if name != "lay_out"
        }
        measured = {"wgpu": Speeds("device", 0.0, costs, 1e12, "the device", measured=True)}
        chosen = engine(device, heard=heard, measured=measured)
        assert chosen.tokens(ARENA, token_table()) == wanted
        cut = "plain" if device.failing else "wgpu"
        assert chosen.done == {("cut", cut): ARENA.size, ("lay_out", "plain"): ARENA.size}
    assert len(heard) == 1


def test_where_nobody_is_left_the_error_is_told() -> None:
    alone = TextEngine(Settings(), offered={"plain": Source(lambda: Opened(Device("lines")))})
    with pytest.raises(BackendError, match="no back end left"):
        alone.lines(ARENA)


def test_mistakes_of_the_caller_are_no_faults_of_a_back_end() -> None:
    heard: list[Fallback] = []
    chosen = engine(Device(), heard=heard)
    with pytest.raises(ValueError, match="range"):
        chosen.hash(b"abc", [0, 4])
    with pytest.raises(ValueError, match="seed"):
        chosen.reach(GRAPH, [9])
    assert not heard


def test_off_opens_no_device() -> None:
    device = Device()
    for work in WORK.values():
        work(engine(device, "off"))
    assert not device.asked


def test_software_that_is_found_is_given_back_at_once() -> None:
    heard: list[Fallback] = []
    device = Device()
    chosen = engine(device, kind="software", heard=heard)
    assert chosen.lines(ARENA) == plain().lines(ARENA)
    assert (device.asked, device.closed, heard) == ([], 1, [])
    device = Device()
    engine(device, "on", kind="software").lines(ARENA)
    assert device.asked == ["lines"]


def test_another_device_than_the_measured_one_is_not_believed_to_be_as_fast() -> None:
    device = Device()
    measured = {"wgpu": Speeds("device", 0.0, FAST, 1e12, "another", measured=True)}
    chosen = engine(device, measured=measured)
    chosen.lines(ARENA)
    assert chosen.done == {("lines", "plain"): ARENA.size}
    assert not device.closed


def test_a_device_is_kept_until_the_end() -> None:
    opened = []
    device = Device()

    def opening() -> Opened:
        opened.append(device)
        return Opened(device, "device")

    chosen = TextEngine(
        Settings("on"),
        offered={"wgpu": Source(opening), "plain": Source(lambda: Opened(plain()))},
    )
    for work in WORK.values():
        work(chosen)
    assert (len(opened), device.closed) == (1, 0)
    chosen.close()
    chosen.close()
    assert device.closed == 1
    assert chosen.lines(ARENA) == plain().lines(ARENA)
    assert len(opened) == 1


def test_what_many_calls_would_save_opens_a_device_in_the_end() -> None:
    arena = Arena([b"a\n" * 5000])
    costs: dict[Operation, Cost] = {"lines": Cost(0.0, 0.0, 1e9)}
    slow: dict[Operation, Cost] = {"lines": Cost(0.0, 0.0, 1e5)}
    device = Device()
    chosen = engine(
        device,
        measured={
            "wgpu": Speeds("device", 1.0, costs, 1e9, "the device", measured=True),
            "plain": Speeds("processor", 0.0, slow, measured=True),
        },
    )
    # Each call is predicted to take a tenth of a second, and nothing on the device, which takes one to open.
    for _ in range(20):
        chosen.lines(arena)
    assert chosen.done["lines", "plain"] == 10 * arena.size
    assert chosen.done["lines", "wgpu"] == 10 * arena.size
    # What is to follow counts at once.
    device = Device()
    chosen = engine(
        device,
        measured={
            "wgpu": Speeds("device", 1.0, costs, 1e9, "the device", measured=True),
            "plain": Speeds("processor", 0.0, slow, measured=True),
        },
    )
    chosen.lines(arena, more=10**6)
    assert device.asked == ["lines"]


def test_a_package_that_is_missing_is_passed_over() -> None:
    heard: list[Fallback] = []

    def never() -> Opened:
        raise AssertionError

    offered = {
        "wgpu": Source(never, "no_such_package_of_ours"),
        "plain": Source(lambda: Opened(plain())),
    }
    chosen = TextEngine(Settings("auto"), offered=offered, measured={}, tell=heard.append)
    chosen.lines(ARENA)
    assert not heard
    chosen = TextEngine(Settings("on"), offered=offered, measured={}, tell=heard.append)
    chosen.lines(ARENA)
    chosen.cut(ARENA, token_table())
    assert [each.reason for each in heard] == ["wgpu is not installed"]


def test_a_library_that_is_handed_in_is_used() -> None:
    chosen = TextEngine(loops=PlainLoops())
    chosen.tokens(ARENA, token_table())
    assert set(chosen.done) == {("cut", "native"), ("lay_out", "native")}


# Measuring.


def test_what_is_measured_can_be_chosen_by() -> None:
    heard: list[tuple[str, str]] = []
    device = Device("search")
    moved: list[int] = []

    def round_trip(_backend: Backend, data: bytes) -> bytes:
        moved.append(len(data))
        return data

    offered = {
        "plain": Source(lambda: Opened(plain())),
        "wgpu": Source(lambda: Opened(device, "software", "a device"), "", round_trip),
        "gone": Source(lambda: _fail("there is none")),
        "absent": Source(lambda: _fail("not asked"), "no_such_package_of_ours"),
    }
    sample = Sample(TEXT.replace(b"\xff", b""), token_table())
    found = measure(offered, sample, (1 << 12, 1 << 13), lambda *what: heard.append(what))
    assert list(found) == ["plain", "wgpu"]
    assert all(speeds.sound() and speeds.measured for speeds in found.values())
    assert set(found["plain"].costs) == set(OPERATIONS)
    assert set(found["wgpu"].costs) == set(OPERATIONS) - {"search"}
    assert (found["wgpu"].kind, found["wgpu"].device) == ("software", "a device")
    assert found["wgpu"].transfer > 0 == found["plain"].transfer
    assert moved
    assert device.closed == 1
    assert heard[0] == ("plain", "cut")
    for cost in found["plain"].costs.values():
        assert len(cost.points) == 2
        assert cost.points[0][0] < cost.points[1][0]


def _fail(reason: str) -> Opened:
    raise BackendError(reason)


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([(1000, 0.5)], (0.0, 2000.0)),
        ([(1000, 0.2), (2000, 0.3)], (0.1, 10_000.0)),
        ([(1000, 0.1), (2000, 0.3)], (0.0, 5000.0)),
        ([(1000, 0.3), (2000, 0.2)], (0.0, 10_000.0)),
        ([(1000, 0.2), (1500, 9.0), (2000, 0.3)], (0.1, 10_000.0)),
    ],
)
def test_a_line_through_what_was_measured(
    points: list[tuple[int, float]], wanted: tuple[float, float]
) -> None:
    assert line_through(points) == pytest.approx(wanted)


def test_a_real_adapter_is_measured() -> None:
    fresh().close()
    offered = {name: each for name, each in sources(Settings("on")).items() if name == "wgpu"}
    sample = Sample(TEXT.replace(b"\xff", b""), token_table())
    found = measure(offered, sample, (1 << 12, 1 << 14))["wgpu"]
    assert found.sound()
    assert set(found.costs) == set(OPERATIONS) - {"lay_out"}
    assert found.opening > 0 < found.transfer
    assert found.device
    listed = [each for each in adapters() if each.usable]
    assert any(each.adapter.name in found.device for each in listed)
    assert all(each.binding > 0 < each.workgroup for each in listed)


def test_what_a_larger_size_compiles_is_no_throughput(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()

    def timed(_operation: Operation, _backend: Backend, inputs: Any) -> float:
        size: int = inputs.size("lines")
        cold = size not in seen
        seen.add(size)
        return 3.0 if cold else size * 1e-6

    monkeypatch.setattr(measurements, "_timed", timed)
    monkeypatch.setattr(measurements, "OPERATIONS", ("lines",))
    sample = Sample(b"const A = 1\n" * 10, token_table())
    for compiles in (True, False):
        seen.clear()
        offered = {"plain": Source(lambda: Opened(plain()), compiles=compiles)}
        cost = measure(offered, sample, (1 << 10, 1 << 11))["plain"].costs["lines"]
        assert cost.first == pytest.approx(6.0 if compiles else 0.0, abs=0.01)
        assert cost.speed == pytest.approx(1e6)


def test_threads_share_an_engine_and_a_failure_is_told_once() -> None:
    heard: list[Fallback] = []
    together = Barrier(8, timeout=60)

    class Shared(Device):
        def lines(self, arena: Arena) -> Lines:  # noqa: ARG002  # it is lost before
            together.wait()
            message = "the device is lost"
            raise BackendError(message)

    device = Shared()
    chosen = engine(device, heard=heard)
    wanted = plain().lines(ARENA)
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda _number: chosen.lines(ARENA), range(8))]
    assert found == [wanted] * 8
    assert len(heard) == 1
    assert device.closed == 1
    assert chosen.done == {("lines", "plain"): 8 * ARENA.size}
