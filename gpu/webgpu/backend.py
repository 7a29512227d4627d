"""The back end on a graphics processor."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hyper.gpu.backend import BackendError
from hyper.gpu.graphs import check_seeds
from hyper.gpu.hashing import check_ranges
from hyper.gpu.inputs import as_bytes
from hyper.gpu.webgpu.bytes import histogram, validate
from hyper.gpu.webgpu.device import Device, Limits, load_wgpu
from hyper.gpu.webgpu.faults import TooSmallError, told, watched
from hyper.gpu.webgpu.hashing import xxh64
from hyper.gpu.webgpu.lines import lines
from hyper.gpu.webgpu.reach import reach
from hyper.gpu.webgpu.search import search
from hyper.gpu.webgpu.tokens import cut
from hyper.gpu.webgpu.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.graphs import Graph
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.results import Lines, Matches, Pieces
    from hyper.gpu.webgpu.device import Adapter, Timings


class WebgpuBackend:
    """Operations on one device, which is opened by the first of them and kept until ``close()``.

    Threads may share it; one works at a time. After a fault of the device it refuses all work at once, and ``lost``
    tells why. It belongs to the process that made it: a fork of that refuses, too.
    """

    name = "wgpu"

    def __init__(self, limits: Limits | None = None, load: Callable[[], Any] = load_wgpu) -> None:
        self.lost: str | None = None
        self._limits = limits or Limits()
        self._load = load
        self._device: Device | None = None
        self._lock = threading.Lock()
        self._process = os.getpid()

    @property
    def adapter(self) -> Adapter | None:
        """What the device belongs to, once it is open."""
        return self._device.adapter if self._device else None

    @property
    def timings(self) -> Timings | None:
        """How long it took to open the device, once it is open."""
        return self._device.timings if self._device else None

    def open(self) -> Adapter:
        """Open the device now, where it is not.

        :raises BackendError: where there is none.
        """
        with self._working() as device:
            return device.adapter

    def close(self) -> None:
        """Give the device back. All work is refused from now on. In a fork nothing is done: the device is not its own."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self._lose("the back end is closed")

    def round_trip(self, data: bytes) -> bytes:
        """Bring bytes to the device and back, as often as windows are needed: for whoever measures what that takes."""
        found = bytearray()
        with self._working() as device, Work(device) as work:
            size = work.window(1, 2)
            for at in range(0, len(data), size):
                window = data[at : at + size]
                buffer = work.upload(window)
                found += work.read((buffer, len(window)))[0]
        return bytes(found)

    def lines(self, arena: Arena) -> Lines:
        """Find the lines of the files of an arena."""
        with self._working() as device:
            return lines(device, arena)

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        """Cut the files of an arena into pieces."""
        with self._working() as device:
            return cut(device, arena, table)

    def search(self, arena: Arena, patterns: Patterns) -> Matches:
        """Find patterns in the files of an arena."""
        with self._working() as device:
            return search(device, arena, patterns)

    def hash(self, data: bytes, ranges: Sequence[int], seed: int = 0) -> memoryview:
        """Hash ranges of bytes by XXH64."""
        data = as_bytes(data)
        places = check_ranges(data, ranges, seed)
        with self._working() as device:
            return xxh64(device, data, places, seed)

    def reach(self, graph: Graph, seeds: Sequence[int]) -> memoryview:
        """Find the distance of each node of a graph from the nearest seed."""
        begin = check_seeds(graph, seeds)
        with self._working() as device:
            return reach(device, graph, begin)

    def histogram(self, arena: Arena) -> memoryview:
        """Count the bytes of the files of an arena."""
        with self._working() as device:
            return histogram(device, arena)

    def validate(self, arena: Arena) -> memoryview:
        """Find in each file of an arena where it first is no UTF-8."""
        with self._working() as device:
            return validate(device, arena)

    @contextmanager
    def _working(self) -> Iterator[Device]:
        if os.getpid() != self._process:
            message = "the device belongs to another process"
            raise BackendError(message)
        with self._lock:
            if self.lost is not None:
                raise BackendError(self.lost)
            with watched() as errors:
                try:
                    yield self._opened()
                except TooSmallError:
                    raise
                except BackendError as error:
                    self._lose(str(error))
                    raise
                except Exception as error:
                    reason = told(type(error).__name__, str(error))
                    self._lose(reason)
                    raise BackendError(reason) from error
            if errors:
                reason = told("", errors[0])
                self._lose(reason)
                raise BackendError(reason)

    def _opened(self) -> Device:
        if self._device is None:
            self._device = Device(self._limits, self._load)
        return self._device

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or reason
        device, self._device = self._device, None
        if device is not None:
            # A device that is lost may fail to be given back, too.
            with suppress(Exception):
                device.close()
