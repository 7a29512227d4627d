"""The native files of a build: of each module with functions its libraries and their description.

What a module's kernels are made from is noted as it is for any other file, so that those of modules that an edit does not touch
are taken as they are. The description has the digest of the module in Python, for which the kernels stand in.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import digest
from hyper.base.diagnostics import diagnostic
from hyper.emit.native.weights import NO_WEIGHTS
from hyper.emit.python.layout import COMPILED
from hyper.engine.emitted import EmittedNative
from hyper.engine.executors import DeadlyItem, Inline
from hyper.engine.natives.objects import Libraries, Objects
from hyper.engine.natives.toolchain import ABSENT
from hyper.engine.noting import Makers, make_all, noting
from hyper.engine.parsed import fatal
from hyper.ir.reads import DATA, HEAD, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.emit.native.weights import Weights
    from hyper.emit.python.names import Names
    from hyper.engine.emitted import Numbering
    from hyper.engine.executors import Executor, Stage
    from hyper.engine.natives.objects import Blobs
    from hyper.engine.noting import Noted
    from hyper.ir.program import Program
    from hyper.ir.reads import Reads
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.library import Making

FOLDER: Final = "native"
HEADER: Final = "hyper-kernels 1 "
# Whoever names a file writes no lines of the description with it.
_ESCAPES: Final = {ord("\t"): "\\t", ord("\n"): "\\n"}


class Natives:
    """What native code is made of, and with: the profiles, the names of the modules and functions that are asked for (all
    where there are none), the toolchain, and where objects are kept. ``extends`` tells whether the package in Python has machine
    code, ``making`` how the library for C is made, where that is asked for, and ``executor`` what makes texts and objects."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        kernels: Collection[str],
        toolchain: str,
        blobs: Blobs | None = None,
        weights: Weights = NO_WEIGHTS,
        *,
        extends: bool = True,
        making: Making | None = None,
        executor: Callable[[], Executor] = Inline,
    ) -> None:
        from hyper.jit.hardware import ranked

        self.profiles = ranked(list(profiles))
        packaged = [profile for profile in self.profiles if profile.architecture == "x86-64"]
        self.objects: Objects = Objects(packaged, toolchain, blobs, executor)
        self.executor = executor
        self.extends = extends
        self.making = making
        self.works = toolchain != ABSENT
        """Whether kernels can be compiled."""
        self.failure = ""
        """Why they cannot be, although what compiles them is there."""
        self.weights = weights
        """What a profile tells of branches."""
        self.lost: list[Diagnostic] = []
        """What is said of files whose objects no process survives."""
        self.unlinked = ""
        """Why a library was not linked."""
        self._kernels = frozenset(kernels)

    def remarks(self) -> list[Diagnostic]:
        """What is to say of a build that made no machine code."""
        if self.unlinked:
            return [diagnostic("W0902", f"objects are made, and no library: {self.unlinked}")]
        if self.works:
            return []
        reason = (
            f"llvmlite does not work: {self.failure}" if self.failure else "llvmlite is missing"
        )
        message = f"no machine code is made: {reason}; pip install 'hypercompiler[jit]'"
        return [diagnostic("W0902", message)]

    def chosen(self, name: str) -> bool:
        """Whether a function is asked for, by its qualified name."""
        if not self._kernels:
            return True
        at = name
        while at:
            if at in self._kernels:
                return True
            at = at.rpartition(".")[0]
        return False


def unknown_kernels(program: Program, kernels: Sequence[str]) -> list[Diagnostic]:
    """What is wrong with names of modules and functions that are to become machine code: that there are none such."""
    from difflib import get_close_matches

    known: set[str] = set()
    for module in program.index:
        functions = [found.name for found in module.definitions if found.kind in COMPILED]
        known |= {f"{module.name}.{each}" for each in functions}
        parts = module.name.split(".")
        known |= {".".join(parts[:size]) for size in range(1, len(parts) + 1)}
    found = []
    for name in kernels:
        if name not in known:
            near = get_close_matches(name, sorted(known), 1)
            message = (
                f'the option "kernels" names modules, calcs, tables and rules; there is no "{name}"'
            )
            found.append(diagnostic("E0903", message, suggestion=near[0] if near else None))
    return found


class Texts(msgspec.Struct, frozen=True, array_like=True):
    """What is made of a module: its libraries, if it has any, and the lines that describe its functions."""

    libraries: Libraries | None
    lines: str


class Asked(NamedTuple):
    """A module of which all texts are made: for each profile the keys of its objects, the keys of all, the lines that describe its
    functions, and what was looked at."""

    objects: dict[str, list[str]]
    keys: list[str]
    lines: str
    reads: list[int]


TEXTS: Final[Stage[Makers[Texts], Noted[Texts]]] = noting(
    "hyper.engine.natives.emission:TEXTS", Texts
)


