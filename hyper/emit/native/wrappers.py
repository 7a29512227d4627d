"""The functions of a module as wrappers of an extension module: how each argument and result lies in Python and in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.emit.native.places import DATE_FORMAT
from hyper.emit.native.unit import Unit
from hyper.emit.native.values import NotNative
from hyper.emit.python.functions.locals import python_locals
from hyper.ir.program import CalcDef, EnumDef, TableDef
from hyper.ir.types import Enum
from hyper.jit.llvm.module import scalar_symbol
from hyper.jit.objects.extension import DATE_SLOT, DECIMAL_SLOT, FIRST_SLOT, Boxed, Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.emit.native.unit import Native
    from hyper.emit.python.names import Names
    from hyper.ir.types import Type
    from hyper.jit.kernel import ir
    from hyper.jit.objects.extension import Kind

_PLAIN: Final[dict[str, Kind]] = {"bool": "bool", "int": "int", "float": "float", "date": "date"}
_LISTS: Final[dict[str, Kind]] = {"int": "ints", "float": "floats"}


class Slot(NamedTuple):
    """What wrappers compare with: ``count`` objects from the slot ``first`` on, by name from ``home``, which begins with a dot
    where it is a module of the package. Without members it is the object itself."""

    first: int
    home: str
    name: str
    members: tuple[str, ...] = ()


class Wrapped(NamedTuple):
    """A function that has a wrapper, and the unit of its kernel alone."""

    name: str
    unit: ir.Unit
    wrapper: Wrapper


class Wrappers(NamedTuple):
    """What is native of a module: its functions in the order of the source, what they compare with in ``size`` slots, and of the
    others why they are not, by their Python name: reason, file and line."""

    functions: list[Wrapped]
    slots: list[Slot]
    size: int
    left: dict[str, tuple[str, str, int]]


def wrappers(module: str, names: Names, chosen: Callable[[str], bool]) -> Wrappers:
    """The wrappers of the functions of a module that are ``chosen`` by their qualified name."""
    return _Wrapping(module, names).run(chosen)


class _Wrapping:
    def __init__(self, module: str, names: Names) -> None:
        self._module = module
        self._names = names
        self._program = names.program
        self._slots: dict[tuple[str, str], Slot] = {}
        self._next = FIRST_SLOT

    def run(self, chosen: Callable[[str], bool]) -> Wrappers:
        functions: list[Wrapped] = []
        left: dict[str, tuple[str, str, int]] = {}
        for found in self._names.index[self._module].definitions:
            name = f"{self._module}.{found.name}"
            if found.kind not in {"calc", "table", "rule"} or not chosen(name):
                continue
            try:
                functions.append(self._wrapped(name))
            except NotNative as reason:
                symbol = self._names.symbol(name)
                left[symbol] = reason.reason, reason.file, reason.line
        return Wrappers(functions, [*self._slots.values()], self._next, left)

    def _wrapped(self, name: str) -> Wrapped:
        # A unit of its own: what a function is made into depends on no other that was made before.
        unit = Unit(self._program)
        native = unit.native(name)
        definition = self._program.definitions[name]
        if not isinstance(definition, CalcDef | TableDef):
            raise NotNative("an entity is given back", *self._place(name))
        try:
            places = {param.name: place for place, param in enumerate(definition.params)}
            types = {param.name: param.type for param in definition.params}
            arguments = tuple(self._arguments(native, places, types))
            result = self._result(native, definition.returns)
        except NotNative as found:
            raise NotNative(found.reason, *self._place(name)) from None
        kernels = unit.unit([name])
        symbol = self._names.symbol(name)
        local = python_locals(definition, self._names.own_symbols(self._module))
        given = ", ".join(local[param.name] for param in definition.params)
        # The head of it is what ``inspect.signature`` reads.
        doc = f"{symbol}({given})\n--\n\n{definition.doc}".replace("\0", "")
        wrapper = Wrapper(
            symbol,
            doc.encode("utf-8", "replace").decode(),
            scalar_symbol(kernels.kernels[0]),
            len(definition.params),
            arguments,
            result,
        )
        return Wrapped(name, kernels, wrapper)

    def _place(self, name: str) -> tuple[str, int]:
        definition: Any = self._program.definitions[name]
        return self._program.home[name].path, definition.line

    def _arguments(
        self, native: Native, places: dict[str, int], types: dict[str, Type]
    ) -> Iterator[Boxed]:
        columns = [*zip(native.columns, native.parts, strict=True)]
        items = {
            parts[0]: column
            for column, parts in columns
            if column.role == "items" and parts == (parts[0], "[]")
        }
        lists: dict[str, int] = {}
        for number, (column, parts) in enumerate(columns):
            place = places[parts[0]] if len(parts) == 1 and parts[0] in places else -1
            if column.role == "value" and place >= 0:
                yield self._boxed(column.format, column.storage, place, types[parts[0]])
            elif column.role == "offsets" and place >= 0:
                lists[parts[0]] = number
                kind = _LISTS.get(items[parts[0]].format.meaning) if parts[0] in items else "list"
                if kind is None:
                    raise NotNative(f"{column.path} is a list that is taken from Python")
                yield Boxed(kind, place)
            elif column.role == "items" and parts[0] in items and parts[0] in lists:
                yield Boxed("items", lists[parts[0]])
            else:
                raise NotNative(f"{column.path} is taken from Python")

    def _result(self, native: Native, kind: Type) -> Boxed:
        if [output.path for output in native.outputs] != [""]:
            raise NotNative("more than one value is given back")
        (output,) = native.outputs
        return self._boxed(output.format, output.storage, 0, kind)

    def _boxed(self, form: ir.Format, storage: str, place: int, kind: Type) -> Boxed:
        if form.meaning in _PLAIN:
            if form == DATE_FORMAT:
                self._slot(Slot(DATE_SLOT, "datetime", "date"))
            return Boxed(_PLAIN[form.meaning], place)
        if form.meaning == "decimal" and storage == "i64":
            self._slot(Slot(DECIMAL_SLOT, "decimal", "Decimal"))
            return Boxed("decimal", place, form.precision, form.scale)
        bare = self._kinds_bare(kind)
        if form.meaning == "label" and isinstance(bare, Enum):
            slot = self._enum(bare.name)
            return Boxed("label", place, slot=slot.first, count=len(slot.members))
        raise NotNative(f"a {form.meaning} of this size or kind passes between Python and a kernel")

    def _kinds_bare(self, kind: Type) -> Type:
        from hyper.ir.kinds import Kinds

        return Kinds(self._program).bare(kind)

    def _slot(self, slot: Slot) -> Slot:
        return self._slots.setdefault((slot.home, slot.name), slot)

    def _enum(self, name: str) -> Slot:
        home, symbol = self._names.place(name)
        dotted = "." + ".".join(home)
        known = self._slots.get((dotted, symbol))
        if known is not None:
            return known
        definition = self._program.definitions[name]
        assert isinstance(definition, EnumDef)
        members = tuple(self._names.member(name, member.name) for member in definition.members)
        slot = self._slot(Slot(self._next, dotted, symbol, members))
        self._next += len(members)
        return slot
