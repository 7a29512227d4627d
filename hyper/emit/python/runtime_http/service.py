"""The FastAPI app of a package: routes from a table, everything else when a request needs it."""

from __future__ import annotations

import inspect
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from .answers import Answer, ApiError, enter_request
from .calls import Call, RequestError
from .documents import merged, read_document
from .operations import Operation, Types
from .responses import Responder
from .routing import Operations, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    from starlette.types import Receive, Scope, Send

    from .security import Authenticate, Scheme, Security

    Roles = Callable[[Request], Collection[str] | Awaitable[Collection[str]]]

__all__ = ["Service", "make_app"]

_PACKAGE = __name__.rpartition("._runtime.")[0]


class Api(FastAPI):
    """The app; its OpenAPI document is the one that was compiled with it, and what routes of its user's add."""

    _documented: int | None = None

    def openapi(self) -> dict[str, Any]:
        """The document beside the package's modules with the routes that were added, made when it is first asked for, and
        again when there are more routes."""
        listed = len(self.router.routes)
        if self.openapi_schema is None or self._documented not in {None, listed}:
            self.openapi_schema = None
            self.openapi_schema = merged(read_document(), super().openapi())
            self._documented = listed
        return self.openapi_schema


def make_app(
    routes: Iterable[Route],
    handlers: object,
    *,
    mock: bool,
    roles: Roles | None,
    authenticate: Authenticate | None = None,
    schemes: Mapping[str, Scheme] | None = None,
    security: Security = (),
    title: str,
    version: str,
) -> FastAPI:
    """The app that serves the operations of a table. ``security`` holds for those that have none of their own."""
    app = Api(title=title, version=version, redirect_slashes=False)
    service = Service(handlers, mock=mock, roles=roles)
    if authenticate is not None:
        service.guard = Guard(authenticate, schemes or {}, security)
    app.router.routes.insert(0, Operations(routes, service.answer))
    return app


class Service:
    """Answers requests of operations that were found."""

    def __init__(self, handlers: object, *, mock: bool, roles: Roles | None) -> None:
        self.handlers = handlers
        self.mock = mock
        self.roles = roles
        self.guard: Guard | None = None
        self._ready: dict[tuple[str, str], _Ready] = {}
        self._types: dict[str, Types] = {}

    @cached_property
    def mocker(self) -> Any:
        """Makes data that fits the document."""
        from .mock import Mocker

        return Mocker(read_document())

    async def answer(
        self, route: Route, path: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._respond(route, path, request)
        if scope["method"] == "HEAD" and route.method != "HEAD":
            length = response.headers.get("content-length")
            response = Response(None, response.status_code, dict(response.headers))
            if length is not None:
                response.headers["content-length"] = length
        await response(scope, receive, send)

    async def _respond(self, route: Route, path: dict[str, str], request: Request) -> Response:
        ready = self._ready.get((route.module, route.operation))
        if ready is None:
            ready = self._ready[route.module, route.operation] = self._prepare(route)
        try:
            if self.guard is not None:
                await self.guard.admit(ready.operation, request)
            await self._authorise(ready.operation, request)
            arguments = await ready.call.arguments(request, path)
            result = await self._run(ready, arguments, request)
        except RequestError as error:
            return ready.responder.problem(error)
        except ApiError as error:
            result = Answer(error.status, error.value, error.headers)
        return ready.responder.respond(result)

    def _prepare(self, route: Route) -> _Ready:
        module = import_module(f"{_PACKAGE}.api.operations.{route.module}")
        operation: Operation = module.OPERATIONS[route.operation]
        types = self._types.get(route.module)
        if types is None:
            types = self._types[route.module] = Types(module)
        return _Ready(
            operation,
            Call(operation, types),
            Responder(operation, types, lambda: self.mocker, route),
            self._handler(operation),
            route,
        )

    def _handler(self, operation: Operation) -> Callable[..., Any] | None:
        # A mock needs no code of the user's: only what it is handed.
        if operation.handled_by is not None and not self.mock:
            module, _, name = operation.handled_by.partition(":")
            found: Any = import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
        else:
            found = getattr(self.handlers, operation.name, None)
        return found if callable(found) else None

    async def _authorise(self, operation: Operation, request: Request) -> None:
        if operation.allow is None:
            return
        held: Collection[str] = ()
        if self.roles is not None:
            given = self.roles(request)
            held = await given if inspect.isawaitable(given) else given
        if not any(role in held for role in operation.allow):
            allowed = ", ".join(operation.allow)
            raise RequestError(403, {"detail": f"Only for the roles {allowed}"})

    async def _run(self, ready: _Ready, arguments: dict[str, Any], request: Request) -> Any:
        if ready.handler is not None:
            enter_request(request)
            try:
                if inspect.iscoroutinefunction(ready.handler):
                    return await ready.handler(**arguments)
                result = await run_in_threadpool(ready.handler, **arguments)
                return await result if inspect.isawaitable(result) else result
            except NotImplementedError:
                pass
        if self.mock:
            route = ready.route
            return self.mocker.answer(
                route.method, route.path, ready.operation, ready.responder.respond
            )
        raise RequestError(501, {"detail": f"{ready.operation.name} has no handler"})


class Guard:
    """Lets requests in whose credentials are good."""

    def __init__(
        self, authenticate: Authenticate, schemes: Mapping[str, Scheme], security: Security
    ) -> None:
        self._authenticate = authenticate
        self._schemes = schemes
        self._security = security

    async def admit(self, operation: Operation, request: Request) -> None:
        """Refuse a request with 401 unless what one alternative of an operation asks for was sent and is good."""
        from .security import alternatives, challenge

        security = self._security if operation.security is None else operation.security
        for credentials in alternatives(request, security, self._schemes):
            accepted = self._authenticate(request, credentials)
            if await accepted if inspect.isawaitable(accepted) else accepted:
                return
        if security and () not in security:
            headers = {"WWW-Authenticate": challenge(security, self._schemes)}
            raise RequestError(401, {"detail": "Not authenticated"}, headers)


class _Ready:
    """An operation with what was built for it."""

    __slots__ = ("call", "handler", "operation", "responder", "route")

    def __init__(
        self,
        operation: Operation,
        call: Call,
        responder: Responder,
        handler: Callable[..., Any] | None,
        route: Route,
    ) -> None:
        self.operation = operation
        self.call = call
        self.responder = responder
        self.handler = handler
        self.route = route
