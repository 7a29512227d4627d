"""The forms of one function, from JSON to an outcome: interpreted, in generated Python, and that with its machine code."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING, Any, Final

from hyper.engine.evaluation import Outcome, evaluate, interpreter_of
from hyper.engine.natives.toolchain import why_not
from hyper.jit.policy.driver import CannotCompile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hyper.emit.native.weights import Weights
    from hyper.engine.generated import Asked, Package
    from hyper.ir.program import Program

_INTERPRETING: Final = threading.RLock()
_BUILDING: Final = threading.RLock()
"""Neither the interpreter nor the building of models is for two threads at once."""
BOUND_SECONDS: Final = 0.01
"""What a function is expected to take of a package that is there."""
NATIVE_SECONDS: Final = 0.2
"""What the machine code of one function is expected to take beyond the package that it is in."""


def python_seconds(program: Program) -> float:
    """What making the package and importing its models is expected to take."""
    return 0.05 + 0.001 * len(program.definitions)


class Forms:
    """The tiers of the functions of a program. The package of generated Python is made once for all of them."""

    def __init__(
        self,
        program: Program,
        functions: tuple[str, ...],
        share: float = math.inf,
        weights: Weights | None = None,
    ) -> None:
        """``share`` is the part of the time spent at tier 0 that the package may cost; ``weights`` are for machine code."""
        self.program = program
        self._weights = weights
        self._share = share
        self._spent = 0.0
        self._asked = False
        self._asking = threading.Lock()
        self._functions = functions
        self._interpreter = interpreter_of(program)
        self._package: Package | None = None
        self.ready: Callable[[], None] = lambda: None
        """Called when the package has been made."""

    def python_seconds(self) -> float:
        """What tier 1 of a function is expected to take from here on."""
        return python_seconds(self.program) if self._package is None else BOUND_SECONDS

    def pays(self, seconds: float) -> bool:
        """Whether the package should be made now: what all functions together spent at tier 0, ``seconds`` of it since the last
        time, covers it. True once."""
        with self._asking:
            self._spent += seconds
            covered = self._spent * self._share >= python_seconds(self.program)
            if self._asked or self._package is not None or not covered:
                return False
            self._asked = True
            return True

    def prepare_early(self) -> None:
        """Make the package for whoever will need it. Where that fails, each function says so itself when it does."""
        with contextlib.suppress(Exception):
            self.prepare()

    def prepare(self) -> None:
        """Make the package, if there is none."""
        from hyper.engine.generated import Package

        with _BUILDING:
            fresh = self._package is None
            if self._package is None:
                self._package = Package(self.program, self._functions)
        if fresh:
            self.ready()

    def interpreted(self, name: str) -> Callable[[Mapping[str, Any], datetime], Outcome]:
        """Tier 0."""

        def run(arguments: Mapping[str, Any], now: datetime) -> Outcome:
            with _INTERPRETING:
                return evaluate(self._interpreter, name, arguments, now)

        return run

    def generated(self, name: str) -> Callable[[Mapping[str, Any], datetime], Outcome]:
        """Tier 1."""
        self.prepare()
        assert self._package is not None
        with _BUILDING:
            asked = self._package.function(name)
        return _with_reader(asked, self.interpreted(name))

    def native(
        self, name: str, left: Callable[[tuple[Any, ...]], None]
    ) -> Callable[[Mapping[str, Any], datetime], Outcome]:
        """Tier 2; ``left`` hears the arguments of each call that machine code leaves to Python. Raises ``CannotCompile``."""
        from hyper.engine.execution import execution_of
        from hyper.engine.generated import Package

        missing = why_not()
        if missing:
            raise CannotCompile(missing)
        execution = execution_of(self.program, name)
        if execution is not None and not execution.calls:
            raise CannotCompile(f"{execution.file}:{execution.line}: {execution.reason}")
        with _BUILDING:
            package = Package(self.program, [name], name, self._weights)
            asked = package.function(name)
            plain = getattr(asked.function, "__self__", None)
            if plain is None or not hasattr(plain, "function"):
                found = package.load("native").status().get(package.home(name), {})
                raise CannotCompile(found.get("reason") or "there is no machine code of it here")
        python = plain.function

        def again(*args: Any, **named: Any) -> Any:
            left((*args, *named.values()))
            return python(*args, **named)

        plain.function = again
        return _with_reader(asked, self.interpreted(name))


def _with_reader(
    asked: Asked, interpreted: Callable[[Mapping[str, Any], datetime], Outcome]
) -> Callable[[Mapping[str, Any], datetime], Outcome]:
    """Arguments that cannot be read are told in the words of tier 0."""

    def run(arguments: Mapping[str, Any], now: datetime) -> Outcome:
        try:
            outcome = asked.run(arguments, now)
        except (TypeError, ValueError, RecursionError):  # these are no JSON values
            return interpreted(arguments, now)
        failure = outcome.failure
        if failure is not None and failure.code == "input":
            return interpreted(arguments, now)
        return outcome

    return run
