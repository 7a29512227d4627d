"""The markers of the language, as back ends may import them."""

from __future__ import annotations

from hyper.lang.markers import FORMAT_RANGES, NO_MARKERS, Markers, Number

__all__ = ["FORMAT_RANGES", "NO_MARKERS", "Markers", "Number"]
