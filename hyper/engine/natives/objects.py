"""Objects of kernels, each made once and kept under the digest of all that it is made from, and what is linked of them.

They are asked for first, those of a whole build, and then made together, so that several processes share the work; what is linked
of them takes next to no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from hyper.base import digest
from hyper.engine.executors import DeadlyItem, Inline
from hyper.engine.natives.compiling import OBJECTS, Object, Source, load_compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hyper.emit.native.wrappers import Wrappers
    from hyper.engine.executors import Executor, Stage
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.library import Piece

_SUPPORTED: Final = "supported"
_INIT: Final = "PyInit__kernels"
_AT_ONCE: Final = 256
"""Objects that are looked for, or kept, in one go."""
TOGETHER: Final = 16
"""Objects of a module that go to another machine as one item, at most: a quarter of a second's work."""


class Blobs(Protocol):
    """Where objects are kept: bytes by the hexadecimal digest of what they are made from."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those that are there."""

    def put(self, entries: Mapping[str, bytes]) -> None:
        """Keep these."""


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """An object that is wanted: what it is, for people, and what it is made from. Those of one ``home`` are made together where
    that costs less."""

    label: str
    source: Source
    home: str


class Libraries(msgspec.Struct, frozen=True, array_like=True):
    """The extension modules of a module: for each profile the keys of its objects, in the order in which they are linked; and all
    objects by their keys."""

    objects: dict[str, list[str]]
    wanted: dict[str, Wanted]


