"""One device, its pipelines, and how long it took to get them."""

from __future__ import annotations

import importlib
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.gpu.backend import BackendError
from hyper.gpu.webgpu.faults import TooSmallError, take_log, told, watched

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator

    from hyper.base.token_table import TokenTable

KERNELS: Final = (
    "cut_chain",
    "cut_compose",
    "cut_count",
    "cut_emit",
    "cut_groups",
    "cut_starts",
    "hash",
    "histogram",
    "lines_count",
    "lines_emit",
    "reach_dense",
    "reach_sparse",
    "reach_turn",
    "scan_offsets",
    "scan_sums",
    "scan_totals",
    "search_count",
    "search_emit",
    "validate",
)
"""The kernels, each a file in ``gpu/shaders/``."""


ROUNDS: Final = 1 << 15
"""Half of how often an invocation may go round its loops, all together: work is divided so that none does. Drivers end what runs
for seconds, and Mesa's software driver ends all loops of an invocation, and of those beside it, after 65,535 rounds, without a
word."""


_APIS: Final = ("Vulkan", "Metal", "D3D12")
"""Where there is only OpenGL, wgpu ends the whole process when two of its threads want the device at once."""


class Limits(NamedTuple):
    """What a device may use, and how work is divided.

    ``memory``: bytes of buffers at a time. ``workgroup``: invocations a workgroup. ``binding``: bytes of a buffer that
    a kernel sees, 0 for as many as the device allows; larger inputs are streamed. ``window``: bytes of text at a time.
    ``chunk``: bytes of text an invocation. ``row``: workgroups in one dimension, 0 for as many as the device allows.
    """

    memory: int = 1 << 30
    workgroup: int = 64
    binding: int = 0
    window: int = 1 << 25
    chunk: int = 512
    row: int = 0


class Adapter(NamedTuple):
    """What a device belongs to. ``kind`` is ``DiscreteGPU``, ``IntegratedGPU``, ``CPU`` or ``Unknown``; ``api`` is
    ``Vulkan``, ``Metal`` or ``D3D12``."""

    name: str
    kind: str
    api: str
    driver: str

    @property
    def software(self) -> bool:
        """Whether it is no graphics processor, but a program on the CPU that acts like one."""
        return self.kind == "CPU"


@dataclass
class Timings:
    """How long it took, in seconds, to import wgpu, to find an adapter, to open a device, and to make each pipeline."""

    load: float = 0.0
    adapter: float = 0.0
    device: float = 0.0
    pipelines: dict[str, float] = field(default_factory=dict)


def load_wgpu() -> Any:
    """Import wgpu.

    :raises BackendError: where it is not installed, or does not load.
    """
    try:
        return importlib.import_module("wgpu")
    except (ImportError, OSError) as error:
        message = f"wgpu cannot be loaded: {error}"
        raise BackendError(message) from error


class Device:
    """An open device. What goes wrong is raised as wgpu raises it; the back end turns it into ``BackendError``."""

    def __init__(self, limits: Limits, load: Callable[[], Any] = load_wgpu) -> None:
        """Open the first adapter that is offered, a fast one rather than one that saves power.

        :raises BackendError: where there is none, or it cannot do what is wanted.
        """
        self.timings = Timings()
        begin = perf_counter()
        with _runtime_folder():
            self.wgpu = load()
            take_log()
            loaded = perf_counter()
            adapter = _adapter(self.wgpu)
            found = perf_counter()
            self.handle = adapter.request_device_sync()
        self.timings.load = loaded - begin
        self.timings.adapter = found - loaded
        self.timings.device = perf_counter() - found
        info = adapter.info
        self.adapter = Adapter(
            info["device"], info["adapter_type"], info["backend_type"], info["description"]
        )
        self.limits = _within(limits, self.handle.limits)
        self.queue = self.handle.queue
        self.used = 0
        self.partners: dict[TokenTable, array[int]] = {}
        """For tables that were used, what ``find_partners`` found."""
        self._pipelines: dict[str, Any] = {}

    def pipeline(self, kernel: str) -> Any:
        """The pipeline of a kernel, made when it is first asked for."""
        made = self._pipelines.get(kernel)
        if made is None:
            begin = perf_counter()
            module = self.handle.create_shader_module(label=kernel, code=source(kernel))
            made = self._pipelines[kernel] = self.handle.create_compute_pipeline(
                label=kernel,
                layout="auto",
                compute={
                    "module": module,
                    "entry_point": "main",
                    "constants": {"lanes": self.limits.workgroup},
                },
            )
            self.timings.pipelines[kernel] = perf_counter() - begin
        return made

    def close(self) -> None:
        """Give the device back. What it held is gone."""
        self._pipelines.clear()
        self.handle.destroy()


class Listed(NamedTuple):
    """An adapter, how many bytes of a buffer a kernel sees, bytes of a buffer, and invocations a workgroup at most.

    Kernels run on it where its API is one that they need (``usable``).
    """

    adapter: Adapter
    binding: int
    buffer: int
    workgroup: int
    usable: bool


def adapters(load: Callable[[], Any] = load_wgpu) -> list[Listed]:
    """All adapters of this machine. No device is opened.

    :raises BackendError: where wgpu cannot be loaded, or fails.
    """
    with _runtime_folder(), watched():
        wgpu = load()
        take_log()
        try:
            return [_listed(each) for each in wgpu.gpu.enumerate_adapters_sync()]
        except Exception as error:
            raise BackendError(told(type(error).__name__, str(error))) from error


def _listed(found: Any) -> Listed:
    info, limits = found.info, found.limits
    api = info["backend_type"]
    return Listed(
        Adapter(info["device"], info["adapter_type"], api, info["description"]),
        limits["max-storage-buffer-binding-size"],
        limits["max-buffer-size"],
        limits["max-compute-invocations-per-workgroup"],
        api in _APIS,
    )


def source(kernel: str) -> str:
    """The WGSL of a kernel."""
    return files("hyper.gpu").joinpath("shaders", f"{kernel}.wgsl").read_text(encoding="utf-8")


def _adapter(wgpu: Any) -> Any:
    try:
        adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    except RuntimeError as error:
        message = f"there is no graphics adapter: {error}"
        raise BackendError(message) from error
    if adapter is None:
        message = "there is no graphics adapter"
        raise BackendError(message)
    api = adapter.info["backend_type"]
    if api not in _APIS:
        message = f"the only graphics adapter is one of {api}, and kernels need {', '.join(_APIS)}"
        raise BackendError(message)
    return adapter


def _within(limits: Limits, found: Any) -> Limits:
    """Limits with what the device allows."""
    most = min(
        found["max-compute-invocations-per-workgroup"], found["max-compute-workgroup-size-x"]
    )
    if not 1 <= limits.workgroup <= most:
        message = (
            f"a workgroup of {limits.workgroup} is none of the 1 to {most} that the device allows"
        )
        raise TooSmallError(message)
    binding = min(found["max-storage-buffer-binding-size"], found["max-buffer-size"])
    row = found["max-compute-workgroups-per-dimension"]
    return limits._replace(
        binding=min(limits.binding or binding, binding) & ~3, row=min(limits.row or row, row)
    )


@contextmanager
def _runtime_folder() -> Iterator[None]:
    """Drivers complain on stderr where this variable is not set, though nothing of theirs needs it here."""
    name = "XDG_RUNTIME_DIR"
    if os.name != "posix" or name in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="hyper-gpu-") as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            os.environ.pop(name, None)
