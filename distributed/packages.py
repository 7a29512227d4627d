"""The packages of the extra ``distributed``: what those who take part in a fleet need of it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

BUILD: Final = {"bullmq": "bullmq", "redis": "redis"}
"""What a build needs: modules, and how their packages are called."""
WORKER: Final = {**BUILD, "prometheus_client": "prometheus-client"}
INSTALL: Final = "pip install 'hypercompiler[distributed]'"


def missing(needed: dict[str, str]) -> str:
    """The packages that are not installed, in words; empty where all are."""
    return " and ".join(name for module, name in needed.items() if find_spec(module) is None)
