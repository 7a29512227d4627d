"""The suite of the protocol, run by every layer that is here; memory, layers in front of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.cache.disk import DiskLayer
from hyper.cache.layered import Layered, ReadOnly
from hyper.cache.memory import MemoryLayer
from hyper.cache.policies.lru import LRU
from tests.cache.conformance import LayerConformance
from tests.cache.entries import action, blobs, some_blobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hyper.cache.protocol import Layer

ROOM = 20_000_000


class TestMemory(LayerConformance):
    @pytest.fixture
    def layer(self) -> Iterator[Layer]:
        layer = MemoryLayer(ROOM)
        yield layer
        layer.close()


class TestSmallMemory(LayerConformance):
    keeps = False

    @pytest.fixture
    def layer(self) -> Iterator[Layer]:
        layer = MemoryLayer(2000)
        yield layer
        layer.close()


class TestDisk(LayerConformance):
    @pytest.fixture
    def layer(self, tmp_path: Path) -> Iterator[Layer]:
        layer = DiskLayer(str(tmp_path / "store"))
        yield layer
        layer.close()


class TestDiskMapped(LayerConformance):
    """Every data file is mapped, and every segment waits for the disk."""

    @pytest.fixture
    def layer(self, tmp_path: Path) -> Iterator[Layer]:
        layer = DiskLayer(str(tmp_path / "store"), map_from=1, sync=True)
        yield layer
        layer.close()


class TestLayered(LayerConformance):
    @pytest.fixture
    def layer(self, tmp_path: Path) -> Iterator[Layer]:
        layer = Layered([MemoryLayer(3000), DiskLayer(str(tmp_path / "store"))])
        yield layer
        layer.close()

    def test_a_blob_that_is_not_what_its_key_says_is_never_read(self, layer: Layer) -> None:
        super().test_a_blob_that_is_not_what_its_key_says_is_never_read(layer)
        assert layer.counters["dropped"] >= 2


def test_memory_keeps_its_bound_and_counts_what_leaves() -> None:
    layer = MemoryLayer(1000)
    put = some_blobs(20, 100)
    for key, value in put.items():
        layer.put_many("blob", {key: value})
    assert list(layer.get_many("blob", list(put))) == list(put)[10:]
    assert layer.counters["evicted"] == 10


def test_memory_does_not_keep_what_is_too_large() -> None:
    layer = MemoryLayer(1000)
    put = some_blobs(1, 2000)
    layer.put_many("blob", put)
    assert layer.get_many("blob", list(put)) == {}
    assert layer.counters["refused"] == 1
    assert layer.counters["evicted"] == 0


def test_memory_evicts_in_the_order_of_its_policy() -> None:
    layer = MemoryLayer(300, LRU)
    put = some_blobs(3, 100)
    first, second, third = put
    layer.put_many("blob", put)
    layer.get_many("blob", [first])
    layer.put_many("blob", some_blobs(1, 100, seed=5))
    assert set(layer.get_many("blob", [first, second, third])) == {first, third}


def test_what_a_far_layer_has_fills_those_before_it() -> None:
    near, middle, far = (MemoryLayer(ROOM, name=name) for name in ("near", "middle", "far"))
    put = blobs([b"one", b"two", b"three"])
    one, two, three = put
    far.put_many("blob", put)
    middle.put_many("blob", {two: b"two"})
    layer = Layered([near, middle, far])
    assert layer.get_many("blob", [one, two]) == {one: b"one", two: b"two"}
    assert near.get_many("blob", [one, two, three]) == {one: b"one", two: b"two"}
    assert middle.get_many("blob", [one, three]) == {one: b"one"}
    assert layer.by_layer["far"]["hits"] == 1
    assert layer.by_layer["middle"]["hits"] == 2
    assert layer.counters["hits"] == 2
    assert layer.counters["misses"] == 0


def test_a_hit_in_front_asks_nobody_behind() -> None:
    near, far = MemoryLayer(ROOM, name="near"), MemoryLayer(ROOM, name="far")
    layer = Layered([near, far])
    layer.put_many("action", {action(1): b"x"})
    layer.get_many("action", [action(1)])
    assert layer.by_layer["far"]["hits"] + layer.by_layer["far"]["misses"] == 0


def test_a_read_only_layer_is_read_and_never_filled() -> None:
    shared, far = MemoryLayer(ROOM, name="shared"), MemoryLayer(ROOM, name="far")
    shared.put_many("action", {action(1): b"there"})
    far.put_many("action", {action(2): b"far"})
    layer = Layered([ReadOnly(shared), far])
    layer.put_many("action", {action(3): b"new"})
    assert set(layer.get_many("action", [action(1), action(2), action(3)])) == {
        action(1),
        action(2),
        action(3),
    }
    assert shared.get_many("action", [action(2), action(3)]) == {}
    assert layer.by_layer["shared"]["refused"] == 3


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="memory, memory"):
        Layered([MemoryLayer(1), MemoryLayer(1)])
