"""Compiling objects as a stage: texts of LLVM to object files, here, in a worker, or on another machine.

An item is a batch of objects. Each has a key, the digest of all that it is made from, and what is made says which one it is, so
that what was made is known, and kept, although a run does not come to its end.
"""

from __future__ import annotations

import platform
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.engine.executors import Remote, Stage
from hyper.jit.hardware import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Source(msgspec.Struct, frozen=True, array_like=True):
    """What an object is made from: its text, the functions that it shows to all, those that it shows to the objects that it is
    linked with, both sorted, and what it is made for."""

    text: str
    exported: tuple[str, ...]
    hidden: tuple[str, ...]
    profile: Profile


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """What another machine is asked for: objects by their keys, each as what it is made from."""

    sources: dict[str, Source]


class Object(msgspec.Struct, frozen=True, array_like=True):
    """An object file with its key."""

    key: str
    data: bytes


def compiled(source: Source) -> bytes:
    """The object file.

    Raises ``ImportError`` where there is nothing that compiles, ``OSError`` where this machine cannot, ``LlvmError``.
    """
    if (
        " asm " in source.text
        and source.profile.architecture == "x86-64"
        and platform.machine().lower() not in {"x86_64", "amd64"}
    ):
        # LLVM ends the process where it has no assembler of this machine's for the question.
        raise OSError("for profiles with features it compiles on x86-64 only")
    compiler = _compiler(source.profile)
    made: bytes = compiler.object(source.text, frozenset(source.exported), frozenset(source.hidden))
    return made


def load_compiler(profiles: Sequence[Profile] = ()) -> None:
    """Have what compiles at hand, in this process and in its copies. Raises ``ImportError`` where it cannot be loaded."""
    from hyper.jit.llvm.target import host

    host()
    for profile in profiles:
        _compiler(profile)


@lru_cache(maxsize=64)
def _compiler(profile: Profile) -> Any:
    from hyper.jit.llvm.target import Compiler, processor

    return Compiler(processor(profile), profile.opt_level)


def _work(batches: Mapping[str, Mapping[str, Source]], batch: str) -> list[Object]:
    return [Object(key, compiled(source)) for key, source in batches[batch].items()]


def _own(batches: Mapping[str, Mapping[str, Source]], batch: str) -> bytes:
    return msgspec.msgpack.encode(
        Asked({key: _plain(each) for key, each in batches[batch].items()})
    )


def _plain(source: Source) -> Source:
    # What a profile is called, and how many cores its batches use, shapes no code.
    profile = msgspec.structs.replace(source.profile, name="", cores=0)
    return msgspec.structs.replace(source, profile=profile)


OBJECTS: Final = Stage(
    "hyper.engine.natives.compiling:OBJECTS",
    _work,
    msgspec.msgpack.encode,
    msgspec.msgpack.Decoder(list[Object]).decode,
    Remote("objects", lambda _batches: (), _own),
)
