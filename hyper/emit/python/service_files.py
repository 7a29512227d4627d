"""The files of a package that serve its actions: those of ``api/``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hyper.emit.parts import Made, Part
from hyper.emit.python.api import OPERATIONS_TEXT, api_text, routes_text
from hyper.emit.python.handlers import handler_modules, handlers_text
from hyper.emit.python.operations import operations_text
from hyper.ir.program import ActionDef
from hyper.ir.reads import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.emit.python.names import Names


def service_parts(names: Names) -> Iterator[Part]:
    """The files of ``api/``."""
    served, program = names.served, names.program

    def text(make: Callable[[], str]) -> Callable[[], Made]:
        return lambda: Made(make().encode())

    yield Part("api", "api/__init__.py", text(lambda: api_text(program)))
    for module in served.modules:
        stem = served.module(module).stem
        path = f"api/operations/{stem}.py"
        yield Part(f"operations {module}", path, partial(_operations, module, names))
        path = f"api/handlers/{stem}.py"
        yield Part(f"handlers {module}", path, partial(_handlers, module, names))
    handlers = text(lambda: handler_modules(served.stems()))
    yield Part("handlers", "api/handlers/__init__.py", handlers)
    yield Part("operations", "api/operations/__init__.py", text(lambda: OPERATIONS_TEXT))
    yield Part("routes", "api/routes.py", text(lambda: routes_text(served, program)))


def _actions(module: str, names: Names) -> list[ActionDef]:
    """The actions of a module that are served, as its operations and handlers look at them."""
    found = (
        names.program.look(TEXT, f"{module}.{name}") for name in names.served.module(module).methods
    )
    return [action for action in found if isinstance(action, ActionDef)]


def _operations(module: str, names: Names) -> Made:
    methods = names.served.module(module).methods
    return Made(operations_text(module, _actions(module, names), methods, names).encode())


def _handlers(module: str, names: Names) -> Made:
    served = names.served.module(module)
    actions = _actions(module, names)
    return Made(handlers_text(module, actions, served.methods, served.stem, names).encode())
