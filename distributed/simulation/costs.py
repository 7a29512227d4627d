"""What things cost, as ``benchmarks/fleet_costs.py`` measures it and writes it as JSON."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_MEASURED: Final = "measured.json"

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Bytes = Annotated[float, msgspec.Meta(ge=0.0, le=1e12)]
Count = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stage that workers do: how many items a unit has, what one costs a worker (mean and standard deviation), the bytes that go
    to the worker and come back as they lie on the server, and what the build itself does for a unit meanwhile. ``together`` items
    go as one action."""

    items: Count
    seconds: Seconds
    deviation: Seconds
    bytes_in: Bytes
    bytes_out: Bytes
    build_seconds: Seconds
    together: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of the one core that a server works on: a job added, and taken and finished; a flight asked for and queued, claimed,
    and published; a blob read or written, and each byte of it; and each second for a worker that is there, and for each queue that
    it listens to."""

    add: Seconds
    job: Seconds
    ask: Seconds
    claim: Seconds
    publish: Seconds
    read: Seconds
    read_byte: Seconds
    write: Seconds
    write_byte: Seconds
    worker: Seconds
    queue: Seconds


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. ``dispatch_job`` and ``dispatch_item`` are seconds of a build's dispatching process, sending and receiving;
    ``worker_job`` and ``worker_item`` those of a worker's event loop, ``process_item`` those of its
    process besides the work; ``start`` passes until a new process works. ``machine`` tells
    where this was measured."""

    machine: str
    server: Server
    dispatch_job: Seconds
    dispatch_item: Seconds
    worker_job: Seconds
    worker_item: Seconds
    process_item: Seconds
    start: Seconds
    works: dict[str, Work]


def measured() -> Costs:
    """Those that came with the compiler."""
    data = files(__package__).joinpath(_MEASURED).read_bytes()
    return msgspec.json.decode(data, type=Costs)


def read_costs(path: Path) -> Costs:
    """Those of a file. Raises ``OSError``, and ``ValueError`` for what is no such file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Costs)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(
            f"{path} has no costs as benchmarks/fleet_costs.py writes them: {error}"
        ) from None
