"""``hyper bench``: each part on the smallest trees, and what it says where there is nothing to measure."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from hyper.bench import ablate, day, peers, routes, shared, workloads
from hyper.bench.fleet import network
from hyper.bench.fleet import workers as fleet_workers
from hyper.bench.processes import Run, figures
from hyper.bench.report import Report
from hyper.bench.subject import tree_digest
from hyper.cli import bench_arguments
from hyper.engine.options import KEYS
from hyper.engine.tiers import TIERS
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

ONCE = ("--rounds", "1", "--warm-up", "0", "--json")
SMALL = ("--units", "3", *ONCE)


def test_generate_writes_a_tree_that_builds(hyper: Hyper, folder: Path) -> None:
    value = hyper("bench", "generate", "5", "-o", "tree", "--seed", "3", "--json").json("created")
    assert len(value["created"]) == 5
    assert sorted(value["created"]) == sorted(
        str(path.relative_to(folder / "tree")) for path in (folder / "tree").rglob("*.intent")
    )
    assert hyper("check", "tree").err == ""


def test_generate_overwrites_nothing(hyper: Hyper) -> None:
    assert hyper("bench", "generate", "3", "-o", "tree").code == 0
    done = hyper("bench", "generate", "3", "-o", "tree")
    assert done.code == 1
    assert "E0904" in done.err


def test_generate_can_be_asked_for_the_tree_after_some_edits(hyper: Hyper, folder: Path) -> None:
    hyper("bench", "generate", "6", "-o", "before")
    hyper("bench", "generate", "6", "-o", "after", "--edits", "5")
    assert tree_digest(str(folder / "before")) != tree_digest(str(folder / "after"))
    assert hyper("check", "after").code == 0


@pytest.mark.parametrize(
    ("workload", "names"),
    [
        ("memory", ["cold"]),
        ("edit", ["cold", "no-op", "edit"]),
    ],
)
def test_run(hyper: Hyper, workload: str, names: list[str]) -> None:
    value = hyper("bench", "run", workload, *SMALL).json("bench")
    assert [each["name"] for each in value["figures"]] == ["bare python", *names]
    assert value["subjects"] == [value["subjects"][0] | {"units": 3}]
    assert all(each["wall_seconds"] > 0 for each in value["figures"])
    assert [goal["id"] for goal in value["goals"]] == (["edit"] if workload == "edit" else [])


def test_run_route(hyper: Hyper) -> None:
    value = hyper("bench", "run", "route", "--units", "12", *ONCE).json("bench")
    names = [each["name"] for each in value["figures"]]
    assert names == ["bare python", routes.FASTAPI, routes.FIRST_REQUEST]
    assert "GET /" in value["remarks"][0]


def test_run_route_of_a_tree_without_one(hyper: Hyper, folder: Path) -> None:
    (folder / "tree").mkdir()
    (folder / "tree" / "a.intent").write_text("entity A:\n    x: int\n")
    done = hyper("bench", "run", "route", "tree", *ONCE)
    assert done.code == 1
    assert "GET" in done.json("error")["error"]["message"]


def test_run_fresh(hyper: Hyper) -> None:
    require_server()
    value = hyper("bench", "run", "fresh", *SMALL).json("bench")
    names = [each["name"] for each in value["figures"]]
    assert names == ["bare python", "cold", "fresh", "copying the output"]
    assert [goal["bound"] for goal in value["goals"]] == [3, 2]
    assert value["success"]


@pytest.mark.parametrize(
    ("words", "name"), [(("run", "fresh"), "fresh"), (("day", "--shared"), "the leg")]
)
def test_without_a_server_what_shares_is_skipped_with_a_word(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], name: str
) -> None:
    monkeypatch.setattr(shared, "executable", lambda: None)
    once = ("--edits", "1", "--tier", "insane") if "day" in words else ONCE[:-1]
    small = ("--units", "3", "--json", *once)
    value = hyper("bench", *words, *small).json("bench")
    assert any(
        each.startswith(name) and "there is no redis-server" in each for each in value["remarks"]
    )
    assert not any("shared" in each["name"] for each in value["figures"])


FLEET = ("workers", "--units", "5", "--workers", "0,1", "--target", "python", *ONCE)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are read in /proc")
@pytest.mark.parametrize("apart", [True, False])
def test_workers(hyper: Hyper, monkeypatch: pytest.MonkeyPatch, *, apart: bool) -> None:
    """In namespaces where there can be some, and else on the loopback, where nothing is late."""
    require_server()
    reason = network.lacking() if apart else "nobody may"
    monkeypatch.setattr(fleet_workers, "lacking", lambda: reason)
    value = hyper("bench", *FLEET, "--latency", "0,20", "--rate", "900").json("bench")
    assert value["success"]
    with_worker = [each for each in value["fleet"] if each["workers"]]
    assert [each["latency_seconds"] for each in with_worker] == (
        [0, 0.02] if reason is None else [0]
    )
    assert all((each["round_trip_seconds"] >= each["latency_seconds"]) for each in with_worker)
    assert [len(each["worker_cpu_seconds"]) for each in with_worker] == [1] * len(with_worker)
    assert any("on the loopback" in each for each in value["remarks"]) == (reason is not None)


def test_workers_are_skipped_with_a_word_where_there_is_no_server(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_workers, "executable", lambda: None)
    value = hyper("bench", *FLEET).json("bench")
    assert value["fleet"] == []
    assert "there is no redis-server" in value["remarks"][0]


def test_run_scale(hyper: Hyper) -> None:
    value = hyper("bench", "run", "scale", "--sizes", "3,5", *SMALL).json("bench")
    assert [each["units"] for each in value["subjects"]] == [3, 5]
    assert [each["name"] for each in value["figures"]] == [
        "bare python",
        "cold, 3 units",
        "no-op, 3 units",
        "cold, 5 units",
        "no-op, 5 units",
    ]
    assert value["goals"][0]["bound"] == 1


def test_run_a_command_and_write_the_report(hyper: Hyper, folder: Path) -> None:
    line = f"{sys.executable} -c pass"
    words = ("command", "--command", line, "--rounds", "1", "--out", "report.json")
    value = hyper("bench", "run", *words, "--json").json("bench")
    assert json.loads((folder / "report.json").read_text()) == value
    assert [each["name"] for each in value["figures"]] == ["bare python", line]


def test_what_is_measured_and_fails_is_no_figure(hyper: Hyper) -> None:
    line = f"{sys.executable} -c 'raise SystemExit(3)'"
    done = hyper("bench", "run", "command", "--command", line)
    assert done.code == 1
    assert "exited with 3" in done.err


@pytest.mark.parametrize(
    "words",
    [("run", "cold"), ("run", "scale"), ("compare",), ("ablate",)],
)
def test_a_tree_that_is_not_there_is_skipped_with_a_word(
    hyper: Hyper, words: tuple[str, ...]
) -> None:
    value = hyper("bench", *words, "nowhere.json.gz", "--json").json("bench")
    assert value["figures"] == []
    assert "skipped: there is nothing at nowhere.json.gz" in value["remarks"]


@pytest.mark.parametrize("workload", ["cold", "route"])
def test_peers_that_are_absent_are_skipped_and_named(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch, workload: str
) -> None:
    monkeypatch.setattr(peers, "version", lambda _name: None)
    monkeypatch.setattr(peers, "_typescript", lambda: None)
    words = ("--workload", workload, "--units", "12", *ONCE)
    value = hyper("bench", "compare", *words).json("bench")
    assert value["goals"] == []
    said = "\n".join(value["remarks"])
    assert "datamodel-code-generator is skipped: it is not installed" in said
    assert ("openapi-typescript is skipped" in said) == (workload == "cold")


def test_a_peer_that_is_there_is_measured(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    script = folder / "openapi-typescript"
    script.write_text('#!/bin/sh\ncp "$1" "$3"\n')
    script.chmod(0o755)
    monkeypatch.setattr(peers, "version", lambda _name: None)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    value = hyper("bench", "compare", *SMALL).json("bench")
    assert value["figures"][-1]["name"] == "openapi-typescript"
    assert value["ratios"][-1]["name"] == "openapi-typescript"


def test_day(hyper: Hyper) -> None:
    words = ("--units", "4", "--edits", "3", "--tier", "balanced", "--sessions", "--json")
    value = hyper("bench", "day", *words).json("bench")
    names = [each["name"] for each in value["figures"]]
    assert names == ["bare python", "plain pipeline", "balanced", "balanced, session"]
    assert value["figures"][-1]["wall_above_bare_python"] is None
    assert sum(value["edits"].values()) == 3
    assert [goal["bound"] for goal in value["goals"]] == [20]
    assert "all outputs are the same, byte for byte" in value["remarks"]


def test_a_day_of_machines_that_share(hyper: Hyper) -> None:
    require_server()
    words = ("--units", "4", "--edits", "4", "--tier", "insane", "--shared", "--every", "2")
    value = hyper("bench", "day", *words, "--json").json("bench")
    runs = {each["name"]: each["runs"] for each in value["figures"]}
    assert runs == {
        "bare python": 5,
        "plain pipeline": 4,
        "insane": 4,
        "plain pipeline, shared": 4,
        "insane, shared": 4,
        **{f"{each}, shared, empty machine": 2 for each in ("plain pipeline", "insane")},
    }
    assert [goal["bound"] for goal in value["goals"]] == [100]
    assert "all outputs are the same, byte for byte" in value["remarks"]


def test_an_empty_machine_that_makes_something_else_is_told(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_server()
    monkeypatch.setattr(
        day, "tree_digest", lambda folder: str("insane-empty" in folder and "other")
    )
    words = ("--units", "3", "--edits", "2", "--tier", "insane", "--shared", "--every", "2")
    done = hyper("bench", "day", *words, "--json")
    assert done.code == 1
    said = "different bytes than the plain pipeline's: insane, shared"
    assert said in done.json("bench")["remarks"]


def test_a_day_whose_outputs_differ_fails(hyper: Hyper, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = iter(["one", "two"])
    monkeypatch.setattr(day, "once", lambda _command, _settings=None: Run(1, 1, 1))
    monkeypatch.setattr(day, "tree_digest", lambda _folder: next(digests))
    done = hyper("bench", "day", "--units", "3", "--edits", "1", "--tier", "insane", "--json")
    assert done.code == 1
    remarks = done.json("bench")["remarks"]
    assert "different bytes than the plain pipeline's: insane" in remarks
    assert any("start empty" in remark for remark in remarks)


def test_ablate(hyper: Hyper) -> None:
    value = hyper("bench", "ablate", "--workload", "cold", *SMALL).json("bench")
    assert value["workload"] == "balanced"
    names = {each["name"] for each in value["figures"]}
    for switch in ablate.switches():
        if switch in {"memory", "shares"}:
            assert any(each.startswith(f"{switch} is of ") for each in value["remarks"])
        else:
            assert {f"cold, {switch} {state}" for state in ablate.states(switch)} <= names


def test_one_switch_is_measured_alone(hyper: Hyper) -> None:
    words = ("--workload", "cold", "--switch", "text", *SMALL)
    value = hyper("bench", "ablate", *words).json("bench")
    names = [each["name"] for each in value["figures"]]
    assert names[1:] == ["cold, text python", "cold, text native"]
    assert not any("of sessions" in each for each in value["remarks"])
    done = hyper("bench", "ablate", "--switch", "memory", *SMALL)
    assert done.code == 1
    assert "no switch of a build is called memory; there are collects" in done.out


def test_a_switch_that_changes_nothing_says_so() -> None:
    report = Report(benchmark="ablate", workload="balanced")
    runs = {
        "cold, collects on": [Run(1.00, 1, 1), Run(1.02, 1, 1)],
        "cold, collects off": [Run(1.01, 1, 1), Run(1.03, 1, 1)],
        "no-op, collects on": [Run(1, 1, 1)],
        "no-op, collects off": [Run(2, 2, 1)],
    }
    report.figures = figures(runs)
    ablate._judge(report, "collects", "cold")
    ablate._judge(report, "collects", "no-op")
    assert report.remarks == ["collects changes nothing that can be seen here: cold"]
    assert report.ratios[1].wall == 2


def test_states_are_those_that_some_tier_has(monkeypatch: pytest.MonkeyPatch) -> None:
    class One(msgspec.Struct, frozen=True):
        flag: bool
        processes: int
        effort: str

    tiers = {"low": One(True, 1, "greedy"), "high": One(True, 0, "annealing")}
    monkeypatch.setattr(ablate, "Tier", One)
    monkeypatch.setattr(ablate, "TIERS", tiers)
    assert {each: ablate.states(each) for each in ablate.switches()} == {
        "flag": ["on", "off"],
        "processes": ["1", "0"],
        "effort": ["greedy", "annealing"],
    }


def test_every_switch_of_a_tier_is_an_option() -> None:
    assert set(ablate.switches()) <= set(KEYS)


def test_what_the_command_line_offers_is_what_there_is() -> None:
    assert tuple(workloads.WORKLOADS) == bench_arguments._WORKLOADS
    assert tuple(ablate.KINDS) == bench_arguments._ABLATED


def test_tiers_that_do_the_same_are_named() -> None:
    report = Report(benchmark="ablate", workload="balanced")
    ablate._alike(report)
    same = len(TIERS) - len(set(TIERS.values()))
    assert bool(report.remarks) == bool(same)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["generate", "2", "-o", "x"], "less than 3"),
        (["run", "colt"], "did you mean cold?"),
        (["run", "command"], "--command"),
        (["run", "cold", "--command", "x"], "--command"),
        (["run", "command", "--command", "'x"], "quotation"),
        (["run", "command", "--command", ""], "no command"),
        (["day", "--tier", "balancd"], "did you mean balanced?"),
        (["run", "scale", "--sizes", "1,2"], "less than 3"),
    ],
)
def test_wrong_usage(hyper: Hyper, words: list[str], hint: str) -> None:
    done = hyper("bench", *words)
    assert done.code == 2
    assert hint in done.err


def test_a_table_for_people(hyper: Hyper) -> None:
    done = hyper("bench", "run", "no-op", "--units", "3", "--rounds", "1", "--warm-up", "0")
    assert done.code == 0
    assert "generated, 3 units, seed 1" in done.out
    assert "goal no-op: whole process, over bare Python: " in done.out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--workers", "x"), "'x' is no whole number"),
        (("--rate", "-1"), "-1 is less than 0"),
        (("--latency", "1,x"), "'1,x' is no list of milliseconds"),
        (("--latency", "-1"), "latencies are from 0 to 1000 milliseconds"),
        (("--target", "python,pyton"), "did you mean python?"),
    ],
)
def test_wrong_numbers_are_told_in_words(
    hyper: Callable[..., Done], wrong: tuple[str, ...], said: str
) -> None:
    done = hyper("bench", "workers", *wrong)
    assert done.code == 2
    assert said in done.err
