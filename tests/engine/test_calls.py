"""Functions called by name in a session: one answer at every tier, promotion, events and reasons."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper import createHyperCompiler
from hyper.engine import execution
from hyper.engine.batch.sources import SourceError
from hyper.engine.calls.loaded import Called, CallError, Loaded
from hyper.engine.calls.tiers import Forms, python_seconds
from hyper.engine.execution import Execution
from hyper.engine.natives import toolchain as toolchain_module
from hyper.engine.natives.toolchain import ABSENT, toolchain
from hyper.ir.decisions import function_digest
from hyper.ir.program import CalcDef
from hyper.jit.llvm import target
from hyper.jit.profiles import Counters, FunctionProfile, Profile, encode, load
from tests.checkout import STOREFRONT

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.base.events import Event
    from hyper.ir.program import Program

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE: Final = """\
intent shop

enum Tier: gold, silver

entity Order:
    quantity: int @range(1, 99)
    price: decimal(14, 2)
    at: date = today()

calc share(total: int, parts: int) -> int:
    total * 3 // parts

calc grown(amount: decimal(14, 2), rate: decimal(5, 4), years: int) -> decimal(14, 2):
    var value: decimal(14, 2) = amount
    for year in range(years):
        value = value + value * rate
    value

table discount(tier: Tier, amount: decimal(14, 2)) -> decimal(5, 4), first:
    tier | amount    => result
    gold | >= 100.00 => 0.15
    -    | -         => 0.0

calc label(order: Order, name: string) -> string:
    name + (if order.quantity > 9 then " many" else " few")

calc age(order: Order) -> int:
    days_between(order.at, today())

rule sensible on Order:
    require quantity < 50 else "too many"
"""
needs_native: Final = pytest.mark.skipif(toolchain() == ABSENT, reason="llvmlite is not installed")


class Clock:
    """Seconds that pass with each reading: the higher the tier of the call that is measured, the fewer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.called: Called | None = None

    def __call__(self) -> float:
        tier = self.called.sampler._tier if self.called is not None else None
        self.now += 1e-6 if tier is None else 0.02 / 4**tier
        return self.now


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("shop")
    (folder / ".git").mkdir()
    (folder / "shop.intent").write_text(SOURCE)
    return str(folder)


@pytest.fixture(scope="module")
def program(sources: str) -> Program:
    result = createHyperCompiler().analyse(sources)
    assert result.success, result.diagnostics
    assert result.compilation is not None
    assert result.compilation.program is not None
    return result.compilation.program


CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("shop.share", {"total": 7, "parts": 2}),
    ("shop.share", {"total": 7, "parts": 0}),
    ("shop.share", {"total": 2**62, "parts": 2}),
    ("shop.share", {"total": 2**80, "parts": 3}),
    ("shop.share", {"total": True, "parts": 3}),
    ("shop.share", {"total": 7.0, "parts": 3}),
    ("shop.share", {"total": float("nan"), "parts": 3}),
    ("shop.share", {"total": Decimal(7), "parts": 3}),
    ("shop.share", {"total": 7}),
    ("shop.grown", {"amount": "100.00", "rate": "0.05", "years": 7}),
    ("shop.grown", {"amount": "999999999999.99", "rate": "0.05", "years": 2}),
    ("shop.discount", {"tier": "gold", "amount": "100.00"}),
    ("shop.discount", {"tier": "silver", "amount": "100.00"}),
    ("shop.discount", {"tier": "lead", "amount": "100.00"}),
    ("shop.label", {"order": {"quantity": 10, "price": "1.00", "at": "2026-02-01"}, "name": "a"}),
    ("shop.label", {"order": {"quantity": 100, "price": "1.00"}, "name": "a"}),
    ("shop.age", {"order": {"quantity": 1, "price": "1.00"}}),
    ("shop.age", {"order": {"quantity": 1, "price": "1.00", "at": "2026-02-01"}}),
    ("shop.sensible", {"self": {"quantity": 9, "price": "1.00", "at": "2026-02-01"}}),
    ("shop.sensible", {"self": {"quantity": 70, "price": "1.00", "at": "2026-02-01"}}),
)


def test_each_form_gives_the_same_outcome(program: Program) -> None:
    forms = Forms(program, tuple(dict.fromkeys(name for name, _ in CALLS)))
    for name, arguments in CALLS:
        expected = forms.interpreted(name)(arguments, NOW)
        assert forms.generated(name)(arguments, NOW) == expected, (name, arguments)


