"""Packs: in the form of mmap-ninja, read by it, and read by the store without it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from mmap_ninja.ragged import RaggedMmap  # type: ignore[import-untyped]

from hyper.cache.disk import DiskLayer, index, packs, ragged, records, segments
from hyper.cache.mapped import MappedFile
from tests.cache.entries import action, blobs, noise, some_blobs
from tests.small_disk import fill, small_disk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cache.stores import Clock

ROOT = Path(__file__).resolve().parents[2]
PUT = {**some_blobs(9, 700), **blobs([b"", b"x", b"some text\n" * 400])}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A store whose twelve segments became a pack."""
    folder = str(tmp_path / "store")
    for key, value in PUT.items():
        store = DiskLayer(folder, pack_after=len(PUT))
        store.put_many("blob", {key: value})
        store.close()
    return folder


def pack_of(folder: str) -> str:
    place = os.path.join(folder, segments.FOLDER)
    (name,) = os.listdir(place)
    assert name.endswith(segments.PACK)
    return os.path.join(place, name)


@pytest.mark.parametrize("map_from", [1, 1 << 40])
def test_a_pack_is_read_as_segments_are(folder: str, map_from: int) -> None:
    pack_of(folder)
    store = DiskLayer(folder, map_from=map_from)
    assert store.get_many("blob", list(PUT)) == PUT
    assert (store.stats().packs, store.stats().segments) == (1, 0)
    assert store.verify() == (len(PUT), store.verify().bytes_read, 0, 0)
    store.close()


def test_mmap_ninja_opens_it(folder: str) -> None:
    array = RaggedMmap(pack_of(folder))
    found = {}
    codec = records.Codec()
    for at in range(len(array)):
        record = array[at].tobytes()
        header = records.parse(record)
        assert header is not None
        found[header.key] = codec.decode(header.kind, header.key, record)
    assert found == PUT


@pytest.mark.parametrize(
    "texts", [[b"one", b"three"], [b"", b"one"], [b"one"], [noise(1, 5000)] * 9]
)
def test_the_files_are_those_that_mmap_ninja_writes(tmp_path: Path, texts: list[bytes]) -> None:
    ragged.write(str(tmp_path / "ours"), texts)
    arrays = [np.frombuffer(text, np.uint8) for text in texts]
    RaggedMmap.from_lists(str(tmp_path / "theirs"), arrays, dtype=np.uint8)
    ours, theirs = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*.ninja")
        }
        for name in ("ours", "theirs")
    )
    assert ours == theirs


def test_a_disk_that_is_full_is_an_error_and_no_end_of_the_process(tmp_path: Path) -> None:
    """Through a memory map, the system would kill the process."""
    with small_disk(tmp_path / "disk"):
        folder = str(tmp_path / "disk")
        os.mkdir(os.path.join(folder, segments.FOLDER))
        fill(tmp_path / "disk", 100_000)
        code = f"from hyper.cache.disk import packs; packs.write({folder!r}, [bytes(9000)] * 20)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, "No space left on device" in done.stderr) == (1, True)
        assert os.listdir(os.path.join(folder, segments.FOLDER)) == []


def test_the_index_is_made_again_of_packs(folder: str) -> None:
    os.unlink(os.path.join(folder, index.FILE))
    store = DiskLayer(folder)
    assert store.get_many("blob", list(PUT)) == PUT
    assert store.counters["adopted"] == len(PUT)
    store.close()


