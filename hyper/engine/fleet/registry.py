"""The registry of the compiler: which stages a fleet does, each as a function of bytes that gives what the stage packs.

What comes in is read with its types, and what reaches a library that is no Python is held to what the compiler itself writes:
anything else raises an exception, by which whoever asked does the item.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.distributed.stages import Registry, RemoteStage
from hyper.engine.fleet.checking import CHECK
from hyper.engine.fleet.programs import unpack_program
from hyper.engine.identity import identity
from hyper.engine.natives.compiling import OBJECTS, Asked, load_compiler
from hyper.engine.natives.toolchain import ABSENT, toolchain
from hyper.engine.parsing import PARSE, Uncut, unpack_file
from hyper.engine.proving import RUN, Proof
from hyper.jit.hardware import DEFAULT, Profile, ProfileError, resolve
from hyper.jit.objects.cpuid import ASSEMBLER

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACE: Final = "hyper.engine.fleet.registry:registry"
LLVM: Final = "llvm"

_asked: Final = msgspec.msgpack.Decoder(Asked)
_ASM: Final = re.compile(r"\basm\b(?! (?:" + "|".join(map(re.escape, ASSEMBLER)) + r")\()")
"""Assembler that the compiler does not write: it could read any file into an object."""
_WARM: Final = (
    b"intent warm\n\nentity Warm:\n    name: string\n\ncalc twice(a: int) -> int:\n    a + a\n"
)


def registry() -> Registry:
    """What this compiler can do. Raises ``OSError`` where its own sources cannot be read."""
    stages: list[RemoteStage[Any]] = [
        RemoteStage("objects", _no_context, _objects, LLVM),
        RemoteStage("parse", _no_context, _parse),
        RemoteStage("scenarios", _proof, _scenarios),
        CHECK,
    ]
    found = toolchain()
    tools = {} if found == ABSENT else {LLVM: found.replace(" ", "-")}
    known = {stage.name: stage for stage in stages}
    return Registry(PLACE, identity(), known, tools, _warm, _processor())


def _processor() -> str:
    """The level of this machine's processor; nothing where there is no profile for it."""
    try:
        return resolve("native").level
    except ProfileError:
        return ""


def _warm() -> None:
    """Load what the stages need. Raises ``ImportError`` where LLVM is installed, and does not work."""
    from hyper.engine.compiler import Compiler

    Compiler().initialize()
    PARSE.pack(PARSE.work(Uncut({"warm.intent": _WARM}), "warm.intent"))
    if toolchain() != ABSENT:
        load_compiler([resolve(name) for name in DEFAULT])


def _no_context(blobs: Sequence[bytes]) -> None:
    if blobs:
        raise ValueError("a stage without a context is given one")


def _objects(context: None, own: bytes) -> bytes:
    """The objects of texts: a pure function of the texts, what they show, and the profiles."""
    del context
    asked = _asked.decode(own)
    for source in asked.sources.values():
        _check_profile(source.profile)
        if _ASM.search(source.text) is not None:
            raise ValueError("a text with assembler that the compiler does not write")
    return OBJECTS.pack(OBJECTS.work({"": asked.sources}, ""))


def _check_profile(profile: Profile) -> None:
    """Raises ``ValueError`` for a profile that no name or table comes to."""
    table = {
        "cpu": profile.level,
        "features": [*profile.features],
        "tune": profile.tune,
        "opt_level": profile.opt_level,
        "vector_width": profile.vector_width,
    }
    if resolve("fleet", table) != msgspec.structs.replace(profile, name="fleet", cores=0):
        raise ValueError("a hardware profile that is none")


def _parse(context: None, own: bytes) -> bytes:
    """The tree of a file, by its path and bytes."""
    del context
    path, data = unpack_file(own)
    return PARSE.pack(PARSE.work(Uncut({path: data}), path))


def _proof(blobs: Sequence[bytes]) -> Proof:
    # Nothing of a user's Python is here, and none of it would be run.
    return Proof(unpack_program(blobs), (), externs=False)


def _scenarios(proof: Proof, own: bytes) -> bytes:
    """The results of a module's scenarios. Raises ``KeyError`` for a module that is not of the program."""
    name = own.decode()
    if name not in proof.modules:
        proof.modules[name] = proof.program.module(name)
    return RUN.pack(RUN.work(proof, name))
