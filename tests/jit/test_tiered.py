"""``tiered``: promotion where it pays, the plain function's answers at every tier, and reasons."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from hyper.jit import tiered
from hyper.jit.numeric import machine_code
from hyper.jit.numeric.calls import FIXED, PLAIN, Calls
from hyper.jit.policy.machine import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.events import Event

RATE = 0.25


def price(quantity: int, each: float, discount: bool = False) -> float:
    """What it costs."""
    total = quantity * each * (1 + RATE)
    if discount:
        total = total / (quantity - 100)
    return total


class Clock:
    """Seconds that pass with each reading, as many as a test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.001

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def tiers_of(function: Any) -> tuple[Calls, Clock]:
    """A function whose compiles run at once, and whose calls take what the clock says."""
    clock = Clock()
    parameters = tuple(inspect.signature(function).parameters)
    calls = Calls(function, parameters, Settings(), clock=clock, start=lambda work: work())
    return calls, clock


def promoted(function: Any, *args: Any, tier: int = PLAIN) -> tuple[Calls, Clock]:
    """Tiers of a function that has come to a tier."""
    calls, clock = tiers_of(function)
    for _ in range(200_000):
        if calls.driver.tier() == tier:
            return calls, clock
        # The higher the tier, the faster: no machine could make it otherwise.
        clock.step = 0.01 / 4 ** calls.driver.tier()
        calls.call(*args)
    raise AssertionError(calls.driver.refusals)


def test_it_is_the_function_as_before() -> None:
    made = tiered(price)
    assert (made.__name__, made.__doc__) == ("price", "What it costs.")
    assert inspect.signature(made) == inspect.signature(price)
    assert made(2, 4.0) == price(2, 4.0)
    assert made(quantity=2, each=4.0, discount=True) == price(2, 4.0, True)
    with pytest.raises(TypeError, match="missing"):
        made(2)  # type: ignore[call-arg]  # what is tried
    assert tiered(made) is made


def test_it_climbs_where_that_pays() -> None:
    calls, _ = promoted(price, 2, 4.0, tier=FIXED)
    assert sorted(calls.driver.code) == [PLAIN, FIXED]
    assert calls.driver.promotions == 2
    assert calls.call(2, 4.0) == price(2, 4.0)


def test_a_guard_leaves_a_call_to_the_plain_function_with_its_reason() -> None:
    calls, clock = promoted(price, 2, 4.0)
    clock.step = 1e-6
    for args, reason in (
        ((2, 4), "`each` is of the type int, not float"),
        ((2**70, 4.0), "`quantity` has more than 64 bits"),
    ):
        found = calls.call(*args)
        assert found == price(*args)
        assert type(found) is type(price(*args))
        why = calls.driver.deoptimisations[-1]
        assert (why.reason, why.tier) == (reason, 2)
        assert why.value == f"price({args[0]}, {args[1]}, False)"
    with pytest.raises(ZeroDivisionError) as caught:
        calls.call(100, 1.0, True)
    assert caught.value.__context__ is None
    assert "price" in traceback.format_exception(caught.value)[-2]
    why = calls.driver.deoptimisations[-1]
    assert why.reason == "division by zero"
    lines, first = inspect.getsourcelines(price)
    assert "/ (quantity - 100)" in lines[why.line - first]


def test_other_values_than_always_lead_back_and_are_no_constants_again() -> None:
    calls, clock = promoted(price, 2, 4.0, tier=FIXED)
    clock.step = 1e-6
    for number in range(3, 12):
        assert calls.call(number, 4.0) == price(number, 4.0)
    assert calls.driver.tier() < FIXED
    assert [seen.constant for seen in calls._arguments] == [False, True, True]
    reasons = {why.reason for why in calls.driver.deoptimisations}
    assert "`quantity` is not 2, as it was" in reasons


def test_a_global_that_changes_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, _ = promoted(price, 2, 4.0)
    monkeypatch.setitem(globals(), "RATE", 0.5)
    for _ in range(6):
        assert calls.call(2, 4.0) == 12.0
    assert calls.driver.tier() == 0
    assert PLAIN not in calls.driver.code
    assert {why.reason for why in calls.driver.deoptimisations} == {
        "`RATE` is no longer what it was"
    }


