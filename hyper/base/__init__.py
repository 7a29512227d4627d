"""What every room stands on: sources, diagnostics, digests, events, files and output."""

from __future__ import annotations

# msgspec loads datetime from C and does not look whether that failed: an interrupt at that moment is lost, and a later
# decode reads a null pointer. Whatever is loaded before cannot fail there.
import datetime as _datetime  # noqa: F401, ICN001
