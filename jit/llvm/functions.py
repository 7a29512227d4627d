"""A kernel function as the text of an LLVM function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.jit.kernel import ir
from hyper.jit.llvm.operations import STORED, TYPES, constant, operation, relaxed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.jit.kernel.ir import Kind, Operand, Step

_LARGEST_WEIGHT: Final = (1 << 20) - 1
_OVERFLOW = {"add": "sadd", "sub": "ssub", "mul": "smul"}


def symbol(name: str) -> str:
    """The name of a function within its module, as LLVM takes it: with a prefix, so that it is never one of ours or of LLVM's."""
    return f'@"kernel:{name}"'


def signature(function: ir.Function) -> list[str]:
    """The types of a function's parameters: its own, then an address for each result."""
    own = ["ptr" if param.pointer else TYPES[param.kind] for param in function.params]
    return own + ["ptr"] * len(function.results)


class FunctionText:
    """Makes the text of one function. ``known`` are the functions that it may call; ``support`` takes what it needs besides."""

    def __init__(
        self, function: ir.Function, known: Mapping[str, ir.Function], support: set[str]
    ) -> None:
        self._function = function
        self._known = known
        self._support = support
        self._lines: list[str] = []
        self._slots: list[str] = []
        self._kinds: dict[int, Kind] = {param.value: param.kind for param in function.params}
        self._names = {param.value: f"%p{place}" for place, param in enumerate(function.params)}
        self._labels = 0
        self._exits: list[str] = []
        self._block = "entry"

    def text(self) -> str:
        """The whole function."""
        function = self._function
        types = signature(function)
        names = [f"%p{place}" for place in range(len(function.params))]
        names += [f"%r{place}" for place in range(len(function.results))]
        given = ", ".join(
            f"{kind} noalias nocapture {name}" if kind == "ptr" else f"{kind} {name}"
            for kind, name in zip(types, names, strict=True)
        )
        for number, kind in enumerate(function.variables):
            self._lines.append(f"  %v{number} = alloca {TYPES[kind]}")
        for number, kind in enumerate(function.variables):
            zero = "0.0" if kind == "float" else "false" if kind == "bool" else "0"
            self._lines.append(f"  store {TYPES[kind]} {zero}, ptr %v{number}")
        self._steps(function.body)
        head = f"define internal i32 {symbol(function.name)}({given}) nounwind {{"
        return "\n".join([head, "entry:", *self._slots, *self._lines, "}"]) + "\n"

    def _label(self) -> str:
        self._labels += 1
        return f"b{self._labels}"

    def _start(self, label: str) -> None:
        self._lines.append(f"{label}:")
        self._block = label

    def _line(self, text: str) -> None:
        self._lines.append(f"  {text}")

    def _operand(self, operand: Operand) -> str:
        if isinstance(operand, ir.Imm):
            return constant(operand)
        return self._names.get(operand, f"%x{operand}")

    def _kind(self, operand: Operand) -> Kind:
        return operand.kind if isinstance(operand, ir.Imm) else self._kinds[operand]

    def _typed(self, operand: Operand) -> str:
        return f"{TYPES[self._kind(operand)]} {self._operand(operand)}"

    def _steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case ir.Op():
                self._op(step)
            case ir.Checked():
                self._checked(step)
            case ir.Load():
                self._load(step)
            case ir.Get(dest, var, kind):
                self._kinds[dest] = kind
                self._line(f"%x{dest} = load {TYPES[kind]}, ptr %v{var}")
            case ir.Set(var, value):
                self._line(f"store {self._typed(value)}, ptr %v{var}")
            case ir.Fail(condition, site, guard):
                self._fail(self._operand(condition), -site if guard else site)
            case ir.When():
                self._when(step)
            case ir.Loop():
                self._loop(step)
            case ir.Scope(body):
                after = self._label()
                self._exits.append(after)
                self._steps(body)
                self._exits.pop()
                self._line(f"br label %{after}")
                self._start(after)
            case ir.Break(condition):
                after = self._label()
                self._line(
                    f"br i1 {self._operand(condition)}, label %{self._exits[-1]}, label %{after}"
                )
                self._start(after)
            case ir.Call():
                self._call(step)
            case ir.Return(values):
                for place, value in enumerate(values):
                    self._line(f"store {self._typed(value)}, ptr %r{place}")
                self._line("ret i32 0")

    def _op(self, step: ir.Op) -> None:
        operand = self._kind(step.args[0])
        self._kinds[step.dest] = step.kind
        args = [self._operand(arg) for arg in step.args]
        dest = f"%x{step.dest}"
        for line in operation(step.name, step.kind, operand, dest, args, self._support):
            self._line(relaxed(line) if self._function.reorders else line)

    def _checked(self, step: ir.Checked) -> None:
        self._kinds[step.dest] = "int"
        function = f"llvm.{_OVERFLOW[step.name]}.with.overflow.i64"
        self._support.add(function)
        left, right = (self._operand(arg) for arg in step.args)
        pair, over = f"%c{step.dest}", f"%o{step.dest}"
        self._line(f"{pair} = call {{i64, i1}} @{function}(i64 {left}, i64 {right})")
        self._line(f"%x{step.dest} = extractvalue {{i64, i1}} {pair}, 0")
        self._line(f"{over} = extractvalue {{i64, i1}} {pair}, 1")
        self._fail(over, step.site)

    def _fail(self, condition: str, status: int) -> None:
        bad, good = self._label(), self._label()
        # The weights keep what fails out of the way of what does not.
        self._line(f"br i1 {condition}, label %{bad}, label %{good}, !prof !0")
        self._start(bad)
        self._line(f"ret i32 {status}")
        self._start(good)

    def _load(self, step: ir.Load) -> None:
        stored, dest = STORED[step.storage], step.dest
        kind = self._kinds[dest] = ir.KIND_OF[step.storage]
        self._line(
            f"%a{dest} = getelementptr inbounds {stored}, ptr %p{step.param}, {self._typed(step.index)}"
        )
        self._lines += [f"  {line}" for line in load(f"%x{dest}", f"%a{dest}", step.storage)]
        self._kinds[dest] = kind

    def _when(self, step: ir.When) -> None:
        then, orelse, after = self._label(), self._label(), self._label()
        last = orelse if step.orelse else after
        weights = _weights(step.weights)
        self._line(f"br i1 {self._operand(step.condition)}, label %{then}, label %{last}{weights}")
        self._start(then)
        self._steps(step.then)
        self._line(f"br label %{after}")
        if step.orelse:
            self._start(orelse)
            self._steps(step.orelse)
            self._line(f"br label %{after}")
        self._start(after)

    def _loop(self, step: ir.Loop) -> None:
        head, body, after = self._label(), self._label(), self._label()
        before = self._block
        self._kinds[step.index] = "int"
        index = f"%x{step.index}"
        # The block that goes on to the next round is known when the body is made: the text is mended then.
        self._line(f"br label %{head}")
        self._start(head)
        place = len(self._lines)
        self._line("")
        self._line(f"%l{step.index} = icmp slt i64 {index}, {self._operand(step.stop)}")
        self._line(f"br i1 %l{step.index}, label %{body}, label %{after}")
        self._start(body)
        self._exits.append(after)
        self._steps(step.body)
        self._exits.pop()
        self._line(f"%n{step.index} = add nsw i64 {index}, 1")
        start = self._operand(step.start)
        self._lines[place] = (
            f"  {index} = phi i64 [ {start}, %{before} ], [ %n{step.index}, %{self._block} ]"
        )
        self._line(f"br label %{head}")
        self._start(after)

    def _call(self, step: ir.Call) -> None:
        callee = self._known[step.function]
        first = step.dests[0] if step.dests else self._label()
        args = []
        for param, arg in zip(callee.params, step.args, strict=True):
            args.append(f"ptr {self._operand(arg)}" if param.pointer else self._typed(arg))
        for dest, kind in zip(step.dests, step.kinds, strict=True):
            self._kinds[dest] = kind
            # Allocated in the entry: a call inside a loop must not take more of the stack each time.
            self._slots.append(f"  %s{dest} = alloca {TYPES[kind]}")
            args.append(f"ptr %s{dest}")
        status = f"%t{first}"
        self._line(
            f"{status} = call i32 {symbol(step.function)}({', '.join(args)}){' noinline' if step.apart else ''}"
        )
        if callee.fails:
            self._line(f"%f{first} = icmp ne i32 {status}, 0")
            bad, good = self._label(), self._label()
            self._line(f"br i1 %f{first}, label %{bad}, label %{good}, !prof !0")
            self._start(bad)
            self._line(f"ret i32 {status}")
            self._start(good)
        for dest, kind in zip(step.dests, step.kinds, strict=True):
            self._line(f"%x{dest} = load {TYPES[kind]}, ptr %s{dest}")


