"""Builds that are killed: run by a test as ``python -m tests.cache.killed FOLDER COUNT``.

One process after another puts entries and flushes, packs and prunes, and is killed with SIGKILL at some call of a function,
Python's own or one of C: before a file is written, between its renaming and the index's transaction, within that, and so on. After
each the store must have all that was flushed before, and nothing that is wrong. ``COUNT`` moments are taken over
the whole of the work, evenly.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from hyper.cache.disk import DiskLayer
from tests.cache.entries import action, blobs, some_blobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def build(folder: str, number: int) -> None:
    """What one build does: it reads what another made, makes three entries, and keeps house."""
    store = DiskLayer(folder, pack_after=4)
    store.get_many("blob", list(flushed()))
    store.put_many("blob", some_blobs(2, 300, seed=number))
    store.put_many("action", {action(number % 5): b"result %d" % number})
    store.close()


def flushed() -> dict[bytes, bytes]:
    """What is in the store from the start."""
    return blobs([b"there from the start", b"line\n" * 500])


def calls(work: Callable[[], None], at: int | None) -> int:
    """How many functions ``work`` calls; killed at the one numbered ``at``."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        del frame, argument
        if event in {"call", "c_call"}:
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def in_a_process(work: Callable[[], object]) -> int:
    """Run in a copy of this process; gives the signal that ended it, or 0."""
    process = os.fork()
    if process == 0:
        work()
        os._exit(0)
    return os.WTERMSIG(os.waitpid(process, 0)[1])


def main(folder: str, count: int) -> None:
    """Kill ``count`` builds."""
    store = DiskLayer(folder)
    store.put_many("blob", flushed())
    store.close()
    # Modules that are loaded late are loaded here, so that the calls are the store's own.
    for number in range(8):
        build(folder, number)
    total = calls(lambda: build(folder, 8), None)
    killed = 0
    for number in range(count):
        at = 1 + number * total // count
        seed = 10 + number
        killed += in_a_process(lambda: calls(lambda: build(folder, seed), at)) == signal.SIGKILL  # noqa: B023
        check(folder, seed)
    in_a_process(lambda: build(folder, 5))
    store = DiskLayer(folder)
    done = store.verify()
    assert done.dropped == 0, done
    left = os.listdir(os.path.join(folder, "data")) + os.listdir(os.path.join(folder, "leases"))
    assert not [name for name in left if name.endswith((".tmp", ".lease"))], left
    store.close()
    print("killed", killed, "calls", total)  # noqa: T201 - the test reads it


def check(folder: str, number: int) -> None:
    """What was flushed is there; what was being written is right or not there."""
    store = DiskLayer(folder)
    there = flushed()
    assert store.get_many("blob", list(there)) == there
    new = some_blobs(2, 300, seed=number)
    assert store.get_many("blob", list(new)).items() <= new.items()
    for value in store.get_many("action", [action(at) for at in range(5)]).values():
        assert value.startswith(b"result ")
    assert store.counters["dropped"] == store.counters["errors"] == 0, store.counters
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
