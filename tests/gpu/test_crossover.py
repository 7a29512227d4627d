"""From which size on a back end pays, and the plot of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.gpu.choosing import Candidate, Cost, Kind, Speeds, predict
from hyper.gpu.crossover import LEAST, PLOTTED, pays_from, plot, rate, size_of, throughput


def _speeds(kind: Kind, opening: float, speed: float, fixed: float = 0.0) -> Speeds:
    return Speeds(kind, opening, {"lines": Cost(0.0, fixed, speed)}, measured=True)


FOUND = {
    "native": _speeds("processor", 0.0, 1e8),
    "numba": _speeds("processor", 1.0, 1e12),
    "plain": _speeds("processor", 0.0, 1e6),
    "wgpu": _speeds("device", 2.0, 1e9, 1e-3),
}


def test_where_a_back_end_pays() -> None:
    assert pays_from(FOUND, "lines", "native", opened=False) == LEAST
    # The same loops as those of the library, which is there.
    assert pays_from(FOUND, "lines", "numba", opened=True) is None
    assert pays_from(FOUND, "lines", "plain", opened=True) is None
    # 9 ns a byte are won: two seconds with 222 MB, a millisecond with 111 kB.
    rivals = {name: each for name, each in FOUND.items() if name != "numba"}
    assert pays_from(rivals, "lines", "wgpu", opened=False) == 1 << 28
    assert pays_from(rivals, "lines", "wgpu", opened=True) == 1 << 17
    without = {name: each for name, each in rivals.items() if name != "native"} | {
        "numba": FOUND["numba"]
    }
    assert pays_from(without, "lines", "numba", opened=False) == 1 << 20


@given(st.floats(0, 5), st.floats(1e4, 1e12), st.floats(0, 1), st.booleans())
def test_from_there_it_is_faster_and_before_it_is_not(
    opening: float, speed: float, fixed: float, opened: bool
) -> None:
    found = {
        "plain": _speeds("processor", 0.0, 1e8),
        "wgpu": _speeds("device", opening, speed, fixed),
    }
    least = pays_from(found, "lines", "wgpu", opened=opened)
    own, rival = (Candidate(name, found[name], opened, opened) for name in ("wgpu", "plain"))
    for power in range(10, 41):
        faster = predict(own, "lines", 1 << power) < predict(rival, "lines", 1 << power)
        assert faster == (least is not None and least <= 1 << power)


def test_a_plot_has_each_back_end_where_its_throughput_is() -> None:
    marks = {"native": "N", "numba": "B", "plain": "p", "wgpu": "W"}
    lines = plot(FOUND, "lines", marks)
    assert len({line.index("|") for line in lines if "|" in line}) == 1
    body = [line.partition("|")[2] for line in lines if "|" in line]
    for name, mark in marks.items():
        assert any(mark in line for line in body), name
    # At 1 GiB the faster one stands higher.
    last = 3 * (len(PLOTTED) - 1)
    rows = {line[last : last + 1]: row for row, line in enumerate(body)}
    assert rows["B"] < rows["N"] < rows["p"]
    assert "1 KiB" in lines[-1]
    assert lines[-1].endswith("1 GiB")


def test_what_is_not_measured_for_an_operation_is_not_drawn() -> None:
    found = FOUND | {"wgpu": Speeds("device", 0.0, {"cut": Cost(0.0, 0.0, 1.0)})}
    marks = {"native": "N", "numba": "B", "plain": "p", "wgpu": "W"}
    assert not any("W" in line for line in plot(found, "lines", marks))


def test_throughput_is_bytes_by_seconds() -> None:
    assert throughput(FOUND["wgpu"], "lines", 10**9, opened=False) == pytest.approx(1e9 / 3.001)


@pytest.mark.parametrize(
    ("size", "text"),
    [(7, "7 B"), (1024, "1 KiB"), (1 << 27, "128 MiB"), (3 << 29, "1.5 GiB"), (1 << 40, "1 TiB")],
)
def test_sizes_in_words(size: int, text: str) -> None:
    assert size_of(size) == text


@pytest.mark.parametrize(
    ("speed", "text"),
    [(12.0, "12 B/s"), (2500.0, "2.5 kB/s"), (42e6, "42 MB/s"), (1.234e9, "1.23 GB/s")],
)
def test_rates_in_words(speed: float, text: str) -> None:
    assert rate(speed) == text
