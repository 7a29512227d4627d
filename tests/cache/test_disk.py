"""The disk layer: what it keeps, what it survives, and its bounds."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import tempfile
from typing import TYPE_CHECKING

import pytest

from hyper.cache.disk import DiskLayer, index, layer, records, segments, upkeep
from tests.cache.entries import action, blobs, noise, some_blobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 24 * 3600.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "store")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fill(folder: str, put: dict[bytes, bytes]) -> None:
    store = DiskLayer(folder)
    store.put_many("blob", put)
    store.close()


def read(folder: str, put: dict[bytes, bytes]) -> dict[bytes, bytes]:
    with contextlib.closing(DiskLayer(folder)) as store:
        return store.get_many("blob", list(put))


def data_files(folder: str) -> list[str]:
    place = os.path.join(folder, "data")
    return sorted(os.path.join(place, name) for name in os.listdir(place))


@pytest.fixture
def public_folder() -> Iterator[str]:
    """A store that another user reaches: folders of pytest are for one's own eyes."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        yield os.path.join(above, "store")


@contextlib.contextmanager
def forbidden(folder: str) -> Iterator[None]:
    """Nobody may write in the folder; the superuser is somebody else for a while."""
    places = [place for place, _, _ in os.walk(folder)]
    root = os.geteuid() == 0
    for place in places:
        os.chmod(place, 0o555)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for place in places:
            os.chmod(place, 0o755)


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


def test_a_build_that_finds_everything_changes_nothing(folder: str, clock: Clock) -> None:
    put = some_blobs(20, 300)
    store = DiskLayer(folder, clock=clock)
    store.put_many("blob", put)
    store.close()
    before = {path: os.stat(path).st_mtime_ns for path in every_file(folder)}
    store = DiskLayer(folder, clock=clock)
    assert store.get_many("blob", list(put)) == put
    store.close()
    assert {path: os.stat(path).st_mtime_ns for path in every_file(folder)} == before


def every_file(folder: str) -> list[str]:
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]


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


# --- data that is damaged


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


def flip(path: str, at: int) -> None:
    with open(path, "r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte[0] ^ 1]))


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


# --- an index that is lost


GARBAGE = {
    "empty": b"",
    "text": b"this is no database\n" * 500,
    "header only": b"SQLite format 3\x00" + bytes(4080),
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_a_broken_index_is_made_again(folder: str, content: bytes) -> None:
    put = some_blobs(30, 400)
    fill(folder, put)
    with open(os.path.join(folder, index.FILE), "wb") as stream:
        stream.write(content)
    store = DiskLayer(folder)
    assert store.get_many("blob", list(put)) == put
    assert store.counters["adopted"] == 30
    store.close()
    assert read(folder, put) == put


def test_a_lost_index_is_made_again(folder: str) -> None:
    put = some_blobs(30, 400)
    fill(folder, put)
    os.unlink(os.path.join(folder, index.FILE))
    assert read(folder, put) == put


def test_an_index_of_another_schema_is_set_aside(folder: str) -> None:
    put = some_blobs(30, 400)
    fill(folder, put)
    path = os.path.join(folder, index.FILE)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 77")
    store = DiskLayer(folder)
    assert store.get_many("blob", list(put)) == put
    assert store.counters["rebuilt"] == 1
    store.close()
    assert os.path.exists(f"{path}.broken")


def test_an_index_without_its_tables_is_set_aside(folder: str) -> None:
    put = some_blobs(30, 400)
    fill(folder, put)
    with contextlib.closing(sqlite3.connect(os.path.join(folder, index.FILE))) as connection:
        connection.execute("DROP TABLE entries")
    assert read(folder, put) == put


def test_any_damage_to_the_index_gives_the_right_bytes_or_none(folder: str) -> None:
    put = some_blobs(60, 100)
    fill(folder, put)
    path = os.path.join(folder, index.FILE)
    with open(path, "rb") as stream:
        good = stream.read()
    for seed in range(60):
        damaged = bytearray(good)
        at = int.from_bytes(noise(seed, 4), "little") % len(good)
        damaged[at : at + 64] = noise(seed + 1000, min(64, len(good) - at))
        with open(path, "wb") as stream:
            stream.write(damaged)
        with contextlib.closing(DiskLayer(folder)) as store:
            assert store.get_many("blob", list(put)).items() <= put.items()
            store.put_many("blob", put)
            store.flush()
            assert store.get_many("blob", list(put)).items() <= put.items()
    os.unlink(path)
    assert read(folder, put) == put


def test_an_index_that_lies_leads_nowhere_else(folder: str, tmp_path: Path) -> None:
    put = some_blobs(3, 100)
    fill(folder, put)
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 4000)
    with contextlib.closing(sqlite3.connect(os.path.join(folder, index.FILE))) as connection:
        connection.execute("UPDATE segments SET name = '../../secret'")
        connection.execute("UPDATE entries SET offset = 'text'")
        connection.commit()
    store = DiskLayer(folder)
    assert store.get_many("blob", list(put)) == {}
    store.prune(max_bytes=0)
    store.close()
    assert secret.read_bytes() == b"x" * 4000


def test_a_locked_index_costs_hits_and_no_more(folder: str) -> None:
    put = some_blobs(5, 400)
    fill(folder, put)
    path = os.path.join(folder, index.FILE)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("PRAGMA locking_mode = EXCLUSIVE")
    blocker.execute("BEGIN IMMEDIATE")
    blocker.execute("UPDATE segments SET bytes = bytes")
    further = some_blobs(5, 400, seed=9)
    store = DiskLayer(folder, busy=0.01)
    assert store.get_many("blob", list(put)).items() <= put.items()
    store.put_many("blob", further)
    assert store.get_many("blob", list(further)) == further
    store.close()
    assert store.counters["errors"] > 0
    blocker.execute("ROLLBACK")
    blocker.close()
    assert read(folder, put) == put
    fill(folder, some_blobs(1, 10, seed=4))
    assert read(folder, further) == further


# --- kills between the steps of a flush


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


def leased_by_nobody() -> str:
    """An owner that was this process's number once, before it started."""
    machine, process, _ = segments.fresh_name("").split("-")[:3]
    return f"{machine}-{process}-1"


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


# --- disks that are full, folders that cannot be written


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


# --- bounds


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


def test_clear_removes_everything(folder: str) -> None:
    put = some_blobs(4, 1000)
    fill(folder, put)
    store = DiskLayer(folder)
    store.put_many("blob", some_blobs(4, 100, seed=1))
    store.clear()
    assert store.get_many("blob", list(put)) == {}
    store.close()
    assert data_files(folder) == []


# --- care


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


def test_many_segments_become_a_pack(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_MOST_SMALL", 5)
    put: dict[bytes, bytes] = {}
    for seed in range(5):
        some = some_blobs(3, 500, seed=seed)
        put.update(some)
        fill(folder, some)
    assert [os.path.splitext(path)[1] for path in data_files(folder)] == [".pack"]
    assert read(folder, put) == put
