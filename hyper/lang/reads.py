"""What each unit looks up of the others, noted as it does: what it has to be made again for.

A look has a depth. ``kinds``: whether there is a declaration of the name, and of which form. ``wholes``: all that other
declarations can see of it. ``bodies``: everything, what it says to itself included. The unit that looks is told to the tables
of a world by ``reading``; what it looks up of its own is noted too.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from hyper.lang.symbols import FieldSymbol, Symbol, Unit, World
    from hyper.lang.types import Type

SERVICE = ":service"
"""What stands for the service of a build among the names: there is one, or none, and everyone sees it."""
OPERATION = ":operation "
"""What stands, before a name, for how many actions of a build have it."""


class Reads(msgspec.Struct, eq=False):
    """The names that one unit looked up."""

    kinds: set[str] = msgspec.field(default_factory=set)
    wholes: set[str] = msgspec.field(default_factory=set)
    bodies: set[str] = msgspec.field(default_factory=set)
    beyond: set[str] = msgspec.field(default_factory=set)
    """Modules whose own wholes count too, since what they declare was run."""


class UnitNeededError(LookupError):
    """What is asked of a unit can be told only from its tree: it has to be compiled along."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module


class AllNeededError(LookupError):
    """What is asked can be told only from all units; the text says what."""


class Functions(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a calc, table, extern, rule or default: what it calls, and what it reaches through all calls.

    ``effects`` are the paths of fields that are read of each parameter.
    """

    callees: list[str]
    clock: bool
    extern: bool
    effects: dict[str, list[list[str]]]


class Foreign(Protocol):
    """The units of a build that are not compiled along with the others, as an earlier build left them."""

    world: World | None

    def has(self, name: str) -> bool:
        """Whether one of them declares the qualified name."""
        ...

    def symbol(self, name: str) -> Symbol | None:
        """The symbol of a declaration. Raises ``UnitNeededError`` for one that its definition does not tell whole."""
        ...

    def shape(self, name: str) -> Symbol | None:
        """A symbol of the right form, whatever it holds."""
        ...

    def unit(self, module: str) -> Unit | None:
        """A unit without its tree."""
        ...

    def definition(self, name: str) -> Any:
        """The definition in the IR of a declaration of one of them, or ``None``."""
        ...

    def field(self, field: FieldSymbol) -> Any:
        """The definition in the IR of a field of one of them, as its owner has it; ``None`` for any other field."""
        ...

    def core(self, name: str) -> Type | None:
        """What is behind an alias."""
        ...

    def bounds(self, name: str) -> dict[str, Any] | None:
        """The constraints of an alias."""
        ...

    def is_nullable(self, name: str) -> bool:
        """Whether null is a value of an alias."""
        ...

    def service(self) -> str | None:
        """The module of the service."""
        ...

    def routes(self) -> set[str]:
        """The routes of the actions, as ``route_key`` writes them."""
        ...

    def wires(self) -> set[str]:
        """The names that are written with ``@json``, as ``wire_key`` writes them."""
        ...

    def operations(self) -> list[str]:
        """The operation id or name of each action."""
        ...

    def need(self, name: str) -> tuple[bool, list[str]] | None:
        """Of an entity or union whether it is an entity, and what it cannot be built without."""
        ...

    def function(self, name: str) -> Functions | None:
        """What is known of what can be called."""
        ...

    def inherited(self) -> int:
        """How many fields are inherited."""
        ...


class _Table:
    """What the tables of one world share: who reads, and what is foreign."""

    __slots__ = ("foreign", "kinds", "of", "wholes")

    def __init__(self, foreign: Foreign | None) -> None:
        self.foreign = foreign
        self.of: defaultdict[str, Reads] = defaultdict(Reads)
        nobody = Reads()
        self.kinds = nobody.kinds
        self.wholes = nobody.wholes


class Symbols(dict[str, "Symbol"]):
    """The declarations that are compiled, by qualified name. A look finds the foreign ones too; they are not gone through."""

    __slots__ = ("_table", "reader")

    def __init__(self, foreign: Foreign | None = None) -> None:
        super().__init__()
        self._table = _Table(foreign)
        self.reader = ""
        """The module of the unit that looks."""

    @property
    def foreign(self) -> Foreign | None:
        """The units that are not compiled along."""
        return self._table.foreign

    @property
    def reads(self) -> dict[str, Reads]:
        """What each unit looked up, by module."""
        return self._table.of

    @property
    def table(self) -> _Table:
        """What the other tables of the world share with this one."""
        return self._table

    def reading(self, module: str) -> str:
        """Say which unit looks from now on; gives the one before."""
        before, self.reader = self.reader, module
        if before != module:
            reads = self._table.of[module]
            self._table.kinds = reads.kinds
            self._table.wholes = reads.wholes
        return before

    def note(self, name: str) -> None:
        """Note a look at a whole that is no declaration."""
        self._table.wholes.add(name)

    def note_body(self, name: str) -> None:
        """Note a look at all that a declaration says."""
        self._table.of[self.reader].bodies.add(name)

    def is_own(self, name: str) -> bool:
        """Whether a declaration is one of those that are compiled."""
        return dict.__contains__(self, name)

    def own(self, name: str) -> Symbol:
        """A declaration that is compiled, without a note. Raises ``KeyError``."""
        return dict.__getitem__(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """The symbol of a name, to look at all of it."""
        table = self._table
        table.wholes.add(name)
        found = dict.get(self, name)
        if found is None and table.foreign is not None:
            found = table.foreign.symbol(name)
        return default if found is None else found

    def __getitem__(self, name: str) -> Symbol:
        found: Symbol | None = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def peek(self, name: str) -> Symbol | None:
        """The symbol of a name, to look at its form and at nothing else."""
        table = self._table
        table.kinds.add(name)
        found = dict.get(self, name)
        if found is None and table.foreign is not None:
            return table.foreign.shape(name)
        return found

    def __contains__(self, name: object) -> bool:
        table = self._table
        table.kinds.add(str(name))
        if dict.__contains__(self, name):
            return True
        return table.foreign is not None and table.foreign.has(str(name))


class Units(dict[str, "Unit"]):
    """The units that are compiled, by module. A look finds the foreign ones too; they are not gone through."""

    __slots__ = ("_table",)

    def __init__(self, symbols: Symbols) -> None:
        super().__init__()
        self._table = symbols.table

    def get(self, module: str, default: Any = None) -> Any:
        """The unit of a module."""
        self._table.kinds.add(f"{module}.")
        found = dict.get(self, module)
        if found is None and self._table.foreign is not None:
            found = self._table.foreign.unit(module)
        return default if found is None else found

    def __getitem__(self, module: str) -> Unit:
        found: Unit | None = self.get(module)
        if found is None:
            raise KeyError(module)
        return found

    def __contains__(self, module: object) -> bool:
        return self.get(str(module)) is not None


class Scopes(dict[str, Any]):
    """The scopes of the units that are compiled, by module."""

    __slots__ = ()

    def __missing__(self, module: str) -> Any:
        raise UnitNeededError(module)


class Cores(dict[str, Any]):
    """What is behind each alias."""

    __slots__ = ("_table",)

    def __init__(self, symbols: Symbols) -> None:
        super().__init__()
        self._table = symbols.table

    def _foreign(self, name: str) -> Any:
        foreign = self._table.foreign
        return None if foreign is None else foreign.core(name)

    def get(self, name: str, default: Any = None) -> Any:
        """What is behind an alias, to look at all of it."""
        self._table.wholes.add(name)
        found = dict.get(self, name)
        if found is None:
            found = self._foreign(name)
        return default if found is None else found

    def __getitem__(self, name: str) -> Any:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None


class Bounds(Cores):
    """The constraints of each alias that has some."""

    __slots__ = ()

    def _foreign(self, name: str) -> Any:
        foreign = self._table.foreign
        return None if foreign is None else foreign.bounds(name)


class Nullables(set[str]):
    """The aliases that null is a value of."""

    __slots__ = ("_table",)

    def __init__(self, symbols: Symbols) -> None:
        super().__init__()
        self._table = symbols.table

    def __contains__(self, name: object) -> bool:
        self._table.wholes.add(str(name))
        if set.__contains__(self, name):
            return True
        foreign = self._table.foreign
        return foreign is not None and foreign.is_nullable(str(name))
