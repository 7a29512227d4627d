"""Contestants in processes of their own, asked in turns; the answers of all are held against those of the first."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from hyper.bench.dialogue import Dialogue
from hyper.bench.processes import Run, figures, in_turns
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.bench.report import Report

_WORKER = "hyper.bench.contest.worker"


@dataclass(frozen=True)
class Contestant:
    """``name`` as it is printed; ``module`` of this folder prepares it for ``task``. ``tolerance`` is how far, relative to it, a
    float may be from ours; 0 is bit for bit. ``settings`` are variables of its process."""

    name: str
    module: str
    task: Mapping[str, Any]
    tolerance: float = 0.0
    settings: Mapping[str, str] = field(default_factory=dict)


def contest(
    contestants: Sequence[Contestant], report: Report, rounds: int, warm_up: int
) -> list[str]:
    """Add a figure for each that can take part, and a remark for each that cannot. Gives the names of those that did.

    The first is ours: where another's answers differ from its, the report fails. Raises ``BenchError`` where ours cannot take
    part, or a process ends by itself.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hyper-bench-"))
        taking: dict[str, Contestant] = {}
        asked: dict[str, Dialogue] = {}
        for each in contestants:
            dialogue = stack.enter_context(Dialogue(_WORKER, each.name, each.settings))
            absent = dialogue.ask({"module": each.module, "task": dict(each.task)})["absent"]
            if absent is None:
                taking[each.name], asked[each.name] = each, dialogue
            elif not taking:
                raise BenchError(f"{each.name} cannot take part: {absent}")
            else:
                report.remarks.append(f"{each.name} is skipped: {absent}")
        turns = {name: partial(_round, dialogue) for name, dialogue in asked.items()}
        report.figures += figures(in_turns(turns, rounds, max(1, warm_up)))
        saved = {}
        for place, (name, dialogue) in enumerate(asked.items()):
            saved[name] = os.path.join(folder, f"{place}.npz")
            dialogue.ask({"save": saved[name]})
        _judge(list(taking.values()), saved, report)
    return list(taking)


def _round(dialogue: Dialogue) -> Run:
    answer = dialogue.ask({"run": True})
    return Run(answer["wall"], answer["cpu"], int(answer["peak"]))


def _judge(contestants: Sequence[Contestant], saved: Mapping[str, str], report: Report) -> None:
    import numpy as np

    ours = contestants[0]
    with np.load(saved[ours.name]) as known:
        expected = [known[name] for name in known.files]
    for each in contestants[1:]:
        with np.load(saved[each.name]) as found:
            answers = [found[name] for name in found.files]
        if not same(expected, answers, each.tolerance):
            report.success = False
            report.remarks.append(f"the answers of {each.name} are not those of {ours.name}")


def same(expected: Sequence[Any], found: Sequence[Any], tolerance: float = 0.0) -> bool:
    """Whether columns are the same: of the same number, length, and dtype, and of the same bits, or floats as near as told."""
    import numpy as np

    if len(expected) != len(found):
        return False
    for one, other in zip(expected, found, strict=True):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if tolerance and one.dtype.kind == "f":
            if not np.allclose(one, other, rtol=tolerance, atol=0.0, equal_nan=True):
                return False
        elif one.tobytes() != other.tobytes():
            return False
    return True
