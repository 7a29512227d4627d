"""One evaluation by the generated Python: the package is made in a temporary folder, imported and asked."""

from __future__ import annotations

import importlib
import inspect
import sys
import tempfile
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.engine.evaluation import Failure, Outcome, parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import ModuleType

    from hyper.ir.program import Program

_PACKAGE: Final = "_hyper_generated"


def run_generated(program: Program, name: str, arguments: dict[str, Any], now: datetime) -> Outcome:
    """Evaluate by tier 1. Gives what ``interpret`` gives."""
    from hyper.emit.python import emit_python
    from hyper.emit.python.names import Names

    with tempfile.TemporaryDirectory(prefix="hyper-run-") as folder:
        _write(Path(folder, _PACKAGE), emit_python(program, _PACKAGE))
        names = Names(program, _PACKAGE)
        with _imported(folder):
            module = importlib.import_module(".".join((_PACKAGE, *names.home(name))))
            errors = importlib.import_module(f"{_PACKAGE}._runtime.errors")
            function = getattr(module, names.symbol(name))
            return _call(function, parameters(program, name), arguments, now, errors)


def _write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def _imported(folder: str) -> AbstractContextManager[None]:
    """While this lasts the package can be imported; afterwards it never was."""
    import contextlib

    @contextlib.contextmanager
    def scope() -> Iterator[None]:
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            for loaded in [each for each in sys.modules if each.partition(".")[0] == _PACKAGE]:
                del sys.modules[loaded]

    return scope()


def _call(
    function: Callable[..., Any],
    names: list[str],
    arguments: dict[str, Any],
    now: datetime,
    errors: ModuleType,
) -> Outcome:
    from pydantic import TypeAdapter, ValidationError

    hints = typing.get_type_hints(function, include_extras=True)
    given: list[Any] = []
    try:
        for name, parameter in zip(
            names, inspect.signature(function).parameters.values(), strict=False
        ):
            text = msgspec.json.Encoder(decimal_format="number").encode(arguments.get(name))
            given.append(TypeAdapter(hints[parameter.name]).validate_json(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        where = f"{place}: " if place else ""
        return Outcome(failure=Failure("input", f"{where}{first['msg']}"))
    clock = {"now": now} if "now" in inspect.signature(function).parameters else {}
    try:
        value = function(*given, **clock)
    except errors.IntentError as error:
        return Outcome(failure=Failure(error.code, error.message, error.file, error.line))
    except errors.Refused as error:
        return Outcome(failure=Failure("refused", error.message))
    except errors.ExternError as error:
        return Outcome(failure=Failure("extern", str(error)))
    adapter: Any = TypeAdapter(hints["return"])
    return Outcome(
        msgspec.json.decode(adapter.dump_json(value, by_alias=True, exclude_unset=False))
    )
