"""One evaluation from JSON to JSON, by tier 0 or by the generated Python: for ``hyper run``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from hyper.ir.program import CalcDef, ExternDef, RuleDef, TableDef
from hyper.ir.types import Entity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hyper.ir.interpreter import Interpreter
    from hyper.ir.interpreter.watch import Watch
    from hyper.ir.program import Program
    from hyper.ir.types import Type


class Failure(msgspec.Struct, frozen=True):
    """Why an evaluation has no value. ``code`` is an evaluation error's, ``refused``, ``extern`` or ``input``."""

    code: str
    message: str
    file: str = ""
    line: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """The value as JSON, decimals as strings, or the failure."""

    value: Any = None
    failure: Failure | None = None


def is_function(program: Program, name: str) -> bool:
    """Whether a declaration can be evaluated."""
    return isinstance(program.definitions.get(name), CalcDef | ExternDef | RuleDef | TableDef)


def read_arguments(program: Program, name: str, text: str) -> dict[str, Any]:
    """Arguments by parameter from a JSON object, or from a list in the order of the parameters.

    The one parameter of a rule may be given as it is. Raises ``ValueError`` for what is no JSON, or fits no parameter.
    """
    data = _json(text)
    names = parameters(program, name)
    if isinstance(data, list):
        if len(data) > len(names):
            raise ValueError(f"{name} takes {len(names)} arguments, not {len(data)}")
        return dict(zip(names, data, strict=False))
    if not isinstance(data, dict):
        raise ValueError("arguments are an object by name, or a list")  # noqa: TRY004  # of the text
    if isinstance(program.definitions[name], RuleDef) and set(data) != {"self"}:
        return {"self": data}
    for key in data:
        if key not in names:
            raise ValueError(
                f'{name} has no parameter "{key}": it takes {", ".join(names) or "none"}'
            )
    return data


def _json(text: str) -> Any:
    """Read by the reader that the models of a package have, so that both know the same JSON; no name twice."""
    from pydantic_core import from_json

    try:
        data = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error).replace("number out of range", "an integer of more than 4,300 digits")
        raise ValueError(f"this JSON cannot be read: {reason}") from None
    json.loads(text, object_pairs_hook=_distinct)
    return data


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'"{name}" is there twice in one object')
        found[name] = value
    return found


def parameters(program: Program, name: str) -> list[str]:
    """The names of the parameters; ``self`` for a rule."""
    definition = program.definitions[name]
    if isinstance(definition, RuleDef):
        return ["self"]
    assert isinstance(definition, CalcDef | TableDef | ExternDef)
    return [param.name for param in definition.params]


def signature(program: Program, name: str) -> tuple[tuple[tuple[str, Type], ...], Type]:
    """The parameters of a function with their types, and the type of its result."""
    definition = program.definitions[name]
    if isinstance(definition, RuleDef):
        entity = Entity(definition.entity)
        return (("self", entity),), entity
    assert isinstance(definition, CalcDef | TableDef | ExternDef)
    return tuple((param.name, param.type) for param in definition.params), definition.returns


def interpret(
    program: Program,
    name: str,
    arguments: dict[str, Any],
    now: datetime,
    watch: Watch | None = None,
) -> Outcome:
    """Evaluate by tier 0. Externs are run: it is the user who asks."""
    return evaluate(interpreter_of(program, watch), name, arguments, now)


def interpreter_of(program: Program, watch: Watch | None = None) -> Interpreter:
    """An interpreter that runs externs, for one thread at a time."""
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.scenarios import load_extern

    return Interpreter(program, externs=load_extern, watch=watch)


def evaluate(
    interpreter: Interpreter, name: str, arguments: Mapping[str, Any], now: datetime
) -> Outcome:
    """Evaluate by an interpreter, from JSON to JSON."""
    from hyper.ir.interpreter import EvaluationError, ExternFailure, InputError, Refused

    try:
        return Outcome(interpreter.run_json(name, arguments, now=now))
    except EvaluationError as error:
        return Outcome(failure=Failure(error.code, error.message, error.file, error.line))
    except Refused as error:
        return Outcome(failure=Failure("refused", error.message, error.file, error.line))
    except ExternFailure as error:
        return Outcome(failure=Failure("extern", str(error)))
    except InputError as error:
        return Outcome(failure=Failure("input", str(error)))
