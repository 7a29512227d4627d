"""Objects of kernels, each made once and kept under the digest of all that it is made from, and what is linked of them."""

from __future__ import annotations

import platform
from functools import cache, partial
from typing import TYPE_CHECKING, Final, Protocol

from hyper.base import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from hyper.emit.native.wrappers import Wrappers
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.library import Piece

_SUPPORTED: Final = "supported"
_INIT: Final = "PyInit__kernels"


class Blobs(Protocol):
    """Where objects are kept: bytes by the hexadecimal digest of what they are made from."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those that are there."""

    def put(self, entries: Mapping[str, bytes]) -> None:
        """Keep these."""


class Objects:
    """Makes the objects and libraries of one build. ``made`` names what was compiled, not what was found."""

    def __init__(self, profiles: Sequence[Profile], toolchain: str, blobs: Blobs | None) -> None:
        self.profiles = profiles
        self.made: list[str] = []
        self._toolchain = toolchain
        self._blobs = blobs
        self._known: dict[str, bytes] = {}
        self._taken: set[str] = set()
        """The keys of those that were found, and not made here."""
        self._distrusts = False

    def libraries(self, wrappers: Wrappers) -> dict[str, bytes]:
        """The extension module of a module's functions for each profile, by its name.

        Raises ``ImportError`` where there is nothing that compiles.
        """
        from hyper.jit.hardware import resolve
        from hyper.jit.llvm.module import module_text
        from hyper.jit.objects.cpuid import supported_text
        from hyper.jit.objects.elf import LinkError, link
        from hyper.jit.objects.extension import extension_text

        plain = resolve("x86-64")
        around = extension_text(
            [found.wrapper for found in wrappers.functions], wrappers.size, _SUPPORTED
        )
        kernels = [
            (found.name, (module_text(found.unit, rows=False), found.wrapper.symbol))
            for found in wrappers.functions
        ]
        home = kernels[0][0].rpartition(".")[0]
        wanted = {("", f"wrappers of {home}"): (around, _INIT, plain)}
        for profile in self.profiles:
            asking = supported_text(_SUPPORTED, profile)
            wanted[profile.name, "question"] = (asking, _SUPPORTED, plain)
            for name, text in kernels:
                wanted[profile.name, name] = (*text, profile)

        def linked() -> dict[str, bytes]:
            objects = self._objects(wanted)
            shared = objects["", f"wrappers of {home}"]
            return {
                profile.name: link(
                    [
                        *(objects[profile.name, name] for name, _ in kernels),
                        objects[profile.name, "question"],
                        shared,
                    ],
                    [_INIT],
                )
                for profile in self.profiles
            }

        try:
            return linked()
        except LinkError:
            # Who may write where objects are kept may put anything there. What was all made here is a fault of ours.
            if not self.forget_taken():
                raise
            return linked()

    def _objects(
        self, wanted: Mapping[tuple[str, str], tuple[str, str, Profile]]
    ) -> dict[tuple[str, str], bytes]:
        """The objects of texts, each with the function that it shows, for a profile: those that are known, and the others made."""
        keys = {each: self._key(*made_from) for each, made_from in wanted.items()}
        makes: dict[str, Callable[[], bytes]] = {}
        for each, key in keys.items():
            makes.setdefault(key, partial(self._object, each, wanted[each]))
        self._find_or_make(makes)
        return {each: self._known[key] for each, key in keys.items()}

    def _object(self, each: tuple[str, str], made_from: tuple[str, str, Profile]) -> bytes:
        data = _compiled(*made_from)
        self.made.append(" ".join(part for part in reversed(each) if part))
        return data

    def _find_or_make(self, wanted: Mapping[str, Callable[[], bytes]]) -> None:
        """Know what is wanted, by its keys: what is kept, and the others made and kept."""
        missing = [key for key in wanted if key not in self._known]
        if missing and self._blobs is not None and not self._distrusts:
            found = self._blobs.get(missing)
            self._known |= found
            self._taken |= found.keys()
        fresh: dict[str, bytes] = {}
        try:
            for key, make in wanted.items():
                if key not in self._known:
                    fresh[key] = self._known[key] = make()
        finally:
            if fresh and self._blobs is not None:
                self._blobs.put(fresh)

    def forget_taken(self) -> bool:
        """Make all here from now on, and again what was taken; whether anything was."""
        for key in self._taken:
            self._known.pop(key, None)
        some = bool(self._taken)
        self._taken.clear()
        self._distrusts = True
        return some

    def compiled(self, pieces: Sequence[Piece], profile: Profile) -> list[bytes]:
        """The objects of the pieces of a library: those that are known, and the others made."""
        keys = [self._piece_key(piece, profile) for piece in pieces]
        self._find_or_make(
            {
                key: partial(self._piece, piece, profile)
                for key, piece in zip(keys, pieces, strict=True)
            }
        )
        return [self._known[key] for key in keys]

    def _piece_key(self, piece: Piece, profile: Profile) -> str:
        shown = (*sorted(piece.exported), "hidden", *sorted(piece.hidden))
        parts = ("piece 1", self._toolchain, profile.code, *shown, piece.text)
        return digest.of_parts(part.encode() for part in parts)

    def _piece(self, piece: Piece, profile: Profile) -> bytes:
        self.made.append(f"{piece.name} {profile.name}")
        return piece.compiled(profile)

    def _key(self, text: str, exported: str, profile: Profile) -> str:
        parts = ("object 1", self._toolchain, profile.code, exported, text)
        return digest.of_parts(part.encode() for part in parts)


def _compiled(text: str, exported: str, profile: Profile) -> bytes:
    if " asm " in text and platform.machine().lower() not in {"x86_64", "amd64"}:
        # LLVM ends the process where it has no assembler of this machine's for the question.
        raise OSError("for profiles with features it compiles on x86-64 only")
    made: bytes = _compiler(profile).object(text, frozenset({exported}))
    return made


@cache
def _compiler(profile: Profile) -> Any:
    from hyper.jit.llvm.target import Compiler, processor

    return Compiler(processor(profile), profile.opt_level)
