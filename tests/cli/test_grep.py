"""``hyper grep``: what it finds, what it prints and how it exits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

TIERS = """\
# the rate of gold
enum Tier: gold, plain = "golden"

const RATE = 0.5  # of gold
const NAME = "gold and golden"
const `gold` = 1
"""


@pytest.fixture(autouse=True)
def tiers(folder: Path) -> Path:
    path = folder / "tiers.intent"
    path.write_text(TIERS, encoding="utf-8")
    return path


def _places(done: Done) -> list[str]:
    return [":".join(line.split(":")[1:3]) for line in done.out.splitlines()]


def test_a_line_is_printed_once_at_its_first_match(hyper: Hyper) -> None:
    done = hyper("grep", "gold")
    assert done.code == 0
    assert _places(done) == ["1:15", "2:12", "4:24", "5:15", "6:8"]
    assert done.out.splitlines()[3] == 'tiers.intent:5:15: const NAME = "gold and golden"'
    assert not done.err


@pytest.mark.parametrize(
    ("kinds", "places"),
    [
        ("names", ["2:12", "6:8"]),
        ("strings", ["2:27", "5:15"]),
        ("comments", ["1:15", "4:24"]),
        ("code", ["2:12", "6:8"]),
        ("strings,comments", ["1:15", "2:27", "4:24", "5:15"]),
    ],
)
def test_kinds_are_those_of_the_tokens(hyper: Hyper, kinds: str, places: list[str]) -> None:
    assert _places(hyper("grep", "gold", "--in", kinds)) == places


def test_code_goes_over_tokens_and_names_do_not(hyper: Hyper) -> None:
    assert hyper("grep", "Tier: gold", "--in", "code").code == 0
    assert hyper("grep", "Tier: gold", "--in", "names").code == 1
    assert hyper("grep", '= "gold', "--in", "code").code == 1


def test_words_and_case(hyper: Hyper) -> None:
    assert hyper("grep", "GOLD").code == 1
    assert _places(hyper("grep", "GOLDEN", "-i")) == ["2:27", "5:24"]
    assert _places(hyper("grep", "gold", "-w", "--in", "strings")) == ["5:15"]


def test_of_overlapping_matches_the_first_and_longest_counts(hyper: Hyper) -> None:
    done = hyper("grep", "-e", "gold", "-e", "golden", "-e", "old", "--in", "strings", "--json")
    found = [
        (each["line"], each["column"], each["pattern"]) for each in done.json("grep")["matches"]
    ]
    assert found == [(2, 27, "golden"), (5, 15, "gold"), (5, 24, "golden")]


def test_files_and_counts(hyper: Hyper, folder: Path) -> None:
    (folder / "other.intent").write_text("const RATES = 2\n")
    assert hyper("grep", "-l", "RATE").out == "other.intent\ntiers.intent\n"
    assert hyper("grep", "-c", "-e", "RATE", "-e", "NAME").out == "other.intent:1\ntiers.intent:2\n"
    assert hyper("grep", "-lw", "RATE").out == "tiers.intent\n"
    assert hyper("grep", "RATE", "other.intent").out == "other.intent:1:7: const RATES = 2\n"


def test_json_has_everything(hyper: Hyper) -> None:
    value = hyper("grep", "plain", "--json").json("grep")
    assert value["success"] is True
    assert value["files"] == 1
    assert value["counts"] == {"tiers.intent": 1}
    (match,) = value["matches"]
    assert match == {
        "file": "tiers.intent",
        "line": 2,
        "column": 18,
        "end_column": 23,
        "pattern": "plain",
        "text": 'enum Tier: gold, plain = "golden"',
        "text_column": 1,
    }
    nothing = hyper("grep", "silver", "--json")
    assert nothing.code == 1
    assert nothing.json("grep")["success"] is False


def test_columns_are_code_points_of_the_text_that_the_language_reads(
    hyper: Hyper, tiers: Path
) -> None:
    tiers.write_bytes("\ufeff# größer 😀 Müll\r\nconst MÜLL = 1  # müll\r\n".encode())
    assert _places(hyper("grep", "müll", "-i")) == ["1:12", "2:7"]
    assert _places(hyper("grep", "müll")) == ["2:19"]
    assert hyper("grep", "MÜLL = 1", "--in", "code").out.endswith("const MÜLL = 1  # müll\n")


def test_a_file_that_is_no_utf_8_is_searched_too(hyper: Hyper, tiers: Path) -> None:
    tiers.write_bytes(b"# caf\xe9 \xff\xff\nconst RATE = 1\n")
    assert _places(hyper("grep", "RATE", "--in", "names")) == ["2:7"]


def test_no_match_goes_from_a_file_into_the_next(hyper: Hyper, folder: Path) -> None:
    (folder / "a.intent").write_text("# ab")
    (folder / "b.intent").write_text("cd = 1")
    assert hyper("grep", "abcd", "a.intent", "b.intent").code == 1


def test_colour_and_what_steers_a_terminal(
    hyper: Hyper, tiers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiers.write_text("# a\x1b[2J gold\n")
    assert "\x1b[2J" in hyper("grep", "gold").out
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b" not in hyper("grep", "gold").out.replace("\\x1b", "")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = hyper("grep", "gold").out
    assert "\x1b[1;31mgold\x1b[0m" in done
    assert "\x1b[2J" not in done


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "what is to be found"),
        (("",), "a pattern is empty"),
        (("-e", "a\nb"), "of one line"),
        (("gold", "--in", "nmes"), "did you mean names"),
        (("gold", "-l", "-c"), "not allowed with"),
        (("ä" * 9, "-i"), "spellings"),
    ],
)
def test_wrong_calls(hyper: Hyper, words: tuple[str, ...], why: str) -> None:
    done = hyper("grep", *words)
    assert done.code == 2
    assert why in done.err


def test_json_has_no_other_form(hyper: Hyper) -> None:
    done = hyper("grep", "gold", "--json", "-l")
    assert done.code == 2
    assert "leave -l and -c out" in done.json("error")["error"]["message"]


def test_what_cannot_be_read_is_said(hyper: Hyper) -> None:
    done = hyper("grep", "gold", "missing.intent")
    assert done.code == 2
    assert "E0901" in done.err
    assert hyper("grep", "gold", "missing.intent", "--json").json("grep")["success"] is False


def test_paths_may_stand_behind_options(hyper: Hyper) -> None:
    assert hyper("grep", "gold", "--in", "names", "tiers.intent").code == 0
    assert hyper("grep", "-i", "gold", "--in", "names", "tiers.intent").code == 0
    assert hyper("grep", "gold", "--im", "names", "tiers.intent").code == 2


def test_help_tells_the_exit_codes_that_a_search_has(hyper: Hyper) -> None:
    said = " ".join(hyper("grep", "--help").out.split())
    assert "0 something was found, 1 nothing was, 2 wrong usage or a file" in said
    assert "1 errors found" in " ".join(hyper("lint", "--help").out.split())


def test_a_long_line_is_not_told_whole_with_each_match(hyper: Hyper, folder: Path) -> None:
    line = "#" + " word" * 5000
    (folder / "a.intent").write_text(f"{line}\n")
    done = hyper("grep", "--json", "word")
    matches = done.json("grep")["matches"]
    assert len(matches) == 5000
    assert len(done.out) < 5000 * 1000
    for match in matches:
        at = match["column"] - match["text_column"]
        assert match["text"][at : at + 4] == "word"
        assert line[match["text_column"] - 1 :].startswith(match["text"])
