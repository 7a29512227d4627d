"""The buffers and commands of one operation."""

from __future__ import annotations

from math import isqrt
from struct import pack
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from hyper.gpu.webgpu.faults import TooSmallError

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from types import TracebackType

    from hyper.gpu.webgpu.device import Device

_SLACK: Final = 4096
"""Bytes of memory that are left for parameters."""
_SMALL: Final = 1 << 16
"""Bytes that are read together with the number of those that count, rather than after it."""


class Buffer(NamedTuple):
    """Memory of the device. ``size`` is in bytes, a multiple of 4."""

    handle: Any
    size: int


class Work:
    """Records commands, and sends them together when something is to be read. All buffers go with it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.limits = device.limits
        flags = device.wgpu.BufferUsage
        self._usage = flags.STORAGE | flags.COPY_SRC | flags.COPY_DST
        self._uniform = flags.UNIFORM | flags.COPY_DST
        self._held: list[Buffer] = []
        self._params: dict[bytes, Buffer] = {}
        self._groups: dict[tuple[object, ...], Any] = {}
        self._encoder: Any = None
        self._pass: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._groups.clear()
        for buffer in self._held:
            self.device.used -= buffer.size
            buffer.handle.destroy()

    @property
    def left(self) -> int:
        """Bytes of memory that are still to be had."""
        return self.limits.memory - self.device.used - _SLACK

    def window(self, largest: int, total: int, around: int = 0) -> int:
        """How many bytes of text are to be worked on at a time, where the largest buffer and all together take so many
        for each, and ``around`` more are read.

        :raises TooSmallError: where there is no memory for any.
        """
        size = min(
            self.limits.window,
            self.limits.binding // largest - around - 4,
            max(0, self.left) // total - around,
        )
        if size < 4:
            message = f"the memory cap of {self.limits.memory} bytes, or bindings of {self.limits.binding}, are too small"
            raise TooSmallError(message)
        return size & ~3

    def room(self, size: int) -> Buffer:
        """A buffer of at least so many bytes, all zero."""
        return self._make(size, self._usage)

    def words(self, count: int) -> Buffer:
        """A buffer of so many words of 4 bytes, all zero."""
        return self._make(4 * count, self._usage)

    def upload(self, data: bytes | bytearray | memoryview | array[int]) -> Buffer:
        """A buffer with a content, zero to the next multiple of 4."""
        view = memoryview(data).cast("B")
        buffer = self.room(len(view))
        self.write(buffer, view)
        return buffer

    def write(self, buffer: Buffer, data: bytes | bytearray | memoryview | array[int]) -> None:
        """Write to the front of a buffer, after all commands so far, and zeros to the next multiple of 4."""
        self.send()
        view = memoryview(data).cast("B")
        whole = len(view) & ~3
        if whole:
            self.device.queue.write_buffer(buffer.handle, 0, view[:whole])
        if whole < len(view):
            self.device.queue.write_buffer(
                buffer.handle, whole, bytes(view[whole:]).ljust(4, b"\0")
            )

    def clear(self, buffer: Buffer) -> None:
        """Make a buffer all zero."""
        self._end_pass()
        self._commands().clear_buffer(buffer.handle, 0, buffer.size)

    def run(self, kernel: str, invocations: int, params: Sequence[int], *buffers: Buffer) -> None:
        """Record a kernel. Where it has parameters, they are its binding 0, and buffers those from 1 on."""
        key = (kernel, *params, *(id(buffer.handle) for buffer in buffers))
        pipeline = self.device.pipeline(kernel)
        group = self._groups.get(key)
        if group is None:
            bound = [self._uniform_of(params), *buffers] if params else buffers
            group = self._groups[key] = self.device.handle.create_bind_group(
                layout=pipeline.get_bind_group_layout(0),
                entries=[
                    {
                        "binding": place,
                        "resource": {"buffer": buffer.handle, "offset": 0, "size": buffer.size},
                    }
                    for place, buffer in enumerate(bound)
                ],
            )
        if self._pass is None:
            self._pass = self._commands().begin_compute_pass()
        self._pass.set_pipeline(pipeline)
        self._pass.set_bind_group(0, group)
        count = -(-invocations // self.limits.workgroup)
        rows = -(-count // self.limits.row)
        self._pass.dispatch_workgroups(-(-count // rows), rows)

    def send(self) -> None:
        """Send what was recorded to the device."""
        if self._encoder is not None:
            self._end_pass()
            encoder, self._encoder = self._encoder, None
            self.device.queue.submit([encoder.finish()])

    def read(self, *parts: tuple[Buffer, int]) -> list[memoryview]:
        """Send what was recorded, wait for it, and give the first bytes of buffers."""
        sizes = [(size + 3) & ~3 for _, size in parts]
        whole = self._make(sum(sizes), self._usage, bound=False)
        self._end_pass()
        at = 0
        for (buffer, _), size in zip(parts, sizes, strict=True):
            if size:
                self._commands().copy_buffer_to_buffer(buffer.handle, 0, whole.handle, at, size)
            at += size
        self.send()
        found = memoryview(self.device.queue.read_buffer(whole.handle)).cast("B")
        for buffer in (whole, *self._params.values()):
            self._drop(buffer)
        self._params.clear()
        self._groups.clear()
        at = 0
        views = []
        for (_, wanted), size in zip(parts, sizes, strict=True):
            views.append(found[at : at + wanted])
            at += size
        return views

    def counted(
        self, parts: Sequence[tuple[Buffer, int]], most: int, *outputs: tuple[Buffer, int]
    ) -> tuple[list[memoryview], list[memoryview]]:
        """The first bytes of buffers, of which the first begins with a number; and so many entries of each output, whose
        bytes an entry are told.

        Of a small number at most all are read at once: a second time to wait costs more.
        """
        if most * sum(width for _, width in outputs) <= _SMALL:
            found = self.read(*parts, *((buffer, most * width) for buffer, width in outputs))
            count = int.from_bytes(found[0][:4], "little")
            views = zip(found[len(parts) :], outputs, strict=True)
            return found[: len(parts)], [view[: count * width] for view, (_, width) in views]
        found = self.read(*parts)
        count = int.from_bytes(found[0][:4], "little")
        return found, self.read(*((buffer, count * width) for buffer, width in outputs))

    def _drop(self, buffer: Buffer) -> None:
        self._held.remove(buffer)
        self.device.used -= buffer.size
        buffer.handle.destroy()

    def _make(self, size: int, usage: int, *, bound: bool = True) -> Buffer:
        size = max(4, (size + 3) & ~3)
        if bound and size > self.limits.binding:
            message = f"{size} bytes are more than a binding of {self.limits.binding}"
            raise TooSmallError(message)
        if self.device.used + size > self.limits.memory:
            message = f"more than the memory cap of {self.limits.memory} bytes is needed"
            raise TooSmallError(message)
        buffer = Buffer(self.device.handle.create_buffer(size=size, usage=usage), size)
        self.device.used += size
        self._held.append(buffer)
        return buffer

    def _uniform_of(self, params: Sequence[int]) -> Buffer:
        data = pack(f"<{len(params)}I", *params)
        buffer = self._params.get(data)
        if buffer is None:
            buffer = self._params[data] = self._make(len(data), self._uniform)
            self.device.queue.write_buffer(buffer.handle, 0, data)
        return buffer

    def _commands(self) -> Any:
        if self._encoder is None:
            self._encoder = self.device.handle.create_command_encoder()
        return self._encoder

    def _end_pass(self) -> None:
        if self._pass is not None:
            self._pass.end()
            self._pass = None


class Scan:
    """Exclusive sums of counts, in place: in blocks, as many as each has counts."""

    def __init__(self, work: Work, most: int) -> None:
        """Make room for so many counts."""
        self._work = work
        self._sums = work.words(isqrt(most) + 2)

    def run(self, counts: Buffer, count: int, status: Buffer) -> None:
        """Turn counts into what is before each; the first word of the status becomes the sum."""
        block = isqrt(count - 1) + 1
        blocks = -(-count // block)
        self._work.run("scan_sums", blocks, (count, block), counts, self._sums)
        self._work.run("scan_totals", 1, (blocks,), self._sums, status)
        self._work.run("scan_offsets", blocks, (count, block), self._sums, counts)