def test_reading_a_pack_loads_no_numpy(folder: str) -> None:
    code = f"""
import sys
from hyper.cache.disk import DiskLayer
store = DiskLayer({folder!r})
assert len(store.get_many("blob", {list(PUT)!r})) == {len(PUT)}
store.close()
print(*[name for name in ("numpy", "mmap_ninja", "redis", "asyncio", "datasketch") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_a_pack_is_pruned(folder: str) -> None:
    store = DiskLayer(folder)
    assert store.prune(max_bytes=0).evicted == len(PUT)
    assert os.listdir(os.path.join(folder, segments.FOLDER)) == []
    store.close()


def test_a_build_goes_on_while_its_segments_are_packed(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    writer = DiskLayer(folder)
    for key, value in PUT.items():
        writer.put_many("blob", {key: value})
        writer.flush()
    writer.close()
    build = DiskLayer(folder)
    first = next(iter(PUT))
    assert build.get_many("blob", [first]) == {first: PUT[first]}
    writer = DiskLayer(folder, pack_after=2)
    writer.put_many("action", {action(1): b"x"})
    writer.close()
    pack_of(folder)
    assert build.get_many("blob", list(PUT)) == PUT
    assert build.counters["dropped"] == 0
    build.close()


@pytest.mark.parametrize("moves", [1, 2, 5])
def test_rows_that_were_read_before_moves_are_looked_up_again(
    folder: str, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """Between each look-up and the reading another process packs the segments."""
    store = DiskLayer(folder)
    other = DiskLayer(folder, pack_after=2)
    ask = index.Index.rows
    asked: list[int] = []

    def stale(self: index.Index, kind: int, keys: list[bytes]) -> dict[bytes, index.Row]:
        rows = ask(self, kind, keys)
        asked.append(len(keys))
        if len(asked) <= moves:
            other.put_many("action", {action(len(asked)): b"x"})
            other.flush()
        return rows

    monkeypatch.setattr(index.Index, "rows", stale)
    assert store.get_many("blob", list(PUT)) == PUT
    assert asked == [len(PUT)] * (moves + 1)
    assert store.counters["dropped"] == store.counters["misses"] == 0
    other.close()
    store.close()


def test_a_lost_segment_whose_entries_are_used_all_the_time_is_a_miss(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskLayer(folder)
    ask = index.Index.rows
    asked: list[int] = []

    def used(self: index.Index, kind: int, keys: list[bytes]) -> dict[bytes, index.Row]:
        asked.append(len(keys))
        rows = ask(self, kind, keys)
        return {key: row._replace(used=float(len(asked))) for key, row in rows.items()}

    monkeypatch.setattr(index.Index, "rows", used)
    segments.remove(folder, os.path.basename(pack_of(folder)))
    assert store.get_many("blob", list(PUT)) == {}
    assert asked == [len(PUT)] * 2
    assert store.counters["dropped"] == len(PUT)
    store.close()


def test_without_mmap_ninja_segments_become_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mmap_ninja", None)
    name = packs.write(str(tmp_path), [b"one", b"two"])
    assert name.endswith(segments.SEGMENT)
    assert Path(segments.data_file(str(tmp_path), name)).read_bytes() == b"onetwo"


def test_a_segment_that_cannot_be_read_now_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _segments_of(tmp_path)

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    last = some_blobs(1, 10, seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(packs, "MappedFile", fails)
        store = DiskLayer(folder, pack_after=len(PUT) + 1)
        store.put_many("blob", last)
        store.close()
        assert store.counters["errors"] == len(PUT) + 1
    store = DiskLayer(folder)
    assert store.get_many("blob", [*PUT, *last]) == PUT | last
    store.close()


def _segments_of(tmp_path: Path) -> str:
    folder = str(tmp_path / "store")
    for key, value in PUT.items():
        store = DiskLayer(folder, pack_after=len(PUT) + 1)
        store.put_many("blob", {key: value})
        store.close()
    return folder


def _unread(patch: pytest.MonkeyPatch, name: str) -> None:
    """As where a sector of the disk is gone."""

    def read(path: str, **options: Any) -> MappedFile:
        if name in path:
            raise OSError(errno.EIO, "Input/output error")
        return MappedFile(path, **options)

    patch.setattr(packs, "MappedFile", read)


def test_one_segment_that_cannot_be_read_does_not_keep_others_from_their_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _segments_of(tmp_path)
    names = sorted(os.listdir(os.path.join(folder, segments.FOLDER)))
    with monkeypatch.context() as patch:
        _unread(patch, names[3])
        store = DiskLayer(folder, pack_after=len(PUT))
        store.put_many("action", {action(1): b"made"})
        store.close()
        assert store.counters["errors"] == 1
    there = os.listdir(os.path.join(folder, segments.FOLDER))
    assert [name for name in there if name.endswith(segments.SEGMENT)] == [names[3]]
    assert len(there) == 2
    store = DiskLayer(folder)
    assert store.get_many("blob", list(PUT)) == PUT
    store.close()


def test_pruning_passes_over_a_segment_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    folder = str(tmp_path / "store")
    dead, live = some_blobs(4, 10_000), some_blobs(2, 9_000, seed=1)
    for number in range(2):
        store = DiskLayer(folder, clock=clock)
        store.put_many("blob", dict(list(dead.items())[2 * number : 2 * number + 2]))
        store.put_many("blob", dict([list(live.items())[number]]))
        store.close()
    clock.now += 10
    store = DiskLayer(folder, clock=clock)
    assert store.get_many("blob", list(live)) == live
    store.close()
    names = sorted(os.listdir(os.path.join(folder, segments.FOLDER)))
    store = DiskLayer(folder, clock=clock)
    with monkeypatch.context() as patch:
        _unread(patch, names[0])
        done = store.prune(max_bytes=21_000)
    assert (done.evicted, done.errors) == (4, 1)
    assert names[0] in os.listdir(os.path.join(folder, segments.FOLDER))
    assert names[1] not in os.listdir(os.path.join(folder, segments.FOLDER))
    assert store.get_many("blob", list(live)) == live
    store.close()


def test_a_pack_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: str, *_: Any, **__: Any) -> Sequence[object]:
        os.makedirs(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ragged, "write", fails)
    (tmp_path / segments.FOLDER).mkdir()
    with pytest.raises(OSError, match="No space"):
        packs.write(str(tmp_path), [noise(1, 10)])
    assert os.listdir(tmp_path / segments.FOLDER) == []


def test_a_segment_that_is_packed_before_its_writer_told_of_it(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the naming of a segment and the transaction, another build adopts it and packs it."""
    write = segments.write
    writer, other = DiskLayer(folder), DiskLayer(folder, pack_after=1)
    late = some_blobs(3, 400, seed=77)

    def interrupted(*words: Any, **options: Any) -> tuple[str, int]:
        made = write(*words, **options)
        monkeypatch.setattr(segments, "write", write)
        other.put_many("action", {action(1): b"x"})
        other.flush()
        return made

    monkeypatch.setattr(segments, "write", interrupted)
    writer.put_many("blob", late)
    writer.flush()
    assert other.counters["adopted"] == len(late)
    assert writer.get_many("blob", list(late)) == late
    assert writer.counters["dropped"] == 0
    writer.close()
    other.close()
