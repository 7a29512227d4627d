"""A build that starts from what another one knew of its units: on another machine, or here, where that is gone or far away."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec
import pytest

from benchmarks.remote_server import RedisServer
from hyper.cache.remote import layer as remote_layer
from hyper.engine import store as engine_store
from hyper.engine.compiler import create_hyper_compiler
from hyper.engine.emission import emit
from hyper.engine.graph import shared
from hyper.engine.graph.shared import Build, distance, sketch_of
from tests.engine.test_edits import SHOP, Shop, files_of
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hyper.base.events import Event
    from hyper.engine.emission import Emission
    from hyper.engine.result import Result

KEYS = f"k:{'ab' * 32}"


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


class Machines:
    """Checkouts in folders of different names, each with a cache of its own, that share one server."""

    def __init__(self, folder: Path, server: RedisServer) -> None:
        self.folder = folder
        self.server = server

    def checkout(self, name: str, **environment: str) -> Shop:
        """A new checkout of the sources as they were first, in a place that no other has."""
        given = {"HYPER_CACHE_URL": self.server.url, "HYPER_CACHE_KEYS": KEYS} | environment
        return Shop(self.folder / name / f"of {name}", **given)


@pytest.fixture
def machines(tmp_path: Path, server: RedisServer) -> Machines:
    """Machines of which the first has built."""
    made = Machines(tmp_path, server)
    first = made.checkout("first")
    assert first.build().success
    assert len(first.compiled) == len(SHOP)
    return made


def _forget(shop: Shop, *names: str) -> None:
    for name in names:
        shutil.rmtree(shop.folder / name)


def _reasons(result: Result) -> list[str]:
    return [miss.reason for miss in result.misses]


def test_an_empty_machine_compiles_an_edit(machines: Machines) -> None:
    other = machines.checkout("other")
    other.edit("money.intent", "LIMIT = 100", "LIMIT = 7")
    result = other.build()
    assert set(other.compiled) == {"money.intent", "limits.intent"}
    assert "it starts from a shared build, with about 8 of 9 files the same" in _reasons(result)
    assert result.metrics["cache_graphs_taken"] == 1
    other.agrees(result)
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert other.compiled == ["alone.intent"]
    assert "cache_graphs_taken" not in result.metrics or not result.metrics["cache_graphs_taken"]
    other.agrees(result)


def test_what_is_emitted_is_that_of_the_edit(machines: Machines) -> None:
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    made: list[list[str]] = []

    def noted(*arguments: Any, **named: Any) -> Emission:
        emission = emit(*arguments, **named)
        made.append(emission.made)
        return emission

    with mock.patch("hyper.engine.emitting.emit", noted):
        result = other.build()
    assert made == [["schema alone", "module alone", "schema alone.Colour"]]
    other.agrees(result)


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: (shop.sources / "new.intent").write_text("entity New:\n    a: int\n"),
        lambda shop: (shop.sources / "alone.intent").unlink(),
        lambda shop: (shop.sources / "alone.intent").rename(shop.sources / "apart.intent"),
        lambda shop: shop.edit("service.intent", "service Shop", "service Store"),
    ],
    ids=["new", "deleted", "moved", "renamed package"],
)
def test_other_changes_on_an_empty_machine(
    machines: Machines, change: Callable[[Shop], object]
) -> None:
    other = machines.checkout("other")
    change(other)
    result = other.build()
    assert len(other.compiled) < 4
    other.agrees(result)


def test_after_a_restore_the_next_edit_is_an_edit(machines: Machines) -> None:
    other = machines.checkout("other")
    result = other.build()
    assert other.compiled == []
    assert not list((other.folder / "cache").glob("graphs/*/*/*")), "nothing asked for a graph yet"
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert other.compiled == ["alone.intent"]
    assert result.stats["unchanged"] > result.stats["written"]
    other.agrees(result)


def test_the_nearest_of_the_newest_is_taken(machines: Machines) -> None:
    """The one with the most files in common, wherever it stands among the newest."""
    first = machines.checkout("third")
    for path in ("alone.intent", "money.intent", "item.intent", "gift.intent"):
        text = (first.sources / path).read_text()
        (first.sources / path).write_text(f"# of now\n{text}")
    assert first.build().success
    other = machines.checkout("other")
    other.edit("basket.intent", "items", "things")
    other.build()
    assert other.compiled == ["basket.intent"]
    last = machines.checkout("last")
    for path in ("alone.intent", "money.intent", "item.intent"):
        text = (last.sources / path).read_text()
        (last.sources / path).write_text(f"# of now\n{text}")
    result = last.build()
    assert last.compiled == ["gift.intent"]
    last.agrees(result)


def test_a_check_starts_from_a_build_and_a_build_rather_from_a_build(machines: Machines) -> None:
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    assert other.check().success
    assert other.compiled == ["alone.intent"]
    other.edit("gift.intent", "card", "ribbon")
    result = other.build()
    # The check is nearer and here, but emitted nothing.
    assert set(other.compiled) == {"alone.intent", "gift.intent"}
    assert result.metrics["cache_graphs_taken"] == 1
    other.agrees(result)


def test_a_build_starts_from_a_check_where_there_is_nothing_else(
    tmp_path: Path, server: RedisServer
) -> None:
    machines = Machines(tmp_path, server)
    assert machines.checkout("first").check().success
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert other.compiled == ["alone.intent"]
    other.agrees(result)


def test_the_store_here_is_enough(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.build()
    _forget(shop, "out", "cache/graphs", "cache/records")
    shop.edit("alone.intent", "green", "blue")
    result = shop.build()
    assert shop.compiled == ["alone.intent"]
    shop.agrees(result)


def test_an_output_that_is_gone_is_taken_from_the_store(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.build()
    (tmp_path / "out" / "shop" / "item.py").unlink()
    (tmp_path / "out" / "shop" / "openapi.json").write_text("{}")
    (tmp_path / "out" / "shop" / "openapi.json").unlink()
    shop.edit("alone.intent", "green", "blue")
    result = shop.build()
    assert shop.compiled == ["alone.intent"]
    shop.agrees(result)


def test_a_build_that_is_far_away_is_no_start(machines: Machines) -> None:
    other = machines.checkout("other")
    for path in SHOP:
        text = (other.sources / path).read_text()
        (other.sources / path).write_text(f"# another\n{text}")
    result = other.build()
    assert len(other.compiled) == len(SHOP)
    other.agrees(result)


def test_a_conservative_build_takes_and_puts_nothing(machines: Machines) -> None:
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    result = other.build(tier="conservative")
    assert other.compiled == ["alone.intent"]
    assert not result.metrics["cache_redis_puts"]
    other.agrees(result)
    third = machines.checkout("third", HYPER_CACHE_MODE="read-only")
    third.edit("alone.intent", "green", "blue")
    result = third.build()
    assert third.compiled == ["alone.intent"], "nobody put that build"
    assert not result.metrics["cache_redis_puts"]
    third.agrees(result)


def test_a_branch_takes_from_main_and_main_takes_nothing_from_it(machines: Machines) -> None:
    branch = machines.checkout("branch", HYPER_CACHE_SCOPE="feature")
    for path in ("money.intent", "alone.intent"):
        text = (branch.sources / path).read_text()
        (branch.sources / path).write_text(f"# of the branch\n{text}")
    branch.build()
    assert set(branch.compiled) == {"money.intent", "alone.intent"}
    for name, scope, compiled in (
        ("again", "feature", {"gift.intent"}),
        ("main", "main", {"money.intent", "alone.intent", "gift.intent"}),
    ):
        other = machines.checkout(name, HYPER_CACHE_SCOPE=scope)
        for path in ("money.intent", "alone.intent"):
            shutil.copy(branch.sources / path, other.sources / path)
        other.edit("gift.intent", "card", "ribbon")
        result = other.build()
        assert set(other.compiled) == compiled
        other.agrees(result)


def test_an_error_on_an_empty_machine_is_told_as_a_whole_build_tells_it(
    machines: Machines,
) -> None:
    other = machines.checkout("other")
    other.edit("money.intent", "amount: Amount", "sum: Amount")
    result = other.build()
    assert not result.success
    assert result.diagnostics == other.build("plain", incremental=False).diagnostics


# ---------------------------------------------------------------- what does not hold


def _entries(server: RedisServer, kind: str) -> dict[bytes, bytes]:
    import redis

    client = redis.Redis.from_url(server.url)
    found = {name: client.get(name) for name in client.scan_iter(f"hyper:*:{kind}:*")}
    return {name: value for name, value in found.items() if isinstance(value, bytes)}


def _write(server: RedisServer, entries: dict[bytes, bytes]) -> None:
    import redis

    client = redis.Redis.from_url(server.url)
    for name, value in entries.items():
        client.set(name, value)


@pytest.mark.parametrize("kind", ["action", "blob"])
@pytest.mark.parametrize(
    "harm",
    [
        lambda value: value[: len(value) // 2],
        lambda value: value[:-1] + bytes([value[-1] ^ 255]),
        lambda _value: b"",
    ],
    ids=["truncated", "flipped", "emptied"],
)
def test_entries_that_are_harmed_cost_only_time(
    machines: Machines, kind: str, harm: Callable[[bytes], bytes]
) -> None:
    entries = _entries(machines.server, kind)
    _write(machines.server, {name: harm(value) for name, value in entries.items()})
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert len(other.compiled) == len(SHOP)
    other.agrees(result)


def test_entries_that_another_key_signed_are_not_taken(machines: Machines) -> None:
    other = machines.checkout("other", HYPER_CACHE_KEYS=f"k:{'cd' * 32}")
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert len(other.compiled) == len(SHOP)
    assert result.metrics["cache_redis_forged"] > 0
    other.agrees(result)


def _with_lies(monkeypatch: pytest.MonkeyPatch, lie: Callable[[Any], Any], of: type) -> None:
    """Let those who may sign say something else than what is."""
    encode = msgspec.msgpack.encode

    def lying(value: Any) -> bytes:
        if isinstance(value, of):
            return encode(lie(value))
        if isinstance(value, list) and value and isinstance(value[0], of):
            return encode([lie(each) for each in value])
        return encode(value)

    monkeypatch.setattr(msgspec.msgpack, "encode", lying)


LIES = {
    "build of another key": (Build, lambda build: msgspec.structs.replace(build, key="0" * 64)),
    "build without key": (Build, lambda build: msgspec.structs.replace(build, key="../x")),
    "no build": (Build, lambda build: build.count),
    "entry of nothing": (shared.Entry, lambda _entry: shared.Entry([], [])),
    "entry of other data": (shared.Entry, lambda entry: shared.Entry(entry.parts, entry.parts)),
    "entry of no digests": (shared.Entry, lambda _entry: shared.Entry(["x"], ["../../y"])),
    "entry of too much": (shared.Entry, lambda entry: shared.Entry(entry.parts * 999, [])),
    "entry of the same twice": (
        shared.Entry,
        lambda entry: shared.Entry(entry.parts * 2, entry.packs),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_of_those_who_may_write_cost_only_time(
    name: str, tmp_path: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = Machines(tmp_path, server)
    with monkeypatch.context() as patch:
        of, lie = LIES[name]
        _with_lies(patch, lie, of)
        machines.checkout("liar").build()
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert len(other.compiled) == len(SHOP)
    other.agrees(result)


def test_a_graph_that_is_too_large_is_not_fetched_whole(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    plain = engine_store.Store.plain

    def counted(self: Any, kind: Any, digests: Any) -> dict[str, bytes]:
        fetched.extend(digests if kind == "blob" else ())
        return plain(self, kind, digests)

    monkeypatch.setattr(engine_store.Store, "plain", counted)
    monkeypatch.setattr(shared, "_AT_ONCE", 1)
    monkeypatch.setattr(shared, "_ROOM", 0)
    monkeypatch.setattr(shared, "_ROOM_OF_FILE", 1)
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    result = other.build()
    assert (len(fetched), result.metrics["cache_graphs_dropped"]) == (1, 1)
    assert len(other.compiled) == len(SHOP)
    other.agrees(result)


@pytest.mark.parametrize("field", ["content", "module", "path", "place", "counts"])
def test_an_index_that_lies_costs_only_time(
    field: str, tmp_path: Path, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = Machines(tmp_path, server)
    put = shared.SharedGraphs.put

    def lying(self: Any, saved: Any, digests: Any, changed: Any) -> None:
        row = saved.written.rows[0]
        lies = {"content": "0" * 64, "module": "item", "path": "../x.intent", "counts": {"x": 1}}
        lie = lies.get(field, msgspec.structs.replace(row.place, digest=b"0" * 12))
        rows = [msgspec.structs.replace(each, **{field: lie}) for each in saved.written.rows]
        index = msgspec.structs.replace(saved.written, rows=rows)
        put(
            self,
            saved._replace(written=index, payload=msgspec.msgpack.encode(index)),
            digests,
            changed,
        )

    with monkeypatch.context() as patch:
        patch.setattr(shared.SharedGraphs, "put", lying)
        machines.checkout("liar").build()
    other = machines.checkout("other")
    other.edit("item.intent", "name", "title")
    other.edit("sum.intent", "name", "title")
    result = other.build()
    assert len(other.compiled) >= len(SHOP)
    assert result.metrics["cache_graphs_dropped"] == 1
    other.agrees(result)


TRIPPED = "all files are compiled: what was shared does not hold (TypeError)"


def _tripping(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    monkeypatch.setattr("hyper.engine.graph.edit.compile_partial", mock.Mock(side_effect=error))


def test_whatever_a_shared_graph_does_to_the_compiler_costs_only_time(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    with monkeypatch.context() as patch:
        _tripping(patch, TypeError())
        result = other.build()
    assert TRIPPED in _reasons(result)
    assert result.metrics["cache_graphs_dropped"] == 1
    other.agrees(result)
    other.edit("alone.intent", "blue", "brown")
    with monkeypatch.context() as patch:
        _tripping(patch, TypeError())
        with pytest.raises(TypeError):  # of what this machine has made itself, it is a fault
            other.build()


def test_what_was_shared_may_lie_after_later_edits_too(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = machines.checkout("other")
    for before, after in (("green", "blue"), ("blue", "brown")):
        other.edit("alone.intent", before, after)
        assert other.build().success
        assert other.compiled == ["alone.intent"]
    other.edit("alone.intent", "brown", "black")
    with monkeypatch.context() as patch:
        _tripping(patch, TypeError())
        result = other.build()
    assert TRIPPED in _reasons(result)
    assert result.metrics["cache_graphs_dropped"] == 1
    assert len(other.compiled) == len(SHOP)
    other.agrees(result)


def test_a_listener_that_fails_is_heard_of_when_a_graph_is_shared(machines: Machines) -> None:
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    told: list[str] = []

    def fail(event: Event) -> None:
        told.append(event.path)
        raise RuntimeError("the listener's own")

    cache = str(other.folder / "cache")
    with create_hyper_compiler(environment=other.environment, cache=cache) as compiler:
        compiler.on("file:parsed", fail)
        with pytest.raises(RuntimeError, match="the listener's own"):
            compiler.compile(str(other.sources), out=str(other.folder / "out"))
    assert told == ["alone.intent"]


def test_an_interrupt_ends_a_build_that_starts_from_a_shared_graph(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python makes other errors of it in some places."""
    other = machines.checkout("other")
    other.edit("alone.intent", "green", "blue")
    error = RuntimeError("of a class")
    error.__cause__ = KeyboardInterrupt()
    with monkeypatch.context() as patch:
        _tripping(patch, error)
        with pytest.raises(RuntimeError, match="of a class"):
            other.build()