def _weights(counts: tuple[int, int] | None) -> str:
    """What tells LLVM how often the two ways of a branch are taken: none of them never."""
    if counts is None:
        return ""
    most = max(*counts, 1)
    one, other = (1 + max(count, 0) * _LARGEST_WEIGHT // most for count in counts)
    return f', !prof !{{!"branch_weights", i32 {one}, i32 {other}}}'


def load(dest: str, address: str, storage: ir.Storage) -> list[str]:
    """The lines that load a stored item as its kind."""
    stored = STORED[storage]
    if storage == "u8":
        return [
            f"{dest}.m = load i8, ptr {address}",
            f"{dest} = icmp ne i8 {dest}.m, 0",
        ]
    if storage == "i32":
        return [
            f"{dest}.m = load i32, ptr {address}",
            f"{dest} = sext i32 {dest}.m to i64",
        ]
    if storage == "i128":
        return [f"{dest} = load i128, ptr {address}, align 8"]
    return [f"{dest} = load {stored}, ptr {address}"]


def store(value: str, address: str, storage: ir.Storage) -> list[str]:
    """The lines that store a value of a kind. ``value`` names it without its type, ``address`` is unique."""
    if storage == "u8":
        return [f"{address}.m = zext i1 {value} to i8", f"store i8 {address}.m, ptr {address}"]
    if storage == "i32":
        return [f"{address}.m = trunc i64 {value} to i32", f"store i32 {address}.m, ptr {address}"]
    if storage == "i128":
        return [f"store i128 {value}, ptr {address}, align 8"]
    return [f"store {STORED[storage]} {value}, ptr {address}"]
