"""A unit of kernels as a library for other languages: an object, what is linked from it, and its header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.jit.llvm.target import Compiler, processor
from hyper.jit.objects.abi import library_text
from hyper.jit.objects.wasm import module_of
from hyper.jit.objects.wasm_support import SUPPORTED, wasm_support

if TYPE_CHECKING:
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.abi import Interface


def object_of(made: Interface, profile: Profile) -> bytes:
    """The object file of a library for a profile: of Linux, or for ``wasm32`` what ``wasm_module`` is made of."""
    text, exported = library_text(made, profile), {*made.exported}
    if profile.architecture == "wasm32":
        text += wasm_support(text)
        exported |= SUPPORTED
    compiler = Compiler(processor(profile), profile.opt_level)
    return compiler.object(text, frozenset(exported))


def wasm_module(made: Interface, profile: Profile, *, strip: bool = True) -> bytes:
    """The module of WebAssembly of a library. Raises ``WasmError`` where it needs what that has not: see ``left_out``."""
    return module_of(object_of(made, profile), made.exported, strip=strip)
