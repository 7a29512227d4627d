"""The arguments of every command. Commands themselves are loaded only when they run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final, NoReturn

from hyper.cli.streams import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import SupportsWrite

_TARGETS: Final = "python,openapi,jsonschema"
_TIERS: Final = ("conservative", "balanced", "aggressive", "insane")
_EXITS: Final = (
    "exit codes: 0 fine, 1 errors found, 2 wrong usage, 3 internal error, 130 interrupted"
)
_SEARCH_EXITS: Final = (
    "exit codes: 0 something was found, 1 nothing was, 2 wrong usage or a file that cannot be read, "
    "3 internal error, 130 interrupted"
)

_HELP: Final = """\
usage: hyper COMMAND [ARGUMENTS]

Compiles intent files into typed Python packages, HTTP services, OpenAPI and JSON Schema.

start
  init            start a tree of intent files
  import openapi  turn an OpenAPI 3.0 or 3.1 description into intent files

build
  build           compile to a package; writes nothing where there is an error
  check           say what is wrong, and run the scenarios
  test            run the scenarios, those that reach your own Python code too
  fmt             format intent files
  lint            warnings, credentials, near-duplicates, what nothing reaches

look
  grep            find literal patterns, in names, strings, comments or code
  explain         types, cost bound, dependents and callers of a name
  run             evaluate a calc, table or rule on one input, or on each row of a file
  tune            record, build for it, and keep that where it pays
  cache           what is kept between builds: its size, its health, its end
  doctor          what is installed, and what is missing
  worker          work for the builds of other machines; tell what a fleet does
  bench           made-up trees of any size, and what builds of them cost

  completion      print a completion script for bash, zsh or fish

Each command has --help, and --json for machines.
exit codes: 0 fine, 1 errors found, 2 wrong usage, 3 internal error, 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    """Suggests the nearest command or choice where one is misspelt."""

    def format_help(self) -> str:
        return _HELP if self.prog == "hyper" else super().format_help()

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        if file is None:
            put(self.format_help())  # argparse would not say that it could not
        else:
            super().print_help(file)

    def error(self, message: str) -> NoReturn:
        from difflib import get_close_matches

        wrong, _, choices = message.partition(" (choose from ")
        near = get_close_matches(
            wrong.rpartition(": ")[2].strip("'"),
            [choice.strip(" ')") for choice in choices.split(",")],
            1,
        )
        raise WrongCallError(self.prog, message, near[0] if near else None)


class WrongCallError(Exception):
    """Arguments that are no call of a command, with the nearest word where one is misspelt."""

    def __init__(self, prog: str, message: str, near: str | None) -> None:
        super().__init__(message)
        self.prog = prog
        self.near = near


def parse(argv: list[str]) -> argparse.Namespace:
    """Parse the arguments; exits after ``--help`` and ``--version``. Raises ``WrongCallError``."""
    # Who calls a command waits for no other one's options.
    called = next((name for name, _, _ in _COMMANDS if argv[:1] == [name]), None)
    try:
        arguments, unknown = build_parser(called).parse_known_args(argv)
    except WrongCallError as error:
        raise _misspelt(error, argv) from None
    if hasattr(arguments, "words") and not any(word.startswith("-") for word in unknown):
        # What stands behind an option; argparse takes such words in one go only.
        arguments.words += unknown
    elif unknown:
        raise _unknown(build_parser(), arguments, unknown)
    return arguments


def _misspelt(error: WrongCallError, argv: list[str]) -> WrongCallError:
    """The same error; or that of an option that is unknown, where its value was taken for the name of an action."""
    if "invalid choice" not in str(error):
        return error
    parser = build_parser()
    known = _options(parser).get(error.prog, set())
    wrong = [
        word
        for word in argv
        if word.startswith("--")
        and not any(each.startswith(word.partition("=")[0]) for each in known)
    ]
    if not known or not wrong:
        return error
    given = dict(zip(_PARTS, error.prog.split()[1:], strict=False))
    return _unknown(parser, argparse.Namespace(**given), wrong[:1])


