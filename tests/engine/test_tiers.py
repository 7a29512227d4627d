"""Each switch of a tier changes what runs, as that tier says; and every tier writes the same bytes."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock

import msgspec
import pytest

from benchmarks.remote_server import RedisServer
from hyper import create_hyper_compiler
from hyper.cache import census
from hyper.engine import options, work
from hyper.engine.batch import running
from hyper.engine.batch.result import BatchResult
from hyper.engine.executors import Inline
from hyper.engine.lexing import choice, measured
from hyper.engine.lexing import session as lexing
from hyper.engine.lexing.arrays import Lexed
from hyper.engine.lexing.choice import Choice
from hyper.engine.lexing.library import Library
from hyper.engine.tiers import TIER_NAMES, TIERS, GpuUse, TextLevel, Tier, TierName
from hyper.gpu import engine
from hyper.gpu.choosing import OPERATIONS, Cost, Speeds
from hyper.gpu.compiled.backend import CompiledBackend
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.sources import Opened, Source
from hyper.lang.automaton.table import token_table
from tests.cache.remote.conftest import raw
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.engine.executors import Executor
    from hyper.engine.executors.fleet import Fleet
    from hyper.engine.result import Result
    from hyper.engine.tiers import ProcessCount

SHOP = Path(__file__).parents[2] / "examples" / "storefront"


class Place:
    """A tree of one unit, with what a build of a tier leaves."""

    def __init__(self, folder: Path, tier: TierName) -> None:
        self.cache = folder / "cache"
        self.tier = tier
        self.collected: set[bool] = set()
        self._tree = folder / "tree"
        self._tree.mkdir()
        (self._tree / "a.intent").write_text("entity A:\n    name: string\n", encoding="utf-8")
        self._out = folder / "out"

    def build(self, environment: dict[str, str] | None = None) -> Result:
        places = {"out": str(self._out), "cache": str(self.cache)}
        given = {"environment": environment or {}, "tier": self.tier, **places}
        with create_hyper_compiler(**given) as compiler:
            compiler.on("file:parsed", lambda _event: self.collected.add(gc.isenabled()))
            result = compiler.compile(self._tree)
            self.memory = compiler._memory
        return result


def collects(place: Place) -> bool:
    place.build()
    (collected,) = place.collected
    return collected


def incremental(place: Place) -> bool:
    place.build()
    return place.build().compilation is None


def shares(place: Place) -> bool:
    require_server()
    server = RedisServer()
    try:
        place.build({"HYPER_CACHE_URL": server.url})
        return bool(raw(server.url, "DBSIZE"))
    finally:
        server.close()


def memory(place: Place) -> int:
    place.build()
    assert place.memory is not None
    return place.memory.capacity


def sketches(place: Place) -> bool:
    place.build()
    assert place.memory is not None
    assert (place.cache / census.FILE).exists() == place.memory.sketches
    return place.memory.sketches


def processes(place: Place) -> ProcessCount:
    asked: list[int] = []

    def chosen(count: int, _fleet: Fleet | None) -> Executor:
        asked.append(count)
        return Inline()

    with (
        mock.patch.object(options, "available_cores", return_value=7),
        mock.patch.object(work, "choose", chosen),
    ):
        place.build()
    (count,) = asked
    return "auto" if count == 7 else count


def jit(place: Place) -> int:
    tree = place._tree / "b.intent"
    tree.write_text("calc twice(x: int) -> int:\n    x * 2\n", encoding="utf-8")
    given = {"cache": str(place.cache), "tier": place.tier}
    with (
        mock.patch.object(running, "PIECE", 10),
        mock.patch.object(running, "_WORTH", 0.0),
        mock.patch.object(running, "_GAIN", 0.0),
        mock.patch.object(options, "available_cores", return_value=2),
        create_hyper_compiler(environment={}, **given) as session,
    ):
        result = session.batch("twice", {"x": list(range(100))}, place._tree)
    assert isinstance(result, BatchResult)
    assert result.stats.native in {0, 100}
    return 1 if not result.stats.native else 1 + result.stats.threads


def text(place: Place) -> TextLevel:
    asked: list[int] = []

    def cut(_choice: Choice, files: Mapping[str, bytes]) -> Lexed:
        asked.append(len(files))
        return Lexed(files)

    with mock.patch.object(lexing, "LEAST", 1), mock.patch.object(Choice, "cut", cut):
        place.build()
    return "native" if asked else "python"


def gpu(place: Place) -> GpuUse:
    """Have a device that was measured to be far faster than all else, and see whether it cuts."""
    loops = PlainLoops()
    device = Source(lambda: Opened(CompiledBackend("wgpu", loops), "device"))
    costs = {name: Cost(0.0, 0.0, 1e12) for name in OPERATIONS}
    figures = {"wgpu": Speeds("device", 0.0, costs, 1e12, measured=True)}
    with (
        mock.patch.object(lexing, "LEAST", 1),
        mock.patch.object(choice, "open_library", return_value=Library(loops, token_table())),
        mock.patch.object(measured, "read_measurements", return_value=figures),
        mock.patch.object(engine, "sources", return_value={"wgpu": device}),
        mock.patch.object(options, "available_cores", return_value=1),
    ):
        result = place.build()
    return "auto" if "lexed_by_wgpu" in result.metrics else "off"


def distributed(place: Place) -> bool:
    asked: list[Fleet | None] = []

    def chosen(_count: int, fleet: Fleet | None) -> Executor:
        asked.append(fleet)
        return Inline()

    with mock.patch.object(work, "choose", chosen):
        place.build({"HYPER_QUEUE_URL": "redis://127.0.0.1:1"})
    (fleet,) = asked
    return fleet is not None


PROBES: Final[Mapping[str, Callable[[Place], object]]] = {
    probe.__name__: probe
    for probe in (
        collects,
        incremental,
        shares,
        memory,
        sketches,
        processes,
        jit,
        text,
        gpu,
        distributed,
    )
}


def test_each_switch_is_tried() -> None:
    assert {field.name for field in msgspec.structs.fields(Tier)} == set(PROBES)


@pytest.mark.parametrize("tier", TIER_NAMES)
@pytest.mark.parametrize("switch", PROBES)
def test_a_switch_does_what_its_tier_says(tmp_path: Path, switch: str, tier: TierName) -> None:
    assert PROBES[switch](Place(tmp_path, tier)) == getattr(TIERS[tier], switch)


def test_no_two_tiers_are_the_same() -> None:
    assert len(set(map(msgspec.structs.astuple, TIERS.values()))) == len(TIERS)


def test_every_tier_writes_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for tier in TIER_NAMES:
        place = tmp_path / tier
        options = {"out": str(place / "out"), "cache": str(place / "cache"), "tier": tier}
        with create_hyper_compiler(environment={}, **options) as compiler:
            assert compiler.compile(SHOP).success
        made.append(
            {
                str(path.relative_to(place / "out")): path.read_bytes()
                for path in (place / "out").rglob("*")
                if path.is_file()
            }
        )
    assert len(made[0]) > 20
    assert all(each == made[0] for each in made)
