"""Tree to text: the one canonical form of a file."""

from __future__ import annotations

from hyper.lang.printer.module import print_module

__all__ = ["print_module"]