def _unknown(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace, words: list[str]
) -> WrongCallError:
    """Why words are no arguments of the command: the option that is spelt most like the first, or whose option it is."""
    from difflib import get_close_matches

    options = _options(parser)
    given = parser.prog
    for dest in _PARTS:
        given = " ".join(filter(None, (given, getattr(arguments, dest, None))))
    message = f"unrecognized arguments: {' '.join(words)}"
    wrong = words[0].partition("=")[0]
    if not wrong.startswith("--"):
        return WrongCallError(given, message, None)
    owners = [name for name, known in options.items() if wrong in known]
    own, every = sorted(options[given]), sorted(set().union(*options.values()))
    for known, least in ((own, _ALIKE), (every, _ALIKE), (own, 0.6)):
        near = [] if owners else get_close_matches(wrong, known, 1, least)
        if near and near[0] in own:
            return WrongCallError(given, message, near[0])
        if near:
            wrong = near[0]
            owners = [name for name, theirs in options.items() if wrong in theirs]
    if owners:
        message += f"; {wrong} is an option of {', '.join(owners)}"
    return WrongCallError(given, message, None)


def _options(parser: argparse.ArgumentParser) -> dict[str, set[str]]:
    """The options of each command, by what is typed for it."""
    found: dict[str, set[str]] = {}
    waiting = [parser]
    while waiting:
        each = waiting.pop()
        found[each.prog] = set()
        for action in each._actions:  # noqa: SLF001  # argparse tells it no other way
            found[each.prog].update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                waiting += reversed(action.choices.values())
    return found


