"""Modules as bytes, and programs of which only what is looked at is read from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from hyper.ir.program import FeatureDef, Module, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hyper.ir.index import ModuleIndex
    from hyper.ir.program import Def

T = TypeVar("T")

S = TypeVar("S", bound=msgspec.Struct)

_JSON: Final = (b"{", b"[")
"""How JSON of a struct begins, and MessagePack of one does not."""


def encode_module(module: Module) -> bytes:
    """The bytes of a module: see ``encode``."""
    return encode(module)


def decode_module(data: bytes) -> Module:
    """The module of ``encode_module``. Raises ``ValueError`` for bytes that are none."""
    return decode(data, Module)


def encode(value: msgspec.Struct) -> bytes:
    """The bytes of what is made of nodes: MessagePack, or JSON where it has an int past 64 bits or a lone surrogate."""
    return _deep(lambda: _encoded(value))


def decode(data: bytes, kind: type[S]) -> S:
    """What ``encode`` was given. Raises ``ValueError`` for other bytes."""
    return _deep(lambda: _decoded(data, kind))


def _encoded(value: msgspec.Struct) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode()


def _decoded(data: bytes, kind: type[S]) -> S:
    if not data.startswith(_JSON):
        made: S = _decoder(kind).decode(data)
        return made
    return msgspec.convert(json.loads(data), kind)


@cache
def _decoder(kind: type[S]) -> msgspec.msgpack.Decoder[S]:
    return msgspec.msgpack.Decoder(kind)


def _deep(action: Callable[[], T]) -> T:
    """Expressions may nest deeper than the stack that there is."""
    try:
        return action()
    except RecursionError:
        from hyper.ir.interpreter.stack import DEEPEST, run_deep

        return run_deep(action, DEEPEST)


class _Stored:
    """Modules that are loaded when one is looked at."""

    def __init__(self, index: Iterable[ModuleIndex], load: Callable[[str], Module]) -> None:
        self.index = sorted(index, key=lambda module: module.name)
        self._indexes = {module.name: module for module in self.index}
        self._declared: dict[str, frozenset[str]] = {}
        self._load = load
        self._loaded: dict[str, Module] = {}
        self._found: dict[str, Def] = {}
        self.definitions: Mapping[str, Def] = _Lazy(self, self._definition)
        self.home: Mapping[str, Module] = _Lazy(
            self, lambda name: self.module(self.module_of(name))
        )

    def modules(self) -> list[Module]:
        return [self.module(module.name) for module in self.index]

    def module(self, name: str) -> Module:
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = self._load(name)
            for definition in found.definitions:
                if not isinstance(definition, FeatureDef):
                    self._found[f"{name}.{definition.name}"] = definition
        return found

    def module_of(self, name: str) -> str:
        home, _, short = name.rpartition(".")
        declared = self._declared.get(home)
        if declared is None:
            index = self._indexes[home]
            declared = frozenset(found.name for found in index.definitions)
            self._declared[home] = declared
        if short not in declared:
            raise KeyError(name)
        return home

    def names(self) -> Iterator[str]:
        """The qualified names of all definitions."""
        for module in self.index:
            for found in module.definitions:
                yield f"{module.name}.{found.name}"

    def _definition(self, name: str) -> Def:
        found = self._found.get(name)
        if found is None:
            self.module(self.module_of(name))
            found = self._found[name]
        return found


class _Lazy(Mapping[str, T]):
    """What is there for each name, found when it is looked at."""

    __slots__ = ("_find", "_stored")

    def __init__(self, stored: _Stored, find: Callable[[str], T]) -> None:
        self._stored = stored
        self._find = find

    def __getitem__(self, name: str) -> T:
        return self._find(name)

    def __contains__(self, name: object) -> bool:
        try:
            self._stored.module_of(str(name))
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return self._stored.names()

    def __len__(self) -> int:
        return sum(len(module.definitions) for module in self._stored.index)


def stored_program(index: Iterable[ModuleIndex], load: Callable[[str], Module]) -> Program:
    """A program of which a module is loaded when it, or one of its declarations, is looked at. ``index`` has every module;
    ``load`` gives the module of a name, and is asked once for each."""
    return Program(_Stored(index, load))
