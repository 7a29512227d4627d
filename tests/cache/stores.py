"""Stores in folders, for tests of the disk layer."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from hyper.cache.disk import DiskLayer, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 24 * 3600.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


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


def every_file(folder: str) -> list[str]:
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]


def flip(path: str, at: int) -> None:
    with open(path, "r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte[0] ^ 1]))


def leased_by_nobody() -> str:
    """An owner that is no more."""
    machine = segments.fresh_name("").split("-", maxsplit=1)[0]
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return f"{machine}-{process.pid}-1"


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