def test_warm_compiles_now_and_the_next_calls_use_it() -> None:
    heard: list[Event] = []
    made = tiered(listener=heard.append)(price)
    made.warm(1, 2.0)
    assert made.status().compile_seconds.keys() == {2}
    found = [made(3, 2.0) for _ in range(50)]
    assert set(found) == {price(3, 2.0)}
    assert made.status().tier == 2
    assert "compiled in" in made.explain()
    assert [(event.name, event.function, event.tier) for event in heard] == [
        ("jit:tier:upgrade", "price", 2)
    ]


def test_what_has_no_form_stays_and_says_why() -> None:
    @tiered
    def texts(a: int) -> str:
        return f"{a}"

    texts.warm(1)
    assert texts(3) == "3"
    (reason,) = texts.status().refusals.values()
    assert reason.endswith("`f'{a}'` is no arithmetic of numbers")
    assert f"test_tiered.py:{texts.__wrapped__.__code__.co_firstlineno + 2}: " in reason


def doubled(function: Callable[[int], int]) -> Callable[[int], int]:
    @functools.wraps(function)
    def call(number: int) -> int:
        return 2 * function(number)

    return call


@doubled
def twice_more(number: int) -> int:
    return number + 1


def test_what_wraps_a_function_is_not_taken_for_it() -> None:
    def calls_it(number: int) -> int:
        return twice_more(number)

    for function in (calls_it, twice_more):
        calls, _ = promoted(function, 3)
        assert calls.call(3) == 8
        assert calls.driver.tier() == PLAIN
        assert not calls.driver.guard_failures
    around: Any = tiered(doubled(tiered(calls_it)))
    around.warm(3)
    assert around(3) == 16
    assert 2 in around.status().compile_seconds
    assert tiered(around) is around


@pytest.mark.parametrize("installed", [True, False])
def test_what_is_made_of_a_function_can_be_looked_into(
    installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_code, "is_installed", lambda: installed)

    def plain(number: int = 3, *, other: float = 0.5) -> float:
        """What it does."""
        return number * other

    expected = str(inspect.signature(plain))
    made = tiered(plain)
    assert str(inspect.signature(made)) == str(inspect.signature(made.__wrapped__)) == expected
    assert inspect.unwrap(made)(4) == made(4) == 2.0
    assert inspect.getdoc(made) == inspect.getdoc(made.__wrapped__) == "What it does."
    assert "return number * other" in inspect.getsource(made)


def test_a_generator_is_left_alone() -> None:
    @tiered
    def numbers(a: int) -> Any:
        yield a

    assert list(numbers(3)) == [3]
    assert numbers.status().refusals == {2: "it is a generator or a coroutine"}
    assert (
        numbers.explain().splitlines()[1] == "  tier 2: not taken: it is a generator or a coroutine"
    )
    built_in = tiered(abs)
    assert built_in(-3) == 3
    assert built_in.status().refusals == {2: "it is not a function that `def` made"}


def test_without_numba_it_is_the_function_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_code, "is_installed", lambda: False)

    def half(a: float) -> float:
        return a / 2

    made = tiered(half)
    assert made is half
    assert made(3.0) == 1.5
    assert "pip install hypercompiler[jit]" in made.explain()
    made.warm(1.0)


def test_keyword_and_positional_parameters_stay_so() -> None:
    def scaled(a: float, /, b: float = 2.0, *, c: float = 3.0) -> float:
        return a * b - c

    made = tiered(scaled)
    made.warm(1.0)
    for _ in range(20):
        assert made(1.5) == scaled(1.5)
        assert made(1.5, b=4.0, c=0.5) == scaled(1.5, b=4.0, c=0.5)
    assert made.status().tier == 2
    with pytest.raises(TypeError):
        made(1.0, 2.0, 3.0)  # type: ignore[call-arg]  # what is tried


def test_a_share_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="share is above 0"):
        tiered(share=0.0)


def test_many_threads_have_the_same_answers_while_tiers_change() -> None:
    made = tiered(price)
    made.warm(1, 2.0)
    wrong: list[Any] = []
    barrier = threading.Barrier(6)

    def work(seed: int) -> None:
        barrier.wait()
        for number in range(3_000):
            args: tuple[Any, ...] = (number, 0.5 * seed)
            if number % 100 == seed:
                args = (number, number)
            if made(*args) != price(*args):
                wrong.append(args)

    _together(work, 6)
    assert wrong == []


def _together(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_nothing_heavy_is_imported_before_it_pays() -> None:
    program = """
import sys
from hyper.jit import tiered

@tiered
def half(a: float) -> float:
    return a / 2

print(half(3.0), half(5.0), sorted({"numba", "numpy", "llvmlite"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1.5 2.5 []\n"
