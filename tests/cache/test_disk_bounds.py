"""The bounds of the disk layer, what live builds keep, and its care."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hyper.cache.disk import DiskLayer, leases, prune, records
from tests.cache.entries import action, blobs, some_blobs
from tests.cache.stores import (
    DAY,
    Clock,
    data_files,
    fill,
    flip,
    leased_by_nobody,
    read,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_least_recently_used_leave_first(folder: str, clock: Clock) -> None:
    put = some_blobs(10, 10_000)
    keys = list(put)
    for key in keys:
        clock.now += DAY
        store = DiskLayer(folder, clock=clock)
        store.put_many("blob", {key: put[key]})
        store.close()
    clock.now += DAY
    store = DiskLayer(folder, clock=clock)
    store.get_many("blob", [keys[0]])
    store.close()
    clock.now += DAY
    store = DiskLayer(folder, clock=clock)
    done = store.prune(max_bytes=60_000)
    assert done.evicted == 5
    assert done.bytes_after <= 60_000 < done.bytes_before
    assert set(store.get_many("blob", keys)) == {keys[0], *keys[6:]}
    store.close()


def test_what_was_not_used_for_long_leaves(folder: str, clock: Clock) -> None:
    old, new = some_blobs(5, 100), some_blobs(5, 100, seed=1)
    store = DiskLayer(folder, clock=clock)
    store.put_many("blob", old)
    store.flush()
    clock.now += 20 * DAY
    store.put_many("blob", new)
    store.flush()
    clock.now += 15 * DAY
    assert store.prune().evicted == 5
    assert store.get_many("blob", [*old, *new]) == new
    store.close()


def test_a_flush_keeps_the_bounds(folder: str, clock: Clock) -> None:
    for seed in range(30):
        clock.now += DAY / 2
        store = DiskLayer(folder, max_bytes=100_000, clock=clock)
        store.put_many("blob", some_blobs(2, 5000, seed=seed))
        store.close()
        assert sum(map(os.path.getsize, data_files(folder))) <= 100_000
    store = DiskLayer(folder, clock=clock)
    last = some_blobs(2, 5000, seed=29)
    assert store.get_many("blob", list(last)) == last
    store.close()
    for seed in range(30, 34):
        clock.now += 31 * DAY
        store = DiskLayer(folder, clock=clock)
        store.put_many("blob", some_blobs(1, 100, seed=seed))
        store.close()
        assert len(data_files(folder)) == 1


def test_what_lives_in_a_dying_segment_is_carried_over(folder: str, clock: Clock) -> None:
    put = some_blobs(10, 10_000)
    store = DiskLayer(folder, clock=clock)
    store.put_many("blob", put)
    store.flush()
    clock.now += DAY
    kept = list(put)[:2]
    store.get_many("blob", kept)
    store.flush()
    done = store.prune(max_bytes=25_000)
    assert done.evicted == 8
    assert done.bytes_after < 25_000
    assert set(store.get_many("blob", list(put))) == set(kept)
    store.close()


def _half_dead(folder: str, clock: Clock) -> tuple[DiskLayer, dict[bytes, bytes], set[bytes]]:
    """A store with three segments of which 8, 7 and 6 of 10 entries die first; and the others of all."""
    store = DiskLayer(folder, clock=clock, counts=False)
    put: dict[bytes, bytes] = {}
    alive: set[bytes] = set()
    for dead, size in ((8, 40_000), (7, 1000), (6, 1000)):
        some = some_blobs(10, size, seed=dead)
        put |= some
        alive.update(list(some)[dead:])
        store.put_many("blob", some)
        store.flush()
    clock.now += DAY
    store.get_many("blob", list(alive))
    store.flush()
    return store, put, alive


def test_a_segment_that_may_not_be_copied_does_not_keep_others_from_it(
    folder: str, clock: Clock
) -> None:
    """The one that is dead most has 80 kB alive; those after it have 3 and 4 kB."""
    store, put, alive = _half_dead(folder, clock)
    with store._hold(wait=True):
        done = store._ask(
            lambda index: prune.prune(replace(store._place(index), max_bytes=98_000), 10_000), None
        )
    assert done is not None
    assert done.evicted == 21
    assert done.bytes_before - done.bytes_after > 12_000
    assert set(store.get_many("blob", list(put))) == alive
    store.close()


def test_what_is_rewritten_leaves_room_for_the_next_flush(folder: str, clock: Clock) -> None:
    """All that is dead goes before the disk is a tenth under its bound, not at the bound only."""
    store, _, _ = _half_dead(folder, clock)
    done = store.prune(max_bytes=100_000)
    assert done.bytes_after <= 90_000
    store.close()


def test_entries_that_a_live_build_uses_stay(folder: str) -> None:
    put = some_blobs(10, 1000)
    fill(folder, put)
    used = list(put)[:3]
    build = DiskLayer(folder)
    assert set(build.get_many("blob", used)) == set(used)
    care = DiskLayer(folder)
    done = care.prune(max_bytes=0)
    assert (done.evicted, done.leased) == (7, 3)
    assert set(build.get_many("blob", list(put))) == set(used)
    assert care.stats().leased == 3
    build.close()
    assert care.prune(max_bytes=0).evicted == 3
    assert data_files(folder) == []
    care.close()


def test_a_lease_of_the_dead_protects_nothing(folder: str) -> None:
    put = some_blobs(4, 1000)
    fill(folder, put)
    place = os.path.join(folder, "leases", f"{leased_by_nobody()}-00.lease")
    with open(place, "wb") as stream:
        stream.write(b"".join(key[:8] for key in put))
    store = DiskLayer(folder)
    assert store.prune(max_bytes=0).evicted == 4
    store.close()
    assert not os.path.exists(place)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links and no pipes to read")
def test_a_lease_that_is_no_file_protects_nothing(folder: str, tmp_path: Path) -> None:
    put = some_blobs(4, 1000)
    fill(folder, put)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"".join(key[:8] for key in put))
    paths = [
        os.path.join(folder, "leases", f"{leases.this_owner()}-0{number}.lease")
        for number in range(3)
    ]
    os.symlink(elsewhere, paths[0])
    os.mkfifo(paths[1])
    os.mkdir(paths[2])
    store = DiskLayer(folder)
    assert store.prune(max_bytes=0).evicted == 4
    store.close()
    assert elsewhere.exists()


def test_a_lease_is_read_to_a_bound(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put = some_blobs(4, 1000)
    fill(folder, put)
    path = os.path.join(folder, "leases", f"{leases.this_owner()}-00.lease")
    with open(path, "wb") as stream:
        stream.write(b"".join(key[:8] for key in put))
    monkeypatch.setattr(leases, "_MOST_BYTES", 16)
    store = DiskLayer(folder)
    done = store.prune(max_bytes=0)
    store.close()
    assert (done.evicted, done.leased) == (2, 2)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="the start of a process is not known")
def test_a_number_that_another_process_has_now_is_not_the_owner() -> None:
    machine, process, started = leases.this_owner().split("-")
    assert leases.is_live(f"{machine}-{process}-{started}-00.lease", 0.0)
    assert not leases.is_live(f"{machine}-{process}-{int(started) - 1}-00.lease", 0.0)


def test_a_lease_of_another_machine_counts_for_a_day() -> None:
    assert leases.is_live("00000000-1-1-00.lease", DAY - 1)
    assert not leases.is_live("00000000-1-1-00.lease", DAY + 1)
    assert not leases.is_live("anything else", 0.0)


def test_clear_removes_everything(folder: str) -> None:
    put = some_blobs(4, 1000)
    fill(folder, put)
    store = DiskLayer(folder)
    store.put_many("blob", some_blobs(4, 100, seed=1))
    store.clear()
    assert store.get_many("blob", list(put)) == {}
    store.close()
    assert data_files(folder) == []


def test_statistics(folder: str, clock: Clock) -> None:
    store = DiskLayer(folder, clock=clock)
    assert store.stats().blobs == 0
    store.put_many("blob", {**some_blobs(4, 1000), **blobs([b"a line\n" * 1000])}, 2.0)
    store.put_many("action", {action(1): b"x"}, 0.5)
    store.flush()
    stats = store.stats()
    assert (stats.actions, stats.blobs, stats.segments, stats.packs) == (1, 5, 1, 0)
    assert stats.value_bytes == 11_001
    assert 4001 < stats.stored_bytes < 4200
    assert stats.disk_bytes == stats.stored_bytes + 6 * records.HEADER_BYTES
    assert stats.cost == pytest.approx(2.5)
    assert stats.oldest_use == clock.now
    store.close()


def test_verify_finds_what_is_bad(folder: str) -> None:
    put = some_blobs(10, 1000)
    fill(folder, put)
    (path,) = data_files(folder)
    for at in (3, 7):
        flip(path, at * (1000 + records.HEADER_BYTES) + 500)
    store = DiskLayer(folder)
    done = store.verify()
    assert (done.entries, done.dropped) == (10, 2)
    assert store.verify().dropped == 0
    assert len(store.get_many("blob", list(put))) == 8
    store.close()


def test_many_segments_become_a_pack(folder: str) -> None:
    put: dict[bytes, bytes] = {}
    for seed in range(5):
        some = some_blobs(3, 500, seed=seed)
        put.update(some)
        store = DiskLayer(folder, pack_after=5)
        store.put_many("blob", some)
        store.close()
    assert [os.path.splitext(path)[1] for path in data_files(folder)] == [".pack"]
    assert read(folder, put) == put
