"""Tokens to tree: recursive descent with recovery, so that one run reports every mistake of a file."""

from __future__ import annotations

from hyper.lang.parser.module import Parsed, parse

__all__ = ["Parsed", "parse"]
