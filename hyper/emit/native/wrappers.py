"""The functions of a module as wrappers of an extension module: how each argument and result lies in Python and in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec.structs import replace

from hyper.emit.native.places import DATE_FORMAT
from hyper.emit.native.places import definition as field_of
from hyper.emit.native.unit import Unit
from hyper.emit.native.values import NotNative
from hyper.emit.native.weights import NO_WEIGHTS, Weights
from hyper.emit.native.worth import is_worth
from hyper.emit.python.functions.locals import python_locals
from hyper.ir.kinds import Kinds
from hyper.ir.program import CalcDef, EnumDef, RuleDef, TableDef
from hyper.ir.types import BOOL, Entity, Enum, ListOf, Opt
from hyper.jit.llvm.module import scalar_symbol
from hyper.jit.objects.boxed import DATE_SLOT, DECIMAL_SLOT, FIRST_SLOT, Boxed, Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.emit.native.unit import Native
    from hyper.emit.python.names import Names
    from hyper.ir.types import Type
    from hyper.jit.kernel import ir
    from hyper.jit.objects.boxed import Kind

_PLAIN: Final[dict[str, Kind]] = {"bool": "bool", "int": "int", "float": "float", "date": "date"}
_LISTS: Final[dict[str, Kind]] = {"int": "ints", "float": "floats"}


class Slot(NamedTuple):
    """What wrappers compare with: ``count`` objects from the slot ``first`` on, by name from ``home``, which begins with a dot
    where it is a module of the package. Without members it is the object itself."""

    first: int
    home: str
    name: str
    members: tuple[str, ...] = ()


class _Way(NamedTuple):
    """The attributes from an object to a part of it, after which of them there may be none, and the type that lies there."""

    path: tuple[str, ...]
    maybe: tuple[int, ...]
    kind: Type

    @property
    def steps(self) -> dict[str, Any]:
        """The way, as a leaf has it."""
        return {"path": self.path, "maybe": self.maybe}


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


def wrappers(
    module: str, names: Names, chosen: Callable[[str], bool], weights: Weights = NO_WEIGHTS
) -> Wrappers:
    """The wrappers of the functions of a module that are ``chosen`` by their qualified name."""
    return _Wrapping(module, names, weights).run(chosen)


class _Wrapping:
    def __init__(self, module: str, names: Names, weights: Weights) -> None:
        self._weights = weights
        self._module = module
        self._names = names
        self._program = names.program
        self._kinds = Kinds(names.program)
        self._slots: dict[tuple[str, str], Slot] = {}
        self._next = FIRST_SLOT

    def run(self, chosen: Callable[[str], bool]) -> Wrappers:
        functions: list[Wrapped] = []
        left: dict[str, tuple[str, str, int]] = {}
        for found in self._names.index[self._module].definitions:
            name = f"{self._module}.{found.name}"
            if found.kind not in {"calc", "table", "rule"} or not chosen(name):
                continue
            before = dict(self._slots), self._next
            try:
                functions.append(self._wrapped(name))
            except NotNative as reason:
                self._slots, self._next = before
                symbol = self._names.symbol(name)
                left[symbol] = reason.reason, reason.file, reason.line
        return Wrappers(functions, [*self._slots.values()], self._next, left)

    def _wrapped(self, name: str) -> Wrapped:
        # A unit of its own: what a function is made into depends on no other that was made before.
        unit = Unit(self._program, self._weights)
        native = unit.native(name)
        definition = self._program.definitions[name]
        assert isinstance(definition, CalcDef | TableDef | RuleDef)
        params = _params(definition)
        kernels = unit.unit([name], rows=False)
        try:
            arguments = tuple(self._arguments(native, params, kernels.texts))
            result = self._result(native, definition, kernels.texts)
        except NotNative as found:
            raise NotNative(found.reason, *self._place(name)) from None
        if not is_worth(definition, arguments, result):
            reason = "it only compares and passes on, which Python does sooner than machine code"
            raise NotNative(reason, *self._place(name))
        symbol = self._names.symbol(name)
        local = python_locals(definition, self._names.own_symbols(self._module))
        given = ", ".join(local[param] for param in params)
        # The head of it is what ``inspect.signature`` reads.
        doc = f"{symbol}({given})\n--\n\n{definition.doc}".replace("\0", "")
        wrapper = Wrapper(
            symbol,
            doc.encode("utf-8", "replace").decode(),
            scalar_symbol(kernels.kernels[0]),
            len(params),
            arguments,
            result,
            tuple(local[param] for param in params),
        )
        return Wrapped(name, kernels, wrapper)

    def _place(self, name: str) -> tuple[str, int]:
        definition: Any = self._program.definitions[name]
        return self._program.home[name].path, definition.line

    def _arguments(
        self, native: Native, params: dict[str, Type], texts: tuple[str, ...]
    ) -> Iterator[Boxed]:
        columns = [*zip(native.columns, native.parts, strict=True)]
        places = {name: place for place, name in enumerate(params)}
        items = {parts: column for column, parts in columns if column.role == "items"}
        several = sum(column.format.meaning == "text" for column, _ in columns) > 1
        among = 0
        lists: dict[tuple[str, ...], int] = {}
        for number, (column, parts) in enumerate(columns):
            if parts[0] not in places or column.role == "whole":
                raise NotNative(f"{column.path} is taken from Python")
            if column.role == "items":
                yield self._items(column, parts, lists, params, texts)
                continue
            way = self._way(params[parts[0]], parts[1:])
            place = places[parts[0]]
            if column.role == "value":
                boxed = replace(self._boxed(column, way.kind, texts), place=place, **way.steps)
                if boxed.kind == "text" and several:
                    among += 1
                    boxed = replace(boxed, among=among)
                yield boxed
            else:
                if way.maybe:
                    raise NotNative(f"{column.path}, which may be none, is taken from Python")
                lists[parts] = number
                inside = items.get((*parts, "[]"))
                kind = _LISTS.get(inside.format.meaning, "list") if inside else "list"
                yield Boxed(kind, place, path=way.path)

    def _items(
        self,
        column: ir.Column,
        parts: tuple[str, ...],
        lists: dict[tuple[str, ...], int],
        params: dict[str, Type],
        texts: tuple[str, ...],
    ) -> Boxed:
        """The column of what is read of each item of a list."""
        at = parts.index("[]")
        inner = parts[at + 1 :]
        if "[]" in inner or column.format.meaning in {"offset", "text"} or parts[:at] not in lists:
            raise NotNative(f"{column.path} is taken from Python")
        number = lists[parts[:at]]
        if not inner and column.format.meaning in _LISTS:
            return Boxed("items", number)
        kind = self._way(params[parts[0]], parts[1:at]).kind
        assert isinstance(kind, ListOf)
        way = self._way(kind.item, inner)
        return Boxed(
            "items", number, item=replace(self._boxed(column, way.kind, texts), **way.steps)
        )

    def _way(self, kind: Type, parts: tuple[str, ...]) -> _Way:
        """How Python goes from an object to its part, and what lies there: bare, and not optional."""
        path: list[str] = []
        maybe: list[int] = []
        kind = self._kinds.bare(kind)
        optional = False
        for part in (*parts, ""):
            is_none = isinstance(kind, Opt) or optional
            if part == "?":
                return _Way(tuple(path), tuple(maybe), BOOL)
            if is_none:
                maybe.append(len(path))
                kind = self._kinds.bare(self._kinds.present(kind))
            if not part:
                break
            assert isinstance(kind, Entity), (kind, parts)
            field = field_of(self._program, kind.name, part)
            path.append(self._names.field(kind.name, part))
            optional = field.optional and field.default is None
            kind = self._kinds.bare(field.type)
        return _Way(tuple(path), tuple(maybe), kind)

    def _result(
        self, native: Native, definition: CalcDef | TableDef | RuleDef, texts: tuple[str, ...]
    ) -> Boxed:
        paths = [output.path for output in native.outputs]
        if isinstance(definition, RuleDef):
            if paths:
                raise NotNative("an entity with other fields is given back")
            return Boxed("self")
        if paths not in ([""], ["?", ""]):
            raise NotNative("more than one value is given back")
        kind = self._kinds.bare(definition.returns)
        if len(paths) == 1:
            return self._boxed(native.outputs[0], kind, texts)
        kind = self._kinds.bare(self._kinds.present(kind))
        return replace(self._boxed(native.outputs[1], kind, texts), maybe=(0,))

    def _boxed(self, leaf: ir.Column | ir.Output, kind: Type, texts: tuple[str, ...]) -> Boxed:
        """A leaf without the way to it."""
        form = leaf.format
        if leaf.path.endswith("?"):
            return Boxed("present")
        if form.meaning in _PLAIN:
            if form == DATE_FORMAT:
                self._slot(Slot(DATE_SLOT, "datetime", "date"))
            return Boxed(_PLAIN[form.meaning])
        if form.meaning == "decimal":
            self._slot(Slot(DECIMAL_SLOT, "decimal", "Decimal"))
            size: Kind = "decimal" if leaf.storage == "i64" else "wide"
            return Boxed(size, precision=form.precision, scale=form.scale)
        if form.meaning == "label" and isinstance(kind, Enum):
            slot = self._enum(kind.name)
            return Boxed("label", slot=slot.first, count=len(slot.members))
        if form.meaning == "text" and all(_has_bytes(text) for text in texts):
            return Boxed("text", texts=texts)
        raise NotNative(f"a {form.meaning} of this size or kind passes between Python and a kernel")

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


def _params(definition: CalcDef | TableDef | RuleDef) -> dict[str, Type]:
    if isinstance(definition, RuleDef):
        return {"self": Entity(definition.entity)}
    return {param.name: param.type for param in definition.params}


def _has_bytes(text: str) -> bool:
    """Whether a text can be written down: one with half of a character pair cannot."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
