"""Entry point of the ``hyper`` command."""

from __future__ import annotations


def main(argv: list[str] | None = None) -> int:
    """Run the command and give its exit code."""
    from hyper.cli.arguments import parse

    return parse(argv).run()
