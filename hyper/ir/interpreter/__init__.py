"""Tier 0: the interpreter, which defines what a program means."""

from __future__ import annotations

from hyper.ir.interpreter.evaluator import Interpreter
from hyper.ir.interpreter.json_in import InputError
from hyper.ir.interpreter.values import (
    ClockNotSet,
    EnumValue,
    ErrorCode,
    EvaluationError,
    ExternFailure,
    ExternsNotLoaded,
    Record,
    Refused,
    Value,
)

__all__ = [
    "ClockNotSet",
    "EnumValue",
    "ErrorCode",
    "EvaluationError",
    "ExternFailure",
    "ExternsNotLoaded",
    "InputError",
    "Interpreter",
    "Record",
    "Refused",
    "Value",
]
