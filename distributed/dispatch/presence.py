"""Who is there, as a build is told: what the workers can do together, and how much of it this build may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.distributed.dispatch.protocol import News
from hyper.distributed.roster import fitting
from hyper.distributed.sharding import common_shards
from hyper.distributed.shares import Claim, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.distributed.roster import Build, Worker
    from hyper.distributed.stages import Registry


def news_of(
    registry: Registry, build: Build, workers: Sequence[Worker], builds: Sequence[Build]
) -> News:
    """What there is to tell a build of all workers, and of those builds that have its compiler."""
    ours = [each for each in workers if each.identity == build.identity]
    claims = {each.name: Claim(each.name, each.waits) for each in (*builds, build)}
    slots: dict[str, int] = {}
    room: dict[str, int] = {}
    for stage in registry.stages.values():
        grade = registry.grade(stage.needs)
        able = fitting(ours, build.identity, grade) if grade is not None else []
        slots[stage.name] = sum(each.slots for each in able)
        room[stage.name] = shares(slots[stage.name], list(claims.values()))[build.name]
    return News(
        on=True,
        workers=[each.name for each in ours],
        slots=slots,
        room=room,
        shards=common_shards(each.shards for each in ours),
        others=len(workers) - len(ours),
    )


def differ(one: News, other: News) -> bool:
    """Whether two say different things of who is there. The way to the server is never quite the same, and no news."""
    told = ("on", "reason", "workers", "slots", "room", "others")
    return any(getattr(one, name) != getattr(other, name) for name in told)
