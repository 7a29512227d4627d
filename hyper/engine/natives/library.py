"""The target ``library``: kernels for C, and for all that calls C, as a header with a library for each hardware profile.

It is made of all functions at once, in pieces that are kept under the digest of what they are made from: an edit makes the texts
again, compiles the pieces whose text is another, and links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.engine.natives.emission import Natives
    from hyper.ir.program import Program
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.abi import Interface
    from hyper.jit.objects.library import Making, Piece

FOLDER: Final = "native"
LIBRARY: Final = " library"
"""Where the record has it, beside modules: none has this name."""

_KINDS: Final = frozenset({"calc", "table", "rule"})


def offered(program: Program, package: str, natives: Natives) -> Interface:
    """What the library of a program's functions has: those that are asked for and have a native form."""
    from hyper.emit.native.unit import Unit
    from hyper.emit.native.values import NotNative
    from hyper.jit.objects.abi import Left, interface

    unit, names, left = Unit(program, natives.weights), list[str](), list[Left]()
    for module in program.index:
        for found in module.definitions:
            name = f"{module.name}.{found.name}"
            if found.kind not in _KINDS or not natives.chosen(name):
                continue
            try:
                unit.native(name)
            except NotNative as reason:
                left.append(Left(name, reason.reason, reason.file, reason.line))
            else:
                names.append(name)
    return interface(unit.unit(names), package, left)


def library_files(made: Interface, natives: Natives, making: Making) -> dict[str, bytes]:
    """The files, by path from the package's folder: the header, and where kernels can be compiled what is linked, or objects."""
    from hyper.jit.objects.header import header_text

    files = {f"{FOLDER}/{made.prefix}.h": header_text(made).encode()}
    if natives.works and made.entries:
        try:
            for profile in natives.profiles:
                files |= _of_profile(made, profile, natives, making)
        except (ImportError, OSError) as error:
            natives.works, natives.failure = False, str(error)
    return files


def _of_profile(
    made: Interface, profile: Profile, natives: Natives, making: Making
) -> dict[str, bytes]:
    from hyper.jit.objects.library import pieces, portable

    wasm = profile.architecture == "wasm32"
    here = portable(made) if wasm else made
    folder = f"{FOLDER}/{profile.name}"
    found = pieces(here, profile, making)
    names = [piece.name for piece in found]
    if not wasm and making.linker == "none":
        return _objects(folder, names, natives.objects.compiled(found, profile))
    name = f"{here.prefix}.wasm" if wasm else f"lib{here.prefix}.so"
    data = _linked(here, found, profile, natives, making)
    if data is None:
        return _objects(folder, names, natives.objects.compiled(found, profile))
    return {f"{folder}/{name}": data}


def _objects(folder: str, names: Sequence[str], objects: Sequence[bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}.o": data for name, data in zip(names, objects, strict=True)}


def _linked(
    made: Interface, found: Sequence[Piece], profile: Profile, natives: Natives, making: Making
) -> bytes | None:
    """What is linked of the objects of pieces; ``None`` where there is nothing that links them."""
    from hyper.jit.objects.library import linked
    from hyper.jit.objects.link import LinkError, NoLinkerError
    from hyper.jit.objects.wasm import WasmError

    while True:
        try:
            return linked(made, natives.objects.compiled(found, profile), profile, making)
        except NoLinkerError as error:
            natives.unlinked = str(error)
            return None
        except (LinkError, WasmError) as error:
            # Who may write where objects are kept may put anything there.
            if natives.objects.forget_taken():
                continue
            if isinstance(error, WasmError):
                raise
            natives.unlinked = str(error)
            return None
