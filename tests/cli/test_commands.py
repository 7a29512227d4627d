"""Each command: what it prints, what it exits with, and what it leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.remote_server import RedisServer
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]


def _names(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    )


# ---------------------------------------------------------------- usage


def test_help_names_every_command(hyper: Hyper) -> None:
    done = hyper("--help")
    assert done.code == 0
    commands = "init import build check test fmt lint grep explain run doctor bench completion"
    for command in commands.split():
        assert f"\n  {command}" in done.out
        assert hyper(command, "--help").code == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["biuld"], "did you mean build?"),
        ([], "COMMAND"),
        (["build", "--tier", "aggresive"], "did you mean aggressive?"),
        (["build", "--target", "pyton"], "did you mean python?"),
        (["build", "--package", "my-shop"], "name of a Python module"),
        (["build", "--linker", "own"], "--linker is for the target library, and"),
        (["build", "--codegen-units", "2"], "--codegen-units is for the target library"),
        (["build", "--kernels", "a"], "did you mean --target python,openapi,jsonschema,native?"),
        (["build", "--hardware", "x86-64"], "--hardware is for the target library or native"),
        (["import", "openapy", "x"], "did you mean openapi?"),
        (["worker", "--projet", "shop"], "did you mean --project?"),
        (["worker", "--project", "shop", "stauts"], "did you mean status?"),
        (["bench", "--sed", "3"], "--seed is an option of"),
        (["fmt", "-", "x.intent"], "- stands alone"),
        (["completion", "tcsh"], "bash"),
    ],
)
def test_wrong_usage_is_2_with_a_hint(hyper: Hyper, words: list[str], hint: str) -> None:
    done = hyper(*words)
    assert done.code == 2
    assert hint in done.err
    assert done.out == ""


def test_options_of_targets_that_are_not_built_may_be_configured(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tree / "hyper.toml").open("a") as stream:
        stream.write('\nlinker = "own"\nkernels = ["shop.orders"]\n')
    monkeypatch.setenv("HYPER_STRIP", "off")
    assert hyper("build").code == 0
    monkeypatch.setenv("HYPER_TARGET", "python,library")
    assert hyper("build", "--linker", "none", "--kernels", "shop.orders").code == 0


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("redis://anna:se%40cret@127.0.0.1:1/3", "redis://127.0.0.1:1"),
        ("rediss://:se%40cret@[::1]:1", "rediss://[::1]:1"),
        ("unix://anna:se%40cret@/no/such/socket", "unix:///no/such/socket"),
    ],
)
def test_a_shared_cache_that_is_not_reached_is_named_without_its_password(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    pytest.importorskip("redis")
    assert tree.is_dir()
    monkeypatch.setenv("HYPER_INCREMENTAL", "on")
    monkeypatch.setenv("HYPER_CACHE_URL", place)
    done = hyper("build")
    message = f"hyper: building without the shared cache at {told}: no connection\n"
    assert (done.code, done.err) == (0, message)


def test_wrong_usage_as_json(hyper: Hyper) -> None:
    value = hyper("build", "--target", "pyton", "--json").json("error")
    assert value["error"]["suggestion"] == "python"


def test_the_version(hyper: Hyper) -> None:
    done = hyper("--version")
    assert done.code == 0
    assert done.out.startswith("hyper 0.")


# ---------------------------------------------------------------- init


def test_init_makes_a_tree_that_is_clean_and_formatted(hyper: Hyper, tree: Path) -> None:
    assert _names(tree) == ["hyper.toml", "intents/orders.intent", "intents/service.intent"]
    done = hyper("check")
    assert (done.code, done.err) == (0, "")
    assert hyper("fmt", "--check").code == 0


def test_init_overwrites_nothing(hyper: Hyper, tree: Path) -> None:
    (tree / "hyper.toml").write_text("mine")
    done = hyper("init")
    assert done.code == 1
    assert "E0904" in done.err
    assert (tree / "hyper.toml").read_text() == "mine"


def test_init_in_a_new_folder_names_the_package_after_it(hyper: Hyper, folder: Path) -> None:
    value = hyper("init", "Pet-Shop", "--json").json("created")
    assert value["created"] == ["hyper.toml", "intents/orders.intent", "intents/service.intent"]
    assert 'package = "pet_shop"' in (folder / "Pet-Shop" / "hyper.toml").read_text()
    for name in ("orders", "service"):
        text = (folder / "Pet-Shop" / "intents" / f"{name}.intent").read_text()
        assert f"\nintent pet_shop.{name}\n" in text
    assert hyper("check", "Pet-Shop").code == 0


# ---------------------------------------------------------------- check


def test_check_shows_mistakes_and_exits_with_1(hyper: Hyper, tree: Path) -> None:
    (tree / "intents" / "wrong.intent").write_text("entity A:\n    tier: Teir\n")
    done = hyper("check")
    assert done.code == 1
    assert "error[E0303]" in done.err
    assert " --> intents/wrong.intent:2:11" in done.err
    assert "2 |     tier: Teir" in done.err
    assert done.err.endswith("hyper: 1 error\n")


def test_check_as_json(hyper: Hyper, tree: Path) -> None:
    assert hyper("check", "--json").json("check")["success"] is True
    (tree / "intents" / "wrong.intent").write_text("entity A:\n    tier: Teir\n")
    done = hyper("check", "--json")
    value = done.json("check")
    assert (done.code, done.err) == (1, "")
    assert value["diagnostics"][0]["file"] == "intents/wrong.intent"


def test_check_for_github_and_sarif(hyper: Hyper, tree: Path) -> None:
    (tree / "intents" / "wrong.intent").write_text("entity A:\n    tier: Teir\n")
    assert hyper("check", "--format", "github").out.startswith(
        "::error title=E0303,file=intents/wrong.intent,line=2,"
    )
    assert '"version": "2.1.0"' in hyper("check", "--format", "sarif").out


def test_check_prints_one_form(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    answer = hyper("check", "--format", "github", "--json")
    assert answer.code == 2
    assert "--json and --format github" in answer.out
    assert hyper("check", "--format", "json", "--json").code == 0


def test_check_from_another_folder_shows_paths_from_there(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "intents" / "wrong.intent").write_text("entity A:\n    tier: Teir\n")
    (tree / "sub").mkdir()
    monkeypatch.chdir(tree / "sub")
    assert " --> ../intents/wrong.intent:2:11" in hyper("check", "..").err


def test_a_warning_is_no_failure(hyper: Hyper, tree: Path) -> None:
    (tree / "intents" / "more.intent").write_text("calc _unused() -> int: 1\n")
    done = hyper("check")
    assert done.code == 0
    assert "warning[W0302]" in done.err
    assert "1 warning" in done.out


# ---------------------------------------------------------------- test


FAILING = """
feature "Prices":
    scenario "is wrong":
        when rate = discount(Tier.gold, 600.00)
        then rate == 0.20
    scenario "is right":
        when rate = discount(Tier.gold, 600.00)
        then rate == 0.15
