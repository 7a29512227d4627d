"""The Python back end: a typed package of Pydantic models, functions and one FastAPI app."""

from __future__ import annotations

from hyper.emit.python.layout import emit_python

__all__ = ["emit_python"]
