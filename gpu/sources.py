"""Where the back ends of an engine come from. Nothing is loaded until one is opened."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from hyper.gpu.backend import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.gpu.backend import Backend
    from hyper.gpu.choosing import Kind, Use
    from hyper.gpu.compiled.loops import Loops


class Settings(NamedTuple):
    """``memory``: bytes of buffers that a device may hold at a time. ``workgroup``: invocations a workgroup."""

    gpu: Use = "off"
    memory: int = 10**9
    workgroup: int = 64


class Opened(NamedTuple):
    """An open back end. ``device`` names what it runs on, where that is no processor."""

    backend: Backend
    kind: Kind = "processor"
    device: str = ""


class Source(NamedTuple):
    """A back end that can be opened.

    ``open`` raises ``BackendError`` where it cannot be had. ``module`` is the package that it has to load, which may be
    missing. ``round_trip`` moves bytes to its device and back, for whoever measures. ``compiles``: the first time of an operation
    takes longer.
    """

    open: Callable[[], Opened]
    module: str = ""
    round_trip: Callable[[Backend, bytes], bytes] | None = None
    compiles: bool = False

    def missing(self) -> bool:
        """Whether the package that it needs is not installed."""
        if not self.module or self.module in sys.modules:
            return sys.modules.get(self.module, self) is None
        return find_spec(self.module) is None

    def loaded(self) -> bool:
        """Whether the package that it needs is loaded already."""
        return not self.module or self.module in sys.modules


def sources(settings: Settings) -> dict[str, Source]:
    """The back ends that there are, without the native library, which is handed in."""
    return {
        "numpy": Source(_numpy, "numpy"),
        "numba": Source(_numba, "numba", compiles=True),
        "wgpu": Source(lambda: _wgpu(settings), "wgpu", _round_trip, compiles=True),
        "plain": Source(_plain),
    }


def native(loops: Loops) -> Source:
    """The loops of a library that was loaded."""
    from hyper.gpu.compiled.backend import CompiledBackend

    return Source(lambda: Opened(CompiledBackend("native", loops)))


def _plain() -> Opened:
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.compiled.memory import PlainLoops

    return Opened(CompiledBackend("plain", PlainLoops()))


def _numpy() -> Opened:
    try:
        from hyper.gpu.vector.backend import VectorBackend
    except ImportError as error:
        message = f"NumPy cannot be loaded: {error}"
        raise BackendError(message) from error
    return Opened(VectorBackend())


def _numba() -> Opened:
    from hyper.gpu.compiled.backend import CompiledBackend
    from hyper.gpu.compiled.memory import NumbaLoops

    try:
        return Opened(CompiledBackend("numba", NumbaLoops()))
    except ImportError as error:
        message = f"numba cannot be loaded: {error}"
        raise BackendError(message) from error


def _wgpu(settings: Settings) -> Opened:
    from hyper.gpu.webgpu.backend import WebgpuBackend
    from hyper.gpu.webgpu.device import Limits

    backend = WebgpuBackend(Limits(memory=settings.memory, workgroup=settings.workgroup))
    adapter = backend.open()
    kind: Kind = "software" if adapter.software else "device"
    return Opened(backend, kind, f"{adapter.name}, {adapter.api}, {adapter.driver}")


def _round_trip(backend: Backend, data: bytes) -> bytes:
    from hyper.gpu.webgpu.backend import WebgpuBackend

    assert isinstance(backend, WebgpuBackend)
    return backend.round_trip(data)
