"""Parsing as a stage: a file's bytes to its tree, here or in a worker.

A tree crosses between processes as MessagePack, each node an array with its tag, which takes a quarter of the time of parsing. The
text does not cross: this process has it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.diagnostics import Diagnostic
from hyper.base.source import Source
from hyper.engine.executors import DeadlyItem, Outcome, Remote, Stage
from hyper.engine.names import module_name
from hyper.engine.parsed import Parsed, fatal
from hyper.lang.lexer import decode
from hyper.lang.parser import parse
from hyper.lang.symbols import Unit
from hyper.lang.tree import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.engine.executors import Executor
    from hyper.lang.tokens import Tokens


class _Tree(msgspec.Struct, array_like=True):
    """What crosses."""

    module: Module
    diagnostics: tuple[Diagnostic, ...]


class _Made(msgspec.Struct):
    """A tree, with its text where it was parsed in this process."""

    tree: _Tree
    source: Source | None = None


class Uncut:
    """The bytes of files by path, none of which was cut into tokens beforehand."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def tokens(self, source: Source) -> Tokens | None:  # noqa: ARG002  # who cuts files knows
        """The tokens of the file whose text is ``source``; None where the lexer is to cut it."""
        return None


def _parse(files: Uncut, path: str) -> _Made:
    source, broken = decode(path, files.files[path])
    parsed = parse(source, None if broken else files.tokens(source))
    # Text that is not UTF-8 is parsed for its declarations only: what it says wrong may come from the lost bytes.
    return _Made(_Tree(parsed.module, tuple(broken or parsed.diagnostics)), source)


def _pack(made: _Made) -> bytes:
    return msgspec.msgpack.encode(made.tree)


@cache
def _decoder() -> msgspec.msgpack.Decoder[_Tree]:
    return msgspec.msgpack.Decoder(_Tree)


def _unpack(data: bytes) -> _Made:
    return _Made(_decoder().decode(data))


def _pack_file(files: Uncut, path: str) -> bytes:
    # A path may have any bytes.
    return msgspec.msgpack.encode((path.encode("utf-8", "surrogatepass"), files.files[path]))


def unpack_file(data: bytes) -> tuple[str, bytes]:
    """The path and the bytes of a file, as other machines are given them. Raises ``ValueError`` for bytes that are neither."""
    path, content = msgspec.msgpack.decode(data, type=tuple[bytes, bytes])
    return path.decode("utf-8", "surrogatepass"), content


PARSE: Final = Stage(
    "hyper.engine.parsing:PARSE",
    _parse,
    _pack,
    _unpack,
    Remote("parse", lambda _files: (), _pack_file),
)


def parse_unit(path: str, data: bytes) -> Parsed:
    """Decode and parse one file, here."""
    return _parsed(path, data, Outcome(path, _parse(Uncut({path: data}), path)))


def parse_files(
    files: Uncut, executor: Executor, tell: Callable[[int], None]
) -> tuple[list[Parsed], list[Diagnostic]]:
    """Decode and parse files, in their order; and what is said of those that no process survives.

    ``tell`` hears how many are done.
    """
    weights = [float(len(data)) for data in files.files.values()]
    parsed: list[Parsed] = []
    lost: list[Diagnostic] = []
    outcomes = executor.run(PARSE, files, [*files.files], weights, tell)
    for (path, data), outcome in zip(files.files.items(), outcomes, strict=True):
        if isinstance(outcome.failure, DeadlyItem):
            lost.append(fatal(path, outcome.failure))
        else:
            parsed.append(_parsed(path, data, outcome))
    return parsed, lost


def _parsed(path: str, data: bytes, outcome: Outcome[_Made]) -> Parsed:
    if outcome.value is None:
        assert outcome.failure is not None
        raise outcome.failure
    tree = outcome.value.tree
    source = outcome.value.source or decode(path, data)[0]
    unit = Unit(path, module_name(path, tree.module), source, tree.module)
    return Parsed(unit, tree.diagnostics)
