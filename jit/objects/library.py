"""A unit of kernels as a library for other languages: objects, what is linked from them, and how they are made.

The objects are *pieces*, each told whole by its text, so that an edit compiles those again whose text is another. How the
functions are divided, and what a piece knows of the others, is a choice between what is compiled again and what runs fastest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import msgspec

from hyper.jit.kernel.ir import calls
from hyper.jit.llvm.functions import symbol
from hyper.jit.llvm.module import part_text
from hyper.jit.llvm.target import Compiler, processor
from hyper.jit.objects.abi import common_text, entries_text
from hyper.jit.objects.link import Choice, NoLinkerError, linker, own, shared
from hyper.jit.objects.wasm import module_of
from hyper.jit.objects.wasm_support import SUPPORTED, left_out, wasm_support, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.hardware import Profile
    from hyper.jit.kernel.ir import Function
    from hyper.jit.objects.abi import Interface

Lto: TypeAlias = Literal["off", "unit", "program"]
LTO: Final[tuple[Lto, ...]] = get_args(Lto)
MOST_PIECES: Final = 256


class Making(msgspec.Struct, frozen=True):
    """How a library is made of its unit.

    ``codegen_units`` is the number of pieces that the functions are divided into; 0 for one a module. ``lto`` says what a piece
    knows of the functions of others: ``off`` nothing, it calls them; ``unit`` has copies of those that it calls, which are inlined
    where that pays; ``program`` makes one piece of all. ``strip`` leaves out the names that only debuggers and profilers read.
    """

    lto: Lto = "unit"
    codegen_units: int = 0
    linker: Choice = "auto"
    strip: bool = True


class Piece(msgspec.Struct, frozen=True):
    """An object to be: its LLVM text, the symbols that it shows to all, and those that it shows to the other pieces."""

    name: str
    text: str
    exported: frozenset[str]
    hidden: frozenset[str] = frozenset()

    def compiled(self, profile: Profile) -> bytes:
        """The object file."""
        compiler = Compiler(processor(profile), profile.opt_level)
        return compiler.object(self.text, self.exported, self.hidden)


def pieces(made: Interface, profile: Profile, making: Making) -> list[Piece]:
    """The objects that a library is made of. Of WebAssembly there is one, whatever ``making`` says."""
    functions = made.unit.functions
    whole = profile.architecture == "wasm32" or making.lto == "program"
    groups = [functions] if whole else _divided(functions, making.codegen_units)
    common = common_text(made, profile)
    if whole:
        text = _text(made, functions, copies=False) + common
        exported = {*made.exported}
        if profile.architecture == "wasm32":
            text += wasm_support(text)
            exported |= SUPPORTED
        return [Piece(made.prefix, text, frozenset(exported))]
    copies = making.lto == "unit"
    found = [Piece(made.prefix, common, frozenset(made.common))]
    for number, group in enumerate(groups):
        own = {function.name for function in group}
        others = (function for function in functions if function.name not in own)
        called: set[str] = set()
        if not copies:
            called = own & {name for function in others for name in calls(function.body)}
            called |= own & {
                name
                for entry in made.entries
                if entry.function.name not in own
                for name in entry.kernel.needs
            }
        entries = [entry for entry in made.entries if entry.function.name in own]
        exported = {name for entry in entries for name in (entry.symbol, entry.rows)}
        if not exported and not called:
            continue
        text = _text(made, group, copies=copies)
        hidden = frozenset(symbol(name)[2:-1] for name in called)
        found.append(Piece(f"{made.prefix}.{number}", text, frozenset(exported), hidden))
    return found


def _text(made: Interface, functions: Sequence[Function], *, copies: bool) -> str:
    names = {function.name for function in functions}
    entries = [entry for entry in made.entries if entry.function.name in names]
    ordered = [function.name for function in functions]
    return part_text(made.unit, ordered, copies=copies) + entries_text(entries)


def _divided(functions: Sequence[Function], count: int) -> list[tuple[Function, ...]]:
    """The functions in groups: those of a module, or ``count`` runs of about as many steps."""
    if not count:
        modules: dict[str, list[Function]] = {}
        for function in functions:
            modules.setdefault(function.name.rpartition(".")[0], []).append(function)
        return [tuple(group) for group in modules.values()]
    total = sum(1 + len(function.body) for function in functions)
    groups: list[list[Function]] = [[] for _ in range(min(count, MOST_PIECES, len(functions)))]
    done = 0
    for function in functions:
        groups[done * len(groups) // total].append(function)
        done += 1 + len(function.body)
    return [tuple(group) for group in groups if group]


def objects(made: Interface, profile: Profile, making: Making) -> list[bytes]:
    """The object files of a library."""
    return [piece.compiled(profile) for piece in pieces(made, profile, making)]


def linked(made: Interface, parts: Sequence[bytes], profile: Profile, making: Making) -> bytes:
    """What is loaded: a shared library, or a module of WebAssembly.

    Raises ``NoLinkerError``, ``LinkError`` where the linker refuses the objects, ``WasmError`` where they are none or need what
    WebAssembly has not.
    """
    if profile.architecture == "wasm32":
        (part,) = parts
        return module_of(part, made.exported, strip=making.strip)
    if making.linker == "own":
        return own(parts, made.exported, profile.architecture)
    chosen = linker(making.linker, profile.architecture)
    if chosen is None:
        raise NoLinkerError("no linker is wanted")
    return shared(parts, library_name(made), chosen, profile.architecture, strip=making.strip)


def portable(made: Interface) -> Interface:
    """The same library without the functions that WebAssembly does not compute to the last bit; its header is the same one."""
    lacking = left_out(made.unit)
    entries = tuple(entry for entry in made.entries if entry.kernel.function not in lacking)
    unit = without(made.unit, set(lacking))
    return msgspec.structs.replace(made, unit=unit, entries=entries)


def library_name(made: Interface) -> str:
    """The name by which a shared library is known to those that are linked with it."""
    return f"lib{made.prefix}.so"
