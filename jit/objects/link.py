"""Objects linked to a shared library: by LLD from the ziglang wheel or this machine, or by its C compiler.

LLD gives the same bytes on each machine and links for any processor, so it is preferred. Only what the C library has of
mathematics and of filling memory may stay undefined: a library that needs more is refused here, not where it is loaded.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import msgspec

from hyper.jit.objects import elf

if TYPE_CHECKING:
    from collections.abc import Sequence

Choice: TypeAlias = Literal["auto", "lld", "cc", "own", "none"]
CHOICES: Final[tuple[Choice, ...]] = get_args(Choice)

NEEDED: Final = {
    "libm.so.6": (
        "ceil",
        "exp",
        "floor",
        "fmod",
        "log",
        "log10",
        "pow",
        "rint",
        "roundeven",
        "trunc",
    ),
    "libc.so.6": ("memcpy", "memmove", "memset"),
}
"""The functions of the C library that kernels call, and where Linux has them."""

_EMULATIONS: Final = {"x86-64": "elf_x86_64", "aarch64": "aarch64linux"}
_MACHINES: Final = {"x86_64": "x86-64", "amd64": "x86-64", "arm64": "aarch64"}
_SECONDS: Final = 120
_ELF: Final = b"\x7fELF"


class LinkError(Exception):
    """Why there is no library: no linker, or one that refused the objects."""


class NoLinkerError(LinkError):
    """There is nothing that links for an architecture here; the message says what to do."""


class Linker(msgspec.Struct, frozen=True):
    """A linker: its kind, and the command that starts it."""

    kind: Literal["lld", "cc"]
    command: tuple[str, ...]

    def version(self) -> str:
        """What it says of itself, one line: part of what names a library, which has other bytes from another linker."""
        done = subprocess.run(  # noqa: S603  # a linker that was found, without a shell
            [*self.command, "--version"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.stdout.partition("\n")[0]


def linker(choice: Choice, architecture: str) -> Linker | None:
    """The linker that a choice starts for an architecture of ``hardware``; ``None`` where it starts none.

    Raises ``NoLinkerError`` where there is none.
    """
    if choice in {"own", "none"} or architecture not in _EMULATIONS:
        return None
    if choice in {"auto", "lld"}:
        command = _lld()
        if command:
            return Linker("lld", command)
        if choice == "lld":
            raise NoLinkerError(
                "there is no LLD: `pip install ziglang` has one, or put ld.lld on the PATH"
            )
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoLinkerError(
            "there is no linker, so there are objects only: `pip install ziglang`, or install a C compiler"
        )
    here = platform.machine().lower()
    if _MACHINES.get(here, here) != architecture:
        raise NoLinkerError(
            f"this machine's C compiler does not link for {architecture}: `pip install ziglang` for one that does"
        )
    return Linker("cc", (compiler,))


def _lld() -> tuple[str, ...]:
    """LLD as the ziglang wheel has it, or on the PATH; empty where there is none. The wheel's code is not run to find out."""
    wheel = importlib.util.find_spec("ziglang")
    if wheel is not None and wheel.origin:
        program = os.path.join(os.path.dirname(wheel.origin), "zig")
        if os.path.exists(program):
            return program, "ld.lld"
    system = shutil.which("ld.lld")
    return (system,) if system else ()


def own(objects: Sequence[bytes], exported: Sequence[str], architecture: str) -> bytes:
    """A library that processes load while they run (``dlopen``): nothing is linked with it beforehand, and no linker is needed.

    Raises ``NoLinkerError`` for another architecture than x86-64, ``LinkError`` for objects that it does not link.
    """
    if architecture != "x86-64":
        raise NoLinkerError(f"the compiler's own linker knows x86-64 only, not {architecture}")
    try:
        return elf.link(objects, exported)
    except elf.LinkError as error:
        raise LinkError(str(error)) from None


def shared(
    objects: Sequence[bytes], name: str, chosen: Linker, architecture: str, *, strip: bool = True
) -> bytes:
    """A shared library ``name`` of objects. With ``strip`` it has no symbols but those that it offers.

    Raises ``LinkError`` with what the linker said.
    """
    if not all(data.startswith(_ELF) for data in objects):
        raise LinkError("this is no object")  # linkers take texts for commands
    with tempfile.TemporaryDirectory(prefix="hyper-link-") as folder:
        files = [f"{place}.o" for place in range(len(objects))]
        for file, data in zip(files, objects, strict=True):
            with open(os.path.join(folder, file), "wb") as stream:
                stream.write(data)
        emulation = _EMULATIONS[architecture]
        if chosen.kind == "lld":
            base = [*chosen.command, "-m", emulation]
            _named_only(base, folder)
            command = [*base, *_FLAGS, *(["-s"] if strip else []), "-soname", name]
            command += ["-o", "out", *files, *NEEDED]
        else:
            command = [*chosen.command, "-nostdlib", *(f"-Wl,{flag}" for flag in _FLAGS)]
            command += ["-s"] if strip else []
            command += [f"-Wl,-soname,{name}", "-o", "out", *files, "-lm", "-lc"]
        _run(command, folder)
        with open(os.path.join(folder, "out"), "rb") as stream:
            return stream.read()


def _named_only(base: list[str], folder: str) -> None:
    """Libraries that have names and no code: the real ones are where the library is loaded, maybe on another processor."""
    for library, names in NEEDED.items():
        with open(os.path.join(folder, "names.ld"), "w", encoding="ascii") as stream:
            stream.write("".join(f"{name} = 0;\n" for name in names))
        _run([*base, "-shared", "-soname", library, "-o", library, "names.ld"], folder)


_FLAGS: Final = (
    "-shared", "--build-id=none", "--gc-sections", "--as-needed", "-znoexecstack", "-zdefs", "-znow",
    "-zrelro",
)  # fmt: skip


def _run(command: list[str], folder: str) -> None:
    # The locale is fixed, so that what is said is the same for each user.
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603  # a linker that was found, without a shell
            command, cwd=folder, env=environment, capture_output=True, text=True,
            timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LinkError(f"the linker did not run: {error}") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:600]
        raise LinkError(f"the linker refused the objects: {said}")
