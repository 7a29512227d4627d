"""Tier 0 and the models of tier 1 read the same JSON and write the same JSON."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from pydantic_core import from_json

from hyper.engine.evaluation import interpret
from hyper.engine.generated import run_generated
from hyper.ir.interpreter import InputError
from hyper.lang.types import Entity
from tests.check.programs import program
from tests.meaning.reading import Types
from tests.meaning.tiers import Tiers

if TYPE_CHECKING:
    from pathlib import Path

MODULES = 2000 if os.environ.get("HYPER_LONG") else 12
CASES = 12
INPUTS = 25
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def zero(tiers: Tiers, name: str, text: str) -> Any:
    """What tier 0 makes of it: JSON, or the message of a refusal."""
    interpreter = tiers.interpreter
    try:
        value = interpreter.reader.read(from_json(text, allow_inf_nan=False), Entity(f"m0.{name}"))
    except InputError as error:
        return error
    return json.dumps(interpreter.to_json(value), sort_keys=True)


def one(tiers: Tiers, name: str, text: str) -> Any:
    """What the model makes of it."""
    model = getattr(tiers.module("m0"), name)
    try:
        value = model.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        return error
    return json.dumps(json.loads(value.model_dump_json()), sort_keys=True)


def differences(seed: int, folder: Path) -> list[str]:
    """What differs, each in a line."""
    source = random.Random(seed)
    types = Types(source)
    text = types.module(CASES)
    tiers = Tiers(program(text), folder)
    found: list[str] = []
    for number in range(CASES):
        name = f"Case{number}"
        kind = types.entities[name][0][1]
        for _ in range(INPUTS):
            given = f'{{"x": {types.json(kind)}}}'
            expected, got = zero(tiers, name, given), one(tiers, name, given)
            refused = isinstance(expected, InputError), isinstance(got, ValidationError)
            if refused == (True, True) or expected == got:
                continue
            found.append(f"seed {seed} {kind}: {given}\n    0: {expected}\n    1: {got}")
    tiers.forget()
    return found


@pytest.mark.parametrize("block", range(MODULES // 4))
def test_random_json(block: int, tmp_path: Path) -> None:
    found: list[str] = []
    for seed in range(block * 4, block * 4 + 4):
        found += differences(seed, tmp_path)
    assert not found, "\n".join(found)


# A type, JSON, and the JSON that is written: nothing where it is refused.
ONCE_DIFFERENT = [
    ("float", '"NaN"', None),
    ("float", '"Infinity"', None),
    ("float", "1e400", None),
    ("float", "1" + "0" * 400, None),
    ("any", "[1e400]", None),
    ("Open", '{"more": 1e400}', None),
    ("any", '["NaN"]', '["NaN"]'),
    ("float @below(0.3)", "0.3", None),
    ("float @multiple(0.1)", "123456789012345.6", "123456789012345.6"),
    ("float @multiple(0.1)", "5e-324", None),
    ("datetime", '"2024-02-29t10:00:00Z"', None),
    ("datetime", '"2024-02-29T10:00:00z"', None),
    ("datetime", '"2024-02-29T10:00:00.1234567Z"', None),
    ("time", '"10:00:00.1234567"', None),
    ("duration", '"PT0.0000001S"', None),
    ("duration", '"P1DT"', None),
    ("duration", '"-P999999999DT1S"', None),
    ("decimal(28, 20)", "0.1234567890123456789", None),
    ("decimal(28, 20)", '"0.1234567890123456789"', '"0.12345678901234567890"'),
    ("decimal(28, 20)", "0.123456789012345", '"0.12345678901234500000"'),
    ("decimal(28, 0)", "1234567890123456789012345678", '"1234567890123456789012345678"'),
    ("decimal(6, 2)", "1e-400", '"0.00"'),
    ("decimal(6, 2)", '"1e-400"', None),
    ("decimal(6, 2)", '"1_0"', None),
    ("decimal(6, 2)", "1.005", None),
    ("bigint", "1e22", None),
    ("int", "9007199254740992.0", "9007199254740992"),
    ("int", "9007199254740994.0", None),
    ("Sparse", '{"an": null}', '{"an": null, "none": null}'),
    ("Sparse", "{}", '{"none": null}'),
    ("Late", "{}", "{}"),
    ("Mixed", '"2024-02-29"', '"2024-02-29"'),
    ("Mixed", "9007199254740993.0", "9007199254740992"),
    ('string @schema({"$ref": "#/$defs/Gone"})', '"x"', '"x"'),
    ('string @schema({"$ref": "https://nowhere.invalid/x"})', '"x"', '"x"'),
    ('int @schema({"minimum": "a"})', "1", "1"),
    ('string @schema({"pattern": "a(?i)"})', '"1"', '"1"'),
]
SOURCE = """
entity Open @extra(allow):
    n?: int
entity Sparse:
    an?: any
    none: int? = none
entity Late:
    odd?: Choice @json("o-d")
union Choice exactly = any | bool
union Mixed exactly = decimal(28, 1) | date | Level | int
enum Level: low = 1, high = 2

"""


def test_what_once_differed(tmp_path: Path) -> None:
    entities = "\n".join(
        f"entity Case{number}:\n    x: {kind}\n"
        for number, (kind, _, _) in enumerate(ONCE_DIFFERENT)
    )
    tiers = Tiers(program(SOURCE + entities), tmp_path)
    for number, (kind, given, expected) in enumerate(ONCE_DIFFERENT):
        outcomes = [run(tiers, f"Case{number}", f'{{"x": {given}}}') for run in (zero, one)]
        if expected is None:
            assert [type(each) for each in outcomes] == [InputError, ValidationError], (kind, given)
        else:
            assert outcomes == [f'{{"x": {expected}}}'] * 2, (kind, given)
    tiers.forget()


def test_defaults_read_the_clock_that_is_given() -> None:
    made = program("entity Stamp:\n    at: datetime = now()\n\ncalc f(x: Stamp) -> Stamp:\n    x\n")
    expected = {"at": "2024-05-06T07:08:09Z"}
    assert interpret(made, "m0.f", {"x": {}}, NOW).value == expected
    assert run_generated(made, "m0.f", {"x": {}}, NOW).value == expected
