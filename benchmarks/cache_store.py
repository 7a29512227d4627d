"""What the disk layer of the store costs.

    python -m benchmarks.cache_store [--rounds 7] [--out cache.json]

Opening it and reading one action, in a fresh process each time; putting 1,000 blobs of 20 KB, with and without waiting
for the disk; reading them back from the disk, and from the system's file cache, through a map and without one;
packing segments, with mmap-ninja and as one segment.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyper.cache.disk import DiskLayer, packs

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT: Final = 1000
SIZE: Final = 20_000
ROOT: Final = Path(__file__).resolve().parents[1]
FRESH: Final = """
import time
began = time.perf_counter()
from hyper.cache.disk import DiskLayer
loaded = time.perf_counter()
store = DiskLayer({folder!r})
found = store.get_many("action", [{key!r}])
read = time.perf_counter()
store.close()
assert len(found) == 1
print(loaded - began, read - loaded, time.perf_counter() - read)
"""


def main() -> int:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--out")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        report = run(place, words.rounds, words.count)
    text = json.dumps(report, indent=2)
    print(text)
    if words.out:
        Path(words.out).write_text(f"{text}\n", encoding="utf-8")
    return 0


def run(place: str, rounds: int, count: int) -> dict[str, Any]:
    """The figures: medians and ranges of milliseconds, by name."""
    put = _blobs(count)
    times: dict[str, list[float]] = {}
    for number in range(rounds):
        for name, seconds in _round(os.path.join(place, str(number)), put):
            times.setdefault(name, []).append(seconds * 1000)
    return {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version()},
        "blobs": {"count": count, "bytes": sum(map(len, put.values()))},
        "milliseconds": {
            name: {
                "median": round(statistics.median(each), 2),
                "range": [round(min(each), 2), round(max(each), 2)],
            }
            for name, each in times.items()
        },
    }


def _blobs(count: int) -> dict[bytes, bytes]:
    """Blobs that compress about as source does, to a third or so."""
    random_words = random.Random(1)  # noqa: S311 - the same blobs each time
    words = ["".join(random_words.choices("abcdefghijklmnop_", k=6)) for _ in range(300)]
    found = {}
    for _ in range(count):
        lines = [f"    {' '.join(random_words.choices(words, k=8))}\n" for _ in range(SIZE // 50)]
        content = "".join(lines).encode()[:SIZE]
        found[sha256(content).digest()] = content
    return found


def _round(folder: str, put: dict[bytes, bytes]) -> list[tuple[str, float]]:
    found = []

    def took(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        found.append((name, time.perf_counter() - began))

    action = sha256(b"action").digest()
    for sync in (True, False):
        store = DiskLayer(f"{folder}{'-sync' * sync}", sync=sync)
        store.put_many("action", {action: b"x" * 100})
        store.flush()
        took("put_many", lambda store=store: store.put_many("blob", put))  # type: ignore[misc]
        took("flush, waiting for the disk" if sync else "flush", store.flush)
        store.close()
    cold = _from_the_disk(folder)
    store = DiskLayer(folder)
    took(
        "get_many, from the disk" if cold else "get_many, first",
        lambda: store.get_many("blob", list(put)),
    )
    took("get_many, warm", lambda: store.get_many("blob", list(put)))
    store.close()
    unmapped = DiskLayer(folder, map_from=1 << 60)
    unmapped.get_many("blob", list(put))
    took("get_many, warm, not mapped", lambda: unmapped.get_many("blob", list(put)))
    unmapped.close()
    took(
        "sha256 of the blobs, for scale", lambda: [sha256(value).digest() for value in put.values()]
    )
    found += _fresh_process(folder, action)
    found += _packing(f"{folder}-packs", put)
    return found


def _fresh_process(folder: str, action: bytes) -> list[tuple[str, float]]:
    code = FRESH.format(folder=folder, key=action)
    # As an installed package: its modules are compiled already.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}-compiled"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    loaded, read, closed = map(float, done.stdout.split())
    return [
        ("fresh process: import of the disk layer", loaded),
        ("fresh process: open and read one action", read),
        ("fresh process: close", closed),
    ]


def _packing(folder: str, put: dict[bytes, bytes]) -> list[tuple[str, float]]:
    """Write the same records as a pack and as one segment."""
    from hyper.cache.disk.records import BLOB, Codec
    from hyper.cache.disk.segments import FOLDER, write

    codec = Codec()
    records = [codec.encode(BLOB, key, value, 0.0, 0.0) for key, value in put.items()]
    os.makedirs(os.path.join(folder, FOLDER))
    packs.write(folder, records[:1])
    began = time.perf_counter()
    packs.write(folder, records)
    packed = time.perf_counter()
    write(folder, records, sync=False)
    return [
        ("pack", packed - began),
        ("the same as one segment", time.perf_counter() - packed),
    ]


def _from_the_disk(folder: str) -> bool:
    """Make the next read of a folder's files come from the disk; False where the system cannot."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for place, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(os.path.join(place, name), os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
    return True


if __name__ == "__main__":
    sys.exit(main())
