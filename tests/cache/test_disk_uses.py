"""Counts of uses: what they make stay, and that nothing depends on them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hyper.cache.disk import DiskLayer, uses
from hyper.cache.sketches.count_min import CountMin
from hyper.cache.sketches.files import load, save
from tests.cache.entries import noise, some_blobs
from tests.cache.stores import DAY, Clock, forbidden, read

if TYPE_CHECKING:
    from pathlib import Path

KEYS = list(some_blobs(8, 10))


def two_kinds(folder: str, clock: Clock, *, counts: bool) -> tuple[set[bytes], set[bytes]]:
    """Small blobs that were used in four builds, and large ones of the last build; gives those of each that are left."""
    small, large = some_blobs(10, 1000, seed=1), some_blobs(10, 10_000, seed=2)
    for _ in range(4):
        with_store(folder, clock, small, counts=counts)
        clock.now += DAY
    with_store(folder, clock, large, counts=counts)
    store = DiskLayer(folder, clock=clock, counts=counts)
    store.prune(max_bytes=60_000)
    left = store.get_many("blob", [*small, *large])
    store.close()
    return left.keys() & small.keys(), left.keys() & large.keys()


def with_store(folder: str, clock: Clock, put: dict[bytes, bytes], *, counts: bool) -> None:
    store = DiskLayer(folder, clock=clock, counts=counts)
    store.put_many("blob", put)
    store.close()


def test_what_is_used_often_stays_before_what_was_used_last(folder: str, clock: Clock) -> None:
    small, large = two_kinds(folder, clock, counts=True)
    assert (len(small), len(large)) == (10, 4)


def test_without_counts_the_last_use_decides(folder: str, clock: Clock) -> None:
    small, large = two_kinds(folder, clock, counts=False)
    assert (len(small), len(large)) == (0, 5)
    assert not os.path.exists(os.path.join(folder, uses.FILE))


def test_a_flush_counts_each_key_once(folder: str) -> None:
    put = some_blobs(3, 100)
    for _ in range(2):
        store = DiskLayer(folder)
        store.put_many("blob", put)
        store.get_many("blob", list(put))
        store.get_many("blob", list(put))
        store.close()
    counts = uses.counted(folder)
    assert counts is not None
    assert [counts.estimate(key) for key in put] == [2, 2, 2]


def test_what_is_too_old_leaves_first_however_often_it_was_used(folder: str, clock: Clock) -> None:
    old, new = some_blobs(5, 1000, seed=1), some_blobs(5, 10_000, seed=2)
    for _ in range(3):
        with_store(folder, clock, old, counts=True)
    clock.now += 40 * DAY
    store = DiskLayer(folder, clock=clock, max_age=30 * DAY)
    store.put_many("blob", new)
    done = store.prune(max_bytes=54_000)
    assert done.evicted == 5
    assert store.get_many("blob", [*old, *new]) == new
    store.close()


@pytest.mark.parametrize(
    "data",
    [b"", b"HCMS", CountMin(64).to_bytes(), CountMin(uses.WIDTH).to_bytes()[:-1], bytes(10**6)],
)
def test_counts_that_are_none_are_made_anew(folder: str, data: bytes) -> None:
    os.makedirs(folder)
    path = os.path.join(folder, uses.FILE)
    with open(path, "wb") as stream:
        stream.write(data)
    assert uses.counted(folder) is None
    uses.count(folder, KEYS)
    counts = uses.counted(folder)
    assert counts is not None
    assert counts.total == len(KEYS)


def test_entries_leave_by_their_last_use_where_the_counts_are_lost(
    folder: str, clock: Clock
) -> None:
    first, then = some_blobs(5, 1000, seed=1), some_blobs(5, 1000, seed=2)
    for _ in range(3):
        with_store(folder, clock, first, counts=True)
    clock.now += DAY
    with_store(folder, clock, then, counts=True)
    os.unlink(os.path.join(folder, uses.FILE))
    store = DiskLayer(folder, clock=clock)
    assert store.prune(max_bytes=7_000).evicted == 5
    assert set(store.get_many("blob", [*first, *then])) == set(then)
    store.close()


def test_counts_of_long_ago_fade(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.makedirs(folder)
    monkeypatch.setattr(uses, "SPAN", 16)
    for _ in range(4):
        uses.count(folder, KEYS[:3])
    uses.count(folder, KEYS[3:7])
    counts = uses.counted(folder)
    assert counts is not None
    assert counts.estimate(KEYS[0]) == 2
    assert counts.total == 8


def test_no_count_of_builds_at_once_is_lost(folder: str) -> None:
    os.makedirs(folder)
    code = (
        "import sys\nfrom hyper.cache.disk import uses\n"
        "for _ in range(20): uses.count(sys.argv[1], [bytes.fromhex(sys.argv[2])])"
    )
    command = (sys.executable, "-c", code, folder, KEYS[0].hex())
    builds = [subprocess.Popen(command) for _ in range(3)]
    assert [build.wait(60) for build in builds] == [0, 0, 0]
    counts = uses.counted(folder)
    assert counts is not None
    assert counts.estimate(KEYS[0]) == 60


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no such permissions")
def test_a_folder_that_is_only_read_counts_nothing_and_no_error(public_folder: str) -> None:
    put = some_blobs(3, 100)
    with_store(public_folder, Clock(), put, counts=False)
    with forbidden(public_folder):
        store = DiskLayer(public_folder)
        assert store.get_many("blob", list(put)) == put
        store.close()
        assert store.counters["errors"] == 0
    assert not os.path.exists(os.path.join(public_folder, uses.FILE))


def test_a_link_leads_nowhere(folder: str, tmp_path: Path) -> None:
    put = some_blobs(3, 100)
    with_store(folder, Clock(), put, counts=False)
    other = tmp_path / "other"
    other.write_bytes(b"kept")
    for name in (uses.FILE, uses.FILE + ".tmp"):
        os.symlink(other, os.path.join(folder, name))
    assert read(folder, put) == put
    assert other.read_bytes() == b"kept"
    assert uses.counted(folder) is not None


def test_a_file_is_read_to_a_bound_and_a_pipe_not_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "some")
    save(path, noise(1, 1000))
    assert load(path, 100) == noise(1, 1000)[:101]
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    assert load(pipe, 100) == b""


def test_worth() -> None:
    assert uses.worth(2, 1000) > uses.worth(1, 1000) > uses.worth(1, 2000) > uses.worth(0, 1)
    assert uses.worth(255, 0) > uses.worth(1, 1 << 40) > uses.worth(0, 0) > uses.TOO_OLD
    assert uses.worth(4, 4000) == uses.worth(1, 1000)
