"""Programs as libraries of kernels, for the tests of what C and others call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.native.unit import Unit
from hyper.emit.native.values import NotNative
from hyper.jit.hardware import resolve
from hyper.jit.objects import library
from hyper.jit.objects.abi import interface

if TYPE_CHECKING:
    from hyper.ir.program import Program
    from hyper.jit.hardware import Profile
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


def object_of(made: Interface, profile: str) -> bytes:
    """The object file of a library."""
    (data,) = library.objects(made, resolve(profile), library.Making(lto="program"))
    return data


def wasm_module(made: Interface, profile: Profile, making: library.Making | None = None) -> bytes:
    """The module of WebAssembly of a library."""
    making = making or library.Making()
    return library.linked(made, library.objects(made, profile, making), profile, making)
