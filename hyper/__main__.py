"""``python -m hyper`` is the ``hyper`` command."""

from __future__ import annotations

from hyper.cli import command

if __name__ == "__main__":
    command()
