"""The census: counts of units, actions and machines, in a file that several builds change."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from hyper.cache import census
from hyper.cache.census import BYTES, Census
from hyper.cache.sketches.hyperloglog import ERROR, SIZE, Distinct
from hyper.cache.sketches.sealed import SketchError, seal

if TYPE_CHECKING:
    from pathlib import Path


def items(of: str, many: int) -> list[bytes]:
    return [sha256(f"{of} {number}".encode()).digest() for number in range(many)]


def seen(**of: int) -> Census:
    made = Census()
    for name, many in of.items():
        made.add(name, items(name, many))
    return made


def test_counts_of_a_union() -> None:
    one, other = seen(units=4000, actions=10, machines=1), Census()
    other.add("units", items("units", 2000) + items("others", 2000))
    other.add("machines", [b"another machine"])
    one.merge(other)
    counts = one.counts()
    assert abs(counts["units"] - 6000) < 3 * ERROR * 6000
    assert (counts["actions"], counts["machines"]) == (10, 2)


def test_what_covers_is_not_changed_by_merging() -> None:
    one, some = seen(units=500, machines=2), seen(units=100)
    assert one.covers(some)
    assert not some.covers(one)
    before = one.to_bytes()
    one.merge(some)
    assert one.to_bytes() == before


def test_it_is_written_and_read() -> None:
    one = seen(units=100, actions=5)
    data = one.to_bytes()
    assert len(data) == BYTES
    assert len(Distinct().to_bytes()) == SIZE
    assert Census.from_bytes(data) == one != Census()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(BYTES),
        seen(units=3).to_bytes()[:-1],
        seen(units=3).to_bytes() + b"x",
        seal(b"HCEN", bytes(3 * SIZE)),
        seal(b"HCEN", Distinct().to_bytes()[:-1] + b"x" + 2 * Distinct().to_bytes()),
    ],
)
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(SketchError):
        Census.from_bytes(data)


def test_a_folder_keeps_it(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert census.kept(folder) is None
    census.record(folder, seen(units=3))
    census.record(folder, seen(units=5, machines=1))
    there = census.kept(folder)
    assert there == census.Kept(seen(units=5, machines=1))
    census.record_shared(folder, seen(units=9), 1000.0)
    census.record(folder, seen(actions=1))
    there = census.kept(folder)
    assert there is not None
    assert (there.shared, there.when) == (seen(units=9), 1000.0)
    assert there.here == seen(units=5, machines=1, actions=1)
    census.forget(folder)
    census.forget(folder)
    assert os.listdir(folder) == []


def test_what_adds_nothing_writes_nothing(tmp_path: Path) -> None:
    census.record(str(tmp_path), seen(units=3))
    path = tmp_path / census.FILE
    path.chmod(0o444)
    before = path.stat()
    census.record(str(tmp_path), seen(units=2))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("harm", ["empty", "cut", "flipped", "longer"])
def test_a_harmed_file_is_made_anew(tmp_path: Path, harm: str) -> None:
    census.record(str(tmp_path), seen(units=3))
    path = tmp_path / census.FILE
    data = path.read_bytes()
    changed = {
        "empty": b"",
        "cut": data[:-1],
        "flipped": data[:100] + bytes([data[100] ^ 1]) + data[101:],
        "longer": data + bytes(10**6),
    }[harm]
    path.write_bytes(changed)
    assert census.kept(str(tmp_path)) is None
    census.record(str(tmp_path), seen(actions=2))
    assert census.kept(str(tmp_path)) == census.Kept(seen(actions=2))


def test_no_build_of_several_at_once_is_lost(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom hyper.cache import census\nfrom hashlib import sha256\n"
        "for number in range(15):\n"
        "    seen = census.Census()\n"
        "    seen.add('units', [sha256(f'{sys.argv[2]} {number}'.encode()).digest()])\n"
        "    census.record(sys.argv[1], seen)\n"
    )
    builds = [subprocess.Popen((sys.executable, "-c", code, str(tmp_path), name)) for name in "abc"]
    assert [build.wait(60) for build in builds] == [0, 0, 0]
    there = census.kept(str(tmp_path))
    expected = Census()
    for name in "abc":
        expected.add("units", items(name, 15))
    assert there == census.Kept(expected)
