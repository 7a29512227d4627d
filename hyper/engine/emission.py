"""The files of a build, of which those are made again that depend on what has changed since an earlier one.

``emit`` makes all of them, or, with what an earlier build recorded, only some: the bytes are the same either way. What a file
depends on is what it looked at when it was made (``hyper.ir.reads``); nothing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from hyper.base import digest
from hyper.emit.openapi.document import emit_openapi
from hyper.emit.openapi.files import schema_parts
from hyper.emit.openapi.splice import entry_text, joined, laid_out, ordered, replaced
from hyper.emit.openapi.text import dump_json
from hyper.emit.parts import Made
from hyper.emit.view import View, changed_in_tables, changed_in_turn
from hyper.engine.emitted import (
    Emitted,
    EmittedDocument,
    EmittedFacts,
    EmittedFile,
    EmittedNative,
    Numbering,
    settle,
)
from hyper.engine.executors import Inline
from hyper.engine.noting import Makers, make_all, noting
from hyper.ir.changes import changed_reads
from hyper.ir.index import FUNCTION_KINDS
from hyper.ir.reads import EVERYTHING, Reads
from hyper.ir.stored import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.emit.native.weights import Weights
    from hyper.emit.openapi.splice import Entry
    from hyper.emit.parts import Part
    from hyper.emit.python.functions.facts import LinkFacts
    from hyper.engine.executors import Executor, Stage
    from hyper.engine.natives.emission import Natives
    from hyper.engine.noting import Noted
    from hyper.ir.index import ModuleIndex
    from hyper.ir.program import Module, Program
    from hyper.jit.objects.library import Making

    Arranged: TypeAlias = Callable[[Module, Program], Module]

DOCUMENT: Final = "openapi.json"
PART: Final[Stage[Makers[Made], Noted[Made]]] = noting("hyper.engine.emission:PART", Made)


class File(NamedTuple):
    """A file of a build: its bytes, or ``None`` where it is as it was in the earlier one."""

    data: bytes | None
    digest: str
    size: int


class Emission(NamedTuple):
    """What a build emitted: files by path from the package's folder, sorted, manifest not included; what back ends add to the
    manifest; the record for later builds; the parts that were made again, for whoever wants to know why; and what native code
    was made with, where it was asked for."""

    files: dict[str, File]
    extra: dict[str, Any]
    record: Emitted
    made: list[str]
    natives: Natives | None = None

    @property
    def lost(self) -> list[Diagnostic]:
        """What is said of files whose machine code no process survives."""
        return self.natives.lost if self.natives is not None else []


class Before(NamedTuple):
    """An earlier build: its record and program; the names of the modules that are new, gone or different since; and its outputs,
    by path from the package's folder, where they are still what they were, else ``None``."""

    record: Emitted
    program: Program
    changed: Collection[str]
    output: Callable[[str], bytes | None]


def emit(
    program: Program,
    package: str,
    targets: Collection[str],
    before: Before | None = None,
    natives: Natives | None = None,
    *,
    arranged: Arranged | None = None,
    weights: Weights | None = None,
    executor: Callable[[], Executor] = Inline,
) -> Emission:
    """Make the files of a build for ``targets``, those of an earlier one again only where they would be other ones.

    ``before`` must be of this compiler, and of the same ``arranged``, which gives each module after its passes another order,
    and ``weights``, for which packages make kernels; ``natives`` is given where native code is asked for. ``executor`` is asked
    for where files are to be made.
    """
    is_batch = "batch" in targets
    made = _Emitting(
        program,
        package,
        before,
        natives,
        arranged,
        weights=weights,
        batch=is_batch,
        executor=executor,
    )
    return made.run(targets)


class _Facts:
    """The facts of links, module by module."""

    def __init__(self, known: dict[str, EmittedFacts]) -> None:
        self.known = known
        self._decoded: dict[str, LinkFacts] = {}

    def __call__(self, module: str) -> LinkFacts:
        from hyper.emit.python.functions.facts import NO_FACTS, LinkFacts

        found = self._decoded.get(module)
        if found is None:
            known = self.known.get(module)
            data = known.data if known is not None else b""
            found = decode(data, LinkFacts) if data else NO_FACTS
            self._decoded[module] = found
        return found


def _is_arranged_anew(before: Before, program: Program) -> bool:
    """Whether an index differs, and with it what tables are made from."""

    def changed(whole: Program) -> list[ModuleIndex]:
        return [module for module in whole.index if module.name in before.changed]

    return changed(before.program) != changed(program)


