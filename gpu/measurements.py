"""What each operation takes on each back end of this machine, measured."""

from __future__ import annotations

import subprocess
import sys
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.choosing import OPERATIONS, Cost, Speeds
from hyper.gpu.compiled.backend import CompiledBackend, lay_out
from hyper.gpu.graphs import Graph, make_graph
from hyper.gpu.patterns import Patterns, make_patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.base.token_table import TokenTable
    from hyper.gpu.backend import Backend
    from hyper.gpu.choosing import Operation
    from hyper.gpu.results import Pieces
    from hyper.gpu.sources import Opened, Source

SIZES: Final = (1 << 14, 1 << 18, 1 << 21, 1 << 24)
"""Bytes that each operation is measured on, as far as ``PATIENCE`` allows."""
PATIENCE: Final = 0.4
"""Seconds that one run may be predicted to take: larger sizes are left out."""
_TIMES: Final = 5
_SLOW: Final = 0.1
"""Seconds from which a run is not repeated as often."""
_WORDS: Final = 32
_CHUNK: Final = 4096
_LOAD: Final = """\
import sys
sys.path[:] = {path!r}
from time import perf_counter
began = perf_counter()
import {module}
print(perf_counter() - began)
"""


class Sample(NamedTuple):
    """Text as it is worked on here, a few kB of it, and the table that cuts it."""

    text: bytes
    table: TokenTable


