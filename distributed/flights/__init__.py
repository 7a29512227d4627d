"""Single flight: each action is done once, whoever wants it, and whatever happens to those who do it.

``contract.py`` says what can be asked, ``server.py`` does it on a Redis server with the scripts of ``lua.py``, and ``twin.py`` in
memory.
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

__all__ = ["Answer", "Claim", "Event", "JobTrail", "Result", "Rules", "SingleFlight", "Struck"]
