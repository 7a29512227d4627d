"""Operations of the text engine on one of its back ends, or by what Python or another package has for it."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.bench.contest.entry import AbsentError, Entry
from hyper.gpu.arena import Arena
from hyper.gpu.graphs import Graph, make_graph
from hyper.gpu.patterns import make_patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.bench.contest.entry import Array, Task
    from hyper.gpu.backend import Backend

BACKENDS: Final = ("numba", "numpy", "wgpu", "plain")
_REFERENCE: Final = "re, the reference lexer"
PEERS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "tokens": ((_REFERENCE,), ()),
    "lines": (("bytes.split",), ()),
    "search": (("re",), ()),
    "hash": (("xxhash",), ("hashlib.sha256",)),
    "reach": (("deque",), ()),
    "histogram": (("Counter",), ()),
    "validate": (("bytes.decode",), ()),
}
"""Beside each operation: those that give the same answers, and those that give others."""
CHUNK: Final = 4096
"""Bytes of a range that is hashed."""
_EDGES: Final = 4
_CALLS: Final = 1_000_000
"""Bytes that a run goes over at least, in as many calls as that takes."""


class Input(msgspec.Struct, frozen=True):
    """The files that all contestants are given, and the words that are looked for."""

    files: list[bytes]
    words: list[bytes]
    seed: int


class _Given:
    """The input as operations take it."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as stream:
            given = msgspec.msgpack.decode(stream.read(), type=Input)
        self.files = given.files
        self.words = given.words
        self.arena = Arena(given.files)
        self.data = self.arena.data
        self.ranges = [
            place
            for begin in range(0, len(self.data), CHUNK)
            for place in (begin, min(begin + CHUNK, len(self.data)))
        ]
        self._seed = given.seed

    def graph(self) -> Graph:
        """A graph of about as many bytes as the files: each node leads to some that are drawn."""
        nodes = max(1, len(self.data) // (4 * _EDGES + 4))
        state = self._seed
        edges = []
        for _ in range(nodes):
            found = []
            for _ in range(_EDGES):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                found.append((state >> 33) % nodes)
            edges.append(found)
        return make_graph(edges)


def prepare(task: Task) -> Entry:
    """``task["operation"]`` by ``task["engine"]`` over ``task["file"]``; a figure is of one operation. Raises ``AbsentError``."""
    given = _Given(task["file"])
    operation, engine = task["operation"], task["engine"]
    peer = _PEERS.get((operation, engine))
    act, answers = peer(given) if peer else _operation(_backend(engine), operation, given)
    calls = 1 if engine == "plain" else max(1, min(200, _CALLS // len(given.data)))

    def run() -> Any:
        for _ in range(calls - 1):
            act()
        return act()

    return Entry(run, answers, calls)


def _backend(name: str) -> Backend:
    """A back end that can be used here. Raises ``AbsentError`` and ``ModuleNotFoundError``."""
    if name == "numpy":
        from hyper.gpu.vector.backend import VectorBackend

        return VectorBackend()
    if name == "wgpu":
        from hyper.gpu.backend import BackendError

        try:
            made: Backend = importlib.import_module("hyper.gpu.webgpu.backend").WebgpuBackend()
            made.validate(Arena([b"a"]))
        except (BackendError, RuntimeError) as error:
            raise AbsentError(str(error)) from None
        return made
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.compiled.memory import NumbaLoops, PlainLoops

    if name == "numba":
        return CompiledBackend(name, NumbaLoops())
    if name == "plain":
        return CompiledBackend(name, PlainLoops())
    raise AbsentError("it is not known")


def _operation(
    backend: Backend, operation: str, given: _Given
) -> tuple[Callable[[], Any], Callable[[Any], list[Array]]]:
    arena = given.arena
    if operation in {"tokens", "cut"}:
        from hyper.lang.automaton.table import token_table

        table = token_table()
        if operation == "cut":
            return lambda: backend.cut(arena, table), _arrays
        return _tokens(backend, given), lambda found: _arrays(
            (found.kinds, found.starts, found.ends)
        )
    if operation == "search":
        patterns = make_patterns(given.words)
        return lambda: backend.search(arena, patterns), lambda found: _arrays([found.ends])
    if operation == "lines":
        return lambda: backend.lines(arena), lambda found: _arrays([found.starts])
    if operation == "reach":
        graph = given.graph()
        return lambda: backend.reach(graph, [0]), lambda found: _arrays([found])
    acts: dict[str, Callable[[], memoryview]] = {
        "hash": lambda: backend.hash(given.data, given.ranges),
        "histogram": lambda: backend.histogram(arena),
        "validate": lambda: backend.validate(arena),
    }
    return acts[operation], lambda found: _arrays([found])


def _tokens(backend: Backend, given: _Given) -> Callable[[], Any]:
    from hyper.gpu.compiled.backend import CompiledBackend, lay_out
    from hyper.lang.automaton.table import token_table

    assert isinstance(backend, CompiledBackend)
    table = token_table()
    return lambda: lay_out(backend.loops, given.arena, table, backend.cut(given.arena, table))


def _arrays(views: Any) -> list[Array]:
    import numpy as np

    return [np.asarray(view) for view in views]


def _listed(numbers: list[int], form: str) -> list[Array]:
    import numpy as np

    return [np.array(numbers, form)]


Peer = tuple["Callable[[], Any]", "Callable[[Any], list[Array]]"]


def _reference(given: _Given) -> Peer:
    from hyper.lang.lexer import decode, tokenize

    sources = [decode("a.intent", file)[0] for file in given.files]

    def answers(found: Any) -> list[Array]:
        import numpy as np

        forms = {"kinds": np.uint8, "starts": np.int32, "ends": np.int32}
        return [
            np.array([number for each in found for number in getattr(each, name)], form)
            for name, form in forms.items()
        ]

    return lambda: [tokenize(source) for source in sources], answers


def _split(given: _Given) -> Peer:
    def act() -> list[int]:
        starts: list[int] = []
        begin = 0
        for file in given.files:
            sizes = [len(line) + 1 for line in file.split(b"\n")]
            starts += itertools.accumulate(sizes[:-1], initial=begin)
            begin += len(file) + 1
        return starts

    return act, lambda found: _listed(found, "int32")


def _alternatives(given: _Given) -> Peer:
    find = re.compile(b"|".join(map(re.escape, given.words))).finditer
    return (
        lambda: [match.end() for match in find(given.data)],
        lambda found: _listed(found, "int32"),
    )


def _xxhash(given: _Given) -> Peer:
    digest = importlib.import_module("xxhash").xxh64_intdigest
    pairs = list(zip(given.ranges[::2], given.ranges[1::2], strict=True))
    view = memoryview(given.data)
    return (
        lambda: [digest(view[begin:end]) for begin, end in pairs],
        lambda found: _listed(found, "uint64"),
    )


def _sha256(given: _Given) -> Peer:
    pairs = list(zip(given.ranges[::2], given.ranges[1::2], strict=True))
    view = memoryview(given.data)
    return (
        lambda: [hashlib.sha256(view[begin:end]).digest() for begin, end in pairs],
        lambda found: _listed([digest[0] for digest in found], "uint8"),
    )


def _deque(given: _Given) -> Peer:
    graph = given.graph()
    offsets, targets = graph.offsets, graph.targets
    edges = [targets[offsets[node] : offsets[node + 1]].tolist() for node in range(graph.nodes)]

    def act() -> list[int]:
        distances = [-1] * len(edges)
        distances[0] = 0
        queue = deque([0])
        while queue:
            node = queue.popleft()
            for target in edges[node]:
                if distances[target] < 0:
                    distances[target] = distances[node] + 1
                    queue.append(target)
        return distances

    return act, lambda found: _listed(found, "int32")


def _counter(given: _Given) -> Peer:
    def answers(found: Counter[int]) -> list[Array]:
        return _listed([found[byte] for byte in range(256)], "uint64")

    return lambda: sum((Counter(file) for file in given.files), Counter[int]()), answers


def _decode(given: _Given) -> Peer:
    def act() -> list[int]:
        found = []
        for file in given.files:
            try:
                file.decode()
            except UnicodeDecodeError as error:
                found.append(error.start)
            else:
                found.append(-1)
        return found

    return act, lambda found: _listed(found, "int32")


_PEERS: Final[Mapping[tuple[str, str], Callable[[_Given], Peer]]] = {
    ("tokens", _REFERENCE): _reference,
    ("lines", "bytes.split"): _split,
    ("search", "re"): _alternatives,
    ("hash", "xxhash"): _xxhash,
    ("hash", "hashlib.sha256"): _sha256,
    ("reach", "deque"): _deque,
    ("histogram", "Counter"): _counter,
    ("validate", "bytes.decode"): _decode,
}
