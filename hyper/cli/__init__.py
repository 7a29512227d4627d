"""The ``hyper`` command."""

from __future__ import annotations

from hyper.cli.main import main

__all__ = ["main"]
