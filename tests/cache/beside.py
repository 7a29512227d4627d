"""One of several builds at once: run by a test as ``python -m tests.cache.beside FOLDER NUMBER``."""

from __future__ import annotations

import json
import sys

from hyper.cache.disk import DiskLayer
from tests.cache.entries import action, some_blobs

ROUNDS = 25


def main(folder: str, number: int) -> None:
    """Put blobs of one's own and blobs that all put, read them back, keep house; prints the counters."""
    store = DiskLayer(folder, busy=60.0, pack_after=6)
    for each in range(ROUNDS):
        put = {
            **some_blobs(4, 700, seed=100 * number + each),
            **some_blobs(4, 700, seed=9000 + each),
        }
        store.put_many("blob", put)
        store.put_many("action", {action(each): b"one value"})
        assert store.get_many("blob", list(put)) == put
        store.flush()
        assert store.get_many("blob", list(put)) == put
        assert store.get_many("action", [action(each)]) == {action(each): b"one value"}
    store.close()
    print(json.dumps(store.counters))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
