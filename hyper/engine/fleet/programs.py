"""A program as blobs: an index of its modules, and their bytes in groups, of which an edit changes few.

Where it is read, a module is decoded when it is looked at. What is read may come from anywhere: it is held against the index.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base import digest
from hyper.ir.index import ModuleIndex, index_of
from hyper.ir.program import AliasDef
from hyper.ir.stored import decode, decode_module, encode, encode_module, stored_program
from hyper.ir.types import Alias, Marked, Opt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.ir.program import Module, Program

_USUAL: Final = 50
"""Modules of a group, on average."""
_MOST: Final = 4 * _USUAL


class _Index(msgspec.Struct, frozen=True, array_like=True):
    """All modules by name, and how many of them each group has."""

    modules: list[ModuleIndex]
    sizes: list[int]


_groups: Final = msgspec.msgpack.Decoder(list[bytes])


def pack_program(program: Program) -> list[bytes]:
    """The blobs of a program, the same ones for the same modules."""
    groups = [*_grouped([module.name for module in program.index])]
    index = _Index(program.index, [len(group) for group in groups])
    return [
        encode(index),
        *(
            msgspec.msgpack.encode([encode_module(program.module(name)) for name in group])
            for group in groups
        ),
    ]


def _grouped(names: Sequence[str]) -> Iterator[list[str]]:
    """Names in groups that end where a name says so, so that one more or less leaves the other groups as they are."""
    group: list[str] = []
    for name in names:
        group.append(name)
        last = int(digest.of_bytes(name.encode())[:8], 16) % _USUAL == 0
        if last or len(group) == _MOST:
            yield group
            group = []
    if group:
        yield group


def unpack_program(blobs: Sequence[bytes]) -> Program:
    """The program of blobs. Raises ``ValueError`` for an index that is none, as looking at a module does for what is not its."""
    if not blobs:
        raise ValueError("a program without an index")
    index = decode(blobs[0], _Index)
    names = [module.name for module in index.modules]
    if names != sorted(set(names)):
        raise ValueError("the modules of a program are sorted by their names")
    if min(index.sizes, default=1) < 1 or sum(index.sizes) != len(names):
        raise ValueError("the groups of a program have all of its modules")
    if len(index.sizes) != len(blobs) - 1:
        raise ValueError(f"a program has {len(index.sizes)} groups, and not {len(blobs) - 1}")
    return stored_program(index.modules, _Groups(index, blobs[1:]).load)


class _Groups:
    """The modules of groups, each decoded when it is asked for."""

    def __init__(self, index: _Index, groups: Sequence[bytes]) -> None:
        self._index = {module.name: module for module in index.modules}
        self._places = {name: place for place, name in enumerate(self._index)}
        self._groups = groups
        self._starts = [0, *accumulate(index.sizes)]
        self._split: dict[int, list[bytes]] = {}
        self._means: dict[str, str] = {}
        """Which alias an alias stands for at once, by their names."""

    def load(self, name: str) -> Module:
        """The module of a name. Raises ``KeyError``, and ``ValueError`` where what is there is not that module."""
        place = self._places[name]
        group = bisect_right(self._starts, place) - 1
        start, end = self._starts[group : group + 2]
        if group not in self._split:
            self._split[group] = _groups.decode(self._groups[group])
        parts = self._split[group]
        if len(parts) != end - start:
            raise ValueError(f"a group has {end - start} modules, and not {len(parts)}")
        module = decode_module(parts[place - start])
        if index_of(module) != self._index[name]:
            raise ValueError(f"the module {name} is not what the index says")
        self._check_aliases(module)
        return module

    def _check_aliases(self, module: Module) -> None:
        """Raises ``ValueError`` where aliases stand for each other in a circle, which whoever opens them would never leave."""
        for found in module.definitions:
            if not isinstance(found, AliasDef):
                continue
            kind = found.type
            while isinstance(kind, Marked | Opt):
                kind = kind.inner
            if not isinstance(kind, Alias):
                continue
            # So far there is no circle in them: one that would close one is never put among them.
            name, at = f"{module.name}.{found.name}", kind.name
            while at != name and at in self._means:
                at = self._means[at]
            if at == name:
                raise ValueError(f"the alias {name} stands for itself")
            self._means[name] = kind.name
