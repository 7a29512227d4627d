"""Kills between the steps of a flush, full disks, and folders that cannot be written."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from hyper.cache.disk import DiskLayer, index, records, segments
from tests.cache.entries import action, some_blobs
from tests.cache.stores import (
    data_files,
    fill,
    flip,
    forbidden,
    leased_by_nobody,
    read,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_segment_without_rows_is_adopted(folder: str) -> None:
    put = some_blobs(10, 400)
    fill(folder, put)
    os.unlink(os.path.join(folder, index.FILE))
    (path,) = data_files(folder)
    os.rename(path, f"{folder}.kept")
    fill(folder, some_blobs(1, 100, seed=2))
    os.rename(f"{folder}.kept", path)
    assert read(folder, put) == {}
    fill(folder, some_blobs(1, 100, seed=3))
    assert read(folder, put) == put


def test_what_a_dead_writer_left_is_swept(folder: str) -> None:
    fill(folder, some_blobs(1, 100))
    name = f"{leased_by_nobody()}-00000000.seg.tmp"
    unfinished = os.path.join(folder, "data", name)
    for path in (unfinished, unfinished.replace(".seg", ".pack")):
        with open(path, "wb") as stream:
            stream.write(b"half a segment")
    mine = os.path.join(folder, "data", f"{segments.fresh_name('.seg')}.tmp")
    with open(mine, "wb") as stream:
        stream.write(b"being written")
    fill(folder, some_blobs(1, 100, seed=1))
    assert os.path.exists(mine)
    assert [path for path in data_files(folder) if path.endswith(".tmp")] == [mine]


def test_a_torn_segment_gives_what_is_whole(folder: str) -> None:
    put = some_blobs(10, 5000)
    fill(folder, put)
    (path,) = data_files(folder)
    os.truncate(path, 5 * (5000 + records.HEADER_BYTES) + 30)
    os.unlink(os.path.join(folder, index.FILE))
    assert read(folder, put) == dict(list(put.items())[:5])


def test_a_damaged_stretch_is_passed_over(folder: str) -> None:
    put = some_blobs(10, 5000)
    fill(folder, put)
    (path,) = data_files(folder)
    flip(path, 2 * (5000 + records.HEADER_BYTES) + 24)
    os.unlink(os.path.join(folder, index.FILE))
    found = read(folder, put)
    assert list(found) == [key for at, key in enumerate(put) if at != 2]


def test_a_file_without_records_is_removed(folder: str) -> None:
    fill(folder, some_blobs(1, 100))
    path = os.path.join(folder, "data", segments.fresh_name(".seg"))
    with open(path, "wb") as stream:
        stream.write(b"nothing in here" * 100)
    fill(folder, some_blobs(1, 100, seed=1))
    assert not os.path.exists(path)


def test_a_full_disk_is_counted_and_the_build_goes_on(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = some_blobs(5, 400)
    fill(folder, put)
    store = DiskLayer(folder)
    with monkeypatch.context() as patch:
        patch.setattr(segments, "write", no_space)
        further = some_blobs(5, 400, seed=2)
        store.put_many("blob", further)
        store.flush()
        assert store.counters["errors"] == 1
        assert store.get_many("blob", list(put)) == put
    store.put_many("blob", further)
    store.close()
    assert read(folder, {**put, **further}) == {**put, **further}


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_index_that_cannot_grow_is_not_broken(folder: str) -> None:
    """The disk is full in the middle of the transaction: it is rolled back, and the segment is adopted later."""
    put, further = some_blobs(5, 100), some_blobs(500, 100, seed=2)
    fill(folder, put)
    store = DiskLayer(folder)
    assert store.get_many("blob", list(put)) == put
    assert store._index is not None
    store._index._connection.execute("PRAGMA max_page_count = 1")
    store.put_many("blob", further)
    store.flush()
    assert store.counters["errors"] >= 1
    assert store.counters["rebuilt"] == 0
    assert store.get_many("blob", list(put)) == put
    store.close()
    fill(folder, some_blobs(1, 100, seed=3))
    assert read(folder, further) == further


def test_only_segments_are_removed(folder: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.seg"
    secret.write_bytes(b"x")
    for name in ("../../secret.seg", "../../secret.pack", "../data", ""):
        segments.remove(folder, name)
    assert secret.exists()


def test_a_really_full_disk_leaves_nothing_behind(folder: str) -> None:
    """A limit on the size of files stops the write in its middle, as a full disk does."""
    import resource
    import signal

    fill(folder, some_blobs(1, 100))
    store = DiskLayer(folder)
    store.put_many("blob", some_blobs(50, 5000, seed=1))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        store.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert store.counters["errors"] == 1
    assert len(data_files(folder)) == 1
    store.close()


def test_a_read_only_folder_is_read(public_folder: str) -> None:
    put = some_blobs(20, 400)
    fill(public_folder, put)
    with forbidden(public_folder):
        store = DiskLayer(public_folder)
        assert store.get_many("blob", list(put)) == put
        assert store.counters["errors"] == 0
        for seed in (1, 2, 3):
            store.put_many("blob", some_blobs(5, 100, seed=seed))
            store.flush()
        store.close()
        assert store.counters["errors"] == 1
    assert len(data_files(public_folder)) == 1


def test_a_read_only_folder_with_a_broken_index_is_a_miss(public_folder: str) -> None:
    put = some_blobs(20, 400)
    fill(public_folder, put)
    with open(os.path.join(public_folder, index.FILE), "wb") as stream:
        stream.write(b"this is no database\n" * 500)
    with forbidden(public_folder):
        store = DiskLayer(public_folder)
        for _ in range(3):
            assert store.get_many("blob", list(put)) == {}
        assert store.counters["errors"] == 2
        store.close()
    assert read(public_folder, put) == put


def test_a_folder_that_cannot_be_made_is_an_error_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = DiskLayer(str(tmp_path / "file" / "store"))
    put = some_blobs(2, 100)
    store.put_many("blob", put)
    assert store.get_many("blob", list(put)) == put
    store.close()
    assert store.counters["errors"] >= 1


def test_a_layer_that_only_reads_takes_nothing(folder: str) -> None:
    put = some_blobs(3, 100)
    fill(folder, put)
    store = DiskLayer(folder, read_only=True)
    store.put_many("blob", some_blobs(3, 100, seed=1))
    assert store.get_many("blob", list(put)) == put
    store.close()
    assert store.counters["puts"] == store.counters["errors"] == 0
    assert len(data_files(folder)) == 1


def test_what_stopped_a_write_is_told_though_nothing_is_left_to_remove(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(aside: str, _place: str) -> None:
        os.unlink(aside)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        segments.write(folder, [b"record"], sync=False)


def test_what_the_store_has_not_written_is_not_swept(folder: str) -> None:
    fill(folder, some_blobs(1, 100))
    foreign = [os.path.join(folder, place) for place in ("data/mine.tmp", "leases/mine")]
    for path in foreign:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(b"mine")
    fill(folder, some_blobs(1, 100, seed=1))
    assert all(map(os.path.exists, foreign))


def test_an_index_that_could_not_be_had_is_tried_again_by_the_flush(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that lives long had no descriptor left for a while."""
    old, new = some_blobs(5, 400), some_blobs(5, 400, seed=2)
    fill(folder, old)
    store = DiskLayer(folder)

    def no_descriptor(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(store, "_open", no_descriptor)
        assert store.get_many("blob", list(old)) == {}
        assert store.get_many("blob", list(old)) == {}
        assert store.counters["errors"] == 1
        store.put_many("blob", new)
    store.flush()
    assert store.get_many("blob", [*old, *new]) == old | new
    store.close()


def test_an_index_that_could_not_be_had_in_a_flush_is_asked_by_the_next_build(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = some_blobs(5, 400)
    fill(folder, old)
    store = DiskLayer(folder)
    store.put_many("action", {action(1): b"result"})
    with monkeypatch.context() as patch:
        patch.setattr(store, "_open", no_space)
        store.flush()
    assert store.counters["errors"] == 1
    assert store.get_many("blob", list(old)) == old
    store.put_many("action", {action(2): b"result"})
    store.flush()
    assert store.get_many("action", [action(1)]) == {action(1): b"result"}
    store.close()


def test_an_index_that_another_process_holds_is_asked_again(folder: str) -> None:
    old, new = some_blobs(5, 400), some_blobs(5, 400, seed=2)
    fill(folder, old)
    store = DiskLayer(folder, busy=0.0)
    path = os.path.join(folder, index.FILE)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.put_many("blob", new)
        store.flush()
        assert store.get_many("blob", [*old, *new]) == old
        other.execute("ROLLBACK")
    store.put_many("blob", some_blobs(1, 100, seed=3))
    store.flush()
    assert store.get_many("blob", list(new)) == new
    assert store.counters["rebuilt"] == 0
    store.close()