class Objects:
    """Makes the objects and libraries of one build."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        toolchain: str,
        blobs: Blobs | None,
        executor: Callable[[], Executor] = Inline,
    ) -> None:
        self.profiles = profiles
        self._toolchain = toolchain
        self._blobs = blobs
        self._executor = executor
        self._sources: dict[str, Source] = {}
        """What may have to be made yet: what is not known, or was found and may turn out to be none."""
        self._labels: dict[str, str] = {}
        self._homes: dict[str, str] = {}
        self._known: dict[str, bytes] = {}
        self._failed: dict[str, Exception] = {}
        self._fresh: dict[str, bytes] = {}
        """What was made and is not kept yet."""
        self._untold: set[str] = set()
        """The keys of those that were made here, and of which nobody was told."""
        self._taken: set[str] = set()
        """The keys of those that were found, or made by others."""
        self._distrusts = False

    # Asking

    def of(self, wrappers: Wrappers) -> Libraries:
        """The extension modules of a module's functions. Nothing is asked for yet."""
        from hyper.jit.hardware import resolve
        from hyper.jit.llvm.module import module_text
        from hyper.jit.objects.cpuid import supported_text
        from hyper.jit.objects.extension import extension_text

        made = Libraries({}, {})

        def wanted(label: str, text: str, exported: str, profile: Profile, home: str) -> str:
            parts = ("object 1", self._toolchain, profile.code, exported, text)
            key = digest.of_parts(part.encode() for part in parts)
            source = Source(text, (exported,), (), profile)
            made.wanted.setdefault(key, Wanted(label, source, home))
            return key

        plain = resolve("x86-64")
        around = extension_text(
            [found.wrapper for found in wrappers.functions], wrappers.size, _SUPPORTED
        )
        kernels = [
            (found.name, module_text(found.unit, rows=False), found.wrapper.symbol)
            for found in wrappers.functions
        ]
        home = kernels[0][0].rpartition(".")[0]
        shared = wanted(f"wrappers of {home}", around, _INIT, plain, home)
        for profile in self.profiles:
            asking = supported_text(_SUPPORTED, profile)
            # It is the same for all modules.
            question = wanted(f"question {profile.name}", asking, _SUPPORTED, plain, "")
            own = [
                wanted(f"{name} {profile.name}", text, exported, profile, home)
                for name, text, exported in kernels
            ]
            made.objects[profile.name] = [*own, question, shared]
        return made

    def ask(self, wanted: Mapping[str, Wanted]) -> None:
        """Have objects made: with ``make``, and then ``libraries`` or ``compiled``."""
        for key, each in wanted.items():
            if key not in self._known:
                self._sources.setdefault(key, each.source)
                self._labels.setdefault(key, each.label)
                self._homes.setdefault(key, each.home)

    def ask_pieces(self, pieces: Sequence[Piece], profile: Profile) -> list[str]:
        """Have the objects of the pieces of a library made, and get their keys."""
        keys = []
        for piece in pieces:
            exported, hidden = tuple(sorted(piece.exported)), tuple(sorted(piece.hidden))
            source = Source(piece.text, exported, hidden, profile)
            shown = (*exported, "hidden", *hidden)
            parts = ("piece 1", self._toolchain, profile.code, *shown, piece.text)
            key = digest.of_parts(part.encode() for part in parts)
            self.ask({key: Wanted(f"{piece.name} {profile.name}", source, piece.name)})
            keys.append(key)
        return keys

    # Making

    def make(self) -> None:
        """Find what was asked for, or make and keep it. What cannot be made is said by those who need it."""
        wanted = [key for key in self._sources if key not in self._known]
        if self._blobs is not None and not self._distrusts:
            for at in range(0, len(wanted), _AT_ONCE):
                found = self._blobs.get(wanted[at : at + _AT_ONCE])
                self._known |= found
                self._taken |= found.keys()
        missing = {key: self._sources[key] for key in wanted if key not in self._known}
        for key in missing:
            self._failed.pop(key, None)
        if missing:
            try:
                self._run(missing)
            finally:
                self._keep(0)
                for key in self._known.keys() - self._taken:
                    self._sources.pop(key, None)

    def _run(self, missing: Mapping[str, Source]) -> None:
        try:
            load_compiler()
        except ImportError as error:
            self._failed = dict.fromkeys(missing, error)
            return

        def noted(several: list[Object]) -> list[Object]:
            for made in several:
                if made.key not in missing:
                    raise ValueError("an object that nobody asked for")
                self._known[made.key] = self._fresh[made.key] = made.data
                self._untold.add(made.key)
            return several

        far = self._executor().far and not self._distrusts

        def taken(data: bytes) -> list[Object]:
            several = noted(OBJECTS.unpack(data))
            if far:
                # It may be from another machine, and turn out to be none when it is linked.
                self._taken.update(made.key for made in several)
            return several

        # What is made is known at once, so that it is kept whatever comes next.
        stage = msgspec.structs.replace(
            OBJECTS,
            work=lambda batches, batch: noted(OBJECTS.work(batches, batch)),
            unpack=taken,
        )
        if far:
            batches = self._batches(missing, TOGETHER)
            for batch, failure in self._run_stage(stage, batches).items():
                if isinstance(failure, DeadlyItem):
                    # They ended processes there and here, and this one would be the next.
                    self._failed |= dict.fromkeys(batches[batch], failure)
        # What is wrong with one of several is no fault of the others; and what others should have made and did not is made here.
        stage = msgspec.structs.replace(stage, remote=None)
        done = self._known.keys() | self._failed.keys()
        left = {key: source for key, source in missing.items() if key not in done}
        batches = self._batches(left, 1)
        for batch, failure in self._run_stage(stage, batches).items():
            self._failed |= dict.fromkeys(batches[batch], failure)

    def _batches(self, missing: Mapping[str, Source], most: int) -> dict[str, dict[str, Source]]:
        """Objects in batches of nearly the same size, of one home each, by what people call them."""
        homes: dict[str, list[str]] = {}
        for key in missing:
            homes.setdefault(self._homes[key], []).append(key)
        batches: dict[str, dict[str, Source]] = {}
        for home, keys in homes.items():
            count = -(-len(keys) // most)
            for number in range(count):
                several = keys[number * len(keys) // count : (number + 1) * len(keys) // count]
                label = self._labels[several[0]] if most == 1 else f"{home} {number + 1}/{count}"
                name = f"{label} {several[0][:12]}" if label in batches else label
                batches[name] = {key: missing[key] for key in several}
        return batches

    def _run_stage(
        self,
        stage: Stage[Mapping[str, Mapping[str, Source]], list[Object]],
        batches: Mapping[str, Mapping[str, Source]],
    ) -> dict[str, Exception]:
        """Make batches, and give what kept some from being made."""
        if not batches:
            return {}
        outcomes = self._executor().run(
            stage,
            batches,
            list(batches),
            [float(sum(len(each.text) for each in batch.values())) for batch in batches.values()],
            lambda _done: self._keep(_AT_ONCE),
        )
        return {each.item: each.failure for each in outcomes if each.failure is not None}

    def _keep(self, least: int) -> None:
        """Keep what was made, where it is more than so many."""
        if len(self._fresh) > least:
            if self._blobs is not None:
                self._blobs.put(self._fresh)
            self._fresh = {}

    def told(self, keys: Iterable[str] | None = None) -> list[str]:
        """What was compiled of these, or of all, and not found: each is told of once."""
        some = [key for key in (self._labels if keys is None else keys) if key in self._untold]
        self._untold.difference_update(some)
        return [self._labels[key] for key in some]

    def forget_taken(self) -> bool:
        """Make all here from now on, and again what was taken; whether anything was."""
        for key in self._taken:
            self._known.pop(key, None)
        some = bool(self._taken)
        self._taken.clear()
        self._distrusts = True
        return some

    # Taking

    def compiled(self, keys: Sequence[str]) -> list[bytes]:
        """The objects of keys that were asked for, made where they are not. Raises what kept one from being made: ``ImportError``
        where there is nothing that compiles, ``OSError`` where this machine cannot, ``DeadlyItem``, ``LlvmError``."""
        if any(key not in self._known and key not in self._failed for key in keys):
            self.make()
        for key in keys:
            if key in self._failed:
                raise self._failed[key]
        return [self._known[key] for key in keys]

    def libraries(self, objects: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
        """The extension modules of keys that were asked for, by the names of their profiles. Raises what ``compiled`` does."""
        from hyper.jit.objects.elf import LinkError, link

        def linked() -> dict[str, bytes]:
            return {
                profile: link(self.compiled(keys), [_INIT]) for profile, keys in objects.items()
            }

        try:
            return linked()
        except LinkError:
            # Who may write where objects are kept may put anything there. What was all made here is a fault of ours.
            if not self.forget_taken():
                raise
            return linked()