@needs_native
def test_machine_code_gives_the_same_outcome(program: Program) -> None:
    names = ("shop.share", "shop.grown", "shop.discount")
    forms = Forms(program, names)
    for name in names:
        left: list[Any] = []
        native = forms.native(name, left.append)
        for _, arguments in (call for call in CALLS if call[0] == name):
            assert native(arguments, NOW) == forms.interpreted(name)(arguments, NOW), arguments
        # Zero as a divisor, a product beyond 64 bits, a result that is too large for its type.
        assert len(left) == {"shop.share": 2, "shop.grown": 1}.get(name, 0), left


def climbing(program: Program, name: str, arguments: dict[str, Any], tier: int) -> Loaded:
    """Functions of which one has come to a tier, where the higher of any two is the faster."""
    clock = Clock()
    loaded = Loaded(program, level=3, clock=clock, start=lambda work: work())
    called = clock.called = loaded.function(name)
    for _ in range(20_000):
        if called.driver.tier() == tier:
            return loaded
        loaded.call(name, arguments, now=NOW)
    raise AssertionError(called.status())


@needs_native
def test_it_climbs_and_tells(sources: str) -> None:
    heard: list[Event] = []
    clock = Clock()
    with createHyperCompiler() as compiler:
        compiler.on("jit:tier:upgrade", heard.append)
        compiler.on("jit:deoptimization", heard.append)
        shop = compiler.load(sources)
        called = Called(
            shop._forms,
            "shop.share",
            2,
            listener=compiler._emitter.emit,
            clock=clock,
            start=lambda work: work(),
        )
        shop._called["shop.share"] = clock.called = called
        calls = 5
        for _ in range(5_000):
            calls += 1
            assert shop.call("share", {"total": 7, "parts": 2}) == 10
            if called.driver.tier() == 2:
                break
        assert [(event.name, event.function, event.tier) for event in heard] == [
            ("jit:tier:upgrade", "shop.share", 1),
            ("jit:tier:upgrade", "shop.share", 2),
        ]
        for _ in range(5):
            with pytest.raises(CallError, match="division by zero") as caught:
                shop.call("share", [7, 0])
            assert (caught.value.file, caught.value.line) == ("shop.intent", 11)
    (event,) = heard[2:]
    assert (event.name, event.tier, event.path, event.line) == (
        "jit:deoptimization", 2, "shop.intent", 11,
    )  # fmt: skip
    assert event.reason == f"it ends in the error {caught.value.code}: share(7, 0)"
    status = shop.status("share")
    assert status.tier < 2
    assert status.guard_failures == 4
    assert status.deoptimisations[-1].value == "share(7, 0)"
    (known,) = shop.profile().functions.values()
    assert known.name == "shop.share"
    assert set(known.tiers) == {"0", "1", "2"}
    assert known.tiers["2"].guard_failures == 4
    assert known.calls == calls
    (left,) = known.left
    assert (left.tier, left.file, left.value) == (2, "shop.intent", "share(7, 0)")
    assert left.reason == "it ends in the error division_by_zero"
    assert left.line == status.deoptimisations[-1].line > 0


def test_the_package_is_made_when_it_pays_for_all_functions_together(program: Program) -> None:
    forms = Forms(program, ("shop.share", "shop.grown"), share=0.25)
    made: list[int] = []
    forms.ready = lambda: made.append(1)
    needed = python_seconds(program) / 0.25
    assert not forms.pays(needed / 2)
    assert forms.python_seconds() == python_seconds(program)
    assert forms.pays(needed / 2)
    assert not forms.pays(needed)
    forms.prepare_early()
    forms.prepare()
    assert made == [1]
    assert forms.python_seconds() < python_seconds(program)


def test_what_was_counted_is_added_to_a_file(program: Program, tmp_path: Path) -> None:
    path = str(tmp_path / "calls.profile")
    for _ in range(2):
        loaded = Loaded(program, level=1)
        for number in range(300):
            loaded.call("share", [number, 2])
            loaded.call("shop.share", [number, 2])
        assert loaded.record(path) == ""
    (known,) = load(path).functions.values()
    assert (known.name, known.calls) == ("shop.share", 1_200)
    assert known.tiers["0"].nanoseconds > 0


