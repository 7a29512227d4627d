"""The steps of an evaluation as people read them: each with its line, calls indented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.cli.console import Console
    from hyper.cli.session import View
    from hyper.engine.why import Step, Why

_READ: Final = 500
"""Lines that anyone reads on a terminal."""
_WIDE: Final = 100


def show(found: Why, view: View, console: Console) -> None:
    """Print the steps, under the file that each is in."""
    paint = console.palette
    file = ""
    width = len(str(max((step.line for step in found.steps), default=0)))
    for step, text in _lines(found, view):
        if step.file != file:
            file = step.file
            console.say(f"{paint.strong}{view.shown(file)}{paint.reset}")
        console.say(f"{step.line:>{width + 2}}  {'  ' * step.depth}{text}".rstrip())
    more = max(0, len(found.steps) - _READ) + found.left_out
    if more:
        console.say(f"… and {more:,} more steps; --json has the first 10,000")


def as_objects(found: Why, view: View) -> dict[str, Any]:
    """The JSON form, with paths as seen from the working folder."""
    steps = [
        msgspec.to_builtins(step) | {"file": view.shown(step.file) if step.file else ""}
        for step in found.steps
    ]
    return {"steps": steps, "left_out": found.left_out}


def _lines(found: Why, view: View) -> Iterator[tuple[Step, str]]:
    steps = found.steps
    shown = steps if len(steps) <= _READ else (*steps[: _READ - 1], steps[-1])
    for step in shown:
        yield step, _text(step, view)


def _text(step: Step, view: View) -> str:
    source = (view.line_of(view.shown(step.file), step.line) or "").strip() if step.file else ""
    match step.kind:
        case "call":
            given = ", ".join(f"{name}: {_short(value)}" for name, value in step.value.items())
            return f"{step.name.rpartition('.')[2]}({given})"
        case "value":
            return f"{step.name or 'gives'} = {_short(step.value)}"
        case "result":
            return f"= {_short(step.value)}"
        case "row":
            return f"row {step.name} fits:  {source}"
        case "branch":
            return "else" if step.name == "else" else f"branch {step.name} is taken:  {source}"
        case "choice":
            return f"takes its {step.name}:  {source}"
        case "require":
            return f"{'holds' if step.held else 'does not hold'}:  {source}"
        case "derive":
            return f"{'applies' if step.held else 'does not apply'}:  {source}"
        case "failure":
            return f"{step.name}: {step.value}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"
