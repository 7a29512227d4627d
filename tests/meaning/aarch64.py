"""Kernels of aarch64 in qemu's user mode, around a driver that needs no C library."""

from __future__ import annotations

import functools
import os
import shutil
import struct
import subprocess
import tempfile
import weakref
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.jit.hardware import resolve
from hyper.jit.llvm.target import Compiler, processor
from hyper.jit.objects import link
from hyper.jit.objects.abi import interface
from hyper.jit.objects.library import Making, objects
from hyper.jit.objects.wasm_support import rest_text
from tests.checkout import ROOT
from tests.meaning.foreign import Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.hardware import Opt
    from hyper.jit.kernel import ir
    from tests.meaning.foreign import Argument, Layout

QEMU: Final = shutil.which("qemu-aarch64")
_REGISTERS, _STACK = 8, 32


@functools.cache
def _zig() -> str | None:
    """What compiles the driver: the wheel that has LLD."""
    try:
        found = link.linker("lld", "aarch64")
    except link.LinkError:
        return None
    assert found is not None
    return found.command[0] if len(found.command) > 1 else None


def runs_here() -> bool:
    """Whether there is all that it takes."""
    return QEMU is not None and _zig() is not None


@functools.cache
def _driver() -> bytes:
    zig = _zig()
    assert zig is not None
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "driver.o")
        flags = ["-ffreestanding", "-fno-builtin", "-fno-stack-protector", "-fno-sanitize=all"]
        target = ["-target", "aarch64-freestanding", "-O1", "-Wall", "-Werror"]
        source = str(ROOT / "tests" / "meaning" / "driver.c")
        command = [zig, "cc", *target, *flags, "-c", source, "-o", out]
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
        subprocess.run(command, check=True, env=environment)
        with open(out, "rb") as stream:
            return stream.read()


class Emulated(Machine):
    """The program of a unit, which runs."""

    width = 8

    def __init__(self, unit: ir.Unit, level: Opt, making: Making) -> None:
        super().__init__(interface(unit, "unit"))
        profile = msgspec.structs.replace(resolve("aarch64"), opt_level=level)
        compiler = Compiler(processor(profile), "1")
        names = [name for name in self.made.exported if not name.startswith("unit_")]
        self._numbers = {name: number for number, name in enumerate(names)}
        listed = ", ".join(f'ptr @"{name}"' for name in names)
        declared = "\n".join(f'declare i64 @"{name}"()' for name in names)
        table = f"{declared}\n@kernel_table = constant [{len(names)} x ptr] [{listed}]\n"
        parts = [
            _driver(),
            compiler.object(rest_text(), frozenset({"fmod"})),
            compiler.object(table),
            *objects(self.made, profile, making),
        ]
        self._folder = tempfile.TemporaryDirectory()
        program = os.path.join(self._folder.name, "program")
        self._link(parts, program)
        assert QEMU is not None
        self._process = subprocess.Popen(
            [QEMU, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._end = weakref.finalize(self, _ended, self._process, self._folder)
        (self._base,) = struct.unpack("<Q", self._read(8))

    def knows(self, name: str) -> bool:
        """Those with as many arguments as the driver passes."""
        return super().knows(name) and len(self.entry(name).parameters) <= _STACK

    def _link(self, parts: Sequence[bytes], program: str) -> None:
        folder = self._folder.name
        files = []
        for place, data in enumerate(parts):
            files.append(os.path.join(folder, f"{place}.o"))
            with open(files[-1], "wb") as stream:
                stream.write(data)
        zig = _zig()
        assert zig is not None
        command = [zig, "ld.lld", "-m", "aarch64linux", "-static", "-o", program, *files]
        subprocess.run(command, check=True)

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        assert len(data) == size, "the program ended"
        return data

    def call(
        self, function: str, args: Sequence[Argument], layout: Layout, give: tuple[int, int]
    ) -> tuple[int, bytes]:
        """In the emulator: the words of arguments as the procedure call standard has them."""
        whole: list[bytes] = []
        floats: list[bytes] = []
        stack: list[bytes] = []
        for arg in args:
            data = arg.data or struct.pack("<Q", self._base + arg.place)
            registers = floats if arg.kind == "float" else whole
            (registers if len(registers) < _REGISTERS else stack).append(data)
        assert len(stack) <= _STACK, "more arguments than the driver passes"
        numbers = (self._numbers[function], len(layout.data), len(layout.pointers), *give)
        request = struct.pack("<5Q", *numbers)
        for words, count in ((whole, _REGISTERS), (floats, _REGISTERS), (stack, _STACK)):
            request += b"".join(words).ljust(8 * count, b"\0")
        pairs = b"".join(struct.pack("<QQ", *pair) for pair in layout.pointers)
        assert self._process.stdin is not None
        self._process.stdin.write(request + bytes(layout.data) + pairs)
        self._process.stdin.flush()
        (result,) = struct.unpack("<q", self._read(8))
        if not function.endswith("__rows"):
            # Of a status, the upper half of the register is anything.
            (result,) = struct.unpack("<i", struct.pack("<q", result)[:4])
        return result, self._read(give[1] - give[0])

    def close(self) -> None:
        """End it."""
        self._end()
        assert self._process.returncode == 0


def _ended(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    """It ends where there are no more requests."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    process.wait()
    folder.cleanup()
