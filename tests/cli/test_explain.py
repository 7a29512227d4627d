"""``hyper explain``: how far a function goes, and what a profile says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.emit.native import wrappers
from hyper.jit.profiles import Left, Profile, encode, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]


def test_explain_says_how_far_a_function_goes(hyper: Hyper, tree: Path) -> None:
    (tree / "intents" / "far.intent").write_text(
        "calc half(a: int) -> int:\n    a // 2\n\n"
        "entity Pair:\n    one: string\n    other: string\n\n"
        "calc joined(pair: Pair) -> string:\n"
        "    let both = pair.one + pair.other\n    lower(both)\n"
    )
    both = {"batches": True, "calls": True, "reason": "", "file": "", "line": 0}
    assert hyper("explain", "half", "--json").json("explain")["execution"] == both
    assert "runs as     machine code, in batches and in calls" in hyper("explain", "half").out
    found = hyper("explain", "joined", "--json").json("explain")["execution"]
    assert (found["batches"], found["calls"]) == (False, False)
    assert (found["file"], found["line"]) == ("intents/far.intent", 9)
    assert "runs as     Python: " in hyper("explain", "joined").out
    assert hyper("explain", "Pair", "--json").json("explain")["execution"] is None


def test_explain_tells_a_call_from_a_batch(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tree / "intents" / "far.intent"
    path.write_text("calc half(a: int) -> int:\n    a // 2\n")
    left = {"half": ("it is too far", "far.intent", 2)}
    monkeypatch.setattr(wrappers, "wrappers", lambda *_: wrappers.Wrappers([], [], 0, left))
    found = hyper("explain", "half", "--json").json("explain")["execution"]
    assert (found["batches"], found["calls"]) == (True, False)
    assert (found["file"], found["line"]) == ("intents/far.intent", 2)
    told = "machine code in batches; a call is Python: it is too far (intents/far.intent:2)"
    assert told in hyper("explain", "half").out


def test_explain_shows_why_calls_were_left_to_a_lower_tier(hyper: Hyper, tree: Path) -> None:
    hyper("run", "discount", "--args", '["gold", 600]', "--record", "hyper.profile")
    path = tree / "hyper.profile"
    ((digest, known),) = load(str(path)).functions.items()
    left = Left(2, "orders.intent", 24, "it ends in the error no_row", "discount('\x1b[2J', 1)")
    path.write_bytes(encode(Profile({digest: msgspec.structs.replace(known, left=(left,))})))
    done = hyper("explain", "discount", "--profile")
    assert (
        "left tier 2 at intents/orders.intent:24: it ends in the error no_row: "
        "discount('\\x1b[2J', 1)\n"
    ) in done.out
    value = hyper("explain", "discount", "--json", "--profile").json("explain")
    (found,) = value["recorded"]["left"]
    assert (found["tier"], found["file"], found["line"]) == (2, "intents/orders.intent", 24)


def test_explain_shows_what_a_profile_says(hyper: Hyper, tree: Path) -> None:
    record = ("--record", "hyper.profile")
    for _ in range(3):
        assert not hyper("run", "discount", "--args", '["gold", 600]', *record).err
    done = hyper("explain", "discount", "--profile")
    assert "recorded    tier 0: 3 calls, " in done.out
    assert 'tier was "gold" in 99 of 100 calls or more' in done.out
    assert "\n              3 times intents/orders.intent:" in done.out
    value = hyper("explain", "discount", "--json", "--profile", "hyper.profile").json("explain")
    recorded = value["recorded"]
    assert recorded["fits"]
    assert [(each["tier"], each["calls"]) for each in recorded["tiers"]] == [(0, 3)]
    assert sorted(each["count"] for each in recorded["rows"])[-2:] == [0, 3]
    assert "recorded    nothing of it" in hyper("explain", "subtotal", "--profile").out
    assert hyper("explain", "subtotal", "--json").json("explain")["recorded"] is None
    path = tree / "intents" / "orders.intent"
    text = path.read_text()
    assert "0.15" in text
    path.write_text(text.replace("0.15", "0.16"))
    assert "of another version of it" in hyper("explain", "discount", "--profile").out
    (tree / "none.profile").write_text("nothing")
    assert "is no profile" in hyper("explain", "discount", "--profile", "none.profile").err
    assert "there is no profile absent" in hyper("explain", "discount", "--profile", "absent").err
    assert "cannot read" in hyper("explain", "discount", "--profile", "intents").err


def test_explain_takes_the_profile_beside_the_configuration(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    done = hyper("explain", "discount", tree.name, "--profile")
    assert done.code == 2
    assert f"there is no profile {tree.name}/hyper.profile: " in done.err
    record = ("--record", f"{tree.name}/hyper.profile")
    hyper("run", "discount", tree.name, "--args", '["gold", 600]', *record)
    done = hyper("explain", "discount", tree.name, "--profile")
    assert "recorded    tier 0: 1 call, " in done.out


def test_explain_lines_up_how_often_rows_fitted(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    for amount in [600] * 10 + [1]:
        words = ("--args", f'["gold", {amount}]', "--record", "hyper.profile")
        assert hyper("run", "discount", *words).code == 0
    told = hyper("explain", "discount", "--profile").out.splitlines()
    rows = [line for line in told if " time" in line]
    assert any(" 1 time  " in line for line in rows)
    assert any("10 times " in line for line in rows)
    assert len({line.index(" time") for line in rows}) == 1
    assert len({line.index("intents/") for line in rows}) == 1


def test_explain_knows_a_code_of_a_diagnostic(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    done = hyper("explain", "W1101")
    assert done.code == 2
    assert "W1101 is the code of warnings, credential in a source: see docs/" in done.err
