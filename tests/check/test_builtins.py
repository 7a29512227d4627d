"""The builtins: the table, its documentation, and tier 0 agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hyper.ir.interpreter import EvaluationError, Interpreter
from hyper.lang.check.builtins import CLOCK, CONVERSIONS, ERROR_CODES, FUNCTIONS, Signature
from tests.check.programs import program

_DOCS = Path(__file__).resolve().parents[2] / "docs" / "language-builtins.md"
_ROW = re.compile(r"^\| `(\w+\(.*?\) -> [^`]*)` \|.*\|([^|]*)\|$", re.MULTILINE)
_ALL = [item for table in (FUNCTIONS, CONVERSIONS) for group in table.values() for item in group]

# A type for each variable, and values of each type.
_TYPES = {"N": ["int", "float", "decimal(8, 2)"], "O": ["int", "string", "date"], "T": ["int"]}
_VALUES: dict[str, str] = {
    "int": "2",
    "bigint": "3",
    "float": "1.5",
    "decimal(8, 2)": "2.25",
    "string": '"12"',
    "bytes": '"aGk="',
    "bool": "true",
    "date": '"2024-01-31"',
    "time": '"09:30:00"',
    "datetime": '"2024-01-31T09:30:00Z"',
    "duration": '"P1DT2H"',
    "uuid": '"6f1c2a3e-0000-4000-8000-000000000001"',
    "url": '"https://example.com/"',
    "email": '"ada@example.com"',
    "Tier": "gold",
}


def test_every_signature_is_documented() -> None:
    documented = {}
    for text, errors in _ROW.findall(_DOCS.read_text(encoding="utf-8")):
        documented[text] = tuple(sorted(re.findall(r"`(\w+)`", errors)))
    assert documented == {item.text: tuple(sorted(item.errors)) for item in _ALL}


def test_errors_are_codes() -> None:
    assert {code for item in _ALL for code in item.errors} <= set(ERROR_CODES)


def _written(text: str, variable: str) -> str:
    text = re.sub(r"\b[NOT]\b", variable, text)
    text = re.sub(r"\bdecimal\b(?!\()", "decimal(8, 2)", text)
    return re.sub(r"\benum\b", "Tier", text)


def _value(kind: str) -> str:
    if kind.startswith("list["):
        return f"[{_value(kind[5:-1])}, {_value(kind[5:-1])}]"
    if kind.startswith("map["):
        return f'{{"a": {_value(kind[12:-1])}}}'
    return _VALUES[kind]


def _cases() -> list[tuple[Signature, str]]:
    cases: list[tuple[Signature, str]] = []
    for item in _ALL:
        if item.name in CLOCK:
            continue
        variable = next((name for name in "NOT" if re.search(rf"\b{name}\b", item.text)), "T")
        cases.extend((item, kind) for kind in _TYPES[variable])
    return cases


@pytest.mark.parametrize(
    ("item", "variable"), _cases(), ids=lambda value: getattr(value, "text", value)
)
def test_every_signature_runs(item: Signature, variable: str) -> None:
    """A call of each overload is typed, lowered, verified, and gives what its signature says."""
    head, _, returns = _written(item.text.replace(", ...", ""), variable).rpartition(" -> ")
    params = re.findall(r"(\w+): ((?:map\[string, )?[^,()]+(?:\(\d, \d\))?\]*)", head)
    arguments = ", ".join(f"{name}_" for name, _ in params)
    if item.name == "matches":
        arguments = 'text_, "1"'
    lets = "\n".join(f"    let {name}_: {kind} = {_value(kind)}" for name, kind in params)
    text = f"enum Tier: gold\ncalc f() -> {returns}:\n{lets}\n    {item.name}({arguments})\n"
    interpreter = Interpreter(program(text))
    try:
        interpreter.to_json(interpreter.run("m0.f", []))
    except EvaluationError as error:
        assert error.code in item.errors  # noqa: PT017 - a value is as good