class _Emitting:
    """One emission under way."""

    def __init__(
        self,
        program: Program,
        package: str,
        before: Before | None,
        natives: Natives | None,
        arranged: Arranged | None,
        *,
        weights: Weights | None,
        batch: bool,
        executor: Callable[[], Executor],
    ) -> None:
        self._executor = executor
        self._natives = natives
        self._arranged = arranged
        self._forms = {"native": natives is not None and natives.extends, "batch": batch}
        self._reads = Reads()
        self._program = program.noted(self._reads)
        self._package = package
        self._before = before
        self._record = before.record if before is not None else Emitted(package, ())
        self._numbers = Numbering(self._record.keys)
        self._facts = _Facts({})
        self._view = View(
            self._program, package, self._optimised, self._facts, weights=weights, **self._forms
        )
        self._old: View | None = None
        self._tables_differ = False
        """Whether tables may be other ones than those of the earlier program."""
        self._changed: set[int] = set()
        """The numbers of what gives something else than before."""
        self._made: list[str] = []
        self._files: dict[str, EmittedFile] = {}
        self._together: dict[str, EmittedFile] = {}
        self._outputs: dict[str, File] = {}

    def run(self, targets: Collection[str]) -> Emission:
        python = "python" in targets
        self._compare(python=python)
        parts = self._all_parts(targets)
        asked = tuple(sorted(targets))
        if self._before is None or self._tables_differ or self._record.targets != asked:
            self._each(parts)
        else:
            self._again(parts)
        document = self._document() if python or "openapi" in targets else None
        extra = self._assembled() if python else {}
        native = self._compiled(self._natives) if self._natives is not None else {}
        derived = self._derived()
        record = Emitted(
            self._package,
            asked,
            self._numbers.keys,
            self._record.settled if self._before is not None else len(self._numbers.keys),
            derived,
            self._facts.known,
            self._files,
            self._together,
            document,
            native,
        )
        files = {path: self._outputs[path] for path in sorted(self._outputs)}
        return Emission(files, extra, settle(record), self._made, self._natives)

    def _optimised(self, name: str) -> Module:
        from hyper.ir.passes import optimise_module

        module, arranged = self._program.module(name), self._arranged

        def make() -> Module:
            made = optimise_module(module, self._program)
            return arranged(made, self._program) if arranged is not None else made

        return self._reads.shared(f"optimised {name}", make)

    def _derived(self) -> dict[int, list[int]]:
        derived = dict(self._record.derived)
        for key, reads in sorted(self._reads.derived.items()):
            (number,) = self._numbers.of((key,))
            derived[number] = self._numbers.of(reads)
        return derived

    # What changed

    def _compare(self, *, python: bool) -> None:
        """Find what gives something else than in the earlier build."""
        before = self._before
        keys = self._record.keys
        if before is None:
            if python:
                self._find_facts()
            return
        facets = changed_reads(before.program, self._program, before.changed)
        self._changed = {number for number, key in enumerate(keys) if key in facets}
        linked = self._find_facts() if python else False
        self._old = old = View(
            before.program,
            self._record.package,
            before.program.module,
            _Facts(self._record.facts),
            weights=None,
            **self._forms,
        )
        index = self._package != self._record.package or _is_arranged_anew(before, self._program)
        self._tables_differ = index
        if index or linked:
            self._changed |= changed_in_tables(
                keys, old, self._view, index=index, links=index or linked
            )
        changed_in_turn(keys, self._record.derived.items(), self._changed, old, self._view)

    def _find_facts(self) -> bool:
        """Bring the facts of links up to date, and tell whether any changed."""
        from hyper.emit.python.functions.facts import link_facts

        known = self._record.facts
        found: dict[str, EmittedFacts] = {}
        for module in self._program.index:
            if not module.has(FUNCTION_KINDS):
                continue
            old = known.get(module.name)
            if old is not None and self._changed.isdisjoint(old.reads):
                found[module.name] = old
                continue

            def look(module: ModuleIndex = module) -> LinkFacts:
                return link_facts(module, self._optimised, self._program)

            facts, reads = self._reads.part(look)
            found[module.name] = EmittedFacts(encode(facts), self._numbers.of(reads))
        self._facts.known = found
        return found.keys() != known.keys() or any(
            facts.data != known[name].data for name, facts in found.items()
        )

    # Files

    def _all_parts(self, targets: Collection[str]) -> Iterator[Part]:
        """Every file but the document, those that are the least work to tell of first."""
        if "jsonschema" in targets:
            yield from schema_parts(self._program, lambda: self._view.documents.components)
        if "python" in targets:
            from hyper.emit.python.layout import python_parts

            yield from python_parts(self._view.names)

    def _again(self, parts: Iterator[Part]) -> None:
        """Take the files of the earlier build, where they are the same ones, and make those again that changed."""
        stale = {
            known
            for known, kept in self._record.files.items()
            if not self._changed.isdisjoint(kept.reads)
        }
        again: list[Part] = []
        while len(again) < len(stale):
            part = next(parts)
            if part.id in stale:
                again.append(part)
        made = self._parts(again)
        for known, kept in self._record.files.items():
            if known not in stale:
                self._keep(known, kept)
        for part in again:
            self._take(part, made.pop(part.id))

    def _keep(self, part: str, kept: EmittedFile) -> None:
        self._files[part] = kept
        self._outputs[kept.path] = File(None, kept.digest, kept.size)

    def _each(self, parts: Iterable[Part]) -> None:
        """Go through all files: there may be others than before."""
        known = self._record.files
        every = list(parts)
        made = self._parts([part for part in every if not self._stands(part)])
        for part in every:
            if part.id in made:
                self._take(part, made.pop(part.id))
            else:
                self._keep(part.id, known[part.id])

    def _stands(self, part: Part) -> bool:
        """Whether a file is as it was."""
        kept = self._record.files.get(part.id)
        return kept is not None and kept.path == part.path and self._changed.isdisjoint(kept.reads)

    def _parts(self, parts: Sequence[Part]) -> dict[str, Noted[Made]]:
        """Make parts."""
        makers = Makers(self._reads, {part.id: part.make for part in parts})
        sizes = {module.name: 1 + len(module.definitions) for module in self._program.index}
        weights: list[float] = []
        for part in parts:
            # Modules of Python are ten times the work of others.
            kind, _, name = part.id.partition(" ")
            weights.append(sizes.get(name, 1) * (10 if kind == "module" else 1))
        return make_all(PART, makers, weights, self._executor)

    def _take(self, part: Part, noted: Noted[Made]) -> None:
        made = noted.value
        self._made.append(part.id)
        file = self._put(part.path, made.data, self._record.files.get(part.id))
        numbers = self._numbers.of(noted.reads)
        self._files[part.id] = EmittedFile(part.path, file.digest, file.size, numbers, made.note)

    def _put(self, path: str, data: bytes, kept: EmittedFile | EmittedDocument | None) -> File:
        """A file that was made, which may have come out as it was."""
        content = digest.of_bytes(data)
        known = kept.path if isinstance(kept, EmittedFile) else DOCUMENT
        same = kept is not None and (known, kept.digest) == (path, content)
        self._outputs[path] = file = File(None if same else data, content, len(data))
        return file

    def _assembled(self) -> dict[str, Any]:
        """Make what is put together from the notes of parts."""
        from hyper.emit.python.layout import MODULE, assembled

        notes = {
            part.removeprefix(MODULE): file.note
            for part, file in self._files.items()
            if part.startswith(MODULE)
        }
        made, sources = assembled(self._view.names, notes)
        for path, data in made.items():
            file = self._put(path, data, self._record.assembled.get(path))
            self._together[path] = EmittedFile(path, file.digest, file.size, [])
        return {"source_map": sources}

    def _compiled(self, natives: Natives) -> dict[str, EmittedNative]:
        """Make all that is compiled."""
        made = self._native(natives) if natives.extends else {}
        if natives.making is not None:
            from hyper.engine.natives.library import LIBRARY

            made[LIBRARY] = self._library(natives, natives.making, self._record.native.get(LIBRARY))
        return made

    def _library(
        self, natives: Natives, making: Making, known: EmittedNative | None
    ) -> EmittedNative:
        """Make the library for C, of all functions at once; it is as it was where nothing at all has changed."""
        from hyper.engine.natives.library import library_files, offered

        if known is not None and self._changed.isdisjoint(known.reads):
            for path, content, size in known.files:
                self._outputs[path] = File(None, content, size)
                self._together[path] = EmittedFile(path, content, size, [])
            return known
        made = library_files(offered(self._program, self._package, natives), natives, making)
        self._made += ["library", *(f"object {each}" for each in natives.objects.told())]
        files = []
        for path, data in made.items():
            file = self._put(path, data, self._record.assembled.get(path))
            self._together[path] = EmittedFile(path, file.digest, file.size, [])
            files.append((path, file.digest, file.size))
        return EmittedNative(files, self._numbers.of((EVERYTHING,)), "")

    def _native(self, natives: Natives) -> dict[str, EmittedNative]:
        """Make what is compiled, after the modules in Python that it stands in for."""
        from hyper.emit.python.layout import MODULE
        from hyper.engine.natives.emission import NativeEmission

        known = self._record.native
        emission = NativeEmission(self._view.names, natives, known, self._reads, self._numbers)
        together = self._record.assembled

        def python(module: str) -> tuple[str, str]:
            file = self._files[MODULE + module]
            return file.path, file.digest

        def put(path: str, data: bytes) -> tuple[str, int]:
            file = self._put(path, data, together.get(path))
            self._together[path] = EmittedFile(path, file.digest, file.size, [])
            return file.digest, file.size

        def keep(path: str, content: str, size: int) -> None:
            self._outputs[path] = File(None, content, size)
            self._together[path] = EmittedFile(path, content, size, [])

        emission.run(self._changed, python, put, keep)
        self._made += emission.made
        return emission.record

    # The document

    def _document(self) -> EmittedDocument:
        kept = self._record.document
        if kept is None or self._old is None:
            return self._laid_out({})
        stale = [
            number for number, reads in enumerate(kept.reads) if not self._changed.isdisjoint(reads)
        ]
        if self._changed.isdisjoint(kept.around) and not self._is_planned_anew(self._old):
            if not stale:
                self._outputs[DOCUMENT] = File(None, kept.digest, kept.size)
                return kept
            data = self._output()
            if data is not None:
                return self._spliced(kept, data, stale)
        return self._laid_out(self._kept_texts(kept, set(stale)))

    def _output(self) -> bytes | None:
        return self._before.output(DOCUMENT) if self._before is not None else None

    def _is_planned_anew(self, old: View) -> bool:
        if not self._tables_differ:
            return False
        return ordered(old.documents.plan()) != ordered(self._view.documents.plan())

    def _kept_texts(
        self, kept: EmittedDocument, stale: set[int]
    ) -> dict[Entry, tuple[bytes, list[int]]]:
        """The texts and reads of entries that are as they were."""
        data = self._output() if kept.entries else None
        if data is None:
            return {}
        bounds = kept.bounds
        return {
            entry: (data[bounds[2 * number] : bounds[2 * number + 1]], kept.reads[number])
            for number, entry in enumerate(kept.entries)
            if number not in stale
        }

    def _entry(self, entry: Entry) -> tuple[bytes, list[int]]:
        text, reads = self._reads.part(lambda: entry_text(entry, self._view.documents))
        self._made.append(" ".join(entry))
        return text, self._numbers.of(reads)

    def _spliced(self, kept: EmittedDocument, data: bytes, stale: list[int]) -> EmittedDocument:
        """The earlier document with other texts of some entries."""
        texts: dict[int, bytes] = {}
        reads = list(kept.reads)
        try:
            for number in stale:
                texts[number], reads[number] = self._entry(kept.entries[number])
        except UnicodeEncodeError:
            return self._whole()
        made, bounds = replaced(data, kept.bounds, texts)
        file = self._put(DOCUMENT, made, self._record.document)
        return EmittedDocument(file.digest, file.size, kept.around, kept.entries, bounds, reads)

    def _laid_out(self, known: dict[Entry, tuple[bytes, list[int]]]) -> EmittedDocument:
        """The document put together from the texts of its entries, of which some may be known."""
        documents = self._view.documents
        plan = documents.plan()
        found: list[tuple[Entry, list[int]]] = []

        def text(entry: Entry) -> bytes:
            made = known.get(entry)
            made = self._entry(entry) if made is None else made
            found.append((entry, made[1]))
            return made[0]

        try:
            layout, around = self._reads.part(lambda: laid_out(documents, plan))
            if layout is None:
                return self._whole()
            data, bounds = joined(layout, text)
        except UnicodeEncodeError:
            return self._whole()
        file = self._put(DOCUMENT, data, self._record.document)
        self._made.append(DOCUMENT)
        return EmittedDocument(
            file.digest,
            file.size,
            self._numbers.of(around),
            [entry for entry, _ in found],
            bounds,
            [reads for _, reads in found],
        )

    def _whole(self) -> EmittedDocument:
        """The document made as a whole: any change may change it."""
        data = dump_json(emit_openapi(self._program))
        file = self._put(DOCUMENT, data, self._record.document)
        self._made.append(DOCUMENT)
        return EmittedDocument(file.digest, file.size, self._numbers.of((EVERYTHING,)))
