"""How often entries were used lately, and what one is worth keeping for.

Each flush counts once what it used, in one file for all processes of the machine: a count-min sketch that is halved now and
then, sealed, and changed under a lock of its own, so that no count of two builds at once is lost. The file can be lost as a
whole: entries then leave by their last use.
"""

from __future__ import annotations

import os
from math import log2
from typing import TYPE_CHECKING, Final

from hyper.cache.disk.locks import locked
from hyper.cache.sketches.count_min import DEPTH, CountMin
from hyper.cache.sketches.files import load, save
from hyper.cache.sketches.sealed import SketchError

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE: Final = "uses"
_LOCK: Final = "uses.lock"
# A quarter of a megabyte, which a build reads and writes once.
WIDTH: Final = 1 << 16
# As in TinyLFU: halved after ten uses for each key that there is room for, at two counters of a row for a key.
SPAN: Final = 10 * (WIDTH // 2)
_MOST_BYTES: Final = DEPTH * WIDTH + 64
# Classes are a thirty-second of a doubling wide.
_STEPS: Final = 32
_WORTHLESS: Final = -1 << 20
TOO_OLD: Final = _WORTHLESS - 1
"""The class of what leaves whatever it is worth."""


def worth(frequency: int, size: int) -> int:
    """The class of an entry that was used so often and takes ``size`` bytes: those of lower ones leave first.

    GreedyDual-Size-Frequency (L. Cherkasova, HP Laboratories Technical Report 98-69, 1998): uses for each byte. Without the cost,
    which the store knows of actions only; counts that halve stand in the place of its clock.
    """
    return int(_STEPS * log2(frequency / (size or 1))) if frequency > 0 else _WORTHLESS


def counted(folder: str) -> CountMin | None:
    """The counts of a store; ``None`` where there are none, or none that can be used."""
    try:
        counts = CountMin.from_bytes(load(os.path.join(folder, FILE), _MOST_BYTES))
    except (OSError, SketchError):
        return None
    return counts if counts.width == WIDTH else None


def count(folder: str, keys: Iterable[bytes]) -> None:
    """Count one more use of each key. Raises ``OSError``."""
    with locked(folder, wait=True, file=_LOCK):
        counts = counted(folder) or CountMin(WIDTH)
        for key in keys:
            counts.add(key)
            if counts.total >= SPAN:
                counts.halve()
        save(os.path.join(folder, FILE), counts.to_bytes())
