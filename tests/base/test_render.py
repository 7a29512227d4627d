"""Diagnostics as people and machines see them."""

from __future__ import annotations

import io
import json

import msgspec
import pytest

from hyper.base.diagnostics import Diagnostic, Related
from hyper.base.render import COLOUR, Renderer, cells, printable, wants_colour
from hyper.base.reports import as_github, as_object, as_sarif
from hyper.base.source import Source

TEXT = 'entity Order:\n    total: decimal(12, 2)\n\tnote: string = "a → b"\n'
SOURCE = Source("shop/orders.intent", TEXT)


def _line_of(file: str, line: int) -> str | None:
    return SOURCE.line_text(line) if file == SOURCE.path else None


ITEM = Diagnostic("E0303", "error", "no `totl`", SOURCE.path, 2, 5, 2, 10)


def _item(**more: object) -> Diagnostic:
    return msgspec.structs.replace(ITEM, **more)


def test_shows_the_line_and_what_is_meant() -> None:
    shown = Renderer(_line_of).render(_item(suggestion="total"))
    assert shown == (
        "error[E0303]: no `totl`\n"
        " --> shop/orders.intent:2:5\n"
        "  |\n"
        "2 |     total: decimal(12, 2)\n"
        "  |     ^^^^^\n"
        "  = help: did you mean `total`?\n"
    )


def test_related_places_follow_with_their_message() -> None:
    other = Related("declared here", SOURCE.path, 1, 8, 1, 13)
    shown = Renderer(_line_of).render(_item(related=(other,)))
    assert shown.endswith(
        " --> shop/orders.intent:1:8\n  |\n1 | entity Order:\n  |        ----- declared here\n"
    )


def test_a_range_over_lines_is_marked_to_the_end_of_its_first() -> None:
    shown = Renderer(_line_of).render(_item(line=1, column=1, end_line=3, end_column=2))
    assert "1 | entity Order:\n  | ^^^^^^^^^^^^^\n" in shown


def test_tabs_and_wide_characters_keep_the_underline_in_place() -> None:
    source = Source("a", "\t宽 x")
    item = _item(file="a", line=1, column=4, end_line=1, end_column=5)
    shown = Renderer(lambda _file, line: source.line_text(line)).render(item)
    assert "1 |     宽 x\n  |        ^\n" in shown


def test_an_empty_range_at_the_end_has_one_mark() -> None:
    shown = Renderer(_line_of).render(_item(line=1, column=14, end_line=1, end_column=14))
    assert "1 | entity Order:\n  |              ^\n" in shown


def test_a_long_line_is_cut_around_the_place() -> None:
    source = Source("a", "x" * 5000 + "HERE" + "y" * 5000)
    item = _item(file="a", line=1, column=5001, end_line=1, end_column=5005)
    shown = Renderer(lambda _file, line: source.line_text(line)).render(item)
    lines = shown.splitlines()
    assert max(len(line) for line in lines) < 200
    start = lines[4].index("^")
    assert lines[3][start : start + 4] == "HERE"


def test_places_without_lines_and_without_files() -> None:
    shown = Renderer(_line_of).render(_item(line=0, column=0, end_line=0, end_column=0))
    assert shown == "error[E0303]: no `totl`\n --> shop/orders.intent\n"
    assert Renderer(_line_of).render(_item(file="", line=0)) == "error[E0303]: no `totl`\n"


def test_nothing_in_a_source_steers_the_terminal() -> None:
    hostile = "\x1b[2Jx\u202e\x07\r"
    assert "\x1b" not in printable(hostile)
    assert "\u202e" not in printable(hostile)
    shown = Renderer(lambda *_: hostile).render(_item(message=hostile, file=hostile, column=1))
    assert not set(shown) & set("\x1b\u202e\x07\r")


def test_cells_count_what_is_seen() -> None:
    assert cells("abc") == 3
    assert cells("e\u0301") == 1
    assert cells("宽") == 2


def test_colour_is_only_escapes() -> None:
    item = _item(suggestion="total")
    shown = Renderer(_line_of, COLOUR).render(item)
    for escape in ("1;31", "1;33", "1;36", "1;34", "1", "0"):
        shown = shown.replace(f"\x1b[{escape}m", "")
    assert shown == Renderer(_line_of).render(item)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_when_to_colour(environment: dict[str, str], terminal: bool, expected: bool) -> None:
    stream = _Terminal() if terminal else io.StringIO()
    assert wants_colour(stream, environment) is expected


def test_the_json_object() -> None:
    value = as_object([_item()])
    assert value["success"] is False
    assert json.loads(json.dumps(value))["diagnostics"][0]["line"] == 2
    assert as_object([])["success"] is True


def test_sarif_has_what_viewers_need() -> None:
    other = Related("here", SOURCE.path, 1, 8, 1, 13)
    log = as_sarif(
        [_item(related=(other,), suggestion="total"), _item(code="W0301", severity="warning")], "1"
    )
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E0303", "W0301"]
    first, second = run["results"]
    assert first["ruleIndex"] == 0
    assert first["locations"][0]["physicalLocation"]["region"]["startColumn"] == 5
    assert first["relatedLocations"][0]["message"]["text"] == "here"
    assert second["level"] == "warning"


def test_github_annotations_escape_what_steers() -> None:
    shown = as_github([_item(message="50%\n::error::x", file="a,b:c.intent")])
    assert shown == (
        "::error title=E0303,file=a%2Cb%3Ac.intent,line=2,endLine=2,col=5,endColumn=10"
        "::50%25%0A::error::x\n"
    )
