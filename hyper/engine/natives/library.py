"""The target ``library``: kernels for C, and for all that calls C, as a header with a library for each hardware profile.

It is made of all functions at once, in pieces that are kept under the digest of what they are made from: an edit makes the texts
again, compiles the pieces whose text is another, and links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.base.diagnostics import diagnostic
from hyper.engine.executors import DeadlyItem

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.natives.emission import Natives
    from hyper.ir.program import Program
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.abi import Interface
    from hyper.jit.objects.library import Making

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
        # Those of all profiles are asked for before any is made, so that they are made together.
        asked = [_asked(made, profile, natives, making) for profile in natives.profiles]
        try:
            for each in asked:
                files |= _of_profile(each, natives, making)
        except (ImportError, OSError) as error:
            natives.works, natives.failure = False, str(error)
        except DeadlyItem as error:
            natives.lost.append(_fatal(error))
    return files


class _Asked(NamedTuple):
    """The library of a profile: what it has there, and the names and the keys of its pieces."""

    made: Interface
    profile: Profile
    names: list[str]
    keys: list[str]


def _asked(made: Interface, profile: Profile, natives: Natives, making: Making) -> _Asked:
    from hyper.jit.objects.library import pieces, portable

    here = portable(made) if profile.architecture == "wasm32" else made
    found = pieces(here, profile, making)
    keys = natives.objects.ask_pieces(found, profile)
    return _Asked(here, profile, [piece.name for piece in found], keys)


def _of_profile(asked: _Asked, natives: Natives, making: Making) -> dict[str, bytes]:
    wasm = asked.profile.architecture == "wasm32"
    folder = f"{FOLDER}/{asked.profile.name}"
    data = None
    if wasm or making.linker != "none":
        data = _linked(asked, natives, making)
    if data is None:
        objects = natives.objects.compiled(asked.keys)
        named = zip(asked.names, objects, strict=True)
        return {f"{folder}/{name}.o": each for name, each in named}
    prefix = asked.made.prefix
    return {f"{folder}/{f'{prefix}.wasm' if wasm else f'lib{prefix}.so'}": data}


def _linked(asked: _Asked, natives: Natives, making: Making) -> bytes | None:
    """What is linked of the objects of pieces; ``None`` where there is nothing that links them."""
    from hyper.jit.objects.library import linked
    from hyper.jit.objects.link import LinkError, NoLinkerError
    from hyper.jit.objects.wasm import WasmError

    while True:
        try:
            objects = natives.objects.compiled(asked.keys)
            return linked(asked.made, objects, asked.profile, making)
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


def _fatal(failure: DeadlyItem) -> Diagnostic:
    """What is said of a piece that no process survives: it may have functions of several files."""
    message = f"cannot compile the library: each process that worked on a piece {failure.reason}"
    return diagnostic("E0901", message)
