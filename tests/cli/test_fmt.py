"""``hyper fmt``: files that it writes, leaves and prints."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from hyper.engine.lexing import choice, session
from hyper.engine.lexing.library import Library
from hyper.gpu.compiled.memory import PlainLoops
from hyper.lang.automaton.table import token_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

UGLY = "entity  A :\n  x : int   # why\n  y: list [ string ]\n"
NEAT = "entity A:\n    x: int  # why\n    y: list[string]\n"


def test_fmt_writes_and_then_has_nothing_to_do(hyper: Hyper, folder: Path) -> None:
    path = folder / "a.intent"
    path.write_text(UGLY)
    path.chmod(0o640)
    assert hyper("fmt", "--check").code == 1
    assert path.read_text() == UGLY
    assert hyper("fmt").out == "formatted a.intent\n1 file formatted, 0 files as they are\n"
    assert path.read_text() == NEAT
    assert path.stat().st_mode & 0o777 == 0o640
    assert hyper("fmt", "--check").code == 0
    assert sorted(each.name for each in folder.iterdir()) == [".git", "a.intent"]


def test_fmt_shows_a_diff(hyper: Hyper, folder: Path) -> None:
    (folder / "a.intent").write_text(UGLY)
    done = hyper("fmt", "--diff")
    assert done.code == 0
    assert "-entity  A :\n" in done.out
    assert "+entity A:\n" in done.out
    assert (folder / "a.intent").read_text() == UGLY


def test_fmt_leaves_files_with_errors(hyper: Hyper, folder: Path) -> None:
    (folder / "a.intent").write_text("entity A:\n    x int\n")
    (folder / "b.intent").write_text(UGLY)
    done = hyper("fmt", "--json")
    value = done.json("fmt")
    assert done.code == 1
    assert value["changed"] == ["b.intent"]
    assert (folder / "a.intent").read_text() == "entity A:\n    x int\n"


def test_fmt_of_stdin(hyper: Hyper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    assert hyper("fmt", "-").out == NEAT


def test_files_are_cut_together_and_formatted_the_same(
    hyper: Hyper, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        "a.intent": 'const  A=1\nconst B = "é"  # ü\n',
        "b.intent": "entity  größe :\n    x :int\n",
        "c.intent": "const C = [1,2\n",
        "d.intent": "const D   = 0x1F\r\n",
    }
    kept = {}
    for level in ("python", "native"):
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
        monkeypatch.setenv("HYPER_TEXT", level)
        monkeypatch.setattr(session, "LEAST", 1)
        plain = Library(PlainLoops(), token_table())
        monkeypatch.setattr(choice, "open_library", lambda plain=plain: plain)
        done = hyper("fmt")
        kept[level] = (
            done.code,
            done.out,
            done.err,
            [(folder / name).read_bytes() for name in texts],
        )
    assert kept["python"] == kept["native"]
    assert kept["native"][3][0].decode() == 'const A = 1\nconst B = "é"  # ü\n'


def test_fmt_gives_back_what_it_opened_whatever_happens(
    hyper: Hyper, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[session.Lexing] = []

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    def close(lexing: session.Lexing) -> None:
        closed.append(lexing)

    monkeypatch.setattr(session.Lexing, "close", close)
    monkeypatch.setattr("hyper.lang.formatter.format_text", fail)
    (folder / "a.intent").write_text(UGLY)
    hyper("fmt")
    assert len(closed) == 1


def test_what_steers_a_terminal_is_shown(
    hyper: Hyper, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a\x1b[2J.intent").write_text("#  \x1b]0;t\x07\nconst A   = 1\n")
    raw = hyper("fmt", "--diff").out
    assert "\x1b]0;t\x07" in raw
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    for arguments in (["--diff"], ["--check"], []):
        out = hyper("fmt", *arguments).out
        assert "\\x1b" in out
        assert "\x1b" not in out
        assert out.endswith("\n")
