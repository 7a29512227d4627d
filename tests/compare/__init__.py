"""Does an emitted OpenAPI document say the same as the one that it came from?

``docs/openapi.md`` lists what counts as the same.
"""

from __future__ import annotations

from tests.compare.difference import Difference
from tests.compare.documents import compare

__all__ = ["Difference", "compare"]
