"""Expressions as Python.

Python's own operators stand wherever they mean the same; where they do not, a function of the
runtime does. Operands are written in the order in which they are evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeGuard

from hyper.emit.python.constants import constant
from hyper.emit.python.functions import builtins, conversions, shapes
from hyper.emit.python.functions.comparisons import (
    constant_bool,
    equalities,
    is_chain,
    is_repeatable,
    without_places,
)
from hyper.emit.python.functions.order import is_pure, starts_with_local
from hyper.emit.python.functions.pieces import (
    ADD,
    AND,
    COMPARE,
    MULTIPLY,
    NOT,
    OR,
    PRIMARY,
    UNARY,
    Atom,
    Brackets,
    Comprehension,
    Conditional,
    Keyword,
    Named,
    Operation,
    Piece,
    Prefix,
    attribute,
    call,
    flat,
    operation,
)
from hyper.ir import nodes
from hyper.ir.program import EntityDef
from hyper.ir.types import (
    BOOL,
    DATETIME,
    DURATION,
    FLOAT,
    INT,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Opt,
    Prim,
    Type,
    Union,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.python.functions.writer import Writer

_SYMBOLS: Final = {
    "add": ("+", ADD),
    "sub": ("-", ADD),
    "mul": ("*", MULTIPLY),
    "div": ("/", MULTIPLY),
    "floordiv": ("//", MULTIPLY),
    "mod": ("%", MULTIPLY),
    "eq": ("==", COMPARE),
    "ne": ("!=", COMPARE),
    "lt": ("<", COMPARE),
    "le": ("<=", COMPARE),
    "gt": (">", COMPARE),
    "ge": (">=", COMPARE),
    "in": ("in", COMPARE),
}
_OPPOSITE: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}


class Expressions:
    """Writes the expressions of one function."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.kinds = writer.kinds
        self.parts: dict[str, bool] = {}
        """Functions of parts of this one, by name: whether they are given the clock."""
        self._pending: dict[str, nodes.Expr] = {}
        self._in_source = 0
        self._methods: dict[type, Callable[..., Piece]] = {
            nodes.Const: self._const,
            nodes.ConstRef: self._constref,
            nodes.EnumConst: self._const,
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

    def write(self, expr: nodes.Expr) -> Piece:
        """The piece of an expression."""
        return self._methods[type(expr)](expr)

    def present(self, expr: nodes.Expr) -> Type:
        """The type of an expression, without aliases, markers and optionality."""
        return self.kinds.present(expr.type)

    def may_be_none(self, expr: nodes.Expr) -> bool:
        """Whether none is a value of the expression's type."""
        return isinstance(self.kinds.bare(expr.type), Opt)

    def temporary(self) -> str:
        """A name that nothing else has."""
        return self.writer.fresh("_")

    # Leaves

    def _const(self, expr: nodes.Const | nodes.EnumConst) -> Piece:
        if isinstance(expr, nodes.EnumConst):
            kind = self.present(expr)
            assert isinstance(kind, Enum)
            member = self.writer.scope.names.member(kind.name, expr.member)
            return Atom(f"{self.writer.declaration(kind.name)}.{member}")
        text = constant(nodes.Const(self.present(expr), expr.text), self.writer.scope)
        return Atom(text, UNARY if text.startswith("-") else PRIMARY)

    def _constref(self, expr: nodes.ConstRef) -> Piece:
        shared = self.writer.links.const_value(expr.name)
        if shared == expr.value and stands_alone(shared):
            return Atom(self.writer.declaration(expr.name))
        return self.write(expr.value)

    def _local(self, expr: nodes.Local) -> Piece:
        name = self.writer.locals[expr.name]
        value = self._pending.pop(expr.name, None)
        return Named(name, self.write(value)) if value is not None else Atom(name)

    def _now(self, expr: nodes.Now) -> Piece:
        self.writer.reads_clock = True
        return Atom("now") if self.present(expr) == DATETIME else Atom("now.date()")

    # Parts of values

    def _field(self, expr: nodes.Field) -> Piece:
        kind = self.present(expr.base)
        assert isinstance(kind, Entity)
        return attribute(self.write(expr.base), self.writer.scope.names.field(kind.name, expr.name))

    def _item(self, expr: nodes.Item) -> Piece:
        base = self.write(expr.base)
        is_list = isinstance(self.present(expr.base), ListOf)
        if is_list and not (isinstance(expr.index, nodes.Const) and expr.index.text.isdigit()):
            return call(self.writer.runtime("lists", "item"), base, self.write(expr.index))
        self.writer.guarded = True
        return Brackets(base, "[", (self.write(expr.index),), "]", comma=False)

    def _list(self, expr: nodes.MakeList) -> Piece:
        return Brackets(None, "[", tuple(self.write(item) for item in expr.items), "]")

    def _map(self, expr: nodes.MakeMap) -> Piece:
        entries = []
        for key, value in expr.entries:
            name = self.write(key)
            entries.append(Keyword(f"{flat(name)}: ", self.write(value)))
        return Brackets(None, "{", tuple(entries), "}")

    def _record(self, expr: nodes.MakeRecord) -> Piece:
        kind = self.present(expr)
        assert isinstance(kind, Entity)
        names = self.writer.scope.names
        entity = names.program.definitions[kind.name]
        assert isinstance(entity, EntityDef)
        fields = {field.name: field for field in entity.fields}
        attributes = names.fields(kind.name)
        items: list[Piece] = []
        plain = not _names_clash(entity, attributes)
        for name, value in expr.fields:
            items.append(Keyword(f"{attributes[name]}=", self.write(value)))
            if fields[name].optional and self.may_be_none(value):
                plain = plain and isinstance(self.kinds.bare(fields[name].type), Opt)
        written = {name for name, _ in expr.fields}
        items += [
            Keyword(f"{attributes[field.name]}=", self.write(field.default))
            for field in entity.fields
            if field.name not in written and isinstance(field.default, nodes.Now)
        ]
        self.writer.guarded = True
        name = self.writer.declaration(kind.name)
        if plain:
            return call(name, *items)
        return call(self.writer.runtime("records", "make"), Atom(name), *items)

    def _with(self, expr: nodes.WithFields) -> Piece:
        base = self.write(expr.base)
        return self.replaced(base, self.present(expr.base), expr.fields)

    def replaced(
        self, base: Piece, kind: Type, fields: tuple[tuple[str, nodes.Expr], ...]
    ) -> Piece:
        """``replace(base, field=value)``."""
        assert isinstance(kind, Entity)
        attributes = self.writer.scope.names.fields(kind.name)
        items = [Keyword(f"{attributes[name]}=", self.write(value)) for name, value in fields]
        self.writer.guarded = True
        return call(self.writer.runtime("records", "replace"), base, *items)

    # Operators

    def checked(self, piece: Piece) -> Piece:
        """An int that may have left its 64 bits, checked."""
        return call(self.writer.runtime("arithmetic", "i64"), piece)

    def _unary(self, expr: nodes.Unary) -> Piece:
        if expr.op == "not":
            return self._not(expr.operand)
        kind = self.present(expr.operand)
        piece = Prefix("-", self.write(expr.operand), UNARY)
        if isinstance(kind, Dec) or kind == DURATION:
            self.writer.guarded = True
        return self.checked(piece) if kind == INT else piece

    def _not(self, operand: nodes.Expr) -> Piece:
        match operand:
            case nodes.IsNone():
                test = self.write(operand)
                if isinstance(test, Operation) and test.operators == ("is",):
                    return Operation(COMPARE, test.operands, ("is not",))
                return Prefix("not ", test, NOT)
            case nodes.Binary() if operand.op in _OPPOSITE and self._is_total(operand):
                opposite = _OPPOSITE[operand.op]
                return self._compared(
                    nodes.Binary(BOOL, opposite, operand.left, operand.right)  # type: ignore[arg-type]
                )
            case nodes.Or():
                written = self.write(operand)
                if isinstance(written, Operation) and written.operators == ("in",):
                    return Operation(COMPARE, written.operands, ("not in",))
                return Prefix("not ", written, NOT)
            case nodes.Binary() if operand.op == "in":
                written = self._membership(operand)
                # Written once: what is bound at its first use would be unbound in a second writing.
                if isinstance(written, Operation) and written.operators == ("in",):
                    return Operation(COMPARE, written.operands, ("not in",))
                return Prefix("not ", written, NOT)
        return Prefix("not ", self.write(operand), NOT)

    def _is_total(self, expr: nodes.Binary) -> bool:
        """Whether not ``<`` is ``>=``: not so for NaN."""
        return expr.op in {"eq", "ne"} or FLOAT not in {
            self.present(expr.left),
            self.present(expr.right),
        }

    def _sides(self, expr: nodes.Binary) -> tuple[Piece, Piece]:
        """Both operands; an int beside a decimal needs no conversion of its own, nor does 2.00 that is only compared."""
        left, right = expr.left, expr.right
        if expr.op in _OPPOSITE:
            left, right = without_places(left), without_places(right)
        if isinstance(self.present(left), Dec) and isinstance(self.present(right), Dec):
            if not _is_widened(left):
                return self.write(left), self._number(right)
            if not _is_widened(right):
                return self._number(left), self.write(right)
        return self.write(left), self.write(right)

    def _number(self, expr: nodes.Expr) -> Piece:
        """A decimal operand beside another: a whole constant, or an int that was widened, stands as it is."""
        if isinstance(expr, nodes.Const) and expr.text.lstrip("-").isdigit():
            return Atom(expr.text, UNARY if expr.text.startswith("-") else PRIMARY)
        if isinstance(expr, nodes.Convert) and _is_widened(expr) and not self.may_be_none(expr):
            return self.write(expr.operand)
        return self.write(expr)

    def _binary(self, expr: nodes.Binary) -> Piece:
        if expr.op == "in":
            return self._membership(expr)
        if expr.op in _OPPOSITE:
            return self._compared(expr)
        symbol, at = _SYMBOLS[expr.op]
        kind = self.present(expr.left)
        self._guard(expr.op, kind)
        if isinstance(kind, Dec) and expr.op in {"floordiv", "mod"}:
            name = "floor_div" if expr.op == "floordiv" else "modulo"
            both = self.write(expr.left), self.write(expr.right)
            return call(self.writer.runtime("arithmetic", name), *both)
        left, right = self._sides(expr)
        piece = operation(at, symbol, left, right)
        needs_check = expr.op in {"add", "sub", "mul"} or (
            expr.op == "floordiv" and not _is_safe_divisor(expr.right)
        )
        return self.checked(piece) if kind == INT and needs_check else piece

    def _guard(self, op: str, kind: Type) -> None:
        if op in {"div", "floordiv", "mod"} or isinstance(kind, Dec):
            self.writer.guarded = True
        if isinstance(kind, Prim) and kind.name in {"date", "datetime", "duration"}:
            self.writer.guarded = True

    def _compared(self, expr: nodes.Binary) -> Piece:
        symbol, _ = _SYMBOLS[expr.op]
        kind = self.present(expr.left)
        if expr.op in {"eq", "ne"}:
            asked = self._asked(expr)
            if asked is not None:
                return asked
            if self.compares_plainly(kind) and self.compares_plainly(self.present(expr.right)):
                return operation(COMPARE, symbol, *self._sides(expr))
            test = call(
                self.writer.runtime("lists", "equal"), self.write(expr.left), self.write(expr.right)
            )
            return test if expr.op == "eq" else Prefix("not ", test, NOT)
        if kind == Prim("time"):
            left, right = self.write(expr.left), self.write(expr.right)
            name = self.writer.runtime("arithmetic", "time_of_day")
            return operation(COMPARE, symbol, call(name, left), call(name, right))
        return operation(COMPARE, symbol, *self._sides(expr))

    def _asked(self, expr: nodes.Binary) -> Piece | None:
        """``x``, ``not x`` or ``x is True`` for a comparison of a bool with a constant one."""
        value, wanted = expr.left, constant_bool(expr.right)
        if wanted is None:
            value, wanted = expr.right, constant_bool(expr.left)
        if wanted is None or self.present(value) != BOOL:
            return None
        if self.may_be_none(value):
            operator = "is" if expr.op == "eq" else "is not"
            return operation(COMPARE, operator, self.write(value), Atom(str(wanted)))
        return self.write(value) if wanted is (expr.op == "eq") else self._not(value)

    def _is_asked_plainly(self, choices: list[nodes.Binary]) -> bool:
        """Whether ``x in (a, b)`` of Python means the same as ``x == a or x == b``."""
        kind = self.present(choices[0].left)
        return kind not in {BOOL, FLOAT} and all(
            self.compares_plainly(self.present(side))
            for choice in choices
            for side in (choice.left, choice.right)
        )

    def compares_plainly(self, kind: Type) -> bool:
        """Whether ``==`` of Python is the language's for values of this type."""
        kind = self.kinds.present(kind)
        if isinstance(kind, ListOf | MapOf):
            inner = self.kinds.bare(kind.item if isinstance(kind, ListOf) else kind.value)
            return self.kinds.present(inner) != FLOAT and self.compares_plainly(inner)
        if isinstance(kind, Prim):
            return kind.name not in {"time", "any"}
        return isinstance(kind, Dec | Enum | Lit)

    def _membership(self, expr: nodes.Binary) -> Piece:
        whole = self.present(expr.right)
        if isinstance(whole, ListOf):
            item = self.kinds.present(whole.item)
            if not self.compares_plainly(item) or item == FLOAT:
                # A bound value is computed where it is first read, so that the order matters.
                pure = (is_pure(expr.left) or is_pure(expr.right)) and not self._pending
                left, right = self.write(expr.left), self.write(expr.right)
                if pure:
                    return call(self.writer.runtime("lists", "contains"), right, left)
                test = self.writer.runtime("lists", "is_in")
                return call(test, left, right)
        return operation(COMPARE, "in", *self._sides(expr))

    def _and(self, expr: nodes.And) -> Piece:
        left, right = self.write(expr.left), self.write(expr.right)
        if is_chain(expr) and _is_comparison(left) and _is_comparison(right):
            operands = (*left.operands, *right.operands[1:])
            return Operation(COMPARE, operands, (*left.operators, *right.operators))
        return joined(AND, "and", left, right)

    def _or(self, expr: nodes.Or) -> Piece:
        choices = equalities(expr)
        if choices and self._is_asked_plainly(choices):
            items = tuple(self._number(without_places(choice.right)) for choice in choices)
            whole = Brackets(None, "(", items, ")")
            return operation(COMPARE, "in", self.write(choices[0].left), whole)
        return joined(OR, "or", self.write(expr.left), self.write(expr.right))

    def _choose(self, expr: nodes.Choose) -> Piece:
        condition = self.write(expr.condition)
        return Conditional(self.write(expr.yes), condition, self.write(expr.no))

    def _isnone(self, expr: nodes.IsNone) -> Piece:
        operand = expr.operand
        if isinstance(operand, nodes.Const) and operand.text == "null":
            return Atom("True")
        value = operand.operand if isinstance(operand, nodes.Convert) else operand
        if not self.may_be_none(value):
            # Python warns of ``1 is None``, and what can be none is what is asked here.
            pure = is_pure(value) and not self._pending
            if pure and self.present(value) == self.present(operand):
                return Atom("False")
            both = Brackets(None, "(", (self.write(operand), Atom("False")), ")")
            return Brackets(both, "[", (Atom("1"),), "]", comma=False)
        return operation(COMPARE, "is", self.write(expr.operand), Atom("None"))

    def _coalesce(self, expr: nodes.Coalesce) -> Piece:
        return self.unless_none(expr.left, lambda piece: piece, self.write(expr.right), flip=True)

    def unless_none(
        self,
        operand: nodes.Expr,
        use: Callable[[Piece], Piece],
        otherwise: Piece,
        *,
        flip: bool = False,
    ) -> Piece:
        """``use(operand)``, or ``otherwise`` where the operand is none; the operand is evaluated once."""

        def choose(value: Piece, again: Piece) -> Piece:
            test = operation(COMPARE, "is not" if flip else "is", value, Atom("None"))
            if flip:
                return Conditional(use(again), test, otherwise)
            return Conditional(otherwise, test, use(again))

        return self._once(operand, choose)

    def _once(self, operand: nodes.Expr, use: Callable[[Piece, Piece], Piece]) -> Piece:
        """``use`` of an operand that is written several times and evaluated once; it is given the first and the later forms.

        Python forbids ``:=`` in the source of a generator: there a lambda names it.
        """
        if is_repeatable(operand) and not self._pending:
            value = self.write(operand)
            return use(value, value)
        name = self.temporary()
        if not self._in_source:
            return use(Named(name, self.write(operand)), Atom(name))
        value = self.write(operand)
        return call(Atom(f"(lambda {name}: {flat(use(Atom(name), Atom(name)))})"), value)

    def _isvariant(self, expr: nodes.IsVariant) -> Piece:
        kind = self.present(expr.operand)

        def test(first: Piece, value: Piece) -> Piece:
            if isinstance(kind, Union):
                variants = self.kinds.variants(kind.name)
                found = shapes.variant(self.writer, value, variants, expr.index)
            else:
                found = shapes.shape(self.writer, value, expr.variant)
            if first == value:
                return found
            both = Brackets(None, "(", (first, found), ")")
            return Brackets(both, "[", (Atom("1"),), "]", comma=False)

        return self._once(expr.operand, test)

    # Conversions and names

    def _convert(self, expr: nodes.Convert) -> Piece:
        return conversions.convert(self, expr)

    def _quantise(self, expr: nodes.Quantise) -> Piece:
        kind = self.present(expr)
        assert isinstance(kind, Dec)
        fit = self.writer.runtime("arithmetic", "fit")
        digits = (Atom(str(kind.precision)), Atom(str(kind.scale)))
        if self.may_be_none(expr.operand):
            return self.unless_none(
                expr.operand, lambda piece: call(fit, piece, *digits), Atom("None")
            )
        return call(fit, self._number(expr.operand), *digits)

    def _bind(self, expr: nodes.Bind) -> Piece:
        if not self._in_source and starts_with_local(expr.body, expr.name):
            self._pending[expr.name] = expr.value
            return self.write(expr.body)
        name, value = self.writer.locals[expr.name], self.write(expr.value)
        if self._in_source:
            return call(Atom(f"(lambda {name}: {flat(self.write(expr.body))})"), value)
        both = Brackets(None, "(", (Named(name, value), self.write(expr.body)), ")")
        return Brackets(both, "[", (Atom("1"),), "]", comma=False)

    # Calls

    def _call(self, expr: nodes.Call) -> Piece:
        items = [self.write(arg) for arg in expr.args]
        if expr.function in self.parts:
            if self.parts[expr.function]:
                items.append(Atom("now"))
            return call(expr.function, *items)
        if self.writer.scope.names.program.reads_clock(expr.function):
            self.writer.reads_clock = True
            items.append(Keyword("now=", Atom("now")))
        return call(self.writer.declaration(expr.function), *items)

    def _builtin(self, expr: nodes.Builtin) -> Piece:
        return builtins.builtin(self, expr)

    # Generators

    def generator(
        self, element: nodes.Expr, target: str, source: nodes.Expr, condition: nodes.Expr | None
    ) -> Comprehension:
        """``element for target in source if condition``."""
        self._in_source += 1
        items = self.write(source)
        self._in_source -= 1
        test = self.write(condition) if condition is not None else None
        return Comprehension(self.write(element), self.writer.locals[target], items, test)

    def _comprehend(self, expr: nodes.Comprehend) -> Piece:
        made = self.generator(expr.element, expr.target, expr.source, expr.condition)
        if made.condition is None and made.element == Atom(made.target):
            return call("list", made.source)
        return Brackets(None, "[", (made,), "]", comma=False)

    def _fold(self, expr: nodes.Fold) -> Piece:
        made = self.generator(expr.element, expr.target, expr.source, expr.condition)
        kind = self.kinds.present(expr.element.type)
        return builtins.aggregate(self, expr.op, kind, made)

    def _range(self, expr: nodes.Range) -> Piece:
        items = [self.write(expr.start)] if expr.start is not None else []
        return call("range", *items, self.write(expr.stop))


def joined(at: int, operator: str, left: Piece, right: Piece) -> Piece:
    """``left and right``; a right operand that is ``and`` itself joins the chain, which means the same."""
    if isinstance(right, Operation) and right.level == at:
        for operand in right.operands:
            left = operation(at, operator, left, operand)
        return left
    return operation(at, operator, left, right)


def _is_comparison(piece: Piece) -> TypeGuard[Operation]:
    return isinstance(piece, Operation) and piece.level == COMPARE and len(piece.operands) == 2


def stands_alone(expr: nodes.Expr) -> bool:
    """Whether a const is a variable of its module: nothing of another module is needed to make it."""
    match expr:
        case nodes.Const():
            return True
        case nodes.MakeList(_, items):
            return all(map(stands_alone, items))
        case nodes.MakeMap(_, entries):
            return all(stands_alone(value) for _, value in entries)
        case _:
            return False


def _is_widened(expr: nodes.Expr) -> bool:
    """Whether a decimal is written as an int beside another decimal."""
    if isinstance(expr, nodes.Const):
        return expr.text.lstrip("-").isdigit()
    return isinstance(expr, nodes.Convert) and expr.operand.type == INT


def _is_safe_divisor(expr: nodes.Expr) -> bool:
    return isinstance(expr, nodes.Const) and expr.text not in {"0", "-1"}


def _names_clash(entity: EntityDef, attributes: dict[str, str]) -> bool:
    """Whether one field's attribute is another field's wire name, so that keywords are not enough."""
    wires = {field.wire: field.name for field in entity.fields}
    return any(
        wires.get(attributes[field.name], field.name) != field.name for field in entity.fields
    )
