"""``hyper run --why``: what led to a value, with lines, the same whatever tier gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

FEES = """\
enum Size: small, large

entity Parcel:
    size: Size
    weight: int
    fee: int = 0

calc grade(weight: int) -> int:
    let doubled = weight * 2
    var total = 0
    for part in [doubled, 1]:
        total = total + part
    if total > 10:
        3
    else:
        if weight > 0 then 1 else 0

table fees(size: Size, grade: int) -> int, collect sum:
    size  | grade => result
    small | -     => 2
    -     | >= 1  => 5
    large | -     => 100 // (grade - grade)

rule priced on Parcel:
    require weight < 100 else "too heavy"
    when size is Size.large
    then fee = 1
    when weight >= 0
    then fee = fees(size, grade(weight))
"""


@pytest.fixture
def steps(hyper: Hyper, folder: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """The steps of one evaluation, each as its kind, line, name, value or whether it held, and depth."""
    (folder / "fees.intent").write_text(FEES.replace("size is Size.large", "size == Size.large"))

    def run(name: str, args: str, tier: str) -> list[tuple[Any, ...]]:
        done = hyper("run", name, "fees.intent", "--args", args, "--why", "--json", "--tier", tier)
        value = done.json("run")
        assert value["why"]["left_out"] == 0
        return [
            (
                step["kind"],
                step["line"],
                step["name"],
                step["value"] if step["held"] is None else step["held"],
                step["depth"],
            )
            for step in value["why"]["steps"]
        ]

    return run


@pytest.mark.parametrize("tier", ["0", "1"])
def test_every_step_has_its_line(steps: Callable[..., list[tuple[Any, ...]]], tier: str) -> None:
    parcel = {"size": "small", "weight": 2, "fee": 0}
    assert steps("priced", '{"size": "small", "weight": 2}', tier) == [
        ("call", 24, "fees.priced", {"self": parcel}, 0),
        ("require", 25, "", True, 1),
        ("derive", 26, "", False, 1),
        ("derive", 28, "", True, 1),
        ("call", 8, "fees.grade", {"weight": 2}, 1),
        ("value", 9, "doubled", 4, 2),
        ("value", 10, "total", 0, 2),
        ("value", 11, "part", 4, 2),
        ("value", 12, "total", 4, 2),
        ("value", 11, "part", 1, 2),
        ("value", 12, "total", 5, 2),
        ("branch", 13, "else", None, 2),
        ("choice", 16, "then", None, 2),
        ("result", 16, "fees.grade", 1, 2),
        ("call", 18, "fees.fees", {"size": "small", "grade": 1}, 1),
        ("row", 20, "1", None, 2),
        ("value", 20, "", 2, 2),
        ("row", 21, "2", None, 2),
        ("value", 21, "", 5, 2),
        ("result", 18, "fees.fees", 7, 2),
        ("value", 28, "fee", 7, 1),
        ("result", 24, "fees.priced", parcel | {"fee": 7}, 1),
    ]


@pytest.mark.parametrize("tier", ["0", "1"])
def test_a_failure_ends_the_steps(steps: Callable[..., list[tuple[Any, ...]]], tier: str) -> None:
    found = steps("fees", '["large", 0]', tier)
    assert found[-2:] == [
        ("row", 22, "3", None, 1),
        ("failure", 22, "division_by_zero", found[-1][3], 1),
    ]
    refused = steps("priced", '{"size": "small", "weight": 200}', tier)
    assert refused[-2:] == [
        ("require", 25, "", False, 1),
        ("failure", 25, "refused", "too heavy", 1),
    ]


def test_people_see_lines_of_the_source(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    done = hyper("run", "discount", "--args", '["gold", 600]', "--why")
    assert done.code == 0
    assert done.out.splitlines() == [
        "intents/orders.intent",
        '  22  discount(tier: "gold", amount: "600.00")',
        "  24    row 1 fits:  gold     | >= 500 => 0.15",
        '  24    = "0.15"',
        '"0.15"',
    ]


@pytest.mark.parametrize("tier", ["0", "1"])
def test_user_code_runs_once(hyper: Hyper, folder: Path, tier: str) -> None:
    (folder / "noted_model.py").write_text(
        "import pathlib\ndef score(x):\n"
        "    with pathlib.Path('ran').open('a') as out:\n        out.write('x')\n    return x + 1\n"
    )
    (folder / "risk.intent").write_text(
        'extern calc score(x: int) -> int from "noted_model:score"\n\n'
        "calc risk(x: int) -> int:\n    score(x) * 2\n"
    )
    done = hyper("run", "risk", "risk.intent", "--args", "[4]", "--why", "--tier", tier)
    assert done.out.splitlines()[-1] == "10"
    assert (folder / "ran").read_text() == "x"


def test_a_long_loop_is_cut(hyper: Hyper, folder: Path) -> None:
    (folder / "long.intent").write_text(
        "calc long(n: int @range(0, 100000)) -> int:\n    var total = 0\n"
        "    for step in range(n):\n        total = total + step\n    total\n"
    )
    done = hyper("run", "long", "long.intent", "--args", "[6000]", "--why", "--json")
    found = done.json("run")["why"]
    assert (len(found["steps"]), found["left_out"]) == (10_000, 2 + 12_000 + 1 - 10_000)
    assert "more steps" in hyper("run", "long", "long.intent", "--args", "[6000]", "--why").out
