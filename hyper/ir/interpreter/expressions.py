"""Expressions compiled to closures over the locals of one call.

A closure takes the locals and gives the value; what can be decided before is decided here, once. The order in which operands
are called is the order of evaluation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from hyper.ir import nodes
from hyper.ir.interpreter import arithmetic, constants
from hyper.ir.interpreter.aggregates import AGGREGATES
from hyper.ir.interpreter.builtins import builtin
from hyper.ir.interpreter.conversions import CONVERSIONS
from hyper.ir.interpreter.json_out import to_json
from hyper.ir.interpreter.operators import binary, negate
from hyper.ir.interpreter.values import EvaluationError, Record, Value
from hyper.ir.weight import weight
from hyper.lang.types import ANY, DATETIME, Dec, Enum, ListOf, Opt, Prim, Type, Union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.ir.interpreter.machine import Machine
    from hyper.ir.interpreter.records import Records
    from hyper.ir.interpreter.shapes import Shapes
    from hyper.ir.interpreter.watch import Watch

    Locals: TypeAlias = dict[str, Value]
    Code: TypeAlias = Callable[[Locals], Value]


class Linker(Protocol):
    """Where calls lead."""

    def call(self, function: str, args: list[Value]) -> Value:
        """The value of a calc, table, rule or extern."""


class Expressions:
    """Compiles expressions. One method a node; the closures keep no reference to the tree."""

    def __init__(
        self,
        machine: Machine,
        shapes: Shapes,
        records: Records,
        linker: Linker,
        watch: Watch | None = None,
    ) -> None:
        self.machine = machine
        self._watch = watch
        self.shapes = shapes
        self.records = records
        self.linker = linker
        self._methods: dict[type, Callable[..., Code]] = {
            nodes.Const: self._const,
            nodes.ConstRef: self._constref,
            nodes.EnumConst: self._enumconst,
            nodes.Local: self._local,
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
            nodes.IsVariant: self._isvariant,
            nodes.Convert: self._convert,
            nodes.Quantise: self._quantise,
            nodes.Bind: self._bind,
            nodes.Call: self._call,
            nodes.Builtin: self._builtin,
            nodes.Comprehend: self._comprehend,
            nodes.Fold: self._fold,
            nodes.Range: self._range,
        }

    def compile(self, expr: nodes.Expr) -> Code:
        """The closure of an expression."""
        return self._methods[type(expr)](expr)

    def bare(self, expr: nodes.Expr) -> Type:
        """The type of an expression without aliases, markers and optionality."""
        kind = self.shapes.bare(expr.type)
        while isinstance(kind, Opt):
            kind = self.shapes.bare(kind.inner)
        return kind

    def _const(self, expr: nodes.Const) -> Code:
        value = constants.read(self.shapes.bare(expr.type), expr.text)
        return lambda _locals: value

    def _constref(self, expr: nodes.ConstRef) -> Code:
        return self.compile(expr.value)

    def _enumconst(self, expr: nodes.EnumConst) -> Code:
        kind = self.bare(expr)
        if not isinstance(kind, Enum):
            raise TypeError(expr)
        value = self.shapes.member(kind.name, expr.member)
        return lambda _locals: value

    def _local(self, expr: nodes.Local) -> Code:
        name = expr.name
        return lambda local: local[name]

    def _now(self, expr: nodes.Now) -> Code:
        machine = self.machine
        if self.bare(expr) == DATETIME:
            return lambda _locals: machine.instant()
        return lambda _locals: machine.instant().date()

    def _field(self, expr: nodes.Field) -> Code:
        base = self.compile(expr.base)
        name = expr.name

        def run(local: Locals) -> Value:
            record: Record = base(local)
            return record.fields.get(name)

        return run

    def _item(self, expr: nodes.Item) -> Code:
        base, index = self.compile(expr.base), self.compile(expr.index)
        if isinstance(self.bare(expr.base), ListOf):

            def run(local: Locals) -> Value:
                items, at = base(local), index(local)
                if not 0 <= at < len(items):
                    raise EvaluationError("out_of_bounds", f"no item {at} among {len(items)}")
                return items[at]

            return run

        def look_up(local: Locals) -> Value:
            entries, key = base(local), index(local)
            if key not in entries:
                raise EvaluationError("out_of_bounds", f"no entry {key!r}")
            return entries[key]

        return look_up

    def _list(self, expr: nodes.MakeList) -> Code:
        items = [self.compile(item) for item in expr.items]
        machine = self.machine
        size = 8 * len(items)

        def run(local: Locals) -> Value:
            machine.allocate(size)
            return [item(local) for item in items]

        return run

    def _map(self, expr: nodes.MakeMap) -> Code:
        entries = [(self.compile(key), self.compile(value)) for key, value in expr.entries]
        machine = self.machine
        size = 16 * len(entries)

        def run(local: Locals) -> Value:
            machine.allocate(size)
            result = {}
            for key, value in entries:
                name = key(local)
                result[name] = value(local)
            return result

        return run

    def _record(self, expr: nodes.MakeRecord) -> Code:
        fields = [(name, self.compile(value)) for name, value in expr.fields]
        machine, build = self.machine, self.records.build
        name = self.bare(expr).name  # type: ignore[union-attr]
        size = 8 * len(fields) + 16

        def run(local: Locals) -> Value:
            machine.allocate(size)
            return build(name, {field: value(local) for field, value in fields})

        return run

    def _with(self, expr: nodes.WithFields) -> Code:
        base = self.compile(expr.base)
        fields = [(name, self.compile(value)) for name, value in expr.fields]
        machine, replace = self.machine, self.records.replace

        def run(local: Locals) -> Value:
            record: Record = base(local)
            machine.allocate(8 * len(record.fields) + 16)
            return replace(record, {field: value(local) for field, value in fields})

        return run

    def _unary(self, expr: nodes.Unary) -> Code:
        operand = self.compile(expr.operand)
        if expr.op == "not":
            return lambda local: not operand(local)
        function = negate(self.bare(expr.operand))
        return lambda local: function(operand(local))

    def _binary(self, expr: nodes.Binary) -> Code:
        left, right = self.compile(expr.left), self.compile(expr.right)
        function = binary(expr.op, self.bare(expr.left), self.bare(expr.right), self.machine)
        return lambda local: function(left(local), right(local))

    def _and(self, expr: nodes.And) -> Code:
        left, right = self.compile(expr.left), self.compile(expr.right)
        return lambda local: left(local) and right(local)

    def _or(self, expr: nodes.Or) -> Code:
        left, right = self.compile(expr.left), self.compile(expr.right)
        return lambda local: left(local) or right(local)

    def _coalesce(self, expr: nodes.Coalesce) -> Code:
        left, right = self.compile(expr.left), self.compile(expr.right)

        def run(local: Locals) -> Value:
            value = left(local)
            return right(local) if value is None else value

        return run

    def _choose(self, expr: nodes.Choose) -> Code:
        condition = self.compile(expr.condition)
        yes, no = self.compile(expr.yes), self.compile(expr.no)
        watch = self._watch
        if watch is None:
            return lambda local: yes(local) if condition(local) else no(local)

        def run(local: Locals) -> Value:
            held = condition(local)
            watch.choice(expr, held)
            return yes(local) if held else no(local)

        return run

    def _isnone(self, expr: nodes.IsNone) -> Code:
        operand = self.compile(expr.operand)
        return lambda local: operand(local) is None

    def _isvariant(self, expr: nodes.IsVariant) -> Code:
        operand = self.compile(expr.operand)
        shapes, index = self.shapes, expr.index
        kind = self.bare(expr.operand)
        if not isinstance(kind, Union):
            variant = expr.variant
            return lambda local: shapes.fits(operand(local), variant)
        variants = shapes.union(kind.name).variants
        return lambda local: shapes.variant_of(operand(local), variants) == index

    def _convert(self, expr: nodes.Convert) -> Code:
        operand = self.compile(expr.operand)
        target, source = self.bare(expr), self.bare(expr.operand)
        name = "decimal" if isinstance(target, Dec) else getattr(target, "name", "")
        if target == source or (isinstance(target, Dec) and isinstance(source, Dec)):
            return operand
        if target == ANY:
            shapes = self.shapes
            return lambda local: to_json(operand(local), shapes)
        if not isinstance(target, Prim | Dec) or source == ANY:
            return operand
        function = CONVERSIONS[name]
        if isinstance(self.shapes.bare(expr.type), Opt):
            return _unless_none(operand, function)
        return lambda local: function(operand(local))

    def _quantise(self, expr: nodes.Quantise) -> Code:
        operand = self.compile(expr.operand)
        kind = self.bare(expr)
        if not isinstance(kind, Dec):
            raise TypeError(expr)
        precision, scale = kind.precision, kind.scale
        return _unless_none(operand, lambda value: arithmetic.quantise(value, precision, scale))

    def _bind(self, expr: nodes.Bind) -> Code:
        name, value, body = expr.name, self.compile(expr.value), self.compile(expr.body)

        def run(local: Locals) -> Value:
            local[name] = value(local)
            return body(local)

        return run

    def _call(self, expr: nodes.Call) -> Code:
        args = [self.compile(arg) for arg in expr.args]
        call, function = self.linker.call, expr.function
        return lambda local: call(function, [arg(local) for arg in args])

    def _builtin(self, expr: nodes.Builtin) -> Code:
        args = [self.compile(arg) for arg in expr.args]
        kinds = [self.bare(arg) for arg in expr.args]
        function = builtin(expr.name, kinds, self.bare(expr), self.machine)
        if len(args) == 1:
            only = args[0]
            return lambda local: function(only(local))
        return lambda local: function(*[arg(local) for arg in args])

    def elements(
        self, element: nodes.Expr, target: str, source: nodes.Expr, condition: nodes.Expr | None
    ) -> Callable[[Locals], Iterator[Value]]:
        """The elements of a generator, one at a time, each paid for."""
        items, value = self.compile(source), self.compile(element)
        keep = self.compile(condition) if condition is not None else None
        machine = self.machine
        cost = weight(element) + (weight(condition) if condition is not None else 0)

        def run(local: Locals) -> Iterator[Value]:
            inner = dict(local)
            for item in items(local):
                machine.step(cost)
                inner[target] = item
                if keep is None or keep(inner):
                    yield value(inner)

        return run

    def _comprehend(self, expr: nodes.Comprehend) -> Code:
        elements = self.elements(expr.element, expr.target, expr.source, expr.condition)
        machine = self.machine

        def run(local: Locals) -> Value:
            result = []
            for value in elements(local):
                machine.allocate(8)
                result.append(value)
            return result

        return run

    def _fold(self, expr: nodes.Fold) -> Code:
        elements = self.elements(expr.element, expr.target, expr.source, expr.condition)
        if expr.op == "last":
            return lambda local: _last(elements(local))
        fold = AGGREGATES[expr.op](self.bare(expr.element))
        if expr.op != "sorted":
            return lambda local: fold(elements(local))
        machine = self.machine

        def run(local: Locals) -> Value:
            result: list[Value] = fold(elements(local))
            machine.allocate(8 * len(result))
            return result

        return run

    def _range(self, expr: nodes.Range) -> Code:
        start = self.compile(expr.start) if expr.start is not None else None
        stop = self.compile(expr.stop)
        if start is None:
            return lambda local: range(stop(local))
        return lambda local: range(start(local), stop(local))


def _unless_none(operand: Code, function: Callable[[Value], Value]) -> Code:
    def run(local: Locals) -> Value:
        value = operand(local)
        return None if value is None else function(value)

    return run


def _last(values: Iterator[Value]) -> Value:
    result = None
    for value in values:
        result = value
    return result