class _Inputs:
    """What operations are given, in one size; made when it is first needed."""

    def __init__(self, sample: Sample, size: int) -> None:
        self._sample = sample
        self._size = size
        self.table = sample.table
        self._pieces: Pieces | None = None

    @cached_property
    def arena(self) -> Arena:
        """Files of a few kB each, of which one is cut off."""
        whole, rest = divmod(self._size, len(self._sample.text) + 1)
        files = [self._sample.text] * whole
        if rest:
            files.append(self._sample.text[: rest - 1].decode(errors="ignore").encode())
        return Arena(files)

    @cached_property
    def patterns(self) -> Patterns:
        """Words, half of which are in the text."""
        words = sorted(set(self._sample.text.split()), key=lambda word: (-len(word), word))
        chosen = words[: _WORDS // 2]
        return make_patterns([*chosen, *(word[::-1] + b"?" for word in chosen)])

    @cached_property
    def ranges(self) -> list[int]:
        """Chunks, one after the other."""
        places = range(0, self.arena.size - _CHUNK + 1, _CHUNK)
        return [place for at in places for place in (at, at + _CHUNK)]

    @cached_property
    def graph(self) -> Graph:
        """Three edges a node, which lead far and near."""
        nodes = max(2, self._size // 16)
        edges = [
            ((node * 2 + 1) % nodes, (node * 7 + 3) % nodes, node // 2) for node in range(nodes)
        ]
        return make_graph(edges)

    def prepare(self, operation: Operation, backend: Backend) -> None:
        """Make what an operation is given."""
        if operation == "reach":
            _ = self.graph
        elif operation == "hash":
            _ = self.ranges
        elif operation == "search":
            _ = self.patterns
        elif operation == "lay_out" and self._pieces is None:
            self._pieces = backend.cut(self.arena, self.table)
        _ = self.arena

    def run(self, operation: Operation, backend: Backend) -> None:
        if operation == "hash":
            backend.hash(self.arena.data, self.ranges)
        elif operation == "reach":
            backend.reach(self.graph, [0])
        elif operation == "search":
            backend.search(self.arena, self.patterns)
        elif operation == "cut":
            backend.cut(self.arena, self.table)
        elif operation == "lay_out":
            assert isinstance(backend, CompiledBackend)
            assert self._pieces is not None
            lay_out(backend.loops, self.arena, self.table, self._pieces)
        elif operation == "lines":
            backend.lines(self.arena)
        elif operation == "histogram":
            backend.histogram(self.arena)
        else:
            backend.validate(self.arena)

    def size(self, operation: Operation) -> int:
        if operation == "reach":
            return 4 * (len(self.graph.offsets) + len(self.graph.targets))
        return self.arena.size


def measure(
    offered: Mapping[str, Source],
    sample: Sample,
    sizes: tuple[int, ...] = SIZES,
    tell: Callable[[str, str], None] | None = None,
) -> dict[str, Speeds]:
    """Measure back ends by name. One that is not there is left out, one that fails at an operation has no cost for it.

    ``tell`` hears which back end is measured at what.
    """
    inputs: dict[int, _Inputs] = {}

    def given(size: int) -> _Inputs:
        if size not in inputs:
            inputs[size] = _Inputs(sample, size)
        return inputs[size]

    found: dict[str, Speeds] = {}
    for name, source in offered.items():
        if source.missing():
            continue
        try:
            # A package may be loaded here already: it is loaded in a process of its own.
            loading = _loading(source.module) if source.module and not source.round_trip else 0.0
            began = perf_counter()
            opened = source.open()
            opening = max(loading, perf_counter() - began)
        except BackendError:
            continue
        try:
            transfer = _transfer(source, opened, sizes)
            costs: dict[Operation, Cost] = {}
            for operation in OPERATIONS:
                if operation == "lay_out" and not isinstance(opened.backend, CompiledBackend):
                    continue
                if tell is not None:
                    tell(name, operation)
                cost = _cost(
                    operation, opened.backend, sizes, given, transfer, compiles=source.compiles
                )
                if cost is not None:
                    costs[operation] = cost
            found[name] = Speeds(
                opened.kind, opening, costs, transfer, opened.device, measured=True
            )
        finally:
            close = getattr(opened.backend, "close", None)
            if close is not None:
                close()
    return found


def _loading(module: str) -> float:
    """Seconds that a package takes to load in a new Python."""
    program = _LOAD.format(path=sys.path, module=module)
    done = subprocess.run(  # noqa: S603  # this Python, with a text of ours
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    try:
        return float(done.stdout)
    except ValueError:
        message = f"{module} cannot be loaded"
        raise BackendError(message) from None


def _transfer(source: Source, opened: Opened, sizes: tuple[int, ...]) -> float:
    """Bytes a second to a device and back; 0 where nothing is moved."""
    if source.round_trip is None:
        return 0.0
    data = bytes(sizes[-1])
    times = []
    try:
        for _ in range(_TIMES):
            began = perf_counter()
            source.round_trip(opened.backend, data)
            times.append(perf_counter() - began)
    except BackendError:
        return 0.0
    return len(data) / max(min(times), 1e-9)


def _cost(
    operation: Operation,
    backend: Backend,
    sizes: tuple[int, ...],
    given: Callable[[int], _Inputs],
    transfer: float,
    *,
    compiles: bool,
) -> Cost | None:
    """What an operation takes; None where the back end fails at it."""
    points: list[tuple[int, float]] = []
    first = 0.0
    try:
        for size in sizes:
            inputs = given(size)
            if points and points[-1][1] * inputs.size(operation) / points[-1][0] > PATIENCE:
                break
            cold = _timed(operation, backend, inputs)
            times = [_timed(operation, backend, inputs)]
            while len(times) < _TIMES and sum(times) < _SLOW * _TIMES:
                times.append(_timed(operation, backend, inputs))
            points.append((inputs.size(operation), min(times)))
            if compiles:
                # Larger sizes may need loops that small ones did not.
                first += max(0.0, cold - min(times))
    except BackendError:
        return None
    fixed, speed = line_through(points)
    if transfer:
        # What moving takes is counted apart; where it seems to take it all, a twentieth is left.
        speed = 1 / max(1 / speed - 1 / transfer, 0.05 / speed)
    return Cost(first, fixed, speed, tuple(points))


def _timed(operation: Operation, backend: Backend, inputs: _Inputs) -> float:
    inputs.prepare(operation, backend)
    began = perf_counter()
    inputs.run(operation, backend)
    return perf_counter() - began


def line_through(points: list[tuple[int, float]]) -> tuple[float, float]:
    """The seconds that sizes have in common, and bytes a second beyond these: exact for the largest size, near for the smallest."""
    (small, little), (large, long) = points[0], points[-1]
    if large > small and long > little:
        slope = (long - little) / (large - small)
        return max(0.0, long - slope * large), 1 / slope
    return 0.0, large / max(long, 1e-9)