"""


def test_test_runs_the_scenarios(hyper: Hyper, tree: Path) -> None:
    done = hyper("test")
    assert (done.code, done.out, done.err) == (0, "1 scenario: all hold\n", "")
    path = tree / "intents" / "orders.intent"
    path.write_text(path.read_text() + FAILING)
    done = hyper("test", "--json")
    value = done.json("test")
    assert done.code == 1
    assert value["counts"] == {"total": 3, "passed": 2, "failed": 1}
    assert "2 of 3 scenarios hold" in hyper("test").err


def test_test_runs_externs_and_check_does_not(hyper: Hyper, tree: Path) -> None:
    (tree / "risk_model.py").write_text(
        "import pathlib\npathlib.Path('ran').touch()\ndef score(amount):\n    return amount * 2\n"
    )
    (tree / "intents" / "risk.intent").write_text(
        'extern calc score(amount: int) -> int from "risk_model:score"\n'
        'feature "Risk":\n    scenario "doubles":\n        when s = score(4)\n        then s == 8\n'
    )
    try:
        assert hyper("check").code == 0
        assert not (tree / "ran").exists()
        assert hyper("build").code == 0
        assert not (tree / "ran").exists()
        assert hyper("test").out == "2 scenarios: all hold\n"
        assert (tree / "ran").exists()
        assert hyper("run", "score", "--args", '{"amount": 5}').out == "10\n"
    finally:
        sys.modules.pop("risk_model", None)


# ---------------------------------------------------------------- explain and run


def test_explain(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    value = hyper("explain", "subtotal", "--json").json("explain")
    assert value["name"] == "shop.orders.subtotal"
    assert value["file"] == "intents/orders.intent"
    assert value["callers"] == ["shop.orders.free_shipping"]
    assert value["uses"] == ["shop.orders.Line", "shop.orders.Order"]
    assert "length(order.lines)" in value["cost"]["steps"]
    assert value["cost"]["maximum"] > 100


@pytest.mark.parametrize(
    "name",
    ["shop.orders.subtotal", "discount", "Order", "Tier", "free_shipping", "place_order", "Shop"],
)
def test_explain_has_something_to_say_of_each(hyper: Hyper, tree: Path, name: str) -> None:
    assert tree.is_dir()
    hyper("explain", name, "--json").json("explain")
    assert "declared at intents/" in hyper("explain", name).out


def test_explain_has_what_a_name_stands_for(hyper: Hyper, tree: Path) -> None:
    (tree / "risk_model.py").touch()
    (tree / "intents" / "risk.intent").write_text(
        "const BASE = 2.50\n\nconst MAX_FINE: decimal(10, 2) = BASE * 8\n\n"
        'extern calc score(amount: int) -> int from "risk_model:score"\n\n'
        'feature "Fines":\n    scenario "have a limit":\n        then MAX_FINE == x\n'
        "        examples:\n            x\n            20.00\n            20.0\n"
        '    scenario "are small":\n        then MAX_FINE < 100.0\n'
    )

    def parts(name: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = hyper("explain", name, "--json").json("explain")["parts"]
        return found

    assert parts("MAX_FINE") == [{"name": "value", "type": '"20.00"', "note": ""}]
    assert parts("score") == [{"name": "from", "type": "risk_model:score", "note": ""}]
    assert {"name": "place_order", "type": "POST /orders", "note": ""} in parts("Shop")
    assert {"name": "actions", "type": "1", "note": ""} in parts("Shop")
    assert parts("Fines") == parts("risk.Fines")
    assert parts("Fines") == [
        {"name": "scenario", "type": "have a limit (example 1)", "note": ""},
        {"name": "scenario", "type": "have a limit (example 2)", "note": ""},
        {"name": "scenario", "type": "are small", "note": ""},
    ]
    assert "uses        risk.MAX_FINE" in hyper("explain", "Fines").out
    assert 'feature "Fines"' in hyper("explain", "MAX_FINE").out
    assert "is no calc, table or rule" in hyper("run", "Fines").err


def test_explain_suggests_names(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    done = hyper("explain", "subtotl")
    assert done.code == 2
    assert "did you mean subtotal" in done.err


ORDER = '{"tier": "gold", "lines": [{"sku": "ABC-1", "quantity": 2, "unit_price": "30.00"}]}'


@pytest.mark.parametrize("tier", ["0", "1"])
def test_run_gives_values(hyper: Hyper, tree: Path, tier: str) -> None:
    assert tree.is_dir()
    done = hyper("run", "subtotal", "--args", f'{{"order": {ORDER}}}', "--tier", tier)
    assert (done.code, done.out) == (0, '"60.00"\n')
    value = hyper("run", "discount", "--args", '["gold", 600.0]', "--json", "--tier", tier).json(
        "run"
    )
    assert value["value"] == "0.15"
    value = hyper("run", "free_shipping", "--args", ORDER, "--json", "--tier", tier).json("run")
    assert value["value"]["shipping"] == "0.00"


@pytest.mark.parametrize("tier", ["0", "1"])
def test_run_gives_failures(hyper: Hyper, tree: Path, tier: str) -> None:
    (tree / "intents" / "risky.intent").write_text(
        "calc inverse(x: int) -> int:\n    let y = 10 // x\n    y\n\n"
        "entity Person:\n    age: int\n\n"
        'rule adult on Person:\n    require age >= 18 else "too young"\n'
    )
    done = hyper("run", "inverse", "--args", '{"x": 0}', "--json", "--tier", tier)
    failure = done.json("run")["error"]
    assert done.code == 1
    assert (failure["code"], failure["file"], failure["line"]) == (
        "division_by_zero",
        "intents/risky.intent",
        2,
    )
    failure = hyper("run", "adult", "--args", '{"age": 3}', "--json", "--tier", tier).json("run")[
        "error"
    ]
    assert (failure["code"], failure["message"]) == ("refused", "too young")
    failure = hyper("run", "inverse", "--args", '{"x": "many"}', "--json", "--tier", tier).json(
        "run"
    )["error"]
    assert failure["code"] == "input"


@pytest.mark.parametrize("tier", ["0", "1"])
def test_run_reads_the_clock_that_it_is_given(hyper: Hyper, tree: Path, tier: str) -> None:
    (tree / "intents" / "clock.intent").write_text("calc stamp() -> datetime:\n    now()\n")
    done = hyper("run", "stamp", "--now", "2026-03-01T12:00:00+02:00", "--tier", tier)
    assert done.out.startswith('"2026-03-01T10:00:00')


@pytest.mark.parametrize(
    "words",
    [
        ["subtotal", "--args", "{"],
        ["subtotal", "--args", "3"],
        ["subtotal", "--args", '{"ordr": {}}'],
        ["subtotal", "--args", "[1, 2]"],
        ["subtotal", "--args", '{"order": {"id": 1, "id": 2}}'],
        ["subtotal", "--args", '{"order": {}, "order": {}}'],
        ["subtotal", "--args", f"[{'1' * 6000}]"],
        ["subtotal", "--args", "[NaN]"],
        ["subtotal", "--args", '["\\ud800"]'],
        ["subtotal", "--args", "@missing.json"],
        ["Order"],
        ["subtotal", "--now", "noon"],
        ["subtotal", "--now", "2026-03-01T12:00:00"],
    ],
)
def test_run_refuses_what_makes_no_sense(hyper: Hyper, tree: Path, words: list[str]) -> None:
    assert tree.is_dir()
    assert hyper("run", *words).code == 2


def test_run_reads_arguments_from_a_file(hyper: Hyper, tree: Path) -> None:
    (tree / "order.json").write_text(f'{{"order": {ORDER}}}')
    assert hyper("run", "subtotal", "--args", "@order.json").out == '"60.00"\n'


def test_run_and_explain_of_sources_with_errors(hyper: Hyper, tree: Path) -> None:
    (tree / "intents" / "wrong.intent").write_text("entity A:\n    tier: Teir\n")
    for words in (["run", "discount"], ["explain", "Order"]):
        done = hyper(*words)
        assert done.code == 1
        assert "E0303" in done.err
        assert hyper(*words, "--json").json("diagnostics")["success"] is False


def test_a_misspelt_option_is_told_its_name(hyper: Hyper) -> None:
    done = hyper("build", "--traget", "openapi")
    assert done.code == 2
    assert "did you mean --target?" in done.err
    value = hyper("build", "--traget", "openapi", "--json").json("error")
    assert value["error"]["suggestion"] == "--target"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "tune --target native",
            "hyper tune: …; --target is an option of hyper build, hyper bench workers",
        ),
        (
            "tune --taget native",
            "hyper tune: …; --target is an option of hyper build, hyper bench workers",
        ),
        ("build --recrd runs", "hyper build: …; --record is an option of hyper run"),
        ("cache stats --size 1", "hyper cache stats: …; --size is an option of hyper cache prune"),
        ("run f --tiar 1", "hyper run: …; did you mean --tier?"),
        ("bench run cold --roundz 1", "hyper bench run: …; did you mean --rounds?"),
        ("check --no-such-thing", "hyper check: …"),
        ("check -x", "hyper check: …"),
    ],
)
def test_an_option_is_looked_for_in_the_command_first(hyper: Hyper, words: str, told: str) -> None:
    done = hyper(*words.split())
    command, _, hint = told.partition("…")
    wrong = done.err.partition("unrecognized arguments: ")[2].partition("\n")[0]
    given = wrong.partition("; ")[0]
    assert (done.code, done.err) == (
        2,
        f"{command}unrecognized arguments: {given}{hint}\nTry {command[:-2]} --help\n",
    )


def test_an_import_over_another_tells_what_is_left_of_it(hyper: Hyper, folder: Path) -> None:
    (folder / "api.json").write_text(
        '{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}'
    )
    assert "beside" not in hyper("import", "openapi", "api.json", "-o", "in").out
    (folder / "in" / "mine.intent").write_text("entity Mine:\n    a: int\n")
    again = ("import", "openapi", "api.json", "-o", "in", "--force")
    assert "beside    mine.intent: there before" in hyper(*again).out
    assert hyper(*again, "--json").json("created")["beside"] == ["mine.intent"]


# ---------------------------------------------------------------- cache


def test_cache_of_nothing(hyper: Hyper, folder: Path) -> None:
    said = hyper("cache", "stats").out
    assert said == "nothing is kept in .hyper: call this in the folder of a project's hyper.toml\n"
    assert hyper("cache", "stats", "--json").json("cache")["figures"] == {}
    assert not (folder / ".hyper").exists()


def test_cache_from_filling_to_clearing(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPER_INCREMENTAL", "on")
    assert hyper("build").code == 0
    figures = hyper("cache", "stats", "--json").json("cache")["figures"]
    # The outcome, what its graph consists of, and which builds are the newest.
    assert figures["actions"] == 3
    assert figures["records"] == 2
    assert "3 actions and" in hyper("cache", "stats").out
    assert (figures["built_actions"], figures["built_machines"]) == (1, 1)
    assert 0.01 < figures["standard_error"] < 0.02
    assert "units in 1 action on 1 machine, ± 3.2 %" in hyper("cache", "stats").out
    assert hyper("cache", "verify", "--json").json("cache")["figures"]["dropped"] == 0
    pruned = hyper("cache", "prune", "--size", "0", "--json").json("cache")["figures"]
    assert pruned["evicted"] == figures["actions"] + figures["blobs"]
    assert pruned["records"] == 0
    old = time.time() - 8 * 24 * 3600
    for path in (tree / ".hyper" / "records").iterdir():
        os.utime(path, (old, old))
    assert "0 entries, 2 records and 0 graphs" in hyper("cache", "prune", "--age", "7").out
    assert hyper("build").code == 0
    assert hyper("cache", "clear", "--json").json("cache")["figures"]["records"] == 2
    assert not (tree / ".hyper" / "census").exists()
    assert hyper("build").code == 0
    assert (tree / ".hyper" / "records").is_dir()


def test_cache_counts_all_machines_that_share(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_server()
    server = RedisServer()
    try:
        monkeypatch.setenv("HYPER_INCREMENTAL", "on")
        monkeypatch.setenv("HYPER_CACHE_URL", server.url)
        for state in ("one", "two"):
            monkeypatch.setenv("XDG_STATE_HOME", str(tree / state))
            shutil.rmtree(tree / ".hyper", ignore_errors=True)
            (tree / "intents" / "more.intent").write_text(f"type {state.title()} = int\n")
            assert hyper("build").code == 0
        figures = hyper("cache", "stats", "--json").json("cache")["figures"]
        assert (figures["built_machines"], figures["shared_machines"]) == (1, 2)
        assert figures["shared_actions"] == 2
        # The second machine compiled the file that differs, and the one that sees all names.
        assert figures["built_units"] == 2
        assert figures["shared_units"] == 4
    finally:
        server.close()
    done = hyper("cache", "stats")
    assert "on 2 machines" in done.out
    assert "does not answer" in done.err
    monkeypatch.setenv("HYPER_CACHE_URL", "gopher://nowhere")
    assert "redis://" in hyper("cache", "stats").err


def test_cache_finds_what_is_bad(hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPER_INCREMENTAL", "on")
    hyper("build")
    for path in (tree / ".hyper" / "store" / "data").iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    done = hyper("cache", "verify", "--json")
    assert done.code == 1
    assert done.json("cache")["figures"]["dropped"] > 0
    assert hyper("cache", "verify").code == 0


@pytest.mark.parametrize("words", [("--size", "much"), ("--age", "-1"), ("--size", "1XB")])
def test_cache_bounds_that_are_none(hyper: Hyper, words: tuple[str, ...]) -> None:
    assert hyper("cache", "prune", *words).code == 2


# ---------------------------------------------------------------- completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(hyper: Hyper, shell: str) -> None:
    assert "--layout" in hyper("completion", shell).out
    assert hyper("completion", shell, "--json").json("completion")["shell"] == shell


def test_a_command_does_not_wait_for_the_options_of_others() -> None:
    text = (
        "import sys\nfrom hyper.cli.arguments import parse\nparse(['build', 'src'])\n"
        "print(*sorted(name for name in sys.modules if name.endswith('_arguments')))\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True)
    assert done.stdout.split() == []