@needs_native
def test_what_stays_below_says_why_at_its_line(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Execution(True, False, "it is too far", "shop.intent", 25)
    monkeypatch.setattr(execution, "execution_of", lambda *_: said)
    loaded = climbing(program, "shop.share", {"total": 7, "parts": 2}, 1)
    loaded.function("shop.share").driver.supply(2)
    assert loaded.status("share").refusals == {2: "shop.intent:25: it is too far"}


def test_without_llvmlite_it_stays_in_python_and_says_why(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain_module, "toolchain", lambda: ABSENT)
    loaded = Loaded(program, level=3)
    loaded.function("share").driver.supply(2)
    (reason,) = loaded.status("share").refusals.values()
    assert reason == "llvmlite is not installed: pip install 'hypercompiler[jit]'"


@needs_native
def test_with_an_llvmlite_that_cannot_be_loaded_it_stays_in_python_and_says_why(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise ImportError("no libLLVM.so")

    monkeypatch.setattr(target, "host", fails)
    loaded = Loaded(program, level=3)
    loaded.function("share").driver.supply(2)
    (reason,) = loaded.status("share").refusals.values()
    assert reason.startswith("llvmlite is installed, and cannot be loaded: no libLLVM.so; pip")
    assert loaded.call("share", [7, 2]) == 10


@needs_native
def test_where_native_code_is_switched_off_it_says_so(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPER_NATIVE", "off")
    loaded = Loaded(program, level=3)
    loaded.function("share").driver.supply(2)
    assert loaded.status("share").refusals == {2: "HYPER_NATIVE is off"}
    assert loaded.call("share", [7, 2]) == 10


def test_the_option_bounds_the_tiers(sources: str) -> None:
    for jit, forms in (("off", 1), ("2", 2), ("on", 2)):
        with createHyperCompiler(jit=jit) as compiler:
            assert len(compiler.load(sources).function("share").driver._compiles) == forms


def test_mistakes(program: Program, tmp_path: Path) -> None:
    loaded = Loaded(program, level=1)
    assert loaded.call("share", [7, 2]) == 10
    with pytest.raises(LookupError, match="nothing is called"):
        loaded.call("shares")
    with pytest.raises(LookupError, match="no calc, table or rule"):
        loaded.call("Order")
    with pytest.raises(CallError, match="takes 2 arguments, not 3") as caught:
        loaded.call("share", [1, 2, 3])
    assert caught.value.code == "input"
    with pytest.raises(CallError, match="parts"):
        loaded.call("share", {"total": 1})
    (tmp_path / "a.intent").write_text("entity A:\n    b: C\n")
    told = r"the sources have an error: a\.intent:2: .*`C`"
    with createHyperCompiler() as compiler, pytest.raises(SourceError, match=told):
        compiler.load(str(tmp_path))
    (tmp_path / "a.intent").write_text("entity A:\n    b: C\n    d: D\n")
    with createHyperCompiler() as compiler, pytest.raises(SourceError, match="have 2 errors: a"):
        compiler.load(str(tmp_path))


def test_many_threads_have_the_same_answers(program: Program) -> None:
    loaded = Loaded(program, level=1)
    wrong: list[Any] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for number in range(400):
            if loaded.call("share", {"total": number, "parts": 2}) != number * 3 // 2:
                wrong.append(number)
            if number == 100:
                loaded.function("share").driver.supply(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_session_calls_the_storefront(tmp_path: Path) -> None:
    with createHyperCompiler(cache=str(tmp_path)) as compiler:
        shop = compiler.load(str(STOREFRONT))
        found = shop.call("storefront.pricing.discount", {"tier": "gold", "amount": "600.00"})
        assert found == "0.1500"
        assert shop.status("storefront.pricing.discount").tier == 0


def test_a_profile_of_earlier_runs_makes_tiers_pay_at_once(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "shop.intent").write_text(SOURCE)
    path = tmp_path / "runs.profile"

    def made(calls: int, **options: Any) -> list[str]:
        """What is being made after the first calls of a session."""
        with createHyperCompiler(incremental=False, jit=1, **options) as compiler:
            loaded = compiler.load(str(tmp_path))
            started: list[str] = []
            loaded._start = lambda _job: started.append("made")
            for number in range(calls):
                assert loaded.call("shop.share", [number, 3]) == number
            return started

    assert made(3) == []
    share = program.definitions["shop.share"]
    assert isinstance(share, CalcDef)
    tiers = {"1": Counters(10**9, 10**9, 0, 10**12)}
    digest = function_digest("shop.share", share)
    path.write_bytes(encode(Profile({digest: FunctionProfile("shop.share", (), {}, tiers)})))
    assert made(3, profile=str(path)) != []
    assert made(3, profile=str(path), profile_effort="none") == []
