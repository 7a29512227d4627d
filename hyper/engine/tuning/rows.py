"""Records what a function does for each row of a file, and keeps some of the rows as inputs to ask both builds."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from hyper.engine.batch.files import open_table
from hyper.engine.batch.functions import Functions
from hyper.engine.evaluation import interpreter_of
from hyper.engine.recording import recorded_packages
from hyper.engine.tuning.inputs import MOST, Capture, parameters
from hyper.jit.profiles import Profile, load

if TYPE_CHECKING:
    from datetime import datetime

    from hyper.ir.program import Program


class Rows(NamedTuple):
    """What was recorded of a file: the profile, how many rows it has, and how many of them could not be read."""

    profile: Profile
    rows: int
    unread: int


def record_rows(program: Program, name: str, path: str, now: datetime, capture: Capture) -> Rows:
    """Evaluate a function for each row in generated Python that counts. ``capture`` hears of the first ones, where neither the
    user's own code is run twice nor an entity lacks fields that nothing reads.

    Raises ``ValueError`` for columns that do not fit, ``FileError``, and ``ModuleNotFoundError`` without pyarrow.
    """
    with tempfile.TemporaryDirectory(prefix="hyper-rows-") as folder:
        profile = os.path.join(folder, "profile")
        with recorded_packages(profile):
            function = Functions(program, level=1).function(name)
            opened = open_table(path, function.binding(now).wanted)
            rows = unread = 0
            try:
                for result in function.over_file(opened, now=now):
                    rows += result.stats.rows
                    unread += result.stats.unread
            except ValueError as error:
                raise ValueError(function.wrong_columns(path, now, error)) from None
        if function.decoder.complete and parameters(program, name) is not None:
            _hear_first(program, name, path, now, capture)
        return Rows(load(profile), rows, unread)


def _hear_first(program: Program, name: str, path: str, now: datetime, capture: Capture) -> None:
    functions = Functions(program, level=0)
    functions.interpreter = interpreter_of(program, capture)
    function = functions.function(name)
    opened = open_table(path, function.binding(now).wanted)
    left = MOST
    for part in opened.parts:
        if part.wrong:
            continue
        function.table(part.table.slice(0, left), now=now, cells=opened.cells)
        left -= min(left, part.rows)
        if not left:
            return
