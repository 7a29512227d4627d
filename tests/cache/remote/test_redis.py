"""The Redis layer on a real server: the suite of the protocol, names, sizes, round trips, the filter."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper.cache.layered import Layered
from hyper.cache.memory import MemoryLayer
from hyper.cache.remote import Limits, RedisLayer, published
from hyper.cache.remote import layer as layer_module
from hyper.cache.remote.published import PublishedFilter
from hyper.cache.remote.settings import filter_name
from hyper.cache.remote.wire import OutageError
from hyper.cache.trust import Audited, Auditor, Keyring
from tests.cache.conformance import LayerConformance
from tests.cache.entries import action, blobs, key_of, noise, some_blobs
from tests.cache.remote.conftest import raw
from tests.cache.stores import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.remote_server import RedisServer
    from hyper.cache.protocol import Layer

KEYS = Keyring.parse("k1:" + "ab" * 32)


class TestSigned(LayerConformance):
    @pytest.fixture
    def layer(self, server: RedisServer) -> Iterator[Layer]:
        layer = RedisLayer(server.url, "shop", keyring=KEYS)
        yield layer
        layer.close()


class TestUnsignedWithoutFilter(LayerConformance):
    @pytest.fixture
    def layer(self, server: RedisServer) -> Iterator[Layer]:
        layer = RedisLayer(server.url, "shop", key_filter=False)
        yield layer
        layer.close()


class TestBranch(LayerConformance):
    @pytest.fixture
    def layer(self, server: RedisServer) -> Iterator[Layer]:
        layer = RedisLayer(server.url, "shop", scope="feature/x", keyring=KEYS)
        yield layer
        layer.close()


class TestBehindMemory(LayerConformance):
    @pytest.fixture
    def layer(self, server: RedisServer) -> Iterator[Layer]:
        remote = Audited(RedisLayer(server.url, "shop"), Auditor(0.0))
        layer = Layered([MemoryLayer(50_000_000), remote])
        yield layer
        layer.close()


def test_entries_are_named_and_end(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    layer = opened(server.url, "shop-2", scope="feature/x", ttl=100, key_filter=False)
    layer.put_many("action", {action(1): b"result"})
    layer.put_many("blob", blobs([b"content"]))
    expected = {
        f"hyper:shop-2:feature/x:action:{action(1).hex()}".encode(),
        f"hyper:shop-2:feature/x:blob:{key_of(b'content').hex()}".encode(),
    }
    assert set(raw(server.url, "KEYS", "*")) == expected
    assert all(90 <= raw(server.url, "TTL", name) <= 100 for name in expected)


def test_projects_are_apart(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    opened(server.url, "one").put_many("action", {action(1): b"result"})
    assert opened(server.url, "other").get_many("action", [action(1)]) == {}


def test_one_round_trip_for_many_small_entries(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    put = {action(number): b"%d" % number for number in range(200)}
    opened(server.url).put_many("action", put)
    reader = opened(server.url)
    assert reader.get_many("action", list(put)) == put
    assert reader.counters["round_trips"] == reader.counters["connects"] == 1


def test_long_entries_are_read_in_batches_of_bounded_size(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    put = some_blobs(10, 100_000)
    limits = Limits(batch=300_000)
    writer = opened(server.url, limits=limits)
    writer.put_many("blob", put)
    assert writer.counters["round_trips"] == 4
    reader = opened(server.url, limits=limits)
    assert reader.get_many("blob", list(put)) == put
    assert reader.counters["round_trips"] == 5


def test_an_answer_is_bounded(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    put = some_blobs(10, 1000)
    opened(server.url).put_many("blob", put)
    reader = opened(server.url, limits=Limits(answer=4500))
    found = reader.get_many("blob", list(put))
    assert len(found) == 4
    assert found.items() <= put.items()


def test_values_beyond_the_limit_are_not_put(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    layer = opened(server.url, limits=Limits(largest_action=100, largest_blob=1000))
    layer.put_many("action", {action(1): b"x" * 101, action(2): b"x" * 100})
    layer.put_many("blob", blobs([b"y" * 1001]))
    assert set(layer.get_many("action", [action(1), action(2)])) == {action(2)}
    assert layer.counters["oversize"] == layer.counters["refused"] == 2
    assert layer.counters["dropped"] == 0


def test_a_reader_puts_nothing(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    layer = opened(server.url, mode="read-only")
    layer.put_many("action", {action(1): b"result"})
    layer.flush()
    assert raw(server.url, "KEYS", "*") == []
    assert layer.counters["refused"] == 1
    assert layer.counters["round_trips"] == 0


class TestFilter:
    def test_what_is_surely_not_there_is_not_asked_for(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        put = {action(number): b"" for number in range(100)}
        writer = opened(server.url, keyring=KEYS)
        writer.put_many("action", put)
        writer.flush()
        reader = opened(server.url, keyring=KEYS)
        absent = [action(1000 + number) for number in range(100)]
        reader.get_many("action", [absent[0]])
        reader.get_many("action", [absent[1]])
        assert reader.counters["spared"] == 0
        before = reader.counters["round_trips"]
        for key in absent:
            reader.get_many("action", [key])
        assert reader.counters["spared"] >= 90
        assert reader.counters["filtered"] == reader.counters["spared"]
        assert reader.counters["round_trips"] - before == 100 - reader.counters["spared"]
        assert reader.get_many("action", list(put)) == put
        assert reader.counters["misses"] == 102

    def test_kinds_are_apart(self, server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
        writer = opened(server.url)
        writer.put_many("blob", blobs([b"content"]))
        writer.flush()
        reader = opened(server.url)
        for _ in range(3):
            reader.get_many("action", [key_of(b"content")])
        assert reader.counters["spared"] == 1

    def test_two_writers_lose_nothing_of_each_other(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        writers = [opened(server.url) for _ in range(3)]
        for number, writer in enumerate(writers):
            writer.put_many("action", {action(number): b"result"})
        for writer in writers:
            writer.flush()
        reader = opened(server.url)
        reader.get_many("action", [action(99)])
        reader.get_many("action", [action(99)])
        found = reader.get_many("action", [action(number) for number in range(3)])
        assert len(found) == 3
        assert reader.counters["filtered"] == 0

    def test_a_change_in_between_is_seen(
        self,
        server: RedisServer,
        opened: Callable[..., RedisLayer],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Another writer publishes after this one read the filter, and before it writes."""
        first, second = opened(server.url), opened(server.url)
        first.put_many("action", {action(1): b"result"})
        first.flush()
        first.put_many("action", {action(2): b"result"})
        second.put_many("action", {action(3): b"result"})
        between = [second]
        added = PublishedFilter._added

        def adding(self: PublishedFilter, current: Any) -> Any:
            if between:
                between.pop().flush()
            return added(self, current)

        monkeypatch.setattr(PublishedFilter, "_added", adding)
        first.flush()
        reader = opened(server.url)
        for _ in range(3):
            assert len(reader.get_many("action", [action(1), action(2), action(3)])) == 3

    @pytest.mark.parametrize("step", ["_added", "_made_anew"])
    def test_a_connection_that_is_lost_in_between_loses_no_key(
        self,
        server: RedisServer,
        opened: Callable[..., RedisLayer],
        monkeypatch: pytest.MonkeyPatch,
        step: str,
    ) -> None:
        """What was watched on it is not watched any more, and another writer has published meanwhile."""
        first, second = opened(server.url), opened(server.url)
        if step == "_added":
            first.put_many("action", {action(1): b"result"})
            first.flush()
        first.put_many("action", {action(1): b"result", action(2): b"result"})
        second.put_many("action", {action(3): b"result"})
        between = [second]
        stepped = getattr(PublishedFilter, step)

        def stepping(self: PublishedFilter, given: Any) -> Any:
            done = stepped(self, given)
            if between:
                between.pop().flush()
                raw(server.url, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            return done

        monkeypatch.setattr(PublishedFilter, step, stepping)
        first.flush()
        assert first.counters["errors"] == first.counters["outages"] == 0
        reader = opened(server.url)
        for _ in range(3):
            assert len(reader.get_many("action", [action(1), action(2), action(3)])) == 3
        reader.get_many("action", [action(4)])
        assert reader.counters["spared"] == 1

    def test_a_server_that_hangs_up_on_every_transaction_is_given_up(
        self,
        server: RedisServer,
        opened: Callable[..., RedisLayer],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        layer = opened(server.url)
        layer.put_many("action", {action(1): b"result"})
        tried = []

        def hanging_up(*_: object) -> None:
            tried.append(1)
            raise OutageError("connection")

        monkeypatch.setattr(PublishedFilter, "_published", hanging_up)
        layer.flush()
        assert (len(tried), layer.counters["errors"]) == (4, 1)

    def test_a_lost_filter_is_made_of_what_is_there(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        opened(server.url, key_filter=False).put_many("action", {action(1): b"result"})
        writer = opened(server.url)
        writer.put_many("blob", blobs([b"content"]))
        writer.flush()
        reader = opened(server.url)
        for _ in range(3):
            assert reader.get_many("action", [action(1)])
            assert reader.get_many("blob", [key_of(b"content")])
        reader.get_many("action", [action(2)])
        assert reader.counters["spared"] == 1

    @pytest.mark.parametrize("harm", [b"", b"HYR1\x00garbage", b"x" * 5000])
    def test_a_harmed_filter_is_no_filter(
        self, server: RedisServer, opened: Callable[..., RedisLayer], harm: bytes
    ) -> None:
        writer = opened(server.url, keyring=KEYS)
        writer.put_many("action", {action(1): b"result"})
        writer.flush()
        raw(server.url, "SET", filter_name("shop", "main"), harm)
        reader = opened(server.url, keyring=KEYS)
        for _ in range(3):
            assert reader.get_many("action", [action(1)])
        assert reader.counters["spared"] == 0
        assert reader.counters["dropped"] == bool(harm)

    def test_a_forged_filter_hides_nothing(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        writer = opened(server.url, keyring=KEYS)
        writer.put_many("action", {action(1): b"result"})
        writer.flush()
        forger = opened(server.url, keyring=Keyring.parse("k1:" + "cd" * 32))
        raw(server.url, "DEL", filter_name("shop", "main"))
        forger.put_many("blob", blobs([b"other"]))
        forger.flush()
        reader = opened(server.url, keyring=KEYS)
        for _ in range(3):
            assert reader.get_many("action", [action(1)])
        assert reader.counters["dropped"] == 1

    def test_a_process_that_goes_on_keeps_it_for_a_minute(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        clock, writer = Clock(), opened(server.url)
        writer.put_many("action", {action(1): b"result"})
        writer.flush()
        reader = opened(server.url, clock=clock)
        reader.get_many("action", [action(2)])
        reader.get_many("action", [action(2)])
        reader.flush()
        writer.put_many("action", {action(2): b"result"})
        writer.flush()
        assert reader.get_many("action", [action(2)]) == {}
        assert reader.counters["spared"] == 1
        clock.now += 61.0
        reader.flush()
        assert reader.get_many("action", [action(2)])

    def test_it_can_be_off(self, server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
        layer = opened(server.url, key_filter=False)
        layer.put_many("action", {action(1): b"result"})
        layer.flush()
        assert len(raw(server.url, "KEYS", "*")) == 1

    def test_what_is_added_does_not_prolong_its_life(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        for number, ttl in enumerate((100, 1000)):
            writer = opened(server.url, ttl=ttl)
            writer.put_many("action", {action(number): b"result"})
            writer.flush()
        assert 90 <= raw(server.url, "TTL", filter_name("shop", "main")) <= 100

    def test_too_many_keys_are_counted_once(
        self,
        server: RedisServer,
        opened: Callable[..., RedisLayer],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(published, "MOST_KEYS", 10)
        put = {action(number): b"result" for number in range(20)}
        first, second, reader = (opened(server.url) for _ in range(3))
        for writer, round_trips in ((first, 4), (second, 3)):
            writer.put_many("action", put)
            writer.flush()
            assert writer.counters["round_trips"] == round_trips
            assert writer.counters["errors"] == 0
        for _ in range(3):
            assert reader.get_many("action", [*put, action(99)]) == put
        assert reader.counters["filtered"] == reader.counters["dropped"] == 0

    def test_what_was_not_counted_to_its_end_hides_nothing(
        self,
        server: RedisServer,
        opened: Callable[..., RedisLayer],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(published, "_SCAN", b"1")
        monkeypatch.setattr(published, "_MOST_SCANS", 1)
        others = {action(number): b"result" for number in range(200)}
        opened(server.url, "another", key_filter=False).put_many("action", others)
        put = {action(number): b"result" for number in range(3)}
        opened(server.url, key_filter=False).put_many("action", put)
        writer, reader = opened(server.url), opened(server.url)
        writer.put_many("action", {action(0): b"result"})
        writer.flush()
        for _ in range(3):
            assert reader.get_many("action", list(put)) == put

    def test_a_full_filter_is_made_anew(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        writer = opened(server.url)
        for step in range(3):
            put = {action(5000 * step + number): b"" for number in range(2500)}
            writer.put_many("action", put)
            writer.flush()
        reader = opened(server.url)
        for _ in range(3):
            reader.get_many("action", [action(-1)])
        assert reader.counters["spared"] == 1
        assert len(reader.get_many("action", [action(number) for number in range(2500)])) == 2500


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("http://user:hunter2@place", {}),
        ("redis://:hunter2@", {}),
        ("redis://:hunter2@place:99999", {}),
        ("rediss://:hunter2@place?ssl_cert_reqs=none", {}),
        ("redis://:hunter2@place/main", {}),
        ("redis://place", {"project": "a:b"}),
        ("redis://place", {"project": "*"}),
        ("redis://place", {"scope": "x:y"}),
        ("redis://place", {"scope": ""}),
        ("redis://place", {"mode": "write"}),
        ("redis://place", {"ttl": 0}),
        ("redis://place", {"reads": ["feature"]}),
        ("redis://place", {"scope": "feature", "reads": ["main", "other"]}),
        ("redis://place", {"demands": True}),
    ],
)
def test_wrong_settings(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"[a-z]") as raised:
        RedisLayer(url, **{"project": "shop", **options})
    assert "hunter2" not in str(raised.value)


def test_redis_is_imported_with_the_first_question() -> None:
    program = (
        "import sys, hyper.cache, hyper.cache.trust; assert 'hyper.cache.remote' not in sys.modules\n"
        "from hyper.cache.remote import RedisLayer\n"
        "layer = RedisLayer('redis://127.0.0.1:1', 'shop'); layer.flush(); layer.close()\n"
        "assert not {'redis', 'asyncio', 'numpy', 'pybloom_live', 'ssl'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_its_library_there_is_no_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_module, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match="needs the extra `cache`"):
        RedisLayer("redis://place", "shop")


def test_without_the_library_of_filters_every_key_is_asked_for(
    server: RedisServer, opened: Callable[..., RedisLayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_module, "find_spec", lambda name: name == "redis" or None)
    layer = opened(server.url)
    layer.put_many("action", {action(1): b"result"})
    layer.flush()
    for _ in range(3):
        layer.get_many("action", [action(2)])
    assert layer.counters["spared"] == 0
    assert len(raw(server.url, "KEYS", "*")) == 1


def test_noise_is_not_made_longer_than_an_envelope(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    """The bound by which a stored length is judged holds for what does not compress."""
    layer = opened(server.url, keyring=Keyring.parse("i" * 32 + ":" + "ab" * 32))
    put = blobs([noise(3, 70_000), b"", b"x"])
    layer.put_many("blob", put)
    assert layer.get_many("blob", list(put)) == put
