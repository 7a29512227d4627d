"""The disk layer: what it keeps, and what becomes of data that is damaged."""

from __future__ import annotations

import contextlib
import os

import pytest

from hyper.cache.disk import DiskLayer, index, layer, records, uses
from tests.cache.entries import action, blobs, noise, some_blobs
from tests.cache.stores import (
    Clock,
    data_files,
    every_file,
    fill,
    flip,
    read,
)


def test_entries_are_there_for_the_next_process(folder: str) -> None:
    put = {**some_blobs(20, 300), **blobs([b"text\n" * 500, b""])}
    fill(folder, put)
    assert read(folder, put) == put


def test_a_flush_writes_one_segment(folder: str) -> None:
    store = DiskLayer(folder)
    store.put_many("blob", some_blobs(50, 200))
    store.put_many("action", {action(1): b"x"})
    store.flush()
    assert len(data_files(folder)) == 1
    store.flush()
    assert len(data_files(folder)) == 1
    store.close()


def test_a_blob_that_is_there_is_not_written_again(folder: str) -> None:
    put = some_blobs(5, 1000)
    fill(folder, put)
    store = DiskLayer(folder)
    store.put_many("blob", put)
    store.close()
    assert store.counters["known"] == 5
    assert store.counters["puts"] == 0
    assert len(data_files(folder)) == 1


def test_much_that_is_pending_is_written_before_the_flush(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "_MOST_PENDING", 10_000)
    store = DiskLayer(folder)
    put = some_blobs(30, 1000)
    for key, value in put.items():
        store.put_many("blob", {key: value})
    assert store.counters["segments"] == 3
    assert store.get_many("blob", list(put)) == put
    store.close()
    assert read(folder, put) == put


def test_what_compresses_is_compressed(folder: str) -> None:
    put = blobs([b"the same line\n" * 5000, noise(3, 70_000)])
    fill(folder, put)
    (path,) = data_files(folder)
    assert 70_000 < os.path.getsize(path) < 72_000


def test_a_build_that_finds_everything_changes_the_counts_only(folder: str, clock: Clock) -> None:
    put = some_blobs(20, 300)
    store = DiskLayer(folder, clock=clock)
    store.put_many("blob", put)
    store.close()
    before = {path: os.stat(path).st_mtime_ns for path in every_file(folder)}
    store = DiskLayer(folder, clock=clock)
    assert store.get_many("blob", list(put)) == put
    store.close()
    after = {path: os.stat(path).st_mtime_ns for path in every_file(folder)}
    assert {path for path in after if after[path] != before.get(path)} <= {
        os.path.join(folder, uses.FILE)
    }


def test_reading_makes_no_store(folder: str) -> None:
    store = DiskLayer(folder)
    assert store.get_many("blob", [action(1)]) == {}
    store.close()
    assert not os.path.exists(folder)


def test_a_wrong_key_is_no_entry(folder: str) -> None:
    store = DiskLayer(folder)
    store.put_many("action", {b"short": b"x", action(1): b"y"})
    assert store.counters["dropped"] == 1
    assert store.get_many("action", [b"short", action(1)]) == {action(1): b"y"}
    store.close()


@pytest.mark.parametrize("map_from", [1, 1 << 40])
@pytest.mark.parametrize("where", [0, 5, 45, 60, 75, 90, 95, 200])
def test_a_flipped_bit_is_a_miss(folder: str, where: int, map_from: int) -> None:
    good = {action(1): noise(1, 300)}
    store = DiskLayer(folder)
    store.put_many("action", {**good, action(2): noise(2, 300)})
    store.close()
    (path,) = data_files(folder)
    at = records.HEADER_BYTES + 300 + where
    flip(path, at)
    store = DiskLayer(folder, map_from=map_from)
    assert store.get_many("action", [action(1), action(2)]) == good
    assert store.counters["dropped"] == 1
    assert store.get_many("action", [action(2)]) == {}
    assert store.counters["dropped"] == 1
    store.put_many("action", {action(2): b"new"})
    store.close()
    store = DiskLayer(folder)
    assert store.get_many("action", [action(2)]) == {action(2): b"new"}
    store.close()


def test_a_damaged_frame_is_a_miss(folder: str) -> None:
    put = blobs([b"line of text\n" * 1000])
    fill(folder, put)
    (path,) = data_files(folder)
    for at in range(records.HEADER_BYTES, os.path.getsize(path), 3):
        flip(path, at)
        with contextlib.closing(DiskLayer(folder)) as store:
            assert store.get_many("blob", list(put)) in ({}, put)
        flip(path, at)
        os.unlink(os.path.join(folder, index.FILE))
    assert read(folder, put) == put


@pytest.mark.parametrize("map_from", [1, 1 << 40])
def test_a_truncated_segment_is_a_miss(folder: str, map_from: int) -> None:
    put = some_blobs(10, 5000)
    fill(folder, put)
    (path,) = data_files(folder)
    store = DiskLayer(folder, map_from=map_from)
    first = next(iter(put))
    assert store.get_many("blob", [first])
    os.truncate(path, 20_000)
    found = store.get_many("blob", list(put))
    assert found == dict(list(put.items())[:3])
    assert store.counters["dropped"] == 7
    store.close()


def test_a_lost_segment_is_forgotten(folder: str) -> None:
    put = some_blobs(10, 500)
    fill(folder, put)
    (path,) = data_files(folder)
    os.unlink(path)
    store = DiskLayer(folder)
    assert store.get_many("blob", list(put)[:3]) == {}
    assert store.counters["dropped"] == 3
    assert store.stats().blobs == 0
    store.put_many("blob", put)
    store.close()
    assert read(folder, put) == put


def test_a_closed_layer_has_nothing_to_keep_house_in(folder: str) -> None:
    put = some_blobs(3, 400)
    store = DiskLayer(folder)
    store.put_many("blob", put)
    store.close()
    assert store.stats().blobs == store.prune().bytes_before == store.verify().entries == 0
    store.clear()
    assert read(folder, put) == put
