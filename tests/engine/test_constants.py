"""Builds for a profile with arguments that were always the same: where kernels are made for them, and that no answer changes."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper.engine.compiler import Compiler
from hyper.engine.recording import Recorder
from hyper.engine.training import ENOUGH, Training
from hyper.ir.interpreter import Interpreter
from hyper.ir.interpreter.values import Record
from hyper.jit.profiles import decode, encode
from tests.emit_incremental.trees import program_of
from tests.jit.test_specialise import tariff

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.ir.program import Program

pytest.importorskip("llvmlite")
np = pytest.importorskip("numpy")

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
COUNTRIES: Final = 40
HELD: Final = "c31"
SOURCE: Final = (
    tariff(COUNTRIES, between="    - | 1{0}3 => 9{0}")
    + """
entity Parcel:
    country: Country
    kg: int
    note?: string

calc price(parcel: Parcel) -> int:
    fee(parcel.country, parcel.kg)

rule light on Parcel:
    require fee(country, kg) != 0 else "dear"
    when kg > 30
    then kg = kg + 1
"""
)


def profile(calls: int, *countries: str, others: int = 0) -> bytes:
    """What is recorded of so many calls, in turns with these countries, and of some more with another one."""
    program = program_of({"shop.intent": SOURCE})
    recorder = Recorder(program)
    interpreter = Interpreter(program, watch=recorder)
    members = [interpreter.shapes.member("shop.Country", each) for each in countries]
    other = interpreter.shapes.member("shop.Country", "c39")
    for number in range(calls + others):
        # Not at once: an argument is looked at for as long as it may still be a constant.
        stray = others and number % (calls // others + 1) == 1
        country = other if stray else members[number % len(members)]
        interpreter.run("shop.fee", [country, number])
        parcel = Record("shop.Parcel", {"country": country, "kg": number})
        interpreter.run("shop.price", [parcel])
        interpreter.run("shop.light", [parcel])
    return encode(recorder.profile())


class Shop:
    """Sources with a profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile = folder / "runs.profile"
        self.source = folder / "src"
        self.source.mkdir()
        (self.source / "shop.intent").write_text(SOURCE)
        self.profile.write_bytes(profile(ENOUGH, HELD))

    def build(self, out: str, **options: Any) -> dict[str, bytes]:
        """The files of a build."""
        chosen: dict[str, Any] = {
            "package": "app",
            "target": "python,native,batch",
            "incremental": False,
        }
        with Compiler(**chosen | options) as compiler:
            result = compiler.compile(str(self.source), out=str(self.folder / out))
        assert result.success
        package = self.folder / out / "app"
        return {
            str(path.relative_to(package)): path.read_bytes()
            for path in sorted(package.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def trained(data: bytes) -> tuple[Program, Training]:
    program = program_of({"shop.intent": SOURCE})
    training = Training(decode(data), "light")
    assert training.fit(program) == []
    return program, training


def test_fields_of_arguments_are_recorded() -> None:
    _, training = trained(profile(3, HELD))
    expected = {"country": f'"{HELD}"', "kg": None, "note": "null"}
    for name, param in (("price", "parcel"), ("light", "self")):
        known = training.of[f"shop.{name}"].constants
        assert known == {param: None} | {f"{param}.{path}": text for path, text in expected.items()}
    assert trained(profile(3, "c1", "c2"))[1].of["shop.price"].constants["parcel.country"] is None


@pytest.mark.parametrize(("others", "known"), [(0, True), (3, True), (6, False), (300, False)])
def test_one_call_of_a_hundred_may_have_another_value(others: int, known: bool) -> None:
    _, training = trained(profile(400, HELD, others=others))
    found = training.of["shop.price"].constants
    assert found["parcel.country"] == (f'"{HELD}"' if known else None)
    assert found["parcel.kg"] is None


@pytest.mark.parametrize(
    ("calls", "countries", "special"),
    [(ENOUGH, [HELD], True), (ENOUGH // 5, [HELD], False), (ENOUGH, ["c1", "c2"], False)],
)
def test_what_was_seen_often_enough_and_never_changed(
    calls: int, countries: list[str], special: bool
) -> None:
    from hyper.emit.native.unit import Unit

    program, training = trained(profile(calls, *countries))
    names = ["shop.fee", "shop.price", "shop.light"]
    kernels = Unit(program, training.weights()).unit(names).kernels
    assert [each.bodies is not None for each in kernels] == [special] * 3


def test_bytes_are_the_same_each_time_and_without_a_profile_nothing_changes(shop: Shop) -> None:
    plain = shop.build("plain")
    tuned = shop.build("tuned", profile=str(shop.profile), profile_effort="light")
    assert tuned == shop.build("again", profile=str(shop.profile), profile_effort="light")
    assert shop.build("none", profile=str(shop.profile), profile_effort="none") == plain
    changed = {path for path in plain if path not in tuned or plain[path] != tuned[path]}
    assert {path.rpartition(".")[2] for path in changed} >= {"so", "module"}
    assert not any(path.endswith(".py") for path in changed)


ASKING: Final = """
import json, sys
import numpy as np
from app import calcs, rules, tables
from app.shop import Country, Parcel, fee, price

assert type(fee) is type(price) is type(len)
kg = np.array([3, 7, 600_000, 12, 0, -5, 10**7] * 300)
found = []
for codes in ([31], [30], [31] * 1000 + [5], [31, 4], list(range(40))):
    countries = (codes * len(kg))[: len(kg)]
    names = [f"c{code}" for code in countries]
    given = [Country[name] for name in names]
    parcels = [Parcel(country=country, kg=int(each)) for country, each in zip(given, kg)]
    records = [{"country": name, "kg": int(each)} for name, each in zip(names, kg)]
    batch = tables.fee.batch({"country": names, "kg": kg})
    found.append([fee(country, int(each)) for country, each in zip(given, kg)])
    found.append([price(each) for each in parcels])
    found.append(batch.values.tolist())
    found.append(calcs.price.batch({"parcel": records}).values.tolist())
    found.append(rules.light.batch(records).errors.row.tolist())
    assert found[-5:-1] == [found[-2]] * 4, names[:2]
bodies = tables.fee._function.kernel()[0].kernel.bodies
print(json.dumps({"found": found, "special": bodies is not None}))
"""


def test_packages_answer_as_they_did_and_their_batches_use_the_profile(shop: Shop) -> None:
    import json

    pytest.importorskip("pyarrow")
    answers = {}
    for name, options in (("plain", {}), ("tuned", {"profile": str(shop.profile)})):
        shop.build(name, **options)
        done = subprocess.run(
            [sys.executable, "-c", ASKING],
            cwd=shop.folder / name,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers[name] = json.loads(done.stdout)
    assert answers["plain"]["found"] == answers["tuned"]["found"]
    assert [each["special"] for each in answers.values()] == [False, True]


def test_sessions_use_the_profile(shop: Shop) -> None:
    source = random.Random(1)
    countries = [HELD] * 300 + [f"c{source.randrange(COUNTRIES)}" for _ in range(300)]
    data: dict[str, list[Any]] = {
        "country": countries,
        "kg": [source.randrange(10**6) for _ in countries],
    }
    answers: list[list[int]] = []
    given: list[dict[str, Any]] = [{}, {"profile": str(shop.profile)}]
    for options in given:
        with Compiler(incremental=False, **options) as compiler:
            function = compiler.functions(str(shop.source)).function("shop.fee")
            kernel = function.kernel()
            assert kernel is not None
            assert (kernel[0].kernel.bodies is not None) == bool(options)
            result: Any = function.batch(data)
            answers.append(result.columns["value"].numpy().tolist())
            loaded = compiler.load(str(shop.source))
            forms = loaded._forms
            native = forms.native("shop.fee", list[Any]().append)
            one = [native({name: data[name][row] for name in data}, NOW) for row in range(280, 320)]
            assert [each.value for each in one] == answers[-1][280:320]
            assert bool(forms._weights and forms._weights.constants("shop.fee")) == bool(options)
    assert answers[0] == answers[1]


def test_what_python_records_is_what_tier_0_records(shop: Shop) -> None:
    shop.build("plain", target="python")
    code = (
        "from app.shop import Country, Parcel, light, price\n"
        "for each in range(400):\n"
        f"    parcel = Parcel(country=Country.c1 if each % 150 == 9 else Country.{HELD}, kg=each)\n"
        "    price(parcel)\n"
        "    light(parcel)\n"
    )
    out = shop.folder / "python.profile"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=shop.folder / "plain",
        env={"HYPER_PROFILE_OUT": str(out), "PYTHONPATH": ":".join(filter(None, sys.path))},
        check=True,
    )
    from hyper.emit.native.unit import Unit

    program, training = trained(out.read_bytes())
    _, known = trained(shop.profile.read_bytes())
    assert training.of["shop.price"].constants == known.of["shop.price"].constants
    kernels = [
        Unit(program, each.weights()).unit(["shop.price", "shop.light"]).kernels
        for each in (training, known)
    ]
    assert kernels[0] == kernels[1]
    assert all(each.bodies for each in kernels[0])


def test_tuning_measures_functions_whose_calls_ask(shop: Shop) -> None:
    from hyper.engine.options import Options
    from hyper.engine.tuning.inputs import Capture
    from hyper.engine.tuning.tune import tune

    program, training = trained(shop.profile.read_bytes())
    options = Options(target=("python", "native"))
    folder = str(shop.folder / "tune")
    tuning = tune(program, training.profile, Capture(program), folder, fast=True, options=options)
    assert tuning.different == []
    held = {each.name: each.held for each in tuning.tables}
    assert held == {"shop.fee": 1, "shop.light": 1, "shop.price": 1}
    (fee,) = [each for each in tuning.tables if each.name == "shop.fee"]
    assert fee.before
    assert fee.after
