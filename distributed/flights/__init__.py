"""Single flight: each action is done once, whoever wants it, and whatever happens to those who do it.

``contract.py`` says what can be asked, ``server.py`` does it on a Redis server with the scripts of ``lua.py``, ``twin.py`` in
memory, and ``steps.py`` is the order in which a worker goes through a job.
"""

from hyper.distributed.flights.contract import (
    Answer,
    Claim,
    Event,
    JobTrail,
    Result,
    Rules,
    SingleFlight,
    Struck,
)
from hyper.distributed.flights.server import Flights

__all__ = [
    "Answer",
    "Claim",
    "Event",
    "Flights",
    "JobTrail",
    "Result",
    "Rules",
    "SingleFlight",
    "Struck",
]
