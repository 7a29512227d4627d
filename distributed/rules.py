"""How a build's jobs are queued, tried again and kept, as variables of the environment say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY: Final = 24 * 3600
AUTOMATON: Final = 100
"""The priority of jobs that nobody waits for. Those that somebody waits for have none, and come before all that have one."""
LOWEST: Final = 1_000_000
_WHOLE: Final = re.compile(r"\d{1,8}", re.ASCII)


class JobRules(msgspec.Struct, frozen=True):
    """Seconds, but for numbers of times.

    ``attempts``: how often a job is begun whose worker could not do it at all (an item that fails is answered, and not repeated).
    ``backoff``: until the second of them, doubled for each further one. ``order``: whether what was added first is done first.
    ``priority``: 0 comes first, then 1, 2 and so on; ``None`` is 0 where a person waits for it, ``AUTOMATON`` elsewhere.
    ``kept_done``, ``kept_failed``: for how long the queue keeps what is over. ``ttl``: for how long contents and results live.
    ``strikes``: an action that ended so many processes is set aside.
    """

    attempts: int = 3
    backoff: float = 0.5
    order: Literal["fifo", "lifo"] = "fifo"
    priority: int | None = None
    kept_done: int = 300
    kept_failed: int = DAY
    ttl: int = DAY
    strikes: int = 3

    def options(self, *, waits: bool, soon: bool) -> dict[str, Any]:
        """A job's options as BullMQ has them. ``soon`` puts it before what waits."""
        options: dict[str, Any] = {
            "attempts": self.attempts,
            "backoff": {"type": "exponential", "delay": round(self.backoff * 1000)},
            "removeOnComplete": {"age": self.kept_done, "count": _MOST_DONE},
            "removeOnFail": {"age": self.kept_failed, "count": _MOST_FAILED},
        }
        priority = self.priority if self.priority is not None else 0 if waits else AUTOMATON
        if priority:
            options["priority"] = priority
        elif soon or self.order == "lifo":
            options["lifo"] = True
        return options


_MOST_DONE: Final = 200
_MOST_FAILED: Final = 1000
_NUMBERS: Final[dict[str, tuple[str, int, int]]] = {
    "HYPER_FLEET_ATTEMPTS": ("attempts", 1, 100),
    "HYPER_FLEET_PRIORITY": ("priority", 0, LOWEST),
    "HYPER_FLEET_KEEP_DONE": ("kept_done", 1, 30 * DAY),
    "HYPER_FLEET_KEEP_FAILED": ("kept_failed", 1, 30 * DAY),
    "HYPER_FLEET_TTL": ("ttl", 60, 30 * DAY),
    "HYPER_FLEET_STRIKES": ("strikes", 1, 100),
}
_BACKOFF: Final = "HYPER_FLEET_BACKOFF"
_ORDER: Final = "HYPER_FLEET_ORDER"
RULE_VARIABLES: Final = (*_NUMBERS, _BACKOFF, _ORDER)


def read_rules(environment: Mapping[str, str]) -> JobRules:
    """The rules that variables say, and the usual ones for what they leave out. Raises ``ValueError`` for what they cannot be."""
    found: dict[str, Any] = {}
    for name, (field, least, most) in _NUMBERS.items():
        text = environment.get(name, "")
        if not text:
            continue
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(f"{name} is a number from {least} to {most}")
        found[field] = int(text)
    backoff = environment.get(_BACKOFF, "")
    if backoff:
        if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", backoff, re.ASCII) or float(backoff) > 3600:
            raise ValueError(f"{_BACKOFF} is a number of seconds, up to 3600")
        found["backoff"] = float(backoff)
    order = environment.get(_ORDER, "")
    if order:
        if order not in {"fifo", "lifo"}:
            raise ValueError(f"{_ORDER} is fifo or lifo")
        found["order"] = order
    return JobRules(**found)
