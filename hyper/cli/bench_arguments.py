"""The arguments of ``hyper bench``. Nothing is loaded here that measures."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_WORKLOADS: Final = ("cold", "no-op", "edit", "fresh", "scale", "memory", "route")
_CONTESTS: Final = (
    *("batch", "kernel", "call", "load", "rules", "storefront", "profile"),
    *("native-options", "tiering", "text"),
)
_KERNELS: Final = ("price", "rate", "eligible", "smoothed", "margin")
_OPERATIONS: Final = (
    *("tokens", "cut", "lines", "search", "hash", "reach", "histogram", "validate"),
)
_ABLATED: Final = ("cold", "no-op", "edit")
_TREE: Final = (
    "a folder of intent files or an OpenAPI description; default: a tree that is generated"
)


def fill(parser: argparse.ArgumentParser, tiers: tuple[str, ...], epilog: str) -> None:
    """Give the command its parts."""
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)

    def part(name: str, text: str) -> argparse.ArgumentParser:
        made = parts.add_parser(name, help=text, description=text, epilog=epilog)
        made.add_argument("--seed", type=_at_least(0), default=1, metavar="S", help="default: 1")
        made.add_argument("--json", action="store_true", help="print one JSON object")
        return made

    _generate(part("generate", "Write a tree of intent files that is made up from a seed."))
    _run(part("run", "Measure a workload, or one command, as whole processes."))
    _compare(part("compare", "Measure side by side with others, in one run."))
    _day(
        part(
            "day",
            "Replay recorded edits, each followed by a build of every tier.",
        ),
        tiers,
    )
    _workers(part("workers", "Measure builds with the workers of other machines."))
    _ablate(part("ablate", "Measure what each switch is worth."), tiers)


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return number


def _generate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("units", type=_at_least(3), metavar="N", help="how many files; at least 3")
    parser.add_argument("-o", "--out", required=True, metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--edits",
        type=_at_least(0),
        default=0,
        metavar="E",
        help="write the tree as it is after so many edits; default: 0",
    )


def _measured(
    parser: argparse.ArgumentParser, rounds: int, *, units: int = 100, warm_up: int = 1
) -> None:
    parser.add_argument("tree", nargs="?", metavar="TREE", help=_TREE)
    parser.add_argument(
        "--units",
        type=_at_least(3),
        default=units,
        metavar="N",
        help=f"size of the generated tree; default: {units}",
    )
    parser.add_argument(
        "--rounds",
        type=_at_least(1),
        default=rounds,
        metavar="R",
        help=f"runs that count; default: {rounds}",
    )
    parser.add_argument(
        "--warm-up",
        type=_at_least(0),
        default=warm_up,
        metavar="W",
        help=f"runs before them that do not count; default: {warm_up}",
    )
    _out(parser)


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", help="write the JSON object there too")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workload",
        choices=(*_WORKLOADS, "command"),
        metavar="WORKLOAD",
        help=f"{', '.join(_WORKLOADS)}, or command with --command",
    )
    _measured(parser, 5)
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=(100, 1000),
        metavar="LIST",
        help="units of the trees of scale; default: 100,1000",
    )
    parser.add_argument("--command", dest="line", metavar="LINE", help="the command to measure")


def _sizes(text: str) -> tuple[int, ...]:
    number = _at_least(3)
    return tuple(number(each) for each in text.split(","))


def _compare(parser: argparse.ArgumentParser) -> None:
    _measured(parser, 3)
    parser.add_argument(
        "--workload",
        choices=("cold", "route", *_CONTESTS),
        default="cold",
        help=(
            "a build from nothing (default), the first answer of what was built (route),"
            f" or what is compiled beside other ways to compute the same: {', '.join(_CONTESTS)}"
        ),
    )
    parser.add_argument(
        "--rows",
        type=_at_least(1000),
        metavar="N",
        help="rows of batch (default: 10000000) and profile, requests of tiering (200000), "
        "decisions of rules, orders of storefront and rows of native-options (1000000), "
        "bytes of text at most (64000000)",
    )
    parser.add_argument(
        "--table",
        type=_at_least(20),
        metavar="N",
        help="rows of the table of profile; default: 200",
    )
    parser.add_argument(
        "--kernel",
        action="append",
        choices=(*_KERNELS, *_OPERATIONS),
        metavar="NAME",
        help=f"a kernel of batch, kernel, call and load ({', '.join(_KERNELS)}), or an operation of text"
        f" ({', '.join(_OPERATIONS)}), as often as wanted; default: all",
    )


def _day(parser: argparse.ArgumentParser, tiers: tuple[str, ...]) -> None:
    for name, least, default, text in (
        ("--units", 3, 100, "units of the tree"),
        ("--edits", 1, 20, "edits, each with its builds"),
    ):
        parser.add_argument(
            name,
            type=_at_least(least),
            default=default,
            metavar=name[2].upper(),
            help=f"{text}; default: {default}",
        )
    parser.add_argument(
        "--tier",
        action="append",
        choices=tiers,
        help="a tier to measure, as often as wanted; default: all",
    )
    parser.add_argument("--sessions", action="store_true", help="measure sessions that stay, too")
    parser.add_argument(
        "--shared",
        action="store_true",
        help="a second leg: balanced and insane with a shared cache, and machines that start empty",
    )
    parser.add_argument(
        "--every",
        type=_at_least(2),
        default=10,
        metavar="N",
        help="which build of that leg is on an empty machine: every Nth; default: 10",
    )
    _out(parser)


def _workers(parser: argparse.ArgumentParser) -> None:
    _measured(parser, 1, units=1000, warm_up=0)
    parser.add_argument(
        "--workers",
        type=_numbers,
        default=(0, 1, 2),
        metavar="LIST",
        help="numbers of workers, each a build; default: 0,1,2",
    )
    parser.add_argument(
        "--latency",
        type=_milliseconds,
        default=(0.0, 0.001, 0.01),
        metavar="LIST",
        help="milliseconds that a round trip to Redis takes longer; default: 0,1,10",
    )
    parser.add_argument(
        "--rate",
        type=_at_least(0),
        default=0,
        metavar="MBIT",
        help="megabits a second of the way to Redis; default: 0, no limit",
    )
    parser.add_argument(
        "--target",
        action="append",
        metavar="LIST",
        help="targets of a build, as often as wanted; default: python, and python,native",
    )


def _numbers(text: str) -> tuple[int, ...]:
    number = _at_least(0)
    return tuple(number(each) for each in text.split(","))


def _milliseconds(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(each) / 1000 for each in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of milliseconds, as 0,1,10"
        ) from None
    if not all(0 <= each <= 1 for each in found):
        raise argparse.ArgumentTypeError("latencies are from 0 to 1000 milliseconds")
    return found


def _ablate(parser: argparse.ArgumentParser, tiers: tuple[str, ...]) -> None:
    _measured(parser, 5)
    parser.add_argument(
        "--tier", choices=tiers, default="balanced", help="where the other switches stand"
    )
    parser.add_argument(
        "--workload",
        action="append",
        choices=_ABLATED,
        help="a workload to measure, as often as wanted; default: all three",
    )
    parser.add_argument(
        "--switch",
        action="append",
        metavar="NAME",
        help="a switch to measure, as often as wanted; default: all that a build has use for",
    )
