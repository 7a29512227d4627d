"""The record of what a build emitted: each file with its digest and what was looked at while it was made.

Keys of reads (``hyper.ir.reads``) are numbered. Numbers are kept from build to build, so that what is not made again need not be
looked at; keys that nobody reads any more are dropped when there are many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SLACK: Final = 1000
"""Keys that may be added before those that nobody reads are looked for, beside a quarter."""


class EmittedFile(msgspec.Struct, frozen=True, array_like=True):
    """A file: its path from the package's folder, SHA-256 and size; the numbers of what it read; what its part noted."""

    path: str
    digest: str
    size: int
    reads: list[int]
    note: bytes = b""


class EmittedDocument(msgspec.Struct, frozen=True, array_like=True):
    """A document made of entries: what was read for what is around them; the kind and name of each, where it begins and
    ends (one number after the other), and what it read. None where it was made as a whole."""

    digest: str
    size: int
    around: list[int]
    entries: list[tuple[str, str]] = []
    bounds: list[int] = []
    reads: list[list[int]] = []


class EmittedFacts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of a module's links, as MessagePack, and what was read for them."""

    data: bytes
    reads: list[int]


class EmittedNative(msgspec.Struct, frozen=True, array_like=True):
    """The machine code of a module: its libraries with their digests and sizes, what was read for them, and the lines that
    describe them."""

    files: list[tuple[str, str, int]]
    reads: list[int]
    lines: str


class Emitted(msgspec.Struct, array_like=True):
    """The emission of one build. Good only for the compiler that wrote it.

    ``files`` are by part, ``assembled`` those that are put together from the notes of others, by path. ``derived`` has for
    derived keys what they read, by number; ``settled`` is how many keys there were when none was without use. ``native`` is by
    module.
    """

    package: str
    targets: tuple[str, ...]
    keys: list[str] = []
    settled: int = 0
    derived: dict[int, list[int]] = {}
    facts: dict[str, EmittedFacts] = {}
    files: dict[str, EmittedFile] = {}
    assembled: dict[str, EmittedFile] = {}
    document: EmittedDocument | None = None
    native: dict[str, EmittedNative] = {}


class Numbering:
    """The numbers of keys."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = list(keys)
        self._numbers: dict[str, int] | None = None

    def of(self, reads: Iterable[str]) -> list[int]:
        """The numbers of keys; a new one gets the next."""
        if self._numbers is None:
            self._numbers = {key: number for number, key in enumerate(self.keys)}
        numbers, keys = self._numbers, self.keys
        found: list[int] = []
        for key in reads:
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(keys)
                keys.append(key)
            found.append(number)
        return found


def settle(record: Emitted) -> Emitted:
    """The record without keys that nobody reads, where there may be many."""
    if len(record.keys) <= record.settled + record.settled // 4 + _SLACK:
        return record
    used: set[int] = set()
    for reads in _all_reads(record):
        used.update(reads)
    waiting = [number for number in used if number in record.derived]
    while waiting:
        fresh = [number for number in record.derived[waiting.pop()] if number not in used]
        used.update(fresh)
        waiting += [number for number in fresh if number in record.derived]
    kept = sorted(used)
    moved = {number: at for at, number in enumerate(kept)}
    return _renumbered(record, [record.keys[number] for number in kept], moved)


def _all_reads(record: Emitted) -> Iterator[list[int]]:
    for file in record.files.values():
        yield file.reads
    for facts in record.facts.values():
        yield facts.reads
    for native in record.native.values():
        yield native.reads
    if record.document is not None:
        yield record.document.around
        yield from record.document.reads


def _renumbered(record: Emitted, keys: list[str], moved: dict[int, int]) -> Emitted:
    def of(reads: list[int]) -> list[int]:
        return [moved[number] for number in reads]

    replace = msgspec.structs.replace
    document = record.document
    return Emitted(
        record.package,
        record.targets,
        keys,
        len(keys),
        {moved[key]: of(reads) for key, reads in record.derived.items() if key in moved},
        {name: replace(facts, reads=of(facts.reads)) for name, facts in record.facts.items()},
        {name: replace(file, reads=of(file.reads)) for name, file in record.files.items()},
        record.assembled,
        document
        and replace(
            document, around=of(document.around), reads=[of(reads) for reads in document.reads]
        ),
        {name: replace(native, reads=of(native.reads)) for name, native in record.native.items()},
    )


def encode_emitted(record: Emitted) -> bytes:
    """The bytes of a record."""
    return msgspec.msgpack.encode(record)


def decode_emitted(data: bytes) -> Emitted:
    """The record of its bytes. Raises ``ValueError`` for bytes that are none."""
    return msgspec.msgpack.decode(data, type=Emitted)
