"""Which queue a job is added to, and which a worker listens to."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.distributed.sharding import MOST, common_shards, listening, shard_of

DIGESTS = [sha256(str(number).encode()).hexdigest() for number in range(8000)]


@pytest.mark.parametrize("shards", [1, 2, 3, 8, 64])
def test_digests_are_spread_evenly(shards: int) -> None:
    counts = Counter(shard_of(digest, shards) for digest in DIGESTS)
    each = len(DIGESTS) / shards
    assert set(counts) == set(range(shards))
    assert max(abs(count - each) for count in counts.values()) < 5 * each**0.5


def test_a_key_has_one_shard_everywhere() -> None:
    # Written down, since builds and workers of all versions have to agree.
    assert [shard_of(digest, 16) for digest in DIGESTS[:4]] == [8, 1, 14, 11]


@pytest.mark.parametrize(
    ("key", "shards"), [("ab" * 32, 0), ("ab" * 32, MOST + 1), ("no digest", 2)]
)
def test_what_has_no_shard(key: str, shards: int) -> None:
    with pytest.raises(ValueError, match=r"shards|invalid literal"):
        shard_of(key, shards)


@given(st.text(max_size=40), st.integers(1, MOST))
def test_every_shard_is_listened_to(worker: str, shards: int) -> None:
    found = listening(worker, shards)
    assert sorted(found.first + found.then) == list(range(shards))
    assert len(found.first) == (shards if shards <= 8 else 4)
    assert found == listening(worker, shards)


def test_workers_begin_at_different_shards() -> None:
    counts = Counter(
        shard for number in range(400) for shard in listening(f"host-{number}", 16).first
    )
    assert set(counts) == set(range(16))
    assert min(counts.values()) > 60
    assert max(counts.values()) < 140


def test_a_build_uses_what_all_workers_listen_to() -> None:
    assert common_shards([]) == 1
    assert common_shards([8, 4, 16]) == 4
    assert common_shards([0]) == 1