def test_an_outage_costs_only_time(machines: Machines) -> None:
    machines.server.close()
    other = machines.checkout("other")
    result = other.build()
    assert len(other.compiled) == len(SHOP)
    other.agrees(result)


def test_what_is_made_again_to_compare_starts_from_nothing(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_store, "_AUDITED", 1.0)
    other = machines.checkout("other")
    result = other.build()
    assert len(other.compiled) == len(SHOP)
    assert result.metrics["cache_redis_checked"] == 1
    assert result.metrics["cache_redis_differing"] == 0


# ---------------------------------------------------------------- how much is put


def test_data_that_the_server_has_is_not_put_again(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[bytes] = []
    original = remote_layer.RedisLayer.put_many

    def noted(self: Any, kind: Any, entries: Any, cost: float = 0.0) -> None:
        if kind == "blob":
            put.extend(entries)
        original(self, kind, entries, cost)

    monkeypatch.setattr(remote_layer.RedisLayer, "put_many", noted)
    first = machines.checkout("other")
    names = {name.rpartition(b":")[2] for name in _entries(machines.server, "blob")}
    first.edit("alone.intent", "green", "blue")
    first.build()
    assert put
    assert not {key.hex().encode() for key in put} & names
    assert len(put) == len(set(put))


def test_a_graph_is_put_when_enough_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_DUE", 3)  # a third of nine files
    shop = Shop(tmp_path)
    puts = [shop.build().metrics["cache_disk_puts"]]
    for word in ("blue", "brown", "black"):
        shop.edit("alone.intent", "green", word)
        puts.append(shop.build().metrics["cache_disk_puts"])
        shop.edit("alone.intent", word, "green")
    assert puts[1] == puts[2] < puts[3]


def test_a_sketch_tells_about_how_many_files_differ() -> None:
    files = {f"{number}.intent": "0" * 64 for number in range(20_000)}
    other = files | {f"{number}.intent": "1" * 64 for number in range(500)}
    build = Build("build", "", 0.0, len(files), sketch_of(files))
    assert len(build.files) == 4 * 8192
    assert distance(len(files), sketch_of(files), build) == 0
    assert 350 < distance(len(other), sketch_of(other), build) < 650
    few = {path: files[path] for path in list(files)[:100]}
    build = Build("build", "", 0.0, len(few), sketch_of(few))
    assert distance(100, sketch_of(few | {"0.intent": "1" * 64}), build) == 1
    assert distance(0, b"", build) == 100
    assert distance(100, sketch_of(few), Build("build", "", 0.0, 100, b"xyz")) == 100


def test_only_the_newest_builds_are_named(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    values: list[bytes] = []
    original = engine_store.Store.put_newest

    def noted(self: Any, name: Any, change: Any) -> None:
        def changed(found: list[bytes]) -> bytes:
            values.append(change(found))
            return values[-1]

        original(self, name, changed)

    with mock.patch.object(engine_store.Store, "put_newest", noted):
        for number in range(11):
            (shop.sources / "more.intent").write_text(f"type More{number} = int\n")
            shop.build()
    builds = msgspec.msgpack.decode(values[-1], type=list[Build])
    assert len(builds) == 8
    assert [each.when for each in builds] == sorted((each.when for each in builds), reverse=True)
    assert {each.count for each in builds} == {len(SHOP) + 1}
    assert files_of(tmp_path / "out")
