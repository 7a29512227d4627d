"""The service of a package: the table of routes, and ``create_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.emit.python.format import INDENT, explode, quote
from hyper.emit.python.security import is_secured, security_tables

if TYPE_CHECKING:
    from hyper.emit.python.served import Served
    from hyper.ir.program import Program

OPERATIONS_TEXT: Final = '"""What each operation takes and gives, by intent module."""\n'
"""The text of ``api/operations/__init__.py``."""


def api_text(program: Program) -> str:
    """The text of ``api/__init__.py``."""
    service = program.service
    title = (service.title or service.name) if service is not None else "API"
    version = service.version if service is not None and service.version else "0.0.0"
    tables = ["ROUTES", *security_tables(program)]
    secured = is_secured(program)

    def only(*lines: str) -> tuple[str, ...]:
        """Lines for a service that declares security schemes."""
        return lines if secured else ()

    names = ["Answer", "ApiError", *only("Credential"), "Reply", "create_app", "current_request"]
    exported = ", ".join(map(quote, names))
    return "\n".join(
        [
            '"""The service: ``create_app`` serves the actions with the handlers that it is given."""',
            "",
            "from __future__ import annotations",
            "",
            "from typing import TYPE_CHECKING",
            "",
            "from .._runtime.answers import Answer, ApiError, Reply, current_request",
            *only("from .._runtime.security import Credential"),
            "",
            "if TYPE_CHECKING:",
            "    from collections.abc import Awaitable, Callable, Collection",
            "",
            "    from fastapi import FastAPI",
            "    from starlette.requests import Request",
            "",
            *only("    from .._runtime.security import Authenticate"),
            "    from .handlers import Handlers",
            "",
            f"__all__ = [{exported}]",
            "",
            "",
            "def create_app(",
            "    handlers: Handlers | None = None,",
            "    *,",
            "    mock: bool = False,",
            "    roles: Callable[[Request], Collection[str] | Awaitable[Collection[str]]] | None = None,",
            *only("    authenticate: Authenticate | None = None,"),
            ") -> FastAPI:",
            '    """Make the app.',
            "",
            "    An action without a handler answers 501, or with ``mock`` data that fits its description.",
            "    ``roles`` tells the roles of the sender of a request, for actions that only some may call;",
            "    without it these answer 403.",
            *only(
                "    ``authenticate`` tells whether the credentials of a request are good, for actions with",
                "    ``security``: without any, or with none that is good, they answer 401. Without it nobody",
                "    looks at credentials.",
            ),
            '    """',
            "    from .._runtime.service import make_app",
            f"    from .routes import {', '.join(tables)}",
            "",
            "    return make_app(",
            "        ROUTES,",
            "        handlers,",
            "        mock=mock,",
            "        roles=roles,",
            *only("        authenticate=authenticate,"),
            *(f"        {name.lower()}={name}," for name in tables[1:]),
            *explode(quote(title), INDENT * 2, "title=", ","),
            *explode(quote(version), INDENT * 2, "version=", ","),
            "    )",
            "",
        ]
    )


def routes_text(served: Served, program: Program) -> str:
    """The text of ``api/routes.py``."""
    security = security_tables(program)
    table: list[str] = []
    for row in served.routes():
        table += explode(f"Route({', '.join(map(quote, row))})", INDENT, "", ",")
    rows = (
        ["ROUTES: tuple[Route, ...] = (", *table, ")"]
        if table
        else ["ROUTES: tuple[Route, ...] = ()"]
    )
    imports = ["from .._runtime.security import Scheme"] if security else []
    checking = ["", "if TYPE_CHECKING:", "    from .._runtime.security import Security"]
    checking = checking if "SECURITY" in security else []
    return "\n".join(
        [
            '"""Where each operation is served, and which module of ``operations`` declares it."""',
            "",
            "from __future__ import annotations",
            "",
            *(["from typing import TYPE_CHECKING", ""] if checking else []),
            "from .._runtime.routing import Route",
            *imports,
            *checking,
            "",
            *rows,
            *(line for lines in security.values() for line in ("", *lines)),
            "",
        ]
    )