def build_parser(called: str | None = None) -> argparse.ArgumentParser:
    """The whole grammar of the command line; with the name of a command that of the others without their arguments."""
    parser = _Parser(prog="hyper", description="Compiles intent files.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text, fill in _COMMANDS:
        command = commands.add_parser(name, help=text, description=text)
        command.epilog = _SEARCH_EXITS if name == "grep" else _EXITS
        if called in {None, name}:
            fill(command)
        command.set_defaults(module=_MODULES.get(name, name))
    return parser


class _Version(argparse.Action):
    """``--version``, without loading anything until it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from hyper import __version__

        put(f"hyper {__version__}\n")
        parser.exit(0)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _sources(parser: argparse.ArgumentParser, what: str = "folders, files or globs") -> None:
    parser.add_argument("paths", nargs="*", metavar="PATHS", help=f"{what}; default: as configured")
    parser.add_argument("--source", metavar="DIR", help="the source root, where module paths begin")


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="default: here")
    parser.add_argument(
        "--package", metavar="NAME", help="name of the package; default: the folder's"
    )
    _json(parser)


def _import(parser: argparse.ArgumentParser) -> None:
    formats = parser.add_subparsers(dest="format", metavar="FORMAT", required=True)
    text = "an OpenAPI 3.0 or 3.1 description: JSON, YAML or either with .gz"
    openapi = formats.add_parser("openapi", help=text, description=f"Import {text}.", epilog=_EXITS)
    openapi.add_argument("spec", metavar="SPEC", help="the description")
    openapi.add_argument("-o", "--out", required=True, metavar="DIR", help="folder to write to")
    layouts = ("tag", "schema", "single")
    openapi.add_argument(
        "--layout",
        choices=layouts,
        default="tag",
        help="a file for each tag (default), for each declaration, or one file",
    )
    openapi.add_argument("--force", action="store_true", help="replace files that are there")
    _json(openapi)


def _build(parser: argparse.ArgumentParser) -> None:
    _sources(parser)
    parser.add_argument("-o", "--out", metavar="OUT", help="output folder; default: dist")
    parser.add_argument(
        "--target",
        metavar="LIST",
        help=f"what to make, native and batch among it; default: {_TARGETS}",
    )
    parser.add_argument(
        "--hardware", metavar="LIST", help="hardware profiles that machine code is made for"
    )
    parser.add_argument(
        "--kernels", metavar="LIST", help="modules and functions that become machine code"
    )
    _library(parser)
    parser.add_argument("--package", metavar="NAME", help="name of the package")
    parser.add_argument("--tier", choices=_TIERS, help="how to build; never changes the output")
    _no_cache(parser)
    _processes(parser)
    parser.add_argument(
        "--distributed",
        choices=("on", "off"),
        help="whether the workers of a fleet help, which HYPER_QUEUE_URL leads to; default: as the tier says",
    )
    parser.add_argument(
        "--explain-misses", action="store_true", help="say why what was kept did not do"
    )
    parser.add_argument("--trace", metavar="FILE", help="write a trace of the build, for Perfetto")
    parser.add_argument(
        "--profile", metavar="FILE", help="what was recorded of earlier runs, to build for"
    )
    parser.add_argument(
        "--profile-effort",
        dest="profile_effort",
        choices=("full", "light", "none"),
        help="full moves rows of tables, light only tells machine code which way branches mostly go, "
        "none leaves the profile out; default: full",
    )
    _json(parser)


def _library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lto",
        metavar="WHAT",
        help="what pieces of the library know of others: off, unit, program",
    )
    parser.add_argument(
        "--codegen-units", metavar="N", help="pieces of the library; default: one a module"
    )
    parser.add_argument("--linker", metavar="NAME", help="auto, lld, cc, own or none")
    parser.add_argument(
        "--strip", metavar="on|off", help="whether the library has no other symbols"
    )


def _processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--processes",
        metavar="N",
        help="how many processes work at most, where that is faster; auto: as many as cores",
    )


def _no_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-cache",
        dest="incremental",
        action="store_const",
        const="off",
        help="do everything again, and keep nothing",
    )


def _check(parser: argparse.ArgumentParser) -> None:
    _sources(parser)
    formats = ("text", "json", "sarif", "github")
    parser.add_argument("--format", choices=formats, help="form of the diagnostics; default: text")
    _no_cache(parser)
    _processes(parser)
    _json(parser)


def _test(parser: argparse.ArgumentParser) -> None:
    _sources(parser)
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="tell how many table rows and branches the scenarios reach, and list the others",
    )
    _json(parser)


def _fmt(parser: argparse.ArgumentParser) -> None:
    _sources(parser, "folders, files or globs, or - for stdin to stdout")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if a file would change"
    )
    parser.add_argument(
        "--diff", action="store_true", help="write nothing; print what would change"
    )
    _json(parser)


def _lint(parser: argparse.ArgumentParser) -> None:
    _sources(parser)
    parser.add_argument("--warnings", action="store_true", help="the warnings of the compiler")
    parser.add_argument(
        "--secrets", action="store_true", help="credentials in strings and comments"
    )
    parser.add_argument(
        "--duplicates",
        action="store_true",
        help="declarations and files that are nearly the same as an earlier one",
    )
    parser.add_argument(
        "--similarity",
        metavar="SHARE",
        help="with --duplicates: how alike they are at least, from 0.5 to 1; default: 0.85",
    )
    parser.add_argument(
        "--dead",
        action="store_true",
        help="declarations that no action, webhook, service or scenario reaches",
    )
    parser.add_argument(
        "--deny-warnings", action="store_true", help="exit with 1 where there is a warning, too"
    )
    formats = ("text", "json", "sarif", "github")
    parser.add_argument("--format", choices=formats, help="form of the diagnostics; default: text")
    _json(parser)


def _grep(parser: argparse.ArgumentParser) -> None:
    parser.usage = "hyper grep [OPTIONS] PATTERN [PATHS ...]"
    parser.add_argument(
        "words",
        nargs="*",
        metavar="PATTERN [PATHS]",
        help="what is looked for, as it is written, and in which folders, files or globs; with -e all are paths",
    )
    parser.add_argument(
        "-e",
        dest="patterns",
        action="append",
        metavar="PATTERN",
        help="look for this; may be repeated; one that begins with - stands right behind: -e-PATTERN",
    )
    parser.add_argument("-i", "--ignore-case", action="store_true", help="in both cases")
    parser.add_argument("-w", "--words", dest="whole", action="store_true", help="whole words only")
    parser.add_argument(
        "--in",
        dest="kinds",
        metavar="KINDS",
        help="only in tokens of these kinds: names, strings, comments, code; with commas",
    )
    parser.add_argument("--source", metavar="DIR", help="the source root, where module paths begin")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument(
        "-l", "--files", action="store_true", help="print only the names of files that match"
    )
    forms.add_argument(
        "-c", "--count", action="store_true", help="print how many lines of each file match"
    )
    _json(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help="a declaration: order_total, or pricing.order_total"
    )
    _sources(parser)
    parser.add_argument(
        "--profile",
        dest="recorded",
        metavar="FILE",
        nargs="?",
        const="",
        help="print what a profile says of it, too; default: the one that is configured, or hyper.profile beside the configuration",
    )
    _json(parser)


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a calc, table or rule")
    _sources(parser)
    parser.add_argument(
        "--args",
        metavar="JSON",
        help="an object of arguments by name, or a list of them; @FILE reads a file",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="a table with a column for each argument: CSV, Parquet or Arrow, by the end of its name",
    )
    parser.add_argument(
        "-o",
        "--out",
        dest="results",
        metavar="FILE",
        help="with --data: write the results to a table, errors too",
    )
    parser.add_argument("--now", metavar="TIME", help="the clock: ISO 8601 with an offset")
    parser.add_argument(
        "--tier",
        dest="level",
        choices=("0", "1", "2", "3"),
        help="0 interprets (default), 1 runs the generated Python; with --data also 2, machine code, and 3, that on "
        "several cores; default there: as the option jit says",
    )
    parser.add_argument(
        "--why",
        action="store_true",
        help="print what led to the value: calls, rows, clauses, branches and values, with their lines",
    )
    parser.add_argument("--record", metavar="FILE", help="add what the evaluation did to a profile")
    _json(parser)


def _tune(parser: argparse.ArgumentParser) -> None:
    _sources(parser)
    parser.add_argument("-o", "--out", metavar="OUT", help="output folder; default: dist")
    parser.add_argument("--package", metavar="NAME", help="name of the package")
    parser.add_argument(
        "--from",
        dest="recorded",
        action="append",
        metavar="FILE",
        help="a profile that was recorded, instead of what the scenarios do; may be repeated",
    )
    parser.add_argument(
        "--data",
        dest="rows",
        action="append",
        metavar="NAME=FILE",
        help="record a calc, table or rule for each row of a table, instead of the scenarios; may be repeated",
    )
    parser.add_argument(
        "--into",
        metavar="FILE",
        help="where the profile goes; default: hyper.profile beside the configuration",
    )
    parser.add_argument("--fast", action="store_true", help="measure less, and less exactly")
    parser.add_argument("--dry-run", action="store_true", help="tell the gain, and write nothing")
    _json(parser)


def _cache(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("stats", "Tell what is kept, and its size."),
        ("verify", "Read and prove everything that is kept; what is bad is dropped."),
        ("prune", "Remove what was not used for longest, down to the bounds."),
        ("clear", "Remove everything that is kept."),
    ):
        action = actions.add_parser(name, help=text, description=text, epilog=_EXITS)
        action.add_argument("--cache", metavar="DIR", help="the cache's folder; default: .hyper")
        if name == "prune":
            action.add_argument(
                "--size", dest="cache_size", metavar="BYTES", help="such as 500MB; default: 30GB"
            )
            action.add_argument(
                "--age", dest="cache_age", metavar="DAYS", help="since the last use; default: 30"
            )
        _json(action)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="make the text engine's library for this machine now, if it is not there: some seconds, once",
    )
    parser.add_argument(
        "--gpu",
        action="store_true",
        help="measure every back end of the text engine and graphics adapter, and keep what builds choose by: half a minute",
    )
    _json(parser)


def _bench(parser: argparse.ArgumentParser) -> None:
    from hyper.cli.bench_arguments import fill

    fill(parser, _TIERS, _EXITS)


def _worker(parser: argparse.ArgumentParser) -> None:
    from hyper.cli.worker_arguments import fill

    fill(parser, _EXITS)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="for which shell")
    _json(parser)


# How alike two spellings are, of 1, that surely mean the same.
_ALIKE: Final = 0.75
# Where parsed arguments have the words that a command is called by.
_PARTS: Final = ("command", "format", "action", "part")
# Commands whose name is no good name for a module.
_MODULES: Final = {"import": "import_api", "test": "run_scenarios"}
_COMMANDS: Final[tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...]] = (
    ("init", "Start a tree of intent files.", _init),
    ("import", "Turn an API description into intent files.", _import),
    ("build", "Compile intent files to a package.", _build),
    ("check", "Say what is wrong, and run the scenarios.", _check),
    ("test", "Run the scenarios, those that reach your own Python code too.", _test),
    ("fmt", "Format intent files.", _fmt),
    ("lint", "Look for what is legal and yet wrong.", _lint),
    ("grep", "Find literal patterns in intent files.", _grep),
    ("explain", "Tell types, cost bound, dependents and callers of a name.", _explain),
    ("run", "Evaluate a calc, table or rule on one input, or on each row of a file.", _run),
    ("tune", "Build for what is recorded, where that pays.", _tune),
    ("cache", "Look after what is kept between builds.", _cache),
    ("doctor", "Tell what is installed, and what is missing.", _doctor),
    ("worker", "Work for the builds of other machines.", _worker),
    ("bench", "Make up trees of any size, and measure builds.", _bench),
    ("completion", "Print a completion script.", _completion),
)
