"""Real traces: what the builds of a day ask of a developer's store on disk and of the cache that machines share.

    python -m benchmarks.recorded_builds --out FOLDER [--units 60] [--edits 100] [--seed 1]

Recorded edits of a generated tree are each followed by a build; one in eight times somebody goes back to an earlier state of the
tree and builds that, as a change of branch does, and every tenth state is built on an empty machine, too. Every key that
is asked for or put is written down with its size and what making it cost (``hyper/cache/policies/trace.py``), the stores
being without bounds. ``benchmarks.eviction`` replays the files. The shared cache needs a Redis server, and is left out without.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from hyper.bench.edits import Edits, write_tree
from hyper.bench.redis_server import RedisServer, executable
from hyper.cache.disk import DiskLayer
from hyper.cache.policies.trace import Event, write
from hyper.cache.remote import RedisLayer
from hyper.engine.compiler import create_hyper_compiler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hyper.cache.policies.trace import Op
    from hyper.cache.protocol import Kind, Layer

BACK: Final = 8
EMPTY: Final = 10
REMEMBERED: Final = 12


class Recorder:
    """Writes down what is asked of layers of one kind. A miss is written when its value is put."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._missed: dict[bytes, Op] = {}
        self._costs: dict[bytes, int] = {}
        self._with_action = False

    def begin(self) -> None:
        """A build begins: what nobody put is forgotten."""
        self._missed.clear()
        self._with_action = False

    def asked(self, kind: Kind, keys: Sequence[bytes], found: Mapping[bytes, bytes]) -> None:
        """Keys were asked for. The blobs of an action that was there are wanted together with it."""
        for key in dict.fromkeys(keys):
            name = _name(kind, key)
            if kind == "action":
                self._with_action = key in found
            op: Op = "and" if kind == "blob" and self._with_action else "get"
            if key in found:
                self._write(op, name, found[key])
            else:
                self._missed[name] = op

    def put(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float) -> None:
        """Entries were put, which took ``cost`` seconds to make."""
        for key, value in entries.items():
            name = _name(kind, key)
            self._costs[name] = round(cost * 1e6)
            self._write(self._missed.pop(name, "put"), name, value)

    def _write(self, op: Op, name: bytes, value: bytes) -> None:
        cost = 0 if op == "and" else self._costs.get(name, 0)
        self.events.append(Event(op, name, len(value), cost))


@contextmanager
def recorded(layer: type[Any], recorder: Recorder) -> Iterator[None]:
    """Let a recorder hear what is asked of all layers of a class."""
    get, put = layer.get_many, layer.put_many

    def get_many(self: Layer, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = get(self, kind, keys)
        recorder.asked(kind, keys, found)
        return found

    def put_many(
        self: Layer, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0
    ) -> None:
        put(self, kind, entries, cost)
        recorder.put(kind, entries, cost)

    with (
        mock.patch.object(layer, "get_many", get_many),
        mock.patch.object(layer, "put_many", put_many),
    ):
        yield


def record(units: int, edits: int, seed: int) -> dict[str, list[Event]]:
    """The traces by name: of the developer's disk and, where a server can be started, of the shared cache."""
    disk, shared = Recorder(), Recorder()
    # Nothing secret is made here.
    numbers = random.Random(seed)  # noqa: S311
    work = Edits(units, seed)
    states = [dict(work.files())]
    with tempfile.TemporaryDirectory(prefix="hyper-recorded-") as folder, ExitStack() as stack:
        server = RedisServer() if executable() is not None else None
        environment = {} if server is None else {"HYPER_CACHE_URL": server.url}
        if server is not None:
            stack.callback(server.close)
            stack.enter_context(recorded(RedisLayer, shared))
        for number in range(edits):
            work.next()
            states = [*states[1 - REMEMBERED :], dict(work.files())]
            going_back = numbers.randrange(BACK) == 0 and len(states) > 1
            for state in (states[numbers.randrange(len(states) - 1)], states[-1])[not going_back :]:
                disk.begin()
                shared.begin()
                with recorded(DiskLayer, disk):
                    _build(os.path.join(folder, "mine"), state, environment)
            if number % EMPTY == EMPTY - 1:
                shared.begin()
                empty = os.path.join(folder, "empty")
                _build(empty, states[-1], environment)
                shutil.rmtree(empty)
    traces = {"developer": disk.events}
    return traces | {"shared": shared.events} if server is not None else traces


def _build(folder: str, state: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Build a state of the tree on a machine. Raises ``RuntimeError`` where that fails."""
    tree = os.path.join(folder, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    write_tree(tree, iter(state.items()))
    places = {"out": os.path.join(folder, "out"), "cache": os.path.join(folder, "cache")}
    with create_hyper_compiler(environment=environment, **places) as compiler:
        result = compiler.compile(tree)
    if not result.success:
        raise RuntimeError(result.errors[0].message)


def _name(kind: Kind, key: bytes) -> bytes:
    return (b"a" if kind == "action" else b"b") + key


def main() -> int:
    """Record, and write a file for each trace."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    said = f"{arguments.edits} edits of {arguments.units} generated units, seed {arguments.seed}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, events in record(arguments.units, arguments.edits, arguments.seed).items():
        path = arguments.out / f"{name}.trace.gz"
        lines = "".join(write(events, f"{name}: {said}"))
        path.write_bytes(gzip.compress(lines.encode("ascii"), mtime=0))
        print(f"{path}: {len(events):,} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
