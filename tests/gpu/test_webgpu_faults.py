"""What a graphics device does wrong: it is told, nothing is half done, and all further work is refused."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.webgpu import device as device_module
from hyper.gpu.webgpu.backend import WebgpuBackend
from hyper.gpu.webgpu.device import Limits, load_wgpu
from hyper.gpu.webgpu.faults import TooSmallError
from hyper.lang.automaton.table import token_table
from tests.checkout import ROOT
from tests.gpu.adapters import fresh, shared

if TYPE_CHECKING:
    from collections.abc import Callable

ARENA = Arena([b"a = 1\n  b\n", b""])


class Failing:
    """A part of wgpu, one of whose functions fails."""

    def __init__(self, real: Any, name: str, fail: Callable[..., Any]) -> None:
        self._real = real
        self._name = name
        self._fail = fail

    def __getattr__(self, name: str) -> Any:
        return self._fail if name == self._name else getattr(self._real, name)


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def refused(backend: WebgpuBackend, reason: str) -> None:
    """The next operation fails for a reason, and the one after that for the same one, at once."""
    with pytest.raises(BackendError, match=reason):
        backend.lines(ARENA)
    assert backend.lost is not None
    assert backend.adapter is None
    with pytest.raises(BackendError, match=reason):
        backend.histogram(ARENA)


class NoAdapter:
    class gpu:  # noqa: N801 - as wgpu names it
        @staticmethod
        def request_adapter_sync(**_: object) -> None:
            raise RuntimeError("Request adapter failed (3): not found")


class NoneFound:
    class gpu:  # noqa: N801 - as wgpu names it
        request_adapter_sync: ClassVar[Any] = staticmethod(lambda **_: None)


class OnlyOpenGL:
    info: ClassVar = {"backend_type": "OpenGL"}

    class gpu:  # noqa: N801 - as wgpu names it
        request_adapter_sync: ClassVar[Any] = staticmethod(lambda **_: OnlyOpenGL)


def test_wgpu_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wgpu", None)
    refused(WebgpuBackend(), "wgpu cannot be loaded")


def test_the_library_of_wgpu_does_not_load() -> None:
    refused(WebgpuBackend(load=raising(OSError("libvulkan"))), "libvulkan")


@pytest.mark.parametrize("module", [NoAdapter, NoneFound])
def test_there_is_no_adapter(module: Any) -> None:
    backend = WebgpuBackend(load=lambda: module)
    with pytest.raises(BackendError, match="no graphics adapter"):
        backend.open()
    refused(backend, "no graphics adapter")


def test_opengl_is_not_enough() -> None:
    refused(WebgpuBackend(load=lambda: OnlyOpenGL), "one of OpenGL, and kernels need Vulkan")


def _broken(name: str, fail: Callable[..., Any]) -> WebgpuBackend:
    backend = fresh()
    assert backend._device is not None
    backend._device.handle = Failing(backend._device.handle, name, fail)
    return backend


def test_the_device_is_out_of_memory() -> None:
    error = load_wgpu_or_skip().GPUOutOfMemoryError("Not enough memory left.")
    refused(_broken("create_buffer", raising(error)), "out of memory: Not enough memory left")


def test_what_nobody_foresaw() -> None:
    refused(_broken("create_bind_group", raising(KeyError("x"))), "the device failed: KeyError")


def test_memory_of_this_machine() -> None:
    refused(_broken("create_buffer", raising(MemoryError())), "there is too little memory")


def load_wgpu_or_skip() -> Any:
    shared()
    return load_wgpu()


def test_a_kernel_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = fresh()
    monkeypatch.setattr(device_module, "source", lambda _: "fn main( {")
    refused(backend, "refused a command: .*parsing error")


def test_a_command_that_is_not_allowed() -> None:
    backend = fresh()
    assert backend._device is not None
    real = backend._device.handle

    def unusable(size: int, usage: int) -> Any:
        return real.create_buffer(size=size, usage=usage & ~real.adapter_flags)

    real.adapter_flags = load_wgpu().BufferUsage.STORAGE
    backend._device.handle = Failing(real, "create_buffer", unusable)
    refused(backend, "refused a command: ")


def test_the_device_is_lost() -> None:
    backend = fresh()
    backend.lines(ARENA)
    assert backend._device is not None
    backend._device.handle.destroy()
    refused(backend, "the device is lost")


def test_an_error_that_is_only_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    backend = fresh()
    assert backend._device is not None
    log = logging.getLogger("wgpu")
    real = backend._device.queue

    def logged(buffers: Any) -> None:
        log.error("The WGPU device was lost (Unknown):\nthe parent device is lost")
        real.submit(buffers)

    backend._device.queue = Failing(real, "submit", logged)
    refused(backend, "the device is lost")
    assert "lost" not in capfd.readouterr().err


def test_other_work_keeps_its_log(caplog: pytest.LogCaptureFixture) -> None:
    shared().lines(ARENA)
    logging.getLogger("wgpu").warning("of somebody else's device")
    assert "somebody else" in caplog.text


def test_a_closed_back_end() -> None:
    backend = fresh()
    backend.close()
    backend.close()
    refused(backend, "closed")


def test_a_fork() -> None:
    backend = fresh()
    backend._process += 1
    with pytest.raises(BackendError, match="another process"):
        backend.lines(ARENA)
    # Nor does it give back what is another's, or wait for a thread that it does not have.
    backend._lock.acquire()
    backend.close()
    backend._lock.release()
    assert backend.lost is None
    backend._process -= 1
    backend.lines(ARENA)


def test_an_interrupted_operation_holds_nothing() -> None:
    backend = fresh()
    assert backend._device is not None
    queue = backend._device.queue
    backend._device.queue = Failing(queue, "read_buffer", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        backend.lines(ARENA)
    assert backend._device.used == 0
    backend._device.queue = queue
    assert backend.lines(ARENA).files.tolist() == [0, 3, 4]


@pytest.mark.parametrize("workgroup", [0, 4096])
def test_a_workgroup_that_the_device_does_not_have(workgroup: int) -> None:
    shared()
    with pytest.raises(BackendError, match="a workgroup of"):
        WebgpuBackend(Limits(workgroup=workgroup)).open()


def test_a_memory_cap_is_kept_and_too_small_a_one_is_no_fault() -> None:
    backend = fresh(Limits(memory=150_000))
    device = backend._device
    assert device is not None
    peak = 0
    real = device.handle

    def measured(**wanted: int) -> Any:
        nonlocal peak
        peak = max(peak, device.used + wanted["size"])
        return real.create_buffer(**wanted)

    device.handle = Failing(real, "create_buffer", measured)
    arena = Arena([b'a = "text"\n    b = 1 # note\n' * 3000])
    wanted = shared()
    assert backend.lines(arena) == wanted.lines(arena)
    assert backend.cut(arena, token_table()) == wanted.cut(arena, token_table())
    assert backend.hash(arena.data, [0, arena.size]) == wanted.hash(arena.data, [0, arena.size])
    assert backend.histogram(arena) == wanted.histogram(arena)
    assert 100_000 < peak <= 150_000
    assert device.used == 0

    poor = fresh(Limits(memory=6_000))
    with pytest.raises(TooSmallError, match="memory cap"):
        poor.cut(arena, token_table())
    assert poor.lost is None
    assert poor._device is not None
    assert poor._device.used == 0


def test_nothing_is_printed() -> None:
    shared()
    script = """
from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.webgpu import device
from hyper.gpu.webgpu.backend import WebgpuBackend

backend = WebgpuBackend()
backend.lines(Arena([b"a"]))
device.source = lambda kernel: "fn main( {"
try:
    backend.histogram(Arena([b"a"]))
except BackendError:
    print("refused")
"""
    kept = {name: text for name, text in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("refused\n", "")
