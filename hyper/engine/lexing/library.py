"""The text engine's library of this machine: made once, kept in the user's state folder, sealed, checked before it is loaded."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import aside, digest
from hyper.base.token_table import TokenTable
from hyper.engine import ownership

if TYPE_CHECKING:
    from hyper.gpu.compiled.loops import Loops
    from hyper.jit.hardware import Profile

FOLDER: Final = "text-engine"
_PRIVATE: Final = 0o700
_LARGEST: Final = 4 << 20
_OURS: Final = r"text-[0-9a-f]{32}\.(?:so|table)(?:\.seal)?"
_OLD: Final = 90 * 24 * 3600.0
"""Seconds after which a library of other code, or for another processor, is removed: who still uses it makes it again."""


class NoLibrary(Exception):  # noqa: N818  # no fault: the reference lexer is there
    """Why the library cannot be made here."""


class Library(NamedTuple):
    """The kernels of this machine, and the table of the language's tokens, which takes longer to make than to read."""

    loops: Loops
    table: TokenTable


def open_library() -> Library | None:
    """The library, where it was made and is as it was made; None otherwise.

    What lies in its place and is not ours, or was changed, is not loaded.
    """
    try:
        path = _place()
        table = ownership.read_sealed(f"{path}.table", _LARGEST)
        if ownership.read_sealed(f"{path}.so", _LARGEST) is None or table is None:
            return None
        from hyper.gpu.compiled.native import NativeLoops

        return Library(NativeLoops(f"{path}.so"), msgspec.msgpack.decode(table, type=TokenTable))
    except (OSError, NoLibrary, msgspec.MsgspecError):
        return None


def prepare() -> str:
    """Make the library and keep it; its path.

    :raises NoLibrary: where numba or LLVM is not installed, or this machine is none that libraries are made for.
    :raises OSError: where it cannot be kept.
    """
    path = _place()
    made = {f"{path}.so": _make(), f"{path}.table": msgspec.msgpack.encode(_table())}
    os.makedirs(os.path.dirname(path), mode=_PRIVATE, exist_ok=True)
    for each, data in made.items():
        ownership.keep_sealed(each, data)
    _sweep(*os.path.split(path))
    return f"{path}.so"


def _sweep(folder: str, name: str) -> None:
    """Remove what killed processes left unfinished, and libraries that are old."""
    aside.sweep(folder, rf"{_OURS}|spent|measurements(?:\.seal)?")
    old = time.time() - _OLD
    with contextlib.suppress(OSError):
        for each in os.listdir(folder):
            path = os.path.join(folder, each)
            if re.fullmatch(_OURS, each) and not each.startswith(name):
                with contextlib.suppress(OSError):
                    if os.lstat(path).st_mtime < old:
                        os.unlink(path)


def _table() -> TokenTable:
    from hyper.lang.automaton.table import token_table

    return token_table()


def can_prepare() -> bool:
    """Whether the library could be made here, told without loading what makes it."""
    import importlib.util

    needed = ("numba", "llvmlite")
    return sys.platform == "linux" and all(map(importlib.util.find_spec, needed))


def _place() -> str:
    """Where the library of this machine lies, without endings. Its name says what is in it, and for which processor."""
    from hyper import base, lang
    from hyper.gpu import compiled, kernels
    from hyper.lang import automaton

    parts = [_profile().code.encode()]
    for folder in (*kernels.__path__, *automaton.__path__):
        for each in sorted(os.listdir(folder)):
            if each.endswith(".py"):
                parts += (each.encode(), _bytes(os.path.join(folder, each)))
    # Kernels are compiled with the numbers that the form of tables has.
    parts.append(_bytes(os.path.join(*base.__path__, "token_table.py")))
    parts.append(_bytes(os.path.join(*compiled.__path__, "making.py")))
    parts.append(_bytes(os.path.join(*lang.__path__, "tokens.py")))
    return os.path.join(ownership.state_folder(), FOLDER, f"text-{digest.of_parts(parts)[:32]}")


def _bytes(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _profile() -> Profile:
    from hyper.jit.hardware import ProfileError, resolve

    if sys.platform != "linux":
        message = "libraries are made for Linux"
        raise NoLibrary(message)
    try:
        return resolve("native")
    except ProfileError as error:
        raise NoLibrary(str(error)) from None


def _make() -> bytes:
    from hyper.gpu.compiled.making import make_library

    profile = _profile()
    try:
        from hyper.jit.llvm.target import Compiler, LlvmError, processor
        from hyper.jit.objects.link import LinkError, own

        compiler = Compiler(processor(profile), "2")
        return make_library(
            lambda text, name: compiler.object(text, frozenset({name})),
            lambda objects, names: own(objects, names, profile.architecture),
        )
    except ImportError as error:
        message = f"{error.name or error} is needed: pip install 'hypercompiler[gpu]'"
        raise NoLibrary(message) from None
    except (LlvmError, LinkError) as error:
        raise NoLibrary(str(error)) from None
