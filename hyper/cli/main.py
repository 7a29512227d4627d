"""Entry point of the ``hyper`` command: exit codes, interrupts, and what is said of a defect of ours."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from hyper.cli.streams import UnwritableError, flush, forsake, tell

if TYPE_CHECKING:
    import argparse

    from hyper.cli.arguments import WrongCallError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERNAL: Final = 3
INTERRUPTED: Final = 130
_OBJECTS: Final = 50_000


def command() -> NoReturn:
    """The whole of a ``hyper`` process: as ``main``, and the process ends at once with the exit code.

    The system takes memory back faster than Python takes its objects apart, which is a tenth of a build that follows an edit.
    What has to be closed was closed by whoever opened it; nothing of ours waits for the end of the interpreter.
    """
    # A process that ends soon has little to gain from looking for cycles each time that 700 objects were made.
    gc.set_threshold(_OBJECTS)
    terminated = _as_interrupts()
    code = main()
    # What has ended cannot be interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    scratch = sys.modules.get("hyper.base.scratch")
    if scratch is not None:
        scratch.remove_all()
    for stream in (sys.stdout, sys.stderr):
        # Whoever read our output may have seen enough, and a stream may have been closed before we began.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    if terminated and code == INTERRUPTED:
        # Who ended us sees that it was that.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)
    os._exit(code)


def _as_interrupts() -> list[int]:
    """Take the first SIGTERM as an interrupt, so that what is temporary is removed; a second one ends the process at once. Gives
    what was heard."""
    heard: list[int] = []

    def hear(number: int, _frame: object) -> NoReturn:
        heard.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    # Who has us ignore it goes on being ignored.
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, hear)
    return heard


def main(argv: list[str] | None = None) -> int:
    """Run the command and give its exit code: 0 fine, 1 errors found, 2 wrong usage, 3 a defect of ours or a stdout that
    cannot be written, 130 interrupted.
    """
    try:
        code = _answer(sys.argv[1:] if argv is None else argv)
        flush()
    except KeyboardInterrupt:
        tell("hyper: interrupted\n")
        return INTERRUPTED
    except UnwritableError as error:
        forsake()
        tell(f"hyper: cannot write to stdout: {error}\n")
        return INTERNAL
    return code


def _answer(words: list[str]) -> int:
    from hyper.cli.arguments import WrongCallError, parse

    try:
        arguments = parse(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    except WrongCallError as error:
        return _wrong(error, words)
    return _guarded(arguments, words)


def _wrong(error: WrongCallError, words: list[str]) -> int:
    from hyper.cli.console import Console, UsageError

    console = Console(json="--json" in words)
    if console.json:
        console.usage(UsageError(str(error), error.near))
    else:
        hint = f"; did you mean {error.near}?" if error.near else ""
        console.remark(f"{error.prog}: {error}{hint}\nTry {error.prog} --help")
    return USAGE


def _guarded(arguments: argparse.Namespace, words: list[str]) -> int:
    from importlib import import_module

    from hyper.base.interrupts import comes_of_an_interrupt, held
    from hyper.cli.console import Console, UsageError

    console = Console(json=arguments.json)
    try:
        try:
            os.getcwd()
        except FileNotFoundError:
            raise UsageError("the working folder is gone: change to one that is there") from None
        # An interrupt can leave what is loaded half made, and be lost with it.
        with held():
            module = import_module(f"hyper.cli.commands.{arguments.module}")
        code: int = module.run(arguments, console)
    except UsageError as error:
        console.usage(error)
        return USAGE
    except UnwritableError:
        raise
    except Exception as error:  # the last line of defence: it becomes a report
        if comes_of_an_interrupt(error):
            raise KeyboardInterrupt from error
        from hyper.cli.failure import report

        console.progress_end()
        report(error, words, console)
        return INTERNAL
    return code
