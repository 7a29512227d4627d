"""Tier 0 and tier 1 agree, bit for bit, or fail alike at the same line."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hyper.ir import nodes
from hyper.ir.program import CalcDef, Module, ParamDef, Program, RuleDef, TableDef
from hyper.ir.text import dump_node
from hyper.ir.types import BOOL, FLOAT, INT, ListOf
from hyper.ir.verify import verify
from hyper.lang.markers import NO_MARKERS
from tests.meaning.programs import program
from tests.meaning.tiers import Tiers
from tests.meaning.values import value

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
PROGRAMS = 4000 if os.environ.get("HYPER_LONG") else 40
INPUTS = 12


@pytest.mark.parametrize("block", range(PROGRAMS // 20))
def test_random_programs(block: int, tmp_path: Path) -> None:
    for seed in range(block * 20, block * 20 + 20):
        compare_tiers(seed, tmp_path)


def compare_tiers(seed: int, folder: Path) -> int:
    source = random.Random(seed)
    made = program(source)
    assert verify(made) == []
    tiers = Tiers(made, folder)
    compared = 0
    for definition in made.modules[1].definitions:
        assert isinstance(definition, CalcDef | TableDef | RuleDef)
        name = f"main.{definition.name}"
        kinds = [kind for _, kind in tiers.interpreter.params(name)]
        for _ in range(INPUTS):
            args = [value(source, kind) for kind in kinds]
            expected = tiers.zero(name, args, NOW)
            if isinstance(expected, tuple) and expected[1] == "too_expensive":
                continue
            got = tiers.one(name, args, NOW)
            assert got == expected, f"seed {seed}\n{dump_node(definition)}\n{args}"
            compared += 1
    tiers.forget()
    return compared


@pytest.mark.parametrize("seed", [2273, 10294, 12380, 14626, 1001428, 1003567, 1007362])
def test_programs_that_once_differed(seed: int, tmp_path: Path) -> None:
    compare_tiers(seed, tmp_path)


def test_a_bound_value_is_computed_before_the_list_that_it_is_looked_for_in(tmp_path: Path) -> None:
    bound = nodes.Local(FLOAT, "_b1")
    rounded = nodes.Builtin(FLOAT, "round", (nodes.Local(FLOAT, "a"), nodes.Const(INT, "1")))
    known = nodes.MakeList(ListOf(FLOAT), (nodes.Const(FLOAT, (2.5).hex()), bound))
    found = nodes.Bind(BOOL, "_b1", rounded, nodes.Binary(BOOL, "in", bound, known))
    body = (nodes.Return(found, 2),)
    params = (ParamDef("a", FLOAT),)
    calc = CalcDef("f", params, BOOL, body, False, False, NO_MARKERS, "", 1)
    made = Program([Module("main", "main.intent", "", (), (calc,))])
    assert verify(made) == []
    tiers = Tiers(made, tmp_path)
    assert tiers.zero("main.f", [1.04], NOW) == ("bool", True)
    assert tiers.one("main.f", [1.04], NOW) == ("bool", True)
    tiers.forget()
