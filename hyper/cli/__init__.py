"""The ``hyper`` command."""

from __future__ import annotations

from hyper.cli.main import command, main

__all__ = ["command", "main"]
