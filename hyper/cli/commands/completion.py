"""``hyper completion``: scripts for shells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.cli.arguments import build_parser
from hyper.cli.main import OK

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script for a shell; to be read by it at its start."""
    import shtab

    script = str(shtab.complete(build_parser(), arguments.shell))
    if console.json:
        console.object({"success": True, "shell": arguments.shell, "script": script})
    else:
        console.write(script if script.endswith("\n") else f"{script}\n")
    return OK
