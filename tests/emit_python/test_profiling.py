"""Built packages that count what they do: only where a variable asks for it, and without another answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from hyper.engine.compiler import Compiler
from hyper.jit.profiles import load
from tests.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCE: Final = """
enum Kind:
    small
    large

entity Box:
    kind: Kind
    weight: int

table fee(kind: Kind, amount: int) -> int, first:
    kind  | amount => result
    small | < 10   => 1
    small | -      => 2
    large | -      => 10 // amount

table sums(amount: int) -> int, collect sum:
    amount => result
    > 1    => 1
    > 2    => 2

calc graded(amount: int) -> int:
    var found = 0
    if amount > 100:
        found = 3
    elif amount > 50:
        found = 2
    if amount > 10:
        found = found + 1
    for n in range(3):
        if n == amount:
            found = found + 10
        else:
            found = found - 1
    found

rule light on Box:
    require weight < 100 else "too heavy"
    when weight < 10 then kind = Kind.small
"""
ASKED: Final = """
import app.shop as shop
from app._runtime.errors import IntentError, Refused

Kind, Box = shop.Kind, shop.Box
print([shop.fee(Kind.small, n) for n in (1, 2, 20)], [shop.sums(n) for n in (0, 2, 3)])
print([shop.graded(n) for n in (0, 1, 20, 60, 200)])
for weight in (5, 50, 500):
    try:
        print(shop.light(Box(kind=Kind.large, weight=weight)).kind)
    except Refused as error:
        print(error)
try:
    shop.fee(kind=Kind.large, amount=0)
except IntentError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiling")
    (folder / "shop.intent").write_text(SOURCE)
    with Compiler(incremental=False) as compiler:
        result = compiler.compile(str(folder), out=str(folder / "dist"))
    assert [item.message for item in result.errors] == []
    return folder / "dist"


