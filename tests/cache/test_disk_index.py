"""An index that is lost, broken, locked or another's is made again of the segments."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from hyper.cache.disk import DiskLayer, index, layer, locks, records
from tests.cache.entries import action, noise, some_blobs
from tests.cache.stores import (
    fill,
    read,
)

if TYPE_CHECKING:
    from pathlib import Path


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


def test_an_index_that_is_being_made_is_waited_for(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process makes the index between the look at the file and the making of one here."""
    os.makedirs(folder)
    path = os.path.join(folder, index.FILE)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert os.path.getsize(path)
    hold = locks.locked

    def late(where: str, *, wait: bool) -> contextlib.AbstractContextManager[bool]:
        monkeypatch.setattr(layer, "locked", hold)
        fill(folder, some_blobs(3, 100))
        return hold(where, wait=wait)

    monkeypatch.setattr(layer, "locked", late)
    put = some_blobs(3, 100, seed=1)
    store = DiskLayer(folder)
    store.put_many("blob", put)
    store.close()
    assert store.counters["errors"] == store.counters["rebuilt"] == 0
    assert read(folder, {**put, **some_blobs(3, 100)}) == {**put, **some_blobs(3, 100)}


def test_an_index_that_is_made_between_two_questions_is_no_other_schema(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process makes the tables after this one saw no version, and before it counts them."""
    os.makedirs(folder)
    path = os.path.join(folder, index.FILE)
    connect = sqlite3.connect

    class Slow(sqlite3.Connection):
        def execute(self, *words: Any) -> sqlite3.Cursor:
            if "sqlite_master" in words[0]:
                monkeypatch.setattr(sqlite3, "connect", connect)
                index.Index(path, 5.0, make=True).close()
            return super().execute(*words)

    def slow(*words: Any, **named: Any) -> sqlite3.Connection:
        return connect(*words, **named, factory=Slow)

    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr(sqlite3, "connect", slow)
    put = some_blobs(3, 100)
    fill(folder, put)
    assert not os.path.exists(f"{path}.broken")
    assert read(folder, put) == put


def test_what_is_put_goes_to_the_index_that_took_anothers_place(folder: str) -> None:
    fill(folder, some_blobs(5, 300))
    build = DiskLayer(folder)
    build.get_many("blob", list(some_blobs(5, 300)))
    index.set_aside(os.path.join(folder, index.FILE))
    fill(folder, some_blobs(2, 300, seed=5))
    put = some_blobs(4, 300, seed=9)
    build.put_many("blob", put)
    build.flush()
    everything = {**some_blobs(5, 300), **some_blobs(2, 300, seed=5), **put}
    assert build.stats().blobs == len(everything)
    build.close()
    assert read(folder, everything) == everything


def test_an_index_that_is_removed_under_a_build_is_made_again(folder: str) -> None:
    put = some_blobs(5, 300)
    fill(folder, put)
    build = DiskLayer(folder)
    build.get_many("blob", list(put))
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, index.FILE + end))
    more = some_blobs(2, 300, seed=5)
    build.put_many("blob", more)
    assert build.get_many("blob", list(put)) == put
    build.close()
    assert read(folder, {**put, **more}) == {**put, **more}


def test_an_index_that_was_set_aside_by_another_is_let_go(folder: str) -> None:
    put = some_blobs(5, 300)
    fill(folder, put)
    build = DiskLayer(folder)
    first = next(iter(put))
    build.get_many("blob", [first])
    path = os.path.join(folder, index.FILE)
    index.set_aside(path)
    other = DiskLayer(folder, pack_after=1)
    other.put_many("blob", some_blobs(1, 300, seed=5))
    other.close()
    assert build.get_many("blob", list(put)) == put
    build.close()


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


def test_a_bad_entry_is_forgotten_only_where_it_was_found(tmp_path: Path) -> None:
    """Another process may have put the entry anew meanwhile, at the same offset of its own segment."""
    key = action(1)
    old, new = (
        records.parse(records.Codec().encode(records.ACTION, key, b"value", made, 0.0))
        for made in (1.0, 2.0)
    )
    assert old is not None
    assert new is not None
    rows = index.Index(str(tmp_path / index.FILE), 1.0, make=True)
    with contextlib.closing(rows):
        with rows:
            rows.add("old.seg", 100, 1.0, [(0, old)])
            rows.add("new.seg", 100, 2.0, [(0, new)])
            rows.drop_bad([(records.ACTION, key, "old.seg", 0)])
        assert rows.rows(records.ACTION, [key])[key].segment == "new.seg"
        with rows:
            rows.drop_bad([(records.ACTION, key, "new.seg", 0)])
        assert rows.rows(records.ACTION, [key]) == {}
