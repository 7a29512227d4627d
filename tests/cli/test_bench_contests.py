"""``hyper bench compare`` of what is compiled beside other ways to compute the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.bench import contests
from hyper.bench.contest import (
    batch,
    kernels,
    native_options,
    rules,
    storefront,
    text,
)
from hyper.cli import bench_arguments
from hyper.jit.objects.library import Making
from tests.checkout import STOREFRONT
from tests.native.packages import RUNS_HERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done


def test_batch_reports(hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(batch, "_LIBRARIES", (("numpy", "arrays"), ("none", "none")))
    monkeypatch.setattr(batch, "available_cores", lambda: 1)
    words = ("--workload", "batch", "--kernel", "rate", "--rows", "5000", "--rounds", "1", "--json")
    value = hyper("bench", "compare", *words).json("bench")
    assert value["success"]
    names = [each["name"] for each in value["figures"]]
    assert names == [
        "rate: ours",
        "rate: numba by hand",
        "rate: ours, batch()",
        "rate: numpy",
    ]
    assert [goal["id"] for goal in value["goals"]] == ["batch"]
    assert value["goals"][0]["bound"] == 0.95
    assert any(each.startswith("rate: none is skipped") for each in value["remarks"])
    assert any("million rows a second: ours" in each for each in value["remarks"])


def test_kernel_reports(hyper: Callable[..., Done]) -> None:
    pytest.importorskip("numba")
    words = ("--workload", "kernel", "--kernel", "price", "--rounds", "1", "--warm-up", "0")
    value = hyper("bench", "compare", *words, "--json").json("bench")
    assert value["success"]
    assert [each["name"] for each in value["figures"]] == [
        "price, call: ours",
        "price, call: numba.njit",
        "price, loop: ours",
        "price, loop: numba.njit",
        "bare python",
        "fresh process, price, call: ours",
        "fresh process, price, call: numba.njit",
        "fresh process, price, loop: ours",
        "fresh process, price, loop: numba.njit",
    ]
    assert [goal["bound"] for goal in value["goals"]] == [5] * 4


_SMALL = ("--rows", "1000", "--rounds", "1", "--warm-up", "0", "--json")


def test_native_options_report(hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    if not RUNS_HERE:
        pytest.skip("x86-64 Linux is needed")
    base, *others = native_options.settings()
    assert len({each[1:3] for each in (base, *others) if each.name != "linker = lld"}) == len(
        others
    )
    own = base._replace(making=Making(linker="own"))
    some = [each for each in others if each.name in {"lto = off", "hardware = wasm32"}]
    some = [each._replace(making=Making(lto=each.making.lto, linker="own")) for each in some]
    monkeypatch.setattr(native_options, "settings", lambda: [own, *some])
    value = hyper("bench", "compare", "--workload", "native-options", *_SMALL).json("bench")
    assert value["success"]
    measures = ("rows", "compile", "edit", "link")
    assert [each["name"] for each in value["figures"]] == [
        f"{name}: {measure}"
        for name in ("as it is", "hardware = wasm32", "lto = off")
        for measure in measures
        if (name, measure) != ("hardware = wasm32", "rows")
    ]
    assert [each.count("|") for each in value["remarks"]] == [8] * 5


def test_native_options_with_other_answers_fail(
    hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    if not RUNS_HERE:
        pytest.skip("x86-64 Linux is needed")
    own = native_options.settings()[0]._replace(making=Making(linker="own"))
    answers = iter((b"1", b"2"))
    monkeypatch.setattr(native_options, "settings", lambda: [own, own._replace(name="other")])
    seconds = native_options.Seconds(1.0, 1.0)
    monkeypatch.setattr(native_options, "_runner", lambda *_: lambda _: (next(answers), seconds))
    done = hyper("bench", "compare", "--workload", "native-options", *_SMALL[:-1])
    assert done.code == 1
    assert "other: other answers than as it is" in done.err


def test_call_reports(hyper: Callable[..., Done]) -> None:
    words = ("--workload", "call", "--kernel", "rate", "--rounds", "1", "--json")
    value = hyper("bench", "compare", *words).json("bench")
    assert value["success"]
    names = [each["name"] for each in value["figures"]]
    assert names == ["rate: ours", "rate: generated Python", "rate: Python by hand"]
    assert [goal["bound"] for goal in value["goals"]] == [1, 1]
    assert all(each["wall_seconds"] < 1e-3 for each in value["figures"])


def test_load_reports(hyper: Callable[..., Done]) -> None:
    pytest.importorskip("numba")
    words = ("--workload", "load", "--rounds", "1", "--warm-up", "0", "--json")
    value = hyper("bench", "compare", *words).json("bench")
    assert [each["name"] for each in value["figures"]] == [
        "bare python",
        "load: ours",
        "import: ours",
        "import: generated Python",
        "numba.njit, from its cache",
    ]
    assert [goal["bound"] for goal in value["goals"]] == [1.5]
    assert "neither numba, llvmlite nor numpy is loaded" in value["remarks"][0]


def test_rules_reports(hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "ENGINES", {"none": None})
    words = ("--workload", "rules", "--rows", "5000", "--rounds", "1", "--json")
    value = hyper("bench", "compare", *words).json("bench")
    assert value["success"]
    names = [each["name"] for each in value["figures"]]
    assert names == ["ours, machine code", "ours, generated Python", "ours, a batch of 5,000"]
    assert value["remarks"][0] == "none is skipped: it is not known"
    assert value["remarks"][1].startswith("5,000 decisions by ours, machine code: ")


def test_storefront_prices_orders(
    hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(storefront, "available_cores", lambda: 1)
    monkeypatch.setattr(storefront, "FUNCTIONS", ("total",))
    words = ("--workload", "storefront", "--rows", "4000", "--rounds", "1", "--json")
    value = hyper("bench", "compare", str(STOREFRONT), *words).json("bench")
    assert value["success"]
    names = [each["name"] for each in value["figures"]]
    assert names == ["total of 4,000 orders: ours", "total of 40 orders: generated Python"]
    assert value["remarks"][-1].startswith("total of 4,000 orders: ")


def test_a_storefront_that_is_not_there_is_skipped(hyper: Callable[..., Done]) -> None:
    value = hyper("bench", "compare", "--workload", "storefront", "--json").json("bench")
    assert value["figures"] == []
    assert value["remarks"] == ["skipped: there is nothing at examples/storefront"]


def test_a_contest_takes_no_tree(hyper: Callable[..., Done]) -> None:
    done = hyper("bench", "compare", "somewhere", "--workload", "batch")
    assert done.code == 2
    assert "takes no tree" in done.err


def test_without_the_extra_a_contest_is_skipped_with_a_word(
    hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contests, "find_spec", lambda _name: None)
    value = hyper("bench", "compare", "--workload", "batch", "--json").json("bench")
    assert value["figures"] == []
    assert value["remarks"][0].startswith("skipped: numpy and llvmlite is not installed")


def test_what_the_command_line_offers_is_what_there_is() -> None:
    assert tuple(contests.CONTESTS) == bench_arguments._CONTESTS
    assert kernels.KERNELS == bench_arguments._KERNELS
    assert text.OPERATIONS == bench_arguments._OPERATIONS


def test_tiering_answers_requests(hyper: Callable[..., Done]) -> None:
    words = ("--workload", "tiering", "--rows", "1000", "--rounds", "1", "--warm-up", "0", "--json")
    value = hyper("bench", "compare", str(STOREFRONT), *words).json("bench")
    assert value["success"]
    assert [each["name"] for each in value["figures"]] == [
        "1,000 requests: tiers up to machine code",
        "1,000 requests: tiers up to Python",
        "1,000 requests: interpreted",
    ]
    value = hyper("bench", "compare", "--workload", "tiering", "--json").json("bench")
    assert any("there is nothing at" in each for each in value["remarks"])


def test_text_reports(hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr(text, "BACKENDS", ("numba", "plain", "none"))
    words = ("--workload", "text", "--kernel", "tokens", "--kernel", "hash", "--rows", "1000")
    once = ("--rounds", "1", "--warm-up", "0", "--json")
    value = hyper("bench", "compare", str(STOREFRONT), *words, *once).json("bench")
    assert value["success"], value["remarks"]
    names = {each["name"].rpartition(", ")[0] for each in value["figures"]}
    assert names - {"hash, xxhash"} == {
        "tokens, numba",
        "tokens, re, the reference lexer",
        "hash, numba",
        "hash, plain",
        "hash, hashlib.sha256",
    }
    assert [goal["id"] for goal in value["goals"]] == ["lex"]
    assert "hash, none, 1 kB is skipped: it is not known" in value["remarks"]
    (header,) = [each for each in value["remarks"] if each.startswith("MB/s")]
    table = value["remarks"][value["remarks"].index(header) + 1 :]
    assert [row.rpartition(" ")[2] for row in table if row.startswith("hash, none")] == ["-"]
    assert all(len(row) == len(header) for row in table)


def test_text_of_a_tree_that_is_not_there_is_skipped(hyper: Callable[..., Done]) -> None:
    value = hyper("bench", "compare", "nowhere", "--workload", "text", "--json").json("bench")
    assert value["remarks"] == ["skipped: there is nothing at nowhere"]