def _ask(dist: Path, code: str = ASKED, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HYPER_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": str(dist), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_a_package_does_is_counted(dist: Path, tmp_path: Path) -> None:
    plain = _ask(dist)
    out, counters = tmp_path / "runs.profile", tmp_path / "counters.json"
    variables = {"HYPER_PROFILE_OUT": str(out), "HYPER_PROFILE_JSON": str(counters)}
    asked = _ask(dist, **variables)
    assert (asked.stdout, asked.stderr) == (plain.stdout, "")
    assert "division_by_zero: division by zero (shop.intent:14)" in plain.stdout
    found = {each.name: each for each in load(str(out)).functions.values()}
    assert found["shop.fee"].decisions == ((2, 1, 1),)
    assert found["shop.sums"].decisions == ((2, 1),)
    assert found["shop.graded"].decisions == ((1, 1, 3), (3, 2), (2, 13))
    assert found["shop.light"].decisions == ((1, 2), (1, 1))
    assert found["shop.fee"].constants == {"kind": None, "amount": None}
    assert found["shop.sums"].calls == 3
    assert found["shop.graded"].tiers["1"].nanoseconds > 0
    told = json.loads(counters.read_text())["functions"]
    assert {name: each["calls"] for name, each in told.items()} == {
        "shop.fee": 4,
        "shop.graded": 5,
        "shop.light": 3,
        "shop.sums": 3,
    }
    _ask(dist, **variables)
    assert json.loads(counters.read_text())["functions"]["shop.fee"]["calls"] == 8
    (fee,) = [each for each in load(str(out)).functions.values() if each.name == "shop.fee"]
    assert fee.decisions == ((4, 2, 2),)


def test_several_processes_count_into_one_file(dist: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs.profile"
    code = (
        "import os, app.shop\n"
        "app.shop.sums(3)\n"
        "children = []\n"
        "for _ in range(4):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        app.shop.sums(3)\n"
        "        raise SystemExit\n"
        "    children.append(child)\n"
        "for child in children:\n"
        "    os.waitpid(child, 0)\n"
    )
    done = _ask(dist, code, HYPER_PROFILE_OUT=str(out))
    assert (done.returncode, done.stderr) == (0, "")
    (sums,) = load(str(out)).functions.values()
    assert sums.calls == 5
    assert sums.constants == {"amount": "3"}


def test_without_a_variable_nothing_is_loaded_and_functions_are_bare(dist: Path) -> None:
    code = (
        "import sys, app.shop\n"
        "print([name for name in sys.modules if 'profil' in name])\n"
        "print(hasattr(app.shop.sums, '__wrapped__'), hasattr(app.shop, '_hyper_profile'))\n"
    )
    assert _ask(dist, code).stdout == "[]\nFalse False\n"


def test_a_place_that_cannot_be_written_is_told_once(dist: Path, tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    done = _ask(dist, HYPER_PROFILE_OUT=str(thesis), HYPER_PROFILE_JSON=str(tmp_path / "no/c.json"))
    assert done.returncode == 0
    first, second = done.stderr.splitlines()
    assert first == f"HYPER_PROFILE_OUT: {thesis}: it is not a profile"
    assert second.startswith("HYPER_PROFILE_JSON: ")
    assert thesis.read_text() == "years of work"


def test_machine_code_is_counted_at_its_tier_and_not_recorded_from(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    (tmp_path / "shop.intent").write_text(SOURCE)
    with Compiler(incremental=False, target="python,native") as compiler:
        assert compiler.compile(str(tmp_path), out=str(tmp_path / "dist")).success
    code = (
        "import app.shop as shop\n"
        "from app import _runtime\n"
        "print([shop.fee(shop.Kind.large, amount) for amount in (5, 20)])\n"
        "try:\n"
        "    shop.fee(shop.Kind.large, 0)\n"
        "except ArithmeticError:\n"
        "    pass\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )
    dist = tmp_path / "dist"
    plain = _ask(dist, code)
    counters, out = tmp_path / "counters.json", tmp_path / "runs.profile"
    asked = _ask(dist, code, HYPER_PROFILE_JSON=str(counters))
    assert (asked.stdout, asked.stderr) == (plain.stdout, "")
    fee = json.loads(counters.read_text())["functions"]["shop.fee"]
    found = {tier: (each["calls"], each["guard_failures"]) for tier, each in fee["tiers"].items()}
    if "2" not in found:
        pytest.skip("this machine runs no such machine code")
    assert found == {"1": (1, 0), "2": (3, 1)}
    assert (fee["calls"], fee["rows"]) == (3, 3)
    assert _ask(dist, code, HYPER_PROFILE_OUT=str(out)).stdout == plain.stdout
    (recorded,) = load(str(out)).functions.values()
    assert recorded.decisions == ((0, 0, 3),)
    assert set(recorded.tiers) == {"1"}


def test_batches_are_counted_by_their_rows(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    pytest.importorskip("numpy")
    (tmp_path / "shop.intent").write_text(SOURCE)
    with Compiler(incremental=False, target="python,batch") as compiler:
        assert compiler.compile(str(tmp_path), out=str(tmp_path / "dist")).success
    code = (
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "import numpy as np\n"
        "from app import calcs\n"
        "amounts = np.array([0, 20, 60, 200])\n"
        "print(calcs.graded.batch({'amount': amounts}).columns['value'].numpy().tolist())\n"
        "for part in calcs.graded.batch(iter([{'amount': amounts}, {'amount': amounts[:1]}])):\n"
        "    print(part.columns['value'].numpy().tolist())\n"
    )
    dist, counters, out = tmp_path / "dist", tmp_path / "counters.json", tmp_path / "runs.profile"
    plain = _ask(dist, code)
    assert plain.stderr == ""
    asked = _ask(dist, code, HYPER_PROFILE_JSON=str(counters))
    assert (asked.stdout, asked.stderr) == (plain.stdout, "")
    graded = json.loads(counters.read_text())["functions"]["shop.graded"]
    (found,) = graded["tiers"].values()
    assert (found["calls"], found["rows"], found["guard_failures"]) == (3, 9, 0)
    assert found["nanoseconds"] > 0
    assert _ask(dist, code, HYPER_PROFILE_OUT=str(out)).stdout == plain.stdout
    (recorded,) = load(str(out)).functions.values()
    assert recorded.tiers["1"].rows == 9
    assert recorded.decisions[0] == (2, 2, 5)
