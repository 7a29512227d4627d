"""Programs as libraries of kernels, for the tests of what C and others call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.native.unit import Unit
from hyper.emit.native.values import NotNative
from hyper.jit.hardware import resolve
from hyper.jit.llvm.target import Compiler, Processor
from hyper.jit.objects.abi import interface, library_text

if TYPE_CHECKING:
    from hyper.ir.program import Program
    from hyper.jit.hardware import Profile
    from hyper.jit.llvm.target import OptLevel
    from hyper.jit.objects.abi import Interface


def of_program(program: Program, prefix: str = "shop") -> Interface:
    """What the library of all functions that have a native form offers."""
    source, names = Unit(program), []
    for name in program.definitions:
        try:
            source.native(name)
        except (NotNative, AssertionError):
            continue
        names.append(name)
    return interface(source.unit(names), prefix)


def processor(profile: Profile) -> Processor:
    features = ",".join(f"+{feature}" for feature in profile.features)
    return Processor(profile.triple, profile.level, features, profile.tune, profile.vector_width)


def object_of(made: Interface, profile: str, level: OptLevel = "2") -> bytes:
    """The object file of a library."""
    resolved = resolve(profile)
    text = library_text(made, resolved)
    return Compiler(processor(resolved), level).object(text, frozenset(made.exported))
