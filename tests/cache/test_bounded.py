"""Values behind a bound, and a layer that outlives its users."""

from __future__ import annotations

import pytest

from hyper.cache.bounded import Bounded
from hyper.cache.layered import Lasting, Layered
from hyper.cache.memory import MemoryLayer
from hyper.cache.policies.lru import LRU
from tests.cache.entries import blobs


def key(number: int) -> bytes:
    return bytes([number]) * 32


def test_what_the_policy_lets_go_is_gone() -> None:
    kept: Bounded[str] = Bounded(LRU(100))
    assert kept.put(key(1), "one", 60) == []
    assert kept.put(key(2), "two", 40) == []
    assert kept.get(key(1)) == "one"
    assert kept.put(key(3), "three", 40) == [key(2)]
    assert (kept.get(key(2)), kept.used, len(kept)) == (None, 100, 2)
    assert kept.counters == {"hits": 1, "misses": 1, "evicted": 1, "refused": 0}


def test_what_is_too_large_is_refused_and_its_older_self_gone() -> None:
    kept: Bounded[str] = Bounded(LRU(100))
    kept.put(key(1), "small", 60)
    assert kept.put(key(1), "large", 101) == [key(1)]
    assert key(1) not in kept
    assert kept.counters["refused"] == 1
    assert kept.used == 0


def test_forgetting() -> None:
    kept: Bounded[str] = Bounded(LRU(100))
    kept.put(key(1), "one", 60)
    kept.forget(key(1))
    kept.forget(key(2))
    assert (len(kept), kept.used, kept.capacity) == (0, 0, 100)
    kept.put(key(3), "three", 100)
    kept.clear()
    assert kept.used == 0


def test_a_negative_size_is_refused() -> None:
    kept: Bounded[str] = Bounded(LRU(100))
    with pytest.raises(ValueError, match="size"):
        kept.put(key(1), "one", -1)


def test_entries_and_other_things_share_one_bound() -> None:
    kept: Bounded[object] = Bounded(LRU(100))
    layer = MemoryLayer(1, values=kept)
    some = blobs([b"x" * 60])
    layer.put_many("blob", some)
    kept.put(key(1), object(), 60)
    assert layer.get_many("blob", list(some)) == {}
    assert kept.used == 60


def test_a_lasting_layer_is_there_for_the_next_user() -> None:
    memory = MemoryLayer(1000)
    some = blobs([b"a", b"b"])
    first = Layered([Lasting(memory)])
    first.put_many("blob", some)
    first.close()
    second = Lasting(memory)
    assert second.get_many("blob", list(some)) == some
    assert (second.counters["hits"], second.counters["puts"]) == (2, 0)
    second.flush()
    assert memory.counters["puts"] == 2
