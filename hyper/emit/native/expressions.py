"""Expressions as steps of a kernel. What an expression does, and in which order, is what the interpreter does."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as Exact
from typing import TYPE_CHECKING, Any

from hyper.emit.native.aggregates import Aggregates
from hyper.emit.native.builtins import AGGREGATES, Builtins
from hyper.emit.native.decimals import Decimals
from hyper.emit.native.durations import Durations
from hyper.emit.native.equality import Equality
from hyper.emit.native.lists import Lists
from hyper.emit.native.maps import Maps
from hyper.emit.native.places import DATE_FORMAT, TODAY, definition
from hyper.emit.native.scalars import Scalars
from hyper.emit.native.slots import Slots
from hyper.emit.native.values import (
    Changed,
    Counting,
    Decimal,
    Entries,
    Generated,
    Items,
    Maybe,
    Nothing,
    NotNative,
    Ratio,
    Record,
    Scalar,
    Value,
    Written,
)
from hyper.ir import nodes
from hyper.ir.interpreter.constants import read
from hyper.ir.program import EntityDef, EnumDef
from hyper.ir.types import (
    BIGINT,
    DATE,
    DATETIME,
    FLOAT,
    INT,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    Opt,
    Type,
    show,
)
from hyper.jit.kernel.builder import FALSE, TRUE, boolean, floating, integer
from hyper.jit.kernel.ir import Imm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.emit.native.places import Places
    from hyper.emit.native.sites import Sites
    from hyper.emit.native.unit import Unit
    from hyper.emit.native.weights import Ways
    from hyper.ir.kinds import Kinds
    from hyper.ir.program import Program
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand

    Locals = Mapping[str, "Value | Variable"]

EPOCH = date(1970, 1, 1)
_LISTS = (Items, Written, Generated)


class Expressions:
    """Makes the expressions of one kernel."""

    def __init__(
        self,
        unit: Unit,
        builder: Builder,
        places: Places,
        scales: Mapping[tuple[tuple[str, int], str], int],
    ) -> None:
        self.scales = scales
        """Digits after the point of variables of decimals, by the place and the name of each."""
        self.unit = unit
        self.program: Program = unit.program
        self.kinds: Kinds = unit.kinds
        self.sites: Sites = unit.sites
        self.builder = builder
        self.places = places
        self.decimals = Decimals(builder, self.sites)
        self.scalars = Scalars(builder, self.sites, self.decimals)
        self.durations = Durations(builder, self.sites)
        self.lists = Lists(self)
        self.maps = Maps(self)
        self.scalars.by_parts = Equality(self).same
        self.slots = Slots(self.program, self.kinds, builder, self.decimals)
        self.builtins = Builtins(self)
        self.aggregates = Aggregates(self)
        self._methods: dict[type, Callable[[Any, Locals], Value]] = {
            nodes.Const: self._const,
            nodes.ConstRef: lambda expr, local: self.value(expr.value, local),
            nodes.EnumConst: self._enumconst,
            nodes.Local: lambda expr, local: self.local(local, expr.name),
            nodes.Now: self._now,
            nodes.Field: self._field,
            nodes.Item: self._item,
            nodes.MakeList: self._list,
            nodes.MakeMap: self._map,
            nodes.MakeRecord: self._record,
            nodes.WithFields: self._with,
            nodes.Unary: self._unary,
            nodes.Binary: self._binary,
            nodes.And: self._and,
            nodes.Or: self._or,
            nodes.Coalesce: self._coalesce,
            nodes.Choose: self._choose,
            nodes.IsNone: self._isnone,
            nodes.Convert: self._convert,
            nodes.Quantise: self._quantise,
            nodes.Bind: self._bind,
            nodes.Call: self._call,
            nodes.Builtin: self._builtin,
            nodes.Comprehend: self.aggregates.comprehension,
            nodes.Fold: self.aggregates.fold,
            nodes.Range: self._range,
        }

    def value(self, expr: nodes.Expr, local: Locals) -> Value:
        """The value of an expression, of which nothing can fail any more. Raises ``NotNative``."""
        return self.lists.settled(self._made(expr, local))

    def _made(self, expr: nodes.Expr, local: Locals) -> Value:
        """The value of an expression; a list that is made may not be settled."""
        method = self._methods.get(type(expr))
        if method is None:
            raise NotNative(f"{_NAMES.get(type(expr), 'this')} has no native form")
        found = method(expr, local)
        # A value that is known to be there, at a type that says so.
        if isinstance(found, Maybe) and not isinstance(self.kinds.bare(expr.type), Opt):
            return found.value
        return found

    def local(self, local: Locals, name: str) -> Value:
        """What a name stands for now."""
        found = local[name]
        return found.read() if isinstance(found, Variable) else found

    def held(self, local: Locals) -> dict[str, Value]:
        """What all names stand for now."""
        return {name: self.local(local, name) for name in local}

    def test(self, expr: nodes.Expr, local: Locals) -> Operand:
        """The value of a condition."""
        found = self.value(expr, local)
        assert isinstance(found, Scalar), expr
        return found.operand

    def choose(
        self,
        condition: Operand,
        yes: Callable[[], Value],
        no: Callable[[], Value],
        ways: Ways | None = None,
    ) -> Value:
        """One of two values; only the one that is needed is computed. ``ways`` tell how often each is."""
        if condition in {TRUE, FALSE}:
            return yes() if condition == TRUE else no()
        with self.builder.block() as then:
            one = yes()
        with self.builder.block() as orelse:
            other = no()
        slot = self.slots.for_both(one, other)
        with self.builder.block(then):
            self.slots.store(slot, one)
        with self.builder.block(orelse):
            self.slots.store(slot, other)
        self.builder.when(condition, then, orelse, ways)
        return self.slots.read(slot)

    def _const(self, expr: nodes.Const, _local: Locals) -> Value:
        kind = self.kinds.bare(expr.type)
        found = read(kind, expr.text)
        if found is None:
            return Nothing()
        if isinstance(kind, Opt):
            kind = self.kinds.present(kind)
        return self.constant(found, kind)

    def constant(self, found: Any, kind: Type) -> Value:
        """A value of the interpreter as a constant."""
        if isinstance(found, bool):
            return Scalar("bool", boolean(found))
        if isinstance(found, int) and kind != BIGINT:
            return Scalar("int", integer(found))
        if isinstance(found, float):
            return Scalar("float", floating(found))
        if isinstance(found, Exact):
            return self._exact(found)
        if isinstance(found, timedelta):
            return self.durations.constant(found)
        if kind == DATE:
            return Scalar("date", integer((found - EPOCH).days))
        if isinstance(found, str):
            return Scalar("text", integer(self.unit.text(found)))
        raise NotNative(f"{show(kind)} has no native form")

    def _exact(self, found: Exact) -> Value:
        sign, digits, exponent = found.as_tuple()
        assert isinstance(exponent, int)
        units = int("".join(map(str, digits)) or "0") * 10 ** max(0, exponent)
        return self.decimals.constant(-units if sign else units, max(0, -exponent))

    def _enumconst(self, expr: nodes.EnumConst, _local: Locals) -> Value:
        kind = self.kinds.present(expr.type)
        assert isinstance(kind, Enum)
        definition = self.program.definitions[kind.name]
        assert isinstance(definition, EnumDef)
        place = [member.name for member in definition.members].index(expr.member)
        return Scalar("enum", integer(place), kind.name)

    def _now(self, expr: nodes.Now, _local: Locals) -> Value:
        if self.kinds.bare(expr.type) == DATETIME:
            raise NotNative("datetime has no native form")
        return Scalar("date", self.places.whole(TODAY, "i64", DATE_FORMAT))

    def _field(self, expr: nodes.Field, local: Locals) -> Value:
        return self.record(self.value(expr.base, local)).field(expr.name)

    def record(self, value: Value) -> Record:
        """A value that is an entity."""
        if isinstance(value, Maybe):
            value = value.value
        if not isinstance(value, Record):
            raise NotNative("a union has no native form")
        return value

    def _item(self, expr: nodes.Item, local: Locals) -> Value:
        base, index = self.value(expr.base, local), self.value(expr.index, local)
        if isinstance(base, Entries):
            return self.maps.item(base, index)
        if not isinstance(base, Items | Written | Generated) or not isinstance(index, Scalar):
            raise NotNative("an item of a map that is given")
        count = self.lists.length(base)
        below = self.builder.op("lt", "bool", index.operand, integer(0))
        above = self.builder.op("ge", "bool", index.operand, count)
        out = self.builder.op("or", "bool", below, above)
        self.builder.fail(out, self.sites.error("out_of_bounds", "no such item"))
        return self.lists.item(base, index.operand)

    def _list(self, expr: nodes.MakeList, local: Locals) -> Value:
        return Written(tuple(self.value(item, local) for item in expr.items))

    def _map(self, expr: nodes.MakeMap, local: Locals) -> Value:
        made = [(self.value(key, local), self.value(value, local)) for key, value in expr.entries]
        return Entries(tuple(key for key, _ in made), tuple(value for _, value in made))

    def _record(self, expr: nodes.MakeRecord, local: Locals) -> Value:
        kind = self.kinds.present(expr.type)
        assert isinstance(kind, Entity)
        given = {name: self.value(value, local) for name, value in expr.fields}
        return self.unit.markers.built(self, kind.name, given)

    def _with(self, expr: nodes.WithFields, local: Locals) -> Value:
        base = self.record(self.value(expr.base, local))
        given = {name: self.value(value, local) for name, value in expr.fields}
        return self.changed(base, given)

    def changed(self, base: Record, given: dict[str, Value]) -> Changed:
        """An entity with other values for some fields, whose markers hold."""
        self.unit.markers.enforce(self, base.entity, given)
        entity = self.program.definitions[base.entity]
        assert isinstance(entity, EntityDef)
        fields = {}
        for name, value in given.items():
            field = definition(self.program, base.entity, name)
            fields[name] = self.unit.markers.placed(self, field, value)
        return Changed(base.entity, base, fields)

    def _unary(self, expr: nodes.Unary, local: Locals) -> Value:
        operand = self.value(expr.operand, local)
        if expr.op == "neg":
            if isinstance(operand, Scalar) and operand.kind == "duration":
                return self.durations.negated(operand)
            return self.scalars.negated(operand)
        assert isinstance(operand, Scalar)
        return Scalar("bool", self.builder.op("not", "bool", operand.operand))

    def _binary(self, expr: nodes.Binary, local: Locals) -> Value:
        left, right = self.value(expr.left, local), self.value(expr.right, local)
        if expr.op == "in":
            return Scalar("bool", self.aggregates.contains(right, left))
        if expr.op in {"eq", "ne", "lt", "le", "gt", "ge"}:
            return Scalar("bool", self.scalars.compare(expr.op, left, right))
        if expr.op == "add" and isinstance(left, _LISTS) and isinstance(right, _LISTS):
            kind = self.kinds.present(expr.type)
            assert isinstance(kind, ListOf)
            return self.lists.chained(kind.item, left, right)
        return self.durations.arithmetic(expr.op, left, right) or self.scalars.arithmetic(
            expr.op, left, right
        )

    def _and(self, expr: nodes.And, local: Locals) -> Value:
        left = self.test(expr.left, local)
        return self.choose(
            left, lambda: self.value(expr.right, local), lambda: Scalar("bool", FALSE)
        )

    def _or(self, expr: nodes.Or, local: Locals) -> Value:
        left = self.test(expr.left, local)
        return self.choose(
            left, lambda: Scalar("bool", TRUE), lambda: self.value(expr.right, local)
        )

    def _coalesce(self, expr: nodes.Coalesce, local: Locals) -> Value:
        left = self.value(expr.left, local)
        if isinstance(left, Nothing):
            return self.value(expr.right, local)
        if not isinstance(left, Maybe):
            return left
        kind = self.kinds.present(expr.type)
        if isinstance(kind, ListOf):
            held = self.held(local)
            return self.lists.either(
                left.present, lambda: left.value, lambda: self._made(expr.right, held), kind.item
            )
        return self.choose(left.present, lambda: left.value, lambda: self.value(expr.right, local))

    def _choose(self, expr: nodes.Choose, local: Locals) -> Value:
        condition = self.test(expr.condition, local)
        kind = self.kinds.bare(expr.type)
        if isinstance(kind, ListOf):
            held = self.held(local)
            return self.lists.either(
                condition,
                lambda: self._made(expr.yes, held),
                lambda: self._made(expr.no, held),
                kind.item,
            )
        return self.choose(
            condition,
            lambda: self.value(expr.yes, local),
            lambda: self.value(expr.no, local),
            self.unit.weights.choice(expr),
        )

    def _isnone(self, expr: nodes.IsNone, local: Locals) -> Value:
        present = self.scalars.presence(self.value(expr.operand, local))
        if present in {TRUE, FALSE}:
            return Scalar("bool", boolean(present == FALSE))
        return Scalar("bool", self.builder.op("not", "bool", present))

    def _convert(self, expr: nodes.Convert, local: Locals) -> Value:
        operand = self.value(expr.operand, local)
        if self.kinds.present(expr.type) == self.kinds.present(expr.operand.type):
            return operand
        return self._mapped(operand, lambda value: self._converted(value, expr))

    def _mapped(self, operand: Value, function: Callable[[Value], Value]) -> Value:
        """The function of the value, where there is one."""
        if isinstance(operand, Nothing):
            return operand
        if isinstance(operand, Maybe):
            return self.choose(operand.present, lambda: function(operand.value), Nothing)
        return function(operand)

    def _converted(self, value: Value, expr: nodes.Convert) -> Value:
        target, source = self.kinds.present(expr.type), self.kinds.present(expr.operand.type)
        if target == source or (isinstance(target, Dec) and isinstance(value, Decimal | Ratio)):
            return value
        if isinstance(value, Scalar) and value.kind == "int" and target == FLOAT:
            return Scalar("float", self.builder.op("to_float", "float", value.operand))
        if isinstance(value, Scalar) and value.kind == "int" and isinstance(target, Dec):
            return self._int_as_decimal(value)
        if isinstance(value, Scalar) and value.kind == "float" and target == INT:
            return Scalar("int", self.scalars.to_int(value, "zero"))
        if isinstance(value, Decimal) and target == FLOAT:
            return Scalar("float", self.decimals.to_float(value))
        if isinstance(value, Decimal) and target == INT:
            return Scalar("int", self.decimals.to_int(value, "zero"))
        if isinstance(target, Lit) or isinstance(source, Lit):
            return value
        raise NotNative(f"{show(source)} as {show(target)} has no native form")

    def _int_as_decimal(self, value: Scalar) -> Value:
        if isinstance(value.operand, Imm):
            return self.decimals.constant(int(value.operand.text), 0)
        return self.decimals.of_int(value.operand)

    def _quantise(self, expr: nodes.Quantise, local: Locals) -> Value:
        match expr.operand:
            # Each branch is rounded by itself: a quotient is not kept unrounded.
            case nodes.Choose(_, condition, yes, no):
                branches = nodes.Quantise(expr.type, yes), nodes.Quantise(expr.type, no)
                return self.value(nodes.Choose(expr.type, condition, *branches), local)
            case nodes.Bind(_, name, value, body):
                rounded = nodes.Quantise(expr.type, body)
                return self.value(nodes.Bind(expr.type, name, value, rounded), local)
            case _:
                pass
        kind = self.kinds.present(expr.type)
        assert isinstance(kind, Dec)

        def quantised(value: Value) -> Value:
            assert isinstance(value, Decimal | Ratio), expr
            return self.quantised(value, kind)

        return self._mapped(self.value(expr.operand, local), quantised)

    def quantised(self, value: Decimal | Ratio, kind: Dec) -> Decimal:
        """A value as a type has it, half-even; ``overflow`` where it has more digits."""
        if isinstance(value, Decimal):
            return self.decimals.quantised(value, kind.precision, kind.scale)
        rounded = self.scalars.quotients.rounded(value, kind.scale)
        return self.decimals.fits(rounded, kind.precision, kind.scale)

    def _bind(self, expr: nodes.Bind, local: Locals) -> Value:
        return self.value(expr.body, {**local, expr.name: self.value(expr.value, local)})

    def _call(self, expr: nodes.Call, local: Locals) -> Value:
        args = [self.value(arg, local) for arg in expr.args]
        return self.unit.called(self, expr.function, args)

    def _builtin(self, expr: nodes.Builtin, local: Locals) -> Value:
        if len(expr.args) == 1 and expr.name in AGGREGATES:
            # Used where it is made: what may fail of it is not run through before.
            return self.builtins.value(expr, [self.lists.sound(self._made(expr.args[0], local))])
        args = [self.value(arg, local) for arg in expr.args]
        return self.builtins.value(expr, args)

    def _range(self, expr: nodes.Range, local: Locals) -> Value:
        start = self.value(expr.start, local) if expr.start is not None else None
        stop = self.value(expr.stop, local)
        assert isinstance(stop, Scalar)
        if start is None:
            return Counting(integer(0), stop.operand)
        assert isinstance(start, Scalar)
        return Counting(start.operand, stop.operand)

    def walk(self, source: Value, body: Callable[[Value], None]) -> None:
        """Run ``body`` for each item of a list, in order. What it makes may leave the innermost loop. For a list that is written
        out it is repeated, in a scope."""
        if isinstance(source, Written):
            with self.builder.scope():
                for value in source.values:
                    body(value)
        elif isinstance(source, Counting):
            with self.builder.loop(source.start, source.stop) as index:
                body(Scalar("int", index))
        elif isinstance(source, Generated):
            source.walk(body)
        elif isinstance(source, Items):
            with self.builder.loop(source.start, source.stop) as index:
                body(source.item(index))
        else:
            raise NotNative("a walk through what is no list")


class Variable:
    """A ``var``: what its slot holds at the time it is read."""

    __slots__ = ("read", "store")

    def __init__(self, read: Callable[[], Value], store: Callable[[Value], None]) -> None:
        self.read = read
        self.store = store


_NAMES: dict[type, str] = {
    nodes.IsVariant: "a union",
}
