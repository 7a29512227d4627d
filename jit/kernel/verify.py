"""Whether a unit of kernels is well formed: what ``ir`` asks of one, so that LLVM takes it.

Run on all that tests make, and before a unit that was read from outside is compiled. What a kernel computes, and which memory it
reads, cannot be told from it: a unit is only ever taken from where code would be taken from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.jit.kernel import ir
from hyper.jit.kernel.operations import result_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.jit.kernel.ir import Kind, Operand, Step

MOST_DEPTH: Final = 200
"""Blocks within blocks."""
MOST_VALUES: Final = 1_000_000
_NAME: Final = re.compile(r'(?!llvm\.)[^"\\\x00-\x1f\x7f-\x9f]+')
_MOST_EXPONENT: Final[dict[Kind, int]] = {"int": 18, "wide": 37}
_BITS: Final[dict[Kind, int]] = {"int": 63, "wide": 127}


class UnitError(ValueError):
    """Bytes that are no well-formed unit; what is wrong with it is its message."""


def dump_unit(unit: ir.Unit) -> bytes:
    """A unit as bytes, the same for the same unit."""
    return msgspec.json.encode(unit)


def load_unit(data: bytes) -> ir.Unit:
    """The unit of these bytes, verified. Raises ``UnitError``."""
    try:
        unit = msgspec.json.decode(data, type=ir.Unit)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UnitError(str(error)) from None
    found = verify(unit)
    if found:
        raise UnitError(found[0])
    return unit


def verify(unit: ir.Unit) -> list[str]:
    """What is wrong with a unit; nothing where it is well formed."""
    found: list[str] = []
    known: dict[str, ir.Function] = {}
    for function in unit.functions:
        if not is_name(function.name):
            found.append(f"{function.name!r} is no name")
        elif function.name in known:
            found.append(f"{function.name} is there twice")
        else:
            found += _Body(function, known, len(unit.sites)).problems()
            known[function.name] = function
    seen: set[str] = set()
    for kernel in unit.kernels:
        if kernel.function in seen or kernel.function not in known:
            found.append(f"the kernel {kernel.function!r} is there twice, or has no function")
            continue
        seen.add(kernel.function)
        found += _kernel(kernel, known[kernel.function]) or _bodies(kernel, known)
    return found


def is_name(name: str) -> bool:
    """Whether LLVM takes it as the name of a function of ours."""
    return _NAME.fullmatch(name) is not None and name.isprintable()


def _kernel(kernel: ir.Kernel, function: ir.Function) -> list[str]:
    """Whether the columns make the parameters, and the outputs hold the results."""
    wanted: list[tuple[Kind, ir.Storage | None]] = []
    for column in kernel.columns:
        kind = ir.KIND_OF[column.storage]
        wanted.append((kind, column.storage if column.role == "items" else None))
        if column.role == "offsets":
            wanted.append((kind, None))
            if column.storage != "i64":
                return [f"{kernel.function}: offsets that are no i64"]
    if wanted != [(param.kind, param.pointer) for param in function.params]:
        return [f"{kernel.function}: its columns are not its parameters"]
    if tuple(ir.KIND_OF[output.storage] for output in kernel.outputs) != function.results:
        return [f"{kernel.function}: its outputs are not its results"]
    return []


def _bodies(kernel: ir.Kernel, known: Mapping[str, ir.Function]) -> list[str]:
    """Whether what stands for a kernel takes and gives the same, and columns can be the constants."""
    function, bodies = known[kernel.function], kernel.bodies
    if bodies is None:
        return []
    kinds = [(param.kind, param.pointer) for param in function.params]
    for name in (bodies.held, bodies.general):
        body = known.get(name)
        if body is None or [(param.kind, param.pointer) for param in body.params] != kinds:
            return [f"{kernel.function}: {name!r} is not there, or takes other arguments"]
        if body.results != function.results or body.fails != function.fails:
            return [f"{kernel.function}: {name} gives something else"]
    for place, value in bodies.constants:
        column = kernel.columns[place] if 0 <= place < len(kernel.columns) else None
        if column is None or column.role != "value" or ir.KIND_OF[column.storage] != value.kind:
            return [f"{kernel.function}: column {place} cannot be {value.text}"]
        if not _is_constant(value):
            return [f"{kernel.function}: {value.text!r} is no {value.kind}"]
    return []


class _Malformed(Exception):  # noqa: N818  # a finding, not a fault
    """The first thing that is wrong with a function."""


class _Body:
    """Looks at one function. ``known`` are those before it; ``sites`` is how many sites the unit has."""

    def __init__(self, function: ir.Function, known: Mapping[str, ir.Function], sites: int) -> None:
        self._function = function
        self._known = known
        self._sites = sites
        self._numbers: set[int] = set()
        self._pointers: dict[int, ir.Storage] = {}

    def problems(self) -> list[str]:
        """The first thing that is wrong, if there is one."""
        try:
            self._whole()
        except _Malformed as found:
            return [f"{self._function.name}: {found}"]
        return []

    def _whole(self) -> None:
        function = self._function
        if not 0 <= function.values <= MOST_VALUES or len(function.variables) > MOST_VALUES:
            raise _Malformed("too many values")
        scope: dict[int, Kind] = {}
        for param in function.params:
            if param.pointer is None:
                self._define(param.value, param.kind, scope)
                continue
            self._define(param.value, param.kind, {})
            self._pointers[param.value] = param.pointer
            if ir.KIND_OF[param.pointer] != param.kind:
                raise _Malformed(f"{param.name!r} is loaded as another kind")
        last = function.body[-1] if function.body else None
        if not isinstance(last, ir.Return):
            raise _Malformed("it does not end with its results")
        self._steps(function.body[:-1], scope, 0, leaves=False)
        if tuple(self._kind(value, scope) for value in last.values) != function.results:
            raise _Malformed("it ends with other results")

    def _define(self, number: int, kind: Kind, scope: dict[int, Kind]) -> None:
        if not 0 <= number < self._function.values or number in self._numbers:
            raise _Malformed(f"value {number} is defined twice, or beyond the number of values")
        self._numbers.add(number)
        scope[number] = kind

    def _kind(self, operand: Operand, scope: Mapping[int, Kind]) -> Kind:
        if isinstance(operand, ir.Imm):
            if not _is_constant(operand):
                raise _Malformed(f"{operand.text!r} is no {operand.kind}")
            return operand.kind
        if operand not in scope:
            raise _Malformed(f"value {operand} is not defined here")
        return scope[operand]

    def _of(self, kind: Kind, operand: Operand, scope: Mapping[int, Kind]) -> None:
        if self._kind(operand, scope) != kind:
            raise _Malformed(f"{operand} where a value of the kind {kind} is needed")

    def _variable(self, number: int) -> Kind:
        if not 0 <= number < len(self._function.variables):
            raise _Malformed(f"no variable {number}")
        return self._function.variables[number]

    def _fails(self, site: int) -> None:
        if not 1 <= site <= self._sites:
            raise _Malformed(f"no site {site}")
        if not self._function.fails:
            raise _Malformed("it says that it cannot fail")

    def _steps(
        self, steps: Sequence[Step], scope: dict[int, Kind], depth: int, *, leaves: bool
    ) -> None:
        """``leaves`` tells whether a break has something to leave."""
        if depth > MOST_DEPTH:
            raise _Malformed("blocks nested too deeply")
        for step in steps:
            match step:
                case ir.When(condition, then, orelse):
                    self._of("bool", condition, scope)
                    self._steps(then, dict(scope), depth + 1, leaves=leaves)
                    self._steps(orelse, dict(scope), depth + 1, leaves=leaves)
                case ir.Loop(index, start, stop, body):
                    self._of("int", start, scope)
                    self._of("int", stop, scope)
                    inner = dict(scope)
                    self._define(index, "int", inner)
                    self._steps(body, inner, depth + 1, leaves=True)
                case ir.Scope(body):
                    self._steps(body, dict(scope), depth + 1, leaves=True)
                case ir.Break(condition):
                    self._of("bool", condition, scope)
                    if not leaves:
                        raise _Malformed("a break with nothing to leave")
                case _:
                    self._plain(step, scope)

    def _plain(self, step: Step, scope: dict[int, Kind]) -> None:
        match step:
            case ir.Op():
                self._op(step, scope)
            case ir.Checked(dest, _, args, site):
                for arg in args:
                    self._of("int", arg, scope)
                self._fails(site)
                self._define(dest, "int", scope)
            case ir.Load():
                self._load(step, scope)
            case ir.Get(dest, var, kind):
                if self._variable(var) != kind:
                    raise _Malformed(f"variable {var} is of another kind")
                self._define(dest, kind, scope)
            case ir.Set(var, value):
                self._of(self._variable(var), value, scope)
            case ir.Fail(condition, site, _):
                self._of("bool", condition, scope)
                self._fails(site)
            case ir.Call():
                self._call(step, scope)
            case _:
                raise _Malformed("results before its end")

    def _op(self, step: ir.Op, scope: dict[int, Kind]) -> None:
        kinds = [self._kind(arg, scope) for arg in step.args]
        if result_kind(step.name, kinds) != step.kind:
            raise _Malformed(f"{step.name} of {', '.join(kinds)} is no {step.kind}")
        if step.name == "scale_down":
            by = step.args[1]
            if not isinstance(by, ir.Imm) or not 0 <= int(by.text) <= _MOST_EXPONENT[step.kind]:
                raise _Malformed("scaled down by what is no constant, or too large")
        self._define(step.dest, step.kind, scope)

    def _load(self, step: ir.Load, scope: dict[int, Kind]) -> None:
        params = self._function.params
        self._of("int", step.index, scope)
        if not 0 <= step.param < len(params) or params[step.param].pointer != step.storage:
            raise _Malformed(f"a load from {step.param}, which is no address of {step.storage}")
        self._define(step.dest, ir.KIND_OF[step.storage], scope)

    def _call(self, step: ir.Call, scope: dict[int, Kind]) -> None:
        callee = self._known.get(step.function)
        if callee is None or callee.results != step.kinds or len(step.dests) != len(step.kinds):
            raise _Malformed(f"{step.function!r} is not before it, or gives other results")
        if len(step.args) != len(callee.params):
            raise _Malformed(f"{step.function} takes other arguments")
        for param, arg in zip(callee.params, step.args, strict=True):
            if param.pointer is None:
                self._of(param.kind, arg, scope)
            elif isinstance(arg, ir.Imm) or self._pointers.get(arg) != param.pointer:
                raise _Malformed(f"{arg} is no address of {param.pointer}")
        if callee.fails and not self._function.fails:
            raise _Malformed("it says that it cannot fail, and calls what can")
        for dest, kind in zip(step.dests, step.kinds, strict=True):
            self._define(dest, kind, scope)


def _is_constant(value: ir.Imm) -> bool:
    """Whether the text is one of its kind, as the builder writes it."""
    if value.kind == "bool":
        return value.text in {"0", "1"}
    try:
        if value.kind == "float":
            return float.fromhex(value.text).hex() == value.text
        bits = _BITS[value.kind]
        return len(value.text) <= 40 and str(int(value.text)) == value.text and _fits(value, bits)
    except (ValueError, OverflowError):
        return False


def _fits(value: ir.Imm, bits: int) -> bool:
    return -(1 << bits) <= int(value.text) < 1 << bits
