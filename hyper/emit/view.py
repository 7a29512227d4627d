"""One program as parts look at it, and which of their reads give something else in another.

A *derived* read is looked at again only where something that it was made from has changed; one of an index only where an index has;
one of links only where those have.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hyper.emit.openapi.document import MARKED, DocumentWriter
from hyper.emit.openapi.naming import CLOSED, COMPONENT
from hyper.emit.python import names as n
from hyper.emit.python import served as s
from hyper.emit.python.functions import links as k
from hyper.emit.python.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hyper.emit.native.weights import Weights
    from hyper.emit.python.functions.facts import LinkFacts
    from hyper.ir.program import Module, Program


class View:
    """A program under the names of a package. What is asked of the program is noted where it is one whose reads are."""

    def __init__(
        self,
        program: Program,
        package: str,
        source: Callable[[str], Module],
        facts: Callable[[str], LinkFacts],
        *,
        native: bool = False,
        batch: bool = False,
        weights: Weights | None = None,
    ) -> None:
        self.program = program
        self._package = package
        self._source = source
        self._facts = facts
        self._native = native
        self._batch = batch
        self._weights = weights
        self._names: Names | None = None
        self._documents: DocumentWriter | None = None

    @property
    def names(self) -> Names:
        """The Python names."""
        if self._names is None:
            self._names = Names(
                self.program,
                self._package,
                self._source,
                self._facts,
                native=self._native,
                batch=self._batch,
                weights=self._weights,
            )
        return self._names

    @property
    def documents(self) -> DocumentWriter:
        """The components of documents, and their text."""
        if self._documents is None:
            self._documents = DocumentWriter(self.program)
        return self._documents

    def value(self, key: str) -> Any:
        """What a read gives; something that is equal to nothing where it gives nothing any more."""
        prefix, space, name = key.partition(" ")
        look = _LOOKS[prefix + space]
        try:
            value, _ = self.program.reads.part(lambda: look(self, name))
        except (LookupError, TypeError, AttributeError, AssertionError):
            return object()
        return value


def _place(view: View, name: str) -> Any:
    parts = view.names.module(name)
    return parts, view.names.is_package(parts)


def _two(look: Callable[[Names, str, str], Any]) -> Callable[[View, str], Any]:
    def of_both(view: View, name: str) -> Any:
        first, _, second = name.partition("\t")
        return look(view.names, first, second)

    return of_both


_INDEX: Final[Mapping[str, Callable[[View, str], Any]]] = {
    n.PACKAGE: lambda view, _: view.names.package,
    n.PLACE: _place,
    n.OWN: lambda view, name: view.names.own_symbols(name),
    n.NAME: lambda view, name: view.names.place(name),
    n.DERIVING: lambda view, name: view.names.deriving(name),
    s.SERVED: lambda view, name: _ordered(view.names.served.module(name)),
    s.STEMS: lambda view, _: view.names.served.stems(),
    s.ROUTES: lambda view, _: view.names.served.routes(),
    MARKED: lambda view, _: [module.name for module in view.program.index if module.marked],
    COMPONENT: lambda view, name: view.documents.components.name(name),
    CLOSED: lambda view, name: view.documents.components.is_closed(name),
}
_LINKS: Final[Mapping[str, Callable[[View, str], Any]]] = {
    k.RING: _two(lambda names, one, other: names.links.in_ring(one, other)),
    k.FRAMES: lambda view, name: view.names.links.frames(name),
    k.CONST: lambda view, name: repr(view.names.links.const_value(name)),
}
_DERIVED: Final[tuple[Mapping[str, Callable[[View, str], Any]], ...]] = (
    {n.INHERITS: lambda view, name: view.names.inherits(name)},
    {
        n.HEIRS: lambda view, name: view.names.has_heirs(name),
        n.ATTRIBUTES: lambda view, name: list(view.names.fields(name).items()),
        n.MEMBERS: lambda view, name: list(view.names.members(name).items()),
    },
    {
        n.ATTRIBUTE: _two(lambda names, entity, field: names.field(entity, field)),
        n.TAG: _two(lambda names, entity, wire: names.tag_attributes(entity, json.loads(wire))),
        n.MEMBER: _two(lambda names, enum, member: names.member(enum, member)),
    },
)
"""What is derived, after what it may be made from."""
_LOOKS: Final = {**_INDEX, **_LINKS, **_DERIVED[0], **_DERIVED[1], **_DERIVED[2]}


def _ordered(served: s.ServedModule) -> Any:
    return served.stem, list(served.methods.items())


def _prefix(key: str) -> str:
    return key[: key.find(" ") + 1] or key


def changed_in_tables(
    keys: Sequence[str], before: View, after: View, *, index: bool, links: bool
) -> set[int]:
    """The numbers of the keys of tables that give something else: those of indexes, those of links."""
    wanted = {*(_INDEX if index else ()), *(_LINKS if links else ())}
    return {
        number
        for number, key in enumerate(keys)
        if _prefix(key) in wanted and before.value(key) != after.value(key)
    }


def changed_in_turn(
    keys: Sequence[str],
    derived: Iterable[tuple[int, Sequence[int]]],
    changed: set[int],
    before: View,
    after: View,
) -> None:
    """Add the numbers of derived keys that give something else, where what they were made from has ``changed``."""
    waiting = dict(derived)
    met: list[int] = []
    size = -1
    for layer in _DERIVED:
        if len(changed) != size:
            size = len(changed)
            met = [number for number, reads in waiting.items() if not changed.isdisjoint(reads)]
        for number in met:
            key = keys[number]
            if _prefix(key) in layer and before.value(key) != after.value(key):
                changed.add(number)
