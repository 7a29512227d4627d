"""The rules of expressions: what the type of a node must be, given those of its operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir import nodes
from hyper.ir.program import CalcDef, ConstDef, EntityDef, EnumDef, ExternDef, RuleDef, TableDef
from hyper.lang.types import (
    BIGINT,
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    FLOAT,
    INT,
    STRING,
    UNKNOWN,
    Dec,
    Entity,
    Enum,
    ListOf,
    MapOf,
    Opt,
    Prim,
    Type,
    Union,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.kinds import Kinds
    from hyper.ir.program import Program

_NUMBERS = frozenset({INT, BIGINT, FLOAT})
_TIMES: dict[tuple[Type, str, Type], Type] = {
    (DATETIME, "sub", DATETIME): DURATION,
    (DATE, "sub", DATE): DURATION,
    (DATETIME, "add", DURATION): DATETIME,
    (DURATION, "add", DATETIME): DATETIME,
    (DATETIME, "sub", DURATION): DATETIME,
    (DATE, "add", DURATION): DATE,
    (DURATION, "add", DATE): DATE,
    (DATE, "sub", DURATION): DATE,
    (DURATION, "add", DURATION): DURATION,
    (DURATION, "sub", DURATION): DURATION,
}
_ORDERED = frozenset({"string", "url", "email", "date", "time", "datetime", "duration"})


class Rules:
    """One method a node; ``report`` is told of each broken rule."""

    def __init__(self, program: Program, kinds: Kinds, report: Callable[[str], None]) -> None:
        self._program = program
        self._kinds = kinds
        self._report = report
        self._checks: dict[type, Callable[..., None]] = {
            nodes.ConstRef: self._constref,
            nodes.EnumConst: self._enumconst,
            nodes.Now: self._now,
            nodes.Field: self._field,
            nodes.Item: self._item,
            nodes.MakeList: self._list,
            nodes.MakeMap: self._map,
            nodes.MakeRecord: self._record,
            nodes.WithFields: self._with,
            nodes.Unary: self._unary,
            nodes.Binary: self._binary,
            nodes.And: self._logic,
            nodes.Or: self._logic,
            nodes.Coalesce: self._coalesce,
            nodes.Choose: self._choose,
            nodes.IsNone: self._test,
            nodes.IsVariant: self._isvariant,
            nodes.Quantise: self._quantise,
            nodes.Bind: self._bind,
            nodes.Call: self._call,
            nodes.Comprehend: self._comprehend,
            nodes.Fold: self._fold,
            nodes.Range: self._range,
        }

    def check(self, node: nodes.Expr) -> None:
        """Check one node against its operands."""
        if self._kinds.bare(node.type) == UNKNOWN:
            self._report(f"a {type(node).__name__} of unknown type")
        check = self._checks.get(type(node))
        if check is not None:
            check(node)

    def entity(self, name: str) -> EntityDef | None:
        """The entity of that name."""
        definition = self._program.definitions.get(name)
        return definition if isinstance(definition, EntityDef) else None

    def item_of(self, source: nodes.Expr) -> Type:
        """The type of an element of a list or range."""
        kind = self._kinds.present(source.type)
        if isinstance(kind, ListOf):
            return kind.item
        self._report(f"elements of a {show(source.type)}")
        return UNKNOWN

    def _expect(self, expr: nodes.Expr, place: Type, what: str) -> None:
        if not self._kinds.fits(expr.type, place):
            self._report(f"{what} is {show(expr.type)}, not {show(place)}")

    def _expect_type(self, node: nodes.Expr, *kinds: Type) -> None:
        if not any(self._kinds.same(node.type, kind) for kind in kinds):
            self._report(f"a {type(node).__name__} of type {show(node.type)}")

    def _constref(self, node: nodes.ConstRef) -> None:
        if not isinstance(self._program.definitions.get(node.name), ConstDef):
            self._report(f"no const {node.name}")
        self._expect(node.value, node.type, f"the value of {node.name}")

    def _enumconst(self, node: nodes.EnumConst) -> None:
        kind = self._kinds.present(node.type)
        enum = self._program.definitions.get(kind.name) if isinstance(kind, Enum) else None
        if not isinstance(enum, EnumDef) or node.member not in {m.name for m in enum.members}:
            self._report(f"no member {node.member} of {show(node.type)}")

    def _now(self, node: nodes.Now) -> None:
        self._expect_type(node, DATETIME, DATE)

    def _field(self, node: nodes.Field) -> None:
        base = self._kinds.bare(node.base.type)
        entity = self.entity(base.name) if isinstance(base, Entity) else None
        if entity is None:
            self._report(f"the field {node.name} of a {show(node.base.type)}")
            return
        for field in entity.fields:
            if field.name == node.name:
                may_be_none = field.optional and field.default is None
                declared = Opt(field.type) if may_be_none else field.type
                if not self._kinds.same(
                    self._kinds.present(declared), self._kinds.present(node.type)
                ):
                    self._report(f"the field {node.name} as a {show(node.type)}")
                return
        self._report(f"no field {node.name} of {show(base)}")

    def _item(self, node: nodes.Item) -> None:
        base = self._kinds.bare(node.base.type)
        if isinstance(base, ListOf):
            self._expect(node.index, INT, "an index")
            self._fits(base.item, node)
        elif isinstance(base, MapOf):
            self._expect(node.index, STRING, "a key")
            self._fits(base.value, node)
        else:
            self._report(f"an item of a {show(node.base.type)}")

    def _fits(self, kind: Type, node: nodes.Expr) -> None:
        if not self._kinds.fits(kind, node.type):
            self._report(f"a {type(node).__name__} of type {show(node.type)}, not {show(kind)}")

    def _list(self, node: nodes.MakeList) -> None:
        kind = self._kinds.present(node.type)
        if not isinstance(kind, ListOf):
            self._report(f"a list of type {show(node.type)}")
            return
        for item in node.items:
            self._expect(item, kind.item, "an item")

    def _map(self, node: nodes.MakeMap) -> None:
        kind = self._kinds.present(node.type)
        if not isinstance(kind, MapOf):
            self._report(f"a map of type {show(node.type)}")
            return
        for key, value in node.entries:
            self._expect(key, STRING, "a key")
            self._expect(value, kind.value, "an entry")

    def _written(self, kind: Type, fields: tuple[tuple[str, nodes.Expr], ...]) -> set[str]:
        entity = self.entity(kind.name) if isinstance(kind, Entity) else None
        if entity is None:
            self._report(f"fields of a {show(kind)}")
            return set()
        types = {field.name: field for field in entity.fields}
        for name, value in fields:
            if name not in types:
                self._report(f"no field {name} of {show(kind)}")
                continue
            field = types[name]
            place = Opt(field.type) if field.optional else field.type
            self._expect(value, place, f"the field {name}")
        return {
            name for name, field in types.items() if field.default is None and not field.optional
        }

    def _record(self, node: nodes.MakeRecord) -> None:
        needed = self._written(self._kinds.present(node.type), node.fields)
        missing = needed - {name for name, _ in node.fields}
        if missing:
            self._report(f"{show(node.type)} without {', '.join(sorted(missing))}")

    def _with(self, node: nodes.WithFields) -> None:
        self._written(self._kinds.bare(node.base.type), node.fields)
        self._expect(node.base, node.type, "the base of with")

    def _unary(self, node: nodes.Unary) -> None:
        operand = self._kinds.bare(node.operand.type)
        if node.op == "not":
            self._expect(node.operand, BOOL, "the operand of not")
            self._expect_type(node, BOOL)
        elif operand not in _NUMBERS | {DURATION} and not isinstance(operand, Dec):
            self._report(f"minus a {show(operand)}")

    def _binary(self, node: nodes.Binary) -> None:
        left, right = self._kinds.bare(node.left.type), self._kinds.bare(node.right.type)
        if node.op in {"eq", "ne"}:
            self._expect_type(node, BOOL)
            one, other = self._kinds.present(left), self._kinds.present(right)
            numbers = {one, other} <= _NUMBERS
            fits = self._kinds.fits(left, right) or self._kinds.fits(right, left)
            decimals = isinstance(one, Dec) and isinstance(other, Dec)
            if not (numbers or decimals or fits or self._kinds.same(one, other)):
                self._report(f"{show(left)} {node.op} {show(right)}")
        elif node.op in {"lt", "le", "gt", "ge"}:
            self._expect_type(node, BOOL)
            if not self._comparable(left, right):
                self._report(f"{show(left)} {node.op} {show(right)}")
        elif node.op == "in":
            self._expect_type(node, BOOL)
            if not (isinstance(right, ListOf | MapOf) or right == STRING):
                self._report(f"in a {show(right)}")
        elif not self._arithmetic(node, left, right):
            self._report(f"{show(left)} {node.op} {show(right)} as {show(node.type)}")

    def _comparable(self, left: Type, right: Type) -> bool:
        if {left, right} <= _NUMBERS:
            return True
        if isinstance(left, Dec) and isinstance(right, Dec):
            return True
        return (
            isinstance(left, Prim)
            and isinstance(right, Prim)
            and left.name in _ORDERED
            and right.name in _ORDERED
        )

    def _arithmetic(self, node: nodes.Binary, left: Type, right: Type) -> bool:
        result = self._kinds.bare(node.type)
        if isinstance(left, Dec) and isinstance(right, Dec):
            return isinstance(result, Dec)
        if left in _NUMBERS and left == right:
            return result == (FLOAT if node.op == "div" else left)
        if (left, node.op, right) in _TIMES:
            return result == _TIMES[left, node.op, right]
        is_join = left == right == STRING or (
            isinstance(left, ListOf) and isinstance(right, ListOf)
        )
        return node.op == "add" and is_join

    def _logic(self, node: nodes.And | nodes.Or) -> None:
        self._expect(node.left, BOOL, "an operand")
        self._expect(node.right, BOOL, "an operand")
        self._expect_type(node, BOOL)

    def _coalesce(self, node: nodes.Coalesce) -> None:
        self._expect(node.right, node.type, "the right of ??")
        if not self._kinds.fits(self._kinds.present(node.left.type), node.type):
            self._report(f"{show(node.left.type)} ?? as {show(node.type)}")

    def _choose(self, node: nodes.Choose) -> None:
        self._expect(node.condition, BOOL, "the condition")
        self._expect(node.yes, node.type, "the value of then")
        self._expect(node.no, node.type, "the value of else")

    def _test(self, node: nodes.IsNone) -> None:
        self._expect_type(node, BOOL)

    def _isvariant(self, node: nodes.IsVariant) -> None:
        self._expect_type(node, BOOL)
        kind = self._kinds.present(node.operand.type)
        variants = self._kinds.variants(kind.name) if isinstance(kind, Union) else ()
        if isinstance(kind, Union) and not 0 <= node.index < len(variants):
            self._report(f"variant {node.index} of {show(kind)}")

    def _quantise(self, node: nodes.Quantise) -> None:
        kind = self._kinds.present(node.type)
        if not isinstance(kind, Dec) or not kind.precision:
            self._report(f"quantised to {show(node.type)}")
        if not isinstance(self._kinds.present(node.operand.type), Dec):
            self._report(f"a {show(node.operand.type)} quantised")

    def _bind(self, node: nodes.Bind) -> None:
        if not node.name.startswith("_"):
            self._report(f"the bound name {node.name}")
        self._fits(node.body.type, node)

    def _call(self, node: nodes.Call) -> None:
        definition = self._program.definitions.get(node.function)
        if isinstance(definition, RuleDef):
            params: list[Type] = [Entity(definition.entity)]
            returns: Type = Entity(definition.entity)
        elif isinstance(definition, CalcDef | TableDef | ExternDef):
            params = [param.type for param in definition.params]
            returns = definition.returns
        else:
            self._report(f"no function {node.function}")
            return
        if len(params) != len(node.args):
            self._report(f"{node.function} with {len(node.args)} arguments")
            return
        for arg, param in zip(node.args, params, strict=True):
            self._expect(arg, param, f"an argument of {node.function}")
        self._fits(returns, node)

    def _comprehend(self, node: nodes.Comprehend) -> None:
        kind = self._kinds.present(node.type)
        if not isinstance(kind, ListOf):
            self._report(f"a comprehension of type {show(node.type)}")
            return
        self._expect(node.element, kind.item, "an element")
        if node.condition is not None:
            self._expect(node.condition, BOOL, "the condition")

    def _fold(self, node: nodes.Fold) -> None:
        if node.condition is not None:
            self._expect(node.condition, BOOL, "the condition")
        if node.op in {"any", "all"}:
            self._expect(node.element, BOOL, "an element")
            self._expect_type(node, BOOL)
        elif node.op == "count":
            self._expect_type(node, INT)

    def _range(self, node: nodes.Range) -> None:
        if node.start is not None:
            self._expect(node.start, INT, "the start of a range")
        self._expect(node.stop, INT, "the end of a range")
        self._expect_type(node, ListOf(INT))
