"""The arguments of ``hyper worker``: without an action it is the daemon itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    _Parsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # it has no other name
else:
    _Parsers = argparse._SubParsersAction  # noqa: SLF001


class _Actions(_Parsers):
    """The actions of a command that does something without one, too: an option before an action is one that both have."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name = values[0]
        known = {each.dest for each in self.choices[name]._actions}  # noqa: SLF001
        for each in parser._actions:  # noqa: SLF001
            given = getattr(namespace, each.dest, each.default) != each.default
            if given and each.option_strings and each.dest not in known:
                option = each.option_strings[-1]
                parser.error(
                    f"{option} is for the worker itself; options of {name} stand behind it"
                )
        super().__call__(parser, namespace, values, option_string)


def fill(parser: argparse.ArgumentParser, exits: str) -> None:
    """Add them to a parser."""
    parser.usage = "hyper worker [OPTIONS]\n       hyper worker ACTION ..."
    _place(parser)
    size = parser.add_argument_group("size")
    size.add_argument("--min", dest="least", metavar="N", help="processes at least; default: 1")
    size.add_argument(
        "--max",
        dest="most",
        metavar="N",
        help="processes at most; default: as many as cores, and as memory allows",
    )
    size.add_argument("--memory", metavar="SIZE", help="bytes of a process; default: 2GB")
    size.add_argument(
        "--seconds", metavar="S", help="an item that takes longer is ended; default: 120"
    )
    size.add_argument(
        "--jobs-per-process",
        metavar="N",
        help="a process is replaced after so many jobs; default: 1000",
    )
    size.add_argument(
        "--ahead",
        metavar="N",
        help="jobs taken for each process, so that the next is there when one is done; default: 2",
    )
    life = parser.add_argument_group("life")
    life.add_argument(
        "--name", metavar="NAME", help="default: the name of the machine and the process"
    )
    life.add_argument(
        "--once", action="store_true", help="end when nothing has come for a while: for CI"
    )
    life.add_argument("--idle", metavar="S", help="with --once: for how many seconds; default: 10")
    life.add_argument(
        "--drain",
        metavar="S",
        help="seconds for what is under way when it is told to end; then it is handed back; default: 30",
    )
    life.add_argument(
        "--shards",
        metavar="N",
        help="parts of each queue, the same for the whole fleet; default: 1",
    )
    told = parser.add_argument_group("what it says")
    told.add_argument(
        "--http",
        metavar="[HOST:]PORT",
        help="health, readiness and metrics on this port of the loopback, or of another address; 0 finds a free one",
    )
    told.add_argument(
        "--log", choices=("text", "json"), default="text", help="the form of its log, on stderr"
    )
    told.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="default: info",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    actions = parser.add_subparsers(
        action=_Actions, dest="action", metavar="ACTION", prog="hyper worker", required=False
    )

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text, epilog=exits)
        made.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="print one JSON object",
        )
        made.set_defaults(module=f"worker_{name}")
        return made

    _place(action("status", "Tell which workers and builds are there, and what waits."), again=True)
    _trace(action("trace", "Tell what happened to an action or a job."))
    _acl(
        action(
            "acl", "Print the users that the server needs, with the rights that each role takes."
        )
    )
    _simulate(action("simulate", "Tell what a fleet of any size would do, by measured costs."))


def _place(parser: argparse.ArgumentParser, *, again: bool = False, server: bool = True) -> None:
    """Where the fleet is. ``again``: below a parser that has them, whose values stay where these are not given."""
    default = argparse.SUPPRESS if again else None
    place = parser.add_argument_group("fleet")
    if server:
        place.add_argument(
            "--redis",
            metavar="URL",
            default=default,
            help="the server: redis://, rediss:// or unix://, or a cluster's redis+cluster://; default: HYPER_QUEUE_URL, else"
            " HYPER_CACHE_URL",
        )
    place.add_argument(
        "--project",
        metavar="NAME",
        default=default,
        help="default: HYPER_PROJECT, or as configured here",
    )
    place.add_argument(
        "--fleet",
        metavar="NAME",
        default=default,
        help="which of the project's fleets; default: HYPER_FLEET, else fleet",
    )


def _trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id",
        metavar="ID",
        help="the key of an action, 12 of its digits at least, or a job's id, as workers log it with --log-level debug",
    )
    _place(parser, again=True)


def _acl(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role",
        action="append",
        choices=("reader", "builder", "worker", "producer"),
        help="for this one; may be given several times; default: all",
    )
    parser.add_argument(
        "--file",
        action="store_true",
        help="as the lines of a file that the server's aclfile names, and no user without a password",
    )
    parser.add_argument(
        "--cluster",
        action="store_true",
        help="for the nodes of a cluster, each of which needs them",
    )
    _place(parser, again=True, server=False)


def _simulate(parser: argparse.ArgumentParser) -> None:
    several = "; several with commas: a row each"
    fleet = parser.add_argument_group("fleet")
    fleet.add_argument("--workers", required=True, metavar="N", help=f"machines that work{several}")
    fleet.add_argument("--processes", metavar="N", help="of each worker, at most; default: 8")
    fleet.add_argument(
        "--min", dest="fewest", metavar="N", help="of each worker, at least; default: 1"
    )
    fleet.add_argument("--shards", dest="parts", metavar="S", help="parts of the queue; default: 1")
    fleet.add_argument("--servers", metavar="N", help="nodes of the server's cluster; default: 1")
    fleet.add_argument(
        "--round-trip", metavar="MS", help="milliseconds to the server and back; default: 0.5"
    )
    fleet.add_argument(
        "--bandwidth", metavar="MBIT", help="Mbit/s of a server's line; default: 10000"
    )
    work = parser.add_argument_group("work")
    work.add_argument("--units", required=True, metavar="M", help=f"files to build{several}")
    work.add_argument(
        "--builds", metavar="N", help="builds at once that share the units; default: 1"
    )
    work.add_argument(
        "--stage",
        metavar="NAME",
        help="what the workers do, as the costs name it; default: objects",
    )
    work.add_argument(
        "--group",
        metavar="N",
        help="items that are done and kept as one; default: as many as builds send so",
    )
    wrong = parser.add_argument_group("what goes wrong, for each worker and hour")
    wrong.add_argument("--crashes", metavar="N", help="times that it is gone; default: 0")
    wrong.add_argument(
        "--stalls", metavar="N", help="times that it stands still for 20 s; default: 0"
    )
    parser.add_argument(
        "--costs", metavar="FILE", help="as benchmarks/fleet_costs.py writes it; default: built in"
    )
    parser.add_argument("--seed", metavar="S", help="of all draws; default: 1")
