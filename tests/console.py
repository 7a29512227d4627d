"""Documentation that is run: the fenced blocks of a page, in order, in one folder.

A ``console`` block has commands after ``$ `` (``> `` goes on), each followed by what it prints, stdout and stderr together.
``...`` stands for anything, within a line or over lines. The info string may say ``exit=1``, for the last command of the
block. Blocks named ``python`` are programs, run where they stand. Other blocks are not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_FENCE: Final = re.compile(
    r"^```(console|python)( exit=(\d+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


class Command(msgspec.Struct, frozen=True):
    """A command, what it prints and its exit code."""

    text: str
    output: str
    code: int
    line: int


def commands(page: Path) -> list[Command]:
    """The commands of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Command] = []
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        code = int(match[3] or 0)
        if match[1] == "python":
            script = f"{sys.executable} -W error - <<'END_OF_PYTHON'\n{match[4]}END_OF_PYTHON"
            found.append(Command(script, "...", code, line))
        else:
            found += _of_block(match[4], code, line)
    return found


def _of_block(block: str, code: int, first: int) -> list[Command]:
    found: list[tuple[str, list[str], int]] = []
    for number, line in enumerate(block.splitlines(), first):
        if line.startswith("$ "):
            found.append((line[2:], [], number))
        elif line.startswith("> ") or line == ">":
            text, output, start = found.pop()
            found.append((f"{text}\n{line[2:]}", output, start))
        else:
            found[-1][1].append(line)
    last = len(found) - 1
    return [
        Command(text, "\n".join(output).strip(), code if at == last else 0, line)
        for at, (text, output, line) in enumerate(found)
    ]


def run(command: Command, folder: Path, tools: Path) -> tuple[int, str]:
    """Run a command with ``hyper`` on its path; gives the exit code and what it printed."""
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "PYTHONWARNINGS": "error",
    }
    done = subprocess.run(
        ["bash", "-c", command.text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout.strip()


def make_tools(folder: Path) -> Path:
    """A folder with ``hyper`` and ``python`` of this environment."""
    folder.mkdir()
    for name, words in (("hyper", f"{sys.executable} -m hyper"), ("python", sys.executable)):
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        path.chmod(0o755)
    return folder


def matches(expected: str, printed: str) -> bool:
    """Whether the output is what the page says; ``...`` is anything."""
    parts = [re.escape(part) for part in expected.split("...")]
    return re.fullmatch(".*".join(parts), printed, re.DOTALL) is not None
