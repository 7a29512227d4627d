"""The files with which the functions of a package run over columns: the program itself, and who looks functions up in it."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import digest
from hyper.emit.native.weights import Known
from hyper.emit.parts import Made, Part
from hyper.emit.python.names import PACKAGE
from hyper.ir.program import FeatureDef
from hyper.ir.reads import HEAD, WHOLE
from hyper.ir.stored import decode_module, encode_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.emit.python.names import Names
    from hyper.ir.program import Module

FOLDER: Final = "_batch"
ABOUT: Final = "package.json"
SUFFIX: Final = ".module"
_DIGITS: Final = 64
_WEIGHTS: Final = b"\0weights"
"""Begins what a profile told, before the module: no module begins with it."""
_SIZE: Final = 8
_FILES: Final = (f"{FOLDER}/__init__.py", "calcs.py", "rules.py", "tables.py")


class About(msgspec.Struct, frozen=True):
    """What the files of the program are: the name of the package, and the version of the compiler that can read them."""

    package: str
    version: str


def batch_parts(names: Names) -> Iterator[Part]:
    """The files that the target ``batch`` adds to a package."""
    yield Part("batch about", f"{FOLDER}/{ABOUT}", partial(_about, names))
    for path in _FILES:
        yield Part(f"batch {path}", path, partial(_text, path))
    for module in names.index:
        path = f"{FOLDER}/{'.'.join(names.module(module))}{SUFFIX}"
        yield Part(f"batch module {module}", path, partial(_module, module, names))


def _about(names: Names) -> Made:
    from hyper import __version__

    names.program.reads.note(PACKAGE)
    return Made(msgspec.json.encode(About(names.package, __version__)) + b"\n")


def _module(name: str, names: Names) -> Made:
    """A module of the program without its features, as it was before anything was made faster in it."""
    note = names.program.reads.note
    note(HEAD + name)
    module = names.program.module(name)
    kept = tuple(each for each in module.definitions if not isinstance(each, FeatureDef))
    for each in kept:
        note(f"{WHOLE}{name}.{each.name}")
    data = _weights(names, [f"{name}.{each.name}" for each in kept])
    data += encode_module(msgspec.structs.replace(module, definitions=kept))
    return Made(digest.of_bytes(data).encode() + data)


def _weights(names: Names, functions: Sequence[str]) -> bytes:
    """What a profile tells of the functions of a module; nothing where it tells of none."""
    weights = names.weights
    known = weights.known(functions) if weights is not None else {}
    if weights is None or not known:
        return b""
    data = msgspec.json.encode((weights.moves, known), order="sorted")
    return _WEIGHTS + len(data).to_bytes(_SIZE, "big") + data


class Stored(NamedTuple):
    """A module as a package carries it: with what a profile told of its functions, and whether rows may change places."""

    module: Module
    known: dict[str, Known]
    moves: bool


def read_module(data: bytes) -> Stored:
    """A module of its file, which begins with the digest of the rest. Raises ``ValueError`` for what is not as it was made."""
    rest = data[_DIGITS:]
    if digest.of_bytes(rest).encode() != data[:_DIGITS]:
        raise ValueError("a module of it is not what was built")
    if not rest.startswith(_WEIGHTS):
        return Stored(decode_module(rest), {}, moves=False)
    start = len(_WEIGHTS) + _SIZE
    stop = start + int.from_bytes(rest[len(_WEIGHTS) : start], "big")
    moves, known = msgspec.json.decode(rest[start:stop], type=tuple[bool, dict[str, Known]])
    return Stored(decode_module(rest[stop:]), known, moves)


@cache
def _text(path: str) -> Made:
    from importlib import resources

    entry = resources.files(__package__).joinpath("runtime_batch")
    for step in path.split("/"):
        entry = entry.joinpath(step)
    return Made(entry.read_bytes())