class NativeEmission:
    """Makes the native files of one build, those again that changed since an earlier one."""

    def __init__(
        self,
        names: Names,
        natives: Natives,
        known: Mapping[str, EmittedNative],
        reads: Reads,
        numbers: Numbering,
    ) -> None:
        self._names = names
        self._natives = natives
        self._known = known
        self._reads = reads
        self._numbers = numbers
        self.made: list[str] = []
        self.record: dict[str, EmittedNative] = {}

    def run(
        self,
        changed: Collection[int],
        python: Callable[[str], tuple[str, str]],
        put: Callable[[str, bytes], tuple[str, int]],
        keep: Callable[[str, str, int], None],
    ) -> None:
        """Make them. ``python`` gives the path and digest of a module's file; ``put`` takes a file and gives its digest and size;
        ``keep`` takes the path, digest and size of one that is as it was."""
        stale = set(changed)
        native = [module for module, index in self._names.index.items() if index.has(COMPILED)]
        # All texts come first, so that all objects are made in one go, by as many processes as there are.
        asked = self._ask(
            [
                module
                for module in native
                if module not in self._known or not stale.isdisjoint(self._known[module].reads)
            ]
        )
        self._natives.objects.make()
        for module in native:
            if module in asked:
                known = self._make(module, asked.pop(module), put)
            else:
                known = self._known[module]
                for path, content, size in known.files:
                    keep(path, content, size)
            self.record[module] = known
            path, content = python(module)
            rest = f"python\t{path}\t{content}\n{known.lines}".encode()
            head = f"{HEADER}{digest.of_bytes(rest)}\n".encode()
            put(f"{FOLDER}/{self._dotted(module)}.kernels", head + rest)

    def _dotted(self, module: str) -> str:
        return ".".join(self._names.module(module))

    def _ask(self, modules: Sequence[str]) -> dict[str, Asked]:
        """Make the texts of modules, and ask for their objects."""
        makers = Makers(self._reads, {name: partial(self._texts, name) for name in modules})
        weights = [float(len(self._names.index[name].definitions)) for name in modules]
        made = make_all(TEXTS, makers, weights, self._natives.executor)
        asked: dict[str, Asked] = {}
        for module in modules:
            noted = made.pop(module)
            libraries = noted.value.libraries or Libraries({}, {})
            self._natives.objects.ask(libraries.wanted)
            numbers = self._numbers.of(noted.reads)
            keys = [*libraries.wanted]
            asked[module] = Asked(libraries.objects, keys, noted.value.lines, numbers)
        return asked

    def _make(
        self, module: str, asked: Asked, put: Callable[[str, bytes], tuple[str, int]]
    ) -> EmittedNative:
        files: list[tuple[str, str, int]] = []
        lines: list[str] = []
        for profile, data in self._libraries(module, asked).items():
            content = digest.of_bytes(data)
            path = f"{FOLDER}/kernels/{profile}/{self._dotted(module)}.{content[:16]}.so"
            files.append((path, *put(path, data)))
            lines.append(f"library\t{profile}\t{content}\n")
        self.made.append(f"native {module}")
        self.made += [f"object {each}" for each in self._natives.objects.told(asked.keys)]
        return EmittedNative(files, asked.reads, "".join(lines) + asked.lines)

    def _libraries(self, module: str, asked: Asked) -> dict[str, bytes]:
        """The libraries of a module; none where kernels cannot be compiled, which is said."""
        natives = self._natives
        if not natives.works:
            return {}
        try:
            return natives.objects.libraries(asked.objects)
        except (ImportError, OSError) as error:
            natives.works, natives.failure = False, str(error)
        except DeadlyItem as error:
            natives.lost.append(fatal(self._names.program.module(module).path, error))
        return {}

    def _texts(self, module: str) -> Texts:
        from hyper.emit.native.wrappers import wrappers

        reads = self._reads
        # What a function is, with its lines: where it fails is told by them.
        natives = self._natives
        found, looked = reads.part(
            lambda: wrappers(module, self._names, natives.chosen, natives.weights)
        )
        reads.note(HEAD + module)
        for key in looked:
            reads.note(key)
            if key.startswith(DATA):
                name = key.removeprefix(DATA)
                reads.note(WHOLE + name)
                reads.note(HEAD + self._names.program.module_of(name))
        libraries = natives.objects.of(found) if found.functions and natives.works else None
        lines = [f"function\t{each.wrapper.name}" for each in found.functions]
        lines += [
            "\t".join(("slot", str(slot.first), slot.home, slot.name, *slot.members))
            for slot in sorted(found.slots)
        ]
        for symbol, (reason, file, line) in found.left.items():
            said = " ".join(reason.split())
            lines.append(f"left\t{symbol}\t{said}\t{file.translate(_ESCAPES)}\t{line}")
        return Texts(libraries, "".join(f"{line}\n" for line in lines))
