"""Machines that share what they built through a Redis server."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from benchmarks.remote_server import RedisServer
from hyper.cache import trust
from hyper.cache.trust import Auditor
from hyper.engine import store as engine_store
from hyper.engine.compiler import create_hyper_compiler
from hyper.engine.option_values import OptionError
from hyper.engine.store import Store
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hyper.base.events import Event
    from hyper.engine.record import Outcome
    from hyper.engine.result import Result

SHOP = "entity Item:\n    name: string\n    price: decimal(10, 2)\n"


@pytest.fixture(autouse=True)
def _no_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the audit keeps a hit back is decided by its key, which is another with each change of the compiler."""
    monkeypatch.setattr(engine_store, "_AUDITED", 0.0)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of the test's own."""
    require_server()
    started = RedisServer()
    yield started
    started.close()


class Machine:
    """A checkout with a cache of its own."""

    def __init__(self, folder: Path, server: RedisServer, **environment: str) -> None:
        self.folder = folder
        self.sources = folder / "intents"
        self.sources.mkdir(parents=True)
        (self.sources / "shop.intent").write_text(SHOP)
        self.environment = {"HYPER_CACHE_URL": server.url} | environment
        self.parsed = 0
        self.outages: list[tuple[str, str]] = []

    def build(self, **options: Any) -> Result:
        """Build in a new session."""
        self.parsed = 0
        given = {"out": str(self.folder / "out"), "cache": str(self.folder / "cache")} | options
        with create_hyper_compiler(environment=self.environment, **given) as compiler:
            compiler.on("file:parsed", self._count)
            compiler.on("cache:outage", self._lost)
            return compiler.compile(str(self.sources))

    def _count(self, _event: object) -> None:
        self.parsed += 1

    def _lost(self, event: Event) -> None:
        self.outages.append((event.reason, event.path))

    def written(self) -> dict[str, bytes]:
        """All files of the output."""
        out = self.folder / "out"
        return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_one_builds_and_the_other_takes_it(tmp_path: Path, server: RedisServer) -> None:
    one, other = Machine(tmp_path / "one", server), Machine(tmp_path / "other", server)
    first = one.build()
    assert (one.parsed, first.success) == (1, True)
    second = other.build()
    assert (other.parsed, second.success) == (0, True)
    assert second.metrics["cache_redis_hits"] > 0
    assert other.written() == one.written()
    assert other.outages == []


def test_a_conservative_build_reads_and_puts_nothing(tmp_path: Path, server: RedisServer) -> None:
    one, other = Machine(tmp_path / "one", server), Machine(tmp_path / "other", server)
    one.build(tier="conservative")
    other.build()
    assert other.parsed == 1
    third = Machine(tmp_path / "third", server)
    third.build(tier="conservative")
    assert third.parsed == 0


def test_projects_do_not_mix(tmp_path: Path, server: RedisServer) -> None:
    Machine(tmp_path / "one", server).build(project="one")
    other = Machine(tmp_path / "other", server)
    other.build(project="other")
    assert other.parsed == 1


def test_what_is_not_signed_is_not_taken(tmp_path: Path, server: RedisServer) -> None:
    Machine(tmp_path / "stranger", server, HYPER_CACHE_KEYS=f"k:{'ab' * 32}").build()
    other = Machine(tmp_path / "other", server, HYPER_CACHE_KEYS=f"k:{'cd' * 32}")
    assert other.build().success
    assert other.parsed == 1


@pytest.mark.parametrize("declared", [1, 1 << 20, 32 << 20, -1])
def test_an_outcome_that_names_more_than_its_sources_make_is_not_fetched(
    tmp_path: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch, declared: int
) -> None:
    """Whoever writes what nobody has to sign has no build hold, or write, what they like."""
    one, other = Machine(tmp_path / "one", server), Machine(tmp_path / "other", server)
    assert one.build().success
    asked: list[int] = []
    outcome_of, blobs_of = Store.outcome, Store.blobs
    vast = b"\0" * (1 << 20)
    content = sha256(vast).hexdigest()

    def outcome(self: Store, key: str) -> Outcome | None:
        found = outcome_of(self, key)
        assert found is not None
        names = [content, *(sha256(b"%d" % number).hexdigest() for number in range(3000))]
        files = [(f"f{place}", declared, name) for place, name in enumerate(names)]
        return msgspec.structs.replace(found, files=files)

    def blobs(self: Store, digests: Sequence[str]) -> dict[str, bytes]:
        asked.append(len(digests))
        return blobs_of(self, digests) | dict.fromkeys(digests, vast)

    monkeypatch.setattr(Store, "outcome", outcome)
    monkeypatch.setattr(Store, "blobs", blobs)
    result = other.build()
    assert result.success
    assert other.written() == one.written()
    assert sum(asked) < 200
    told = any("larger than 257 MB" in miss.reason for miss in result.misses)
    assert told == (declared > 1)


def test_a_server_that_is_gone_costs_only_time_and_is_told_once(
    tmp_path: Path, server: RedisServer
) -> None:
    one, other = Machine(tmp_path / "one", server), Machine(tmp_path / "other", server)
    one.build()
    server.close()
    assert other.build().success
    assert (other.parsed, other.outages) == (1, [("connection", server.url)])
    assert other.written() == one.written()


def test_a_wrong_environment_is_told(tmp_path: Path, server: RedisServer) -> None:
    machine = Machine(tmp_path / "one", server, HYPER_CACHE_MODE="backwards")
    with pytest.raises(OptionError, match="HYPER_CACHE_MODE"):
        machine.build()


def test_each_machine_looks_at_other_entries(
    tmp_path: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who fills a shared cache with lies does not know which of them nobody ever makes again."""
    keys = [sha256(b"%d" % number).digest() for number in range(500)]
    chosen: list[set[bytes]] = []

    def noted(rate: float, **options: Any) -> Auditor:
        some = Auditor(0.1, **options)
        chosen.append({key for key in keys if some.chosen(key)})
        return Auditor(rate, **options)

    monkeypatch.setattr(trust, "Auditor", noted)
    for name in ("one", "other", "other"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state" / name))
        assert Machine(tmp_path / f"{name} {len(chosen)}", server).build().success
    assert chosen[0] != chosen[1] == chosen[2]
    plain = Auditor(0.1)
    assert {key for key in keys if plain.chosen(key)} not in chosen
