"""``hyper worker acl``: the users that the server of a fleet needs, one for each role. It asks nothing of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.cli.commands.worker import fleet_names
from hyper.cli.main import OK

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print them, with a word in capitals where each password belongs."""
    from hyper.distributed.acl import ROLES, users

    found = users(fleet_names(arguments), arguments.role or ROLES, cluster=arguments.cluster)
    if console.json:
        console.object({"success": True, "users": [msgspec.to_builtins(each) for each in found]})
        return OK
    if arguments.file:
        console.say("user default off")
    for user in found:
        console.say(user.line() if arguments.file else user.command())
    return OK
