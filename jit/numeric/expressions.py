"""Expressions of a numeric function, in the order in which Python evaluates them."""

from __future__ import annotations

import ast
import builtins
import math
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from hyper.jit.numeric.arithmetic import Arithmetic
from hyper.jit.numeric.source import Held, NotNumericError, kind_of, outside, plain_of
from hyper.jit.numeric.support import LIBRARY
from hyper.jit.numeric.writing import Value, constant

if TYPE_CHECKING:
    from hyper.jit.numeric.source import Kind, Source
    from hyper.jit.numeric.writing import Writer

Variables: TypeAlias = "dict[str, Kind | None]"
"""The kinds of the variables that have a value for sure; ``None`` where that depends on the way."""

_FLAGS: Final = {math.isnan: "isnan", math.isinf: "isinf", math.isfinite: "isfinite"}
_ROUNDED: Final[dict[Any, str]] = {
    math.floor: "math.floor",
    math.ceil: "math.ceil",
    math.trunc: "int",
    round: "nearest_even",
    int: "int",
}
_LIBRARY: Final = {getattr(math, name): name for name in LIBRARY}
_KIND_NAMES: Final = {"bool": "a bool", "int": "an int", "float": "a float"}


class Context(Protocol):
    """What an expression asks of the unit that it becomes part of."""

    def site(self, source: Source, line: int, reason: str) -> int:
        """The number of a check."""

    def hold(self, held: Held) -> None:
        """Compiled code is only right while a name means this."""

    def callee(
        self, function: FunctionType, kinds: tuple[Kind, ...], line: int
    ) -> tuple[str, Kind]:
        """The name and the kind of the result of another function."""


