"""Typed expressions become nodes of the IR. Everything was decided by the checker; here it is written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.ir import nodes
from hyper.ir.lower.comparisons import compare
from hyper.ir.lower.constants import constant, number
from hyper.ir.lower.conversions import Conversions
from hyper.ir.lower.operands import is_simple, settled
from hyper.lang import tree
from hyper.lang.check.relations import without_none
from hyper.lang.check.typed import (
    BuiltinRef,
    ConstRef,
    EntityRef,
    FieldRef,
    FunctionRef,
    GivenRef,
    LocalRef,
    MemberRef,
    SelfField,
    Typing,
)
from hyper.lang.types import ANY, BOOL, INT, Entity, Enum, ListOf, Opt, Type, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.symbols import World

    ConstValue = Callable[[str, Type], nodes.Expr]

_BINARY: Final[dict[str, nodes.BinaryOp]] = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "//": "floordiv",
    "%": "mod",
}


class Names:
    """Names of the helpers of one function; they begin with an underscore and never meet."""

    def __init__(self) -> None:
        self._count = 0

    def fresh(self, what: str) -> str:
        """A new name."""
        self._count += 1
        return f"_{what}{self._count}"


class Expressions:
    """Lowers the expressions of one typing; ``const`` gives the value of a const at a type."""

    def __init__(self, world: World, typing: Typing, const: ConstValue, names: Names) -> None:
        self.world = world
        self.typing = typing
        self.const = const
        self.names = names
        self.conversions = Conversions(world, names.fresh)
        self._methods: dict[type, Callable[[Any, Type], nodes.Expr]] = {
            tree.IntLit: self._number,
            tree.NumLit: self._number,
            tree.StrLit: self._literal,
            tree.BoolLit: self._literal,
            tree.NoneLit: self._none,
            tree.Name: self._name,
            tree.Attr: self._name,
            tree.Index: self._index,
            tree.Call: self._call,
            tree.Unary: self._unary,
            tree.Binary: self._binary,
            tree.Compare: self._compare,
            tree.Conditional: self._conditional,
            tree.ListLit: self._list,
            tree.MapLit: self._map,
            tree.Comprehension: self._comprehension,
            tree.With: self._with,
            tree.Paren: self._paren,
        }

    def lower(self, node: tree.Expr) -> nodes.Expr:
        """An expression as what it becomes where it stands."""
        target = self.typing.coerced.get(node)
        expr = self.own(node)
        return expr if target is None else self.convert(expr, self.type_of(node), target)

    def own(self, node: tree.Expr) -> nodes.Expr:
        """An expression at the type that it has by itself."""
        return self._methods[type(node)](node, self.type_of(node))

    def type_of(self, node: tree.Expr) -> Type:
        """The type that an expression has by itself."""
        return settled(self.typing.types[node])

    def convert(self, expr: nodes.Expr, source: Type, target: Type) -> nodes.Expr:
        """A value as another type, where that needs anything."""
        return self.conversions.convert(expr, source, settled(target))

    # ------------------------------------------------------------ constants

    def _number(self, node: tree.IntLit | tree.NumLit, kind: Type) -> nodes.Expr:
        if kind == ANY or not _is_number(kind):
            return constant(node.value, kind, self.world)
        return number(node.value, kind)

    def _literal(self, node: tree.StrLit | tree.BoolLit, kind: Type) -> nodes.Expr:
        return constant(node.value, kind, self.world)

    def _none(self, _node: tree.NoneLit, kind: Type) -> nodes.Expr:
        return nodes.Const(kind if isinstance(kind, Opt) else Opt(ANY), "null")

    # ------------------------------------------------------------ names

    def _name(self, node: tree.Name | tree.Attr, kind: Type) -> nodes.Expr:
        ref = self.typing.refs.get(node)
        match ref:
            case LocalRef(name, declared):
                return self.convert(nodes.Local(declared, name), declared, kind)
            case GivenRef(name, declared):
                return self.convert(nodes.Local(declared, name), declared, kind)
            case SelfField(entity, name, declared):
                base = nodes.Local(Entity(entity), "self")
                return self._narrowed(nodes.Field(declared, base, name), declared, kind)
            case FieldRef(_, name, declared) if isinstance(node, tree.Attr):
                field = nodes.Field(declared, self.lower(node.base), name)
                return self._narrowed(field, declared, kind)
            case MemberRef(enum, member):
                return nodes.EnumConst(Enum(enum), member)
            case ConstRef(name):
                return nodes.ConstRef(kind, name, self.const(name, kind))
        raise TypeError(f"unresolved name {node!r}")

    def _narrowed(self, expr: nodes.Expr, declared: Type, kind: Type) -> nodes.Expr:
        return expr if declared == kind else nodes.Convert(kind, expr)

    def _index(self, node: tree.Index, kind: Type) -> nodes.Expr:
        return nodes.Item(kind, self.lower(node.base), self.lower(node.index))

    # ------------------------------------------------------------ calls and records

    def _call(self, node: tree.Call, kind: Type) -> nodes.Expr:
        ref = self.typing.refs.get(node)
        match ref:
            case FunctionRef(name):
                return self._function(node, name, kind)
            case EntityRef(name):
                return nodes.MakeRecord(Entity(name), self._fields(node.args))
            case BuiltinRef():
                return self._builtin(node, ref, kind)
        raise TypeError(f"unresolved call {node!r}")

    def _function(self, node: tree.Call, name: str, kind: Type) -> nodes.Expr:
        ordered = self.typing.args[node]
        written = [arg.value for arg in node.args]
        if ordered == written:
            return nodes.Call(kind, name, tuple(self.lower(arg) for arg in ordered))
        return self._reordered(written, ordered, lambda args: nodes.Call(kind, name, args))

    def _reordered(
        self,
        written: list[tree.Expr],
        ordered: list[tree.Expr],
        make: Callable[[tuple[nodes.Expr, ...]], nodes.Expr],
    ) -> nodes.Expr:
        """A call whose arguments are written in another order: they are evaluated as they are written."""
        bound: list[tuple[str, nodes.Expr]] = []
        values: dict[tree.Expr, nodes.Expr] = {}
        for arg in written:
            expr = self.lower(arg)
            if not is_simple(expr):
                name = self.names.fresh("arg")
                bound.append((name, expr))
                expr = nodes.Local(expr.type, name)
            values[arg] = expr
        result = make(tuple(values[arg] for arg in ordered))
        for name, expr in reversed(bound):
            result = nodes.Bind(result.type, name, expr, result)
        return result

    def _fields(self, args: list[tree.Arg]) -> tuple[tuple[str, nodes.Expr], ...]:
        return tuple((arg.name.name, self.lower(arg.value)) for arg in args if arg.name is not None)

    def _with(self, node: tree.With, kind: Type) -> nodes.Expr:
        return nodes.WithFields(kind, self.lower(node.base), self._fields(node.updates))

    def _builtin(self, node: tree.Call, ref: BuiltinRef, kind: Type) -> nodes.Expr:
        if ref.form == "clock":
            return nodes.Now(kind)
        args = self.typing.args[node]
        if ref.form == "conversion":
            value = self.lower(args[0])
            return value if _is_same_kind(value.type, kind) else nodes.Convert(kind, value)
        if ref.form == "fold" and isinstance(args[0], tree.Comprehension):
            return self._fold(args[0], ref.name, kind)
        written = [arg.value for arg in node.args]
        if args == written:
            return nodes.Builtin(kind, ref.name, tuple(self.lower(arg) for arg in args))
        return self._reordered(written, args, lambda values: nodes.Builtin(kind, ref.name, values))

    # ------------------------------------------------------------ collections

    def _list(self, node: tree.ListLit, kind: Type) -> nodes.Expr:
        return nodes.MakeList(without_none(kind), tuple(self.lower(item) for item in node.items))

    def _map(self, node: tree.MapLit, kind: Type) -> nodes.Expr:
        entries = tuple((self.lower(entry.key), self.lower(entry.value)) for entry in node.entries)
        return nodes.MakeMap(without_none(kind), entries)

    def source(self, node: tree.Expr) -> nodes.Expr:
        """What a loop goes through: a list or a range."""
        inner = node
        while isinstance(inner, tree.Paren):
            inner = inner.inner
        args = self.typing.args.get(inner)
        if args is None or inner in self.typing.refs:
            return self.lower(node)
        values = [self.lower(arg) for arg in args]
        start = values[0] if len(values) == 2 else None
        return nodes.Range(ListOf(INT), start, values[-1])

    def _comprehension(self, node: tree.Comprehension, kind: Type) -> nodes.Expr:
        source = self.source(node.source)
        condition = None if node.condition is None else self.lower(node.condition)
        element = self.lower(node.element)
        return nodes.Comprehend(
            without_none(kind), element, self.typing.names[node.target], source, condition
        )

    def _fold(self, node: tree.Comprehension, op: str, kind: Type) -> nodes.Expr:
        items = settled(self.typing.coerced.get(node, self.typing.types[node]))
        whole = self._comprehension(node, self.type_of(node))
        assert isinstance(whole, nodes.Comprehend)
        assert isinstance(items, ListOf)
        element = whole.element
        own = self.type_of(node)
        if isinstance(own, ListOf):
            element = self.convert(element, own.item, items.item)
        if op == "last":
            listed = nodes.Comprehend(items, element, whole.target, whole.source, whole.condition)
            return nodes.Builtin(kind, op, (listed,))
        return nodes.Fold(kind, op, element, whole.target, whole.source, whole.condition)

    # ------------------------------------------------------------ operators

    def _paren(self, node: tree.Paren, _kind: Type) -> nodes.Expr:
        return self.lower(node.inner)

    def _unary(self, node: tree.Unary, kind: Type) -> nodes.Expr:
        if node.op == "not":
            return negation(self.lower(node.operand))
        if node.op == "+":
            return self.lower(node.operand)
        literal = node.operand
        while isinstance(literal, tree.Paren):
            literal = literal.inner
        if isinstance(literal, tree.IntLit | tree.NumLit) and _is_number(kind):
            return number(literal.value, kind, negative=True)
        return nodes.Unary(kind, "neg", self.lower(node.operand))

    def _binary(self, node: tree.Binary, kind: Type) -> nodes.Expr:
        if node.op == "and":
            return nodes.And(BOOL, self.lower(node.left), self.lower(node.right))
        if node.op == "or":
            return nodes.Or(BOOL, self.lower(node.left), self.lower(node.right))
        if node.op == "??":
            left = self.lower(node.left)
            if not isinstance(self.type_of(node.left), Opt):
                is_none = isinstance(left, nodes.Const) and left.text == "null"
                return self.lower(node.right) if is_none else left
            return nodes.Coalesce(kind, left, self.lower(node.right))
        return nodes.Binary(kind, _BINARY[node.op], self.lower(node.left), self.lower(node.right))

    def _compare(self, node: tree.Compare, _kind: Type) -> nodes.Expr:
        return compare(self, node)

    def _conditional(self, node: tree.Conditional, kind: Type) -> nodes.Expr:
        condition = self.lower(node.condition)
        return nodes.Choose(kind, condition, self.lower(node.yes), self.lower(node.no))


def negation(expr: nodes.Expr) -> nodes.Expr:
    """``not`` of a condition."""
    return nodes.Unary(BOOL, "not", expr)


def _is_number(kind: Type) -> bool:
    from hyper.lang.check.relations import number_kind
    from hyper.lang.types import Lit

    return number_kind(kind) is not None and not isinstance(kind, Lit)


def _is_same_kind(source: Type, target: Type) -> bool:
    from hyper.lang.types import Dec

    if isinstance(source, Dec) and isinstance(target, Dec):
        return True
    return source == target or isinstance(source, Unknown)
