"""The tables of this package over columns: ``tables.NAME.batch(columns)``."""

from __future__ import annotations

from ._batch import attribute, names
from ._batch import find as _find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hyper.engine.batch.packages import PackagedFunction


def find(name: str) -> PackagedFunction:
    """A table by its name, with its module where several have it: ``pricing.discount``. Raises ``LookupError``."""
    return _find("table", name)


def __getattr__(name: str) -> PackagedFunction:
    return attribute("table", __name__, name)


def __dir__() -> list[str]:
    return ["find", *names("table")]