class Expressions:
    """The expressions of one function; ``variables`` are set by its statements."""

    def __init__(self, context: Context, source: Source, writer: Writer) -> None:
        self.variables: Variables = {}
        self._context = context
        self._source = source
        code = source.function.__code__
        self._locals = frozenset(code.co_varnames + code.co_cellvars)
        self._out = writer
        self.arithmetic = Arithmetic(
            writer, lambda line, reason: context.site(source, line, reason)
        )

    def value(self, node: ast.expr) -> Value:
        """The value of an expression. Raises ``NotNumericError`` at its line."""
        arithmetic = self.arithmetic
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return constant(number, node.lineno)
            case ast.Name(id=name):
                return self._name(name, node.lineno)
            case ast.Attribute():
                return self._number(self._outer(node), node.lineno)
            case ast.BinOp(left=left, op=operator, right=right):
                return arithmetic.binary(operator, self.value(left), self.value(right), node.lineno)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._out.put(f"not {self.condition(operand).text}", "bool")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return arithmetic.negative(self.value(operand), node.lineno)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return arithmetic.to_int(self.value(operand))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                value = arithmetic.to_int(self.value(operand))
                if value.kind == "float":
                    raise NotNumericError("bits of a float", node.lineno)
                return self._out.put(f"~{value.text}", "int")
            case ast.Compare():
                return self._compared(node)
            case ast.BoolOp():
                return self._chosen(node)
            case ast.IfExp():
                return self._either(node)
            case ast.Call():
                return self._called(node)
        raise NotNumericError(f"{_shown(node)} is no arithmetic of numbers", node.lineno)

    def condition(self, node: ast.expr) -> Value:
        """Whether an expression counts as true; its operands may then be of different kinds."""
        if not isinstance(node, ast.BoolOp):
            return self.arithmetic.truth(self.value(node))
        name = self._out.new()
        self._out.line(f"{name} = {self.condition(node.values[0]).text}")
        self._rest_of_condition(name, node.values[1:], isinstance(node.op, ast.And))
        return Value(name, "bool")

    def _rest_of_condition(self, name: str, nodes: list[ast.expr], every: bool) -> None:
        if nodes:
            with self._out.block(f"if {name if every else f'not {name}'}:"):
                self._out.line(f"{name} = {self.condition(nodes[0]).text}")
                self._rest_of_condition(name, nodes[1:], every)

    def _name(self, name: str, line: int) -> Value:
        if name not in self._locals:
            return self._number(self._outside(name, line), line)
        if name not in self.variables:
            raise NotNumericError(f"`{name}` may not have a value here", line)
        kind = self.variables[name]
        if kind is None:
            raise NotNumericError(f"`{name}` is an int or a float, as it comes", line)
        return Value(f"v_{kind}_{name}", kind)

    def _outside(self, name: str, line: int) -> Any:
        held = outside(self._source, name, line)
        if kind_of(held.value) or isinstance(held.value, FunctionType):
            self._context.hold(held)
        return held.value

    def _outer(self, node: ast.expr) -> Any:
        """What a name with dots means: modules and what they have."""
        if isinstance(node, ast.Name) and node.id not in self._locals:
            return self._outside(node.id, node.lineno)
        if not isinstance(node, ast.Attribute):
            raise NotNumericError(f"{_shown(node)} is no function of numbers", node.lineno)
        module, name = self._outer(node.value), node.attr
        if not isinstance(module, ModuleType) or not hasattr(module, name):
            raise NotNumericError(f"{_shown(node)} is no part of a module", node.lineno)
        value = getattr(module, name)
        if module is not math and (kind_of(value) or isinstance(value, FunctionType)):
            held = Held(_shown(node).strip("`"), value, module, name)
            self._context.hold(held)
        return value

    def _number(self, value: Any, line: int) -> Value:
        if kind_of(value) is None:
            raise NotNumericError(f"a value of the type {type(value).__name__}", line)
        return constant(value, line)

    def _compared(self, node: ast.Compare) -> Value:
        left = self.value(node.left)
        first = self.value(node.comparators[0])
        made = self.arithmetic.compare(node.ops[0], left, first, node.lineno)
        if len(node.ops) == 1:
            return made
        name = self._out.new()
        self._out.line(f"{name} = {made.text}")
        self._chained(name, first, node, 1)
        return Value(name, "bool")

    def _chained(self, name: str, left: Value, node: ast.Compare, place: int) -> None:
        if place < len(node.ops):
            with self._out.block(f"if {name}:"):
                right = self.value(node.comparators[place])
                made = self.arithmetic.compare(node.ops[place], left, right, node.lineno)
                self._out.line(f"{name} = {made.text}")
                self._chained(name, right, node, place + 1)

    def _chosen(self, node: ast.BoolOp) -> Value:
        """``and`` and ``or`` give an operand."""
        name = self._out.new()
        first = self.value(node.values[0])
        self._out.line(f"{name} = {first.text}")
        self._next_operand(Value(name, first.kind), node, 1)
        return Value(name, first.kind)

    def _next_operand(self, chosen: Value, node: ast.BoolOp, place: int) -> None:
        if place == len(node.values):
            return
        truth = self.arithmetic.truth(chosen).text
        with self._out.block(f"if {truth if isinstance(node.op, ast.And) else f'not {truth}'}:"):
            value = self.value(node.values[place])
            self._same(chosen.kind, value.kind, node.lineno)
            self._out.line(f"{chosen.text} = {value.text}")
            self._next_operand(chosen, node, place + 1)

    def _either(self, node: ast.IfExp) -> Value:
        name = self._out.new()
        with self._out.block(f"if {self.condition(node.test).text}:"):
            one = self.value(node.body)
            self._out.line(f"{name} = {one.text}")
        with self._out.block("else:"):
            other = self.value(node.orelse)
            self._out.line(f"{name} = {other.text}")
        self._same(one.kind, other.kind, node.lineno)
        return Value(name, one.kind)

    def _same(self, one: Kind, other: Kind, line: int) -> None:
        if one != other:
            names = f"{_KIND_NAMES[one]} or {_KIND_NAMES[other]}"
            raise NotNumericError(f"the value is {names}, as it comes", line)

    def _called(self, node: ast.Call) -> Value:
        line = node.lineno
        function = self._outer(node.func)
        if node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise NotNumericError("a call with other than plain arguments", line)
        args = [self.value(each) for each in node.args]
        if isinstance(function, FunctionType):
            return self._own(function, args, line)
        made = None
        if isinstance(function, BuiltinFunctionType | type):
            made = self._of_many(function, args, line) or self._of_one(function, args, line)
        if made is None:
            raise NotNumericError(f"{_shown(node.func)} has no compiled form", line)
        return made

    def _own(self, function: FunctionType, args: list[Value], line: int) -> Value:
        plain = plain_of(function)
        if len(args) > plain.__code__.co_argcount:
            raise NotNumericError(f"more arguments than `{plain.__name__}` takes by place", line)
        name, kind = self._context.callee(plain, tuple(each.kind for each in args), line)
        status, made = self._out.new(), self._out.new()
        given = ", ".join(each.text for each in args)
        self._out.line(f"{status}, {made} = {name}({given})")
        self._out.line(f"if {status} != 0: return {status}, ?")
        return Value(made, kind)

    def _of_many(self, function: Any, args: list[Value], line: int) -> Value | None:
        if function in {builtins.min, builtins.max} and len(args) > 1:
            name, kind = self._out.new(), args[0].kind
            self._out.line(f"{name} = {args[0].text}")
            for value in args[1:]:
                self._same(kind, value.kind, line)
                less = f"{value.text} {'<' if function is builtins.min else '>'} {name}"
                self._out.line(f"if {less}: {name} = {value.text}")
            return Value(name, kind)
        if function is math.copysign and len(args) == 2:
            one, other = (self.arithmetic.to_float(each).text for each in args)
            return self._out.put(f"math.copysign({one}, {other})", "float")
        return None

    def _of_one(self, function: Any, args: list[Value], line: int) -> Value | None:
        if len(args) != 1:
            return None
        (value,) = args
        arithmetic = self.arithmetic
        if function is abs:
            return arithmetic.absolute(value, line)
        if function is float:
            return arithmetic.to_float(value)
        if function is bool:
            return arithmetic.truth(value)
        if function in _ROUNDED:
            return arithmetic.rounded(_ROUNDED[function], value, line)
        if function is math.fabs:
            return self._out.put(f"abs({arithmetic.to_float(value).text})", "float")
        if function in _FLAGS:
            text = f"math.{_FLAGS[function]}({arithmetic.to_float(value).text})"
            return self._out.put(text, "bool")
        if function is math.sqrt:
            value = arithmetic.to_float(value)
            arithmetic.check(f"{value.text} < 0.0", line, "a root of less than 0")
            return self._out.put(f"math.sqrt({value.text})", "float")
        if function in _LIBRARY:
            name = _LIBRARY[function]
            made = self._out.put(f"c_{name}({arithmetic.to_float(value).text})", "float")
            arithmetic.check(f"not math.isfinite({made.text})", line, f"`{name}` without a number")
            return made
        return None


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"`{text if len(text) < 40 else text[:37] + '...'}`"
