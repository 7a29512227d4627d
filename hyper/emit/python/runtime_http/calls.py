"""The arguments of a call: read, validated, and checked by rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .moments import utc_now
from .operations import Check, Operation, Types, rule_of
from .problems import evaluation_problem, missing, validation_details
from .requests import (
    Absent,
    choose_body,
    is_form,
    is_json,
    media_of,
    parameter_value,
    read_form,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import TypeAdapter
    from starlette.requests import Request

    from .operations import Body

__all__ = ["Call", "RequestError"]

Problem = dict[str, Any]


class RequestError(Exception):
    """A request that is answered without its handler."""

    def __init__(
        self, status: int, content: Problem, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.content = content
        self.headers = headers


class Call:
    """Makes the arguments of an operation's handler from a request."""

    __slots__ = ("_checks", "_defaults", "_operation", "_types")

    def __init__(self, operation: Operation, types: Types) -> None:
        self._operation = operation
        self._types = types
        self._defaults: dict[str, Callable[[], Any]] = {
            param.name: types.default(param.default)
            for param in operation.params
            if param.default is not None
        }
        self._checks: list[tuple[Check, Callable[..., Any]]] = []

    async def arguments(self, request: Request, path: dict[str, str]) -> dict[str, Any]:
        """The arguments by name; raises ``RequestError`` with everything that is wrong."""
        arguments: dict[str, Any] = {}
        problems: list[Problem] = []
        for param in self._operation.params:
            value = parameter_value(param, request, path)
            if value is Absent:
                if param.name in self._defaults:
                    arguments[param.name] = self._defaults[param.name]()
                elif param.required:
                    problems.append(missing(param.place, param.wire, "Field required"))
                else:
                    arguments[param.name] = None
                continue
            try:
                adapter = self._types.adapter(param.type)
                arguments[param.name] = adapter.validate_python(value, by_alias=True, by_name=False)
            except ValidationError as error:
                problems += validation_details(param.place, param.wire, error)
        if self._operation.body is not None:
            await self._read_body(self._operation.body, request, arguments, problems)
        if problems:
            raise RequestError(
                422, {"detail": "The request does not fit the description", "errors": problems}
            )
        if self._operation.checks:
            self._check(arguments)
        return arguments

    async def _read_body(
        self, name: str, request: Request, arguments: dict[str, Any], problems: list[Problem]
    ) -> None:
        media = media_of(request)
        if not media and not await request.body():
            self._no_body(name, arguments, problems)
            return
        body = choose_body(self._operation, media)
        if body is None:
            expected = ", ".join(found.media for found in self._operation.bodies)
            if not await request.body():
                self._no_body(name, arguments, problems)
                return
            raise RequestError(415, {"detail": f"Expected {expected}, not {media}"})
        adapter = self._types.adapter(body.type)
        try:
            if is_json(media or body.media):
                data = await request.body()
                if not data:
                    self._no_body(name, arguments, problems)
                    return
                arguments[name] = _validate_json(adapter, data)
            else:
                plain = await _plain_body(body, media, request)
                arguments[name] = adapter.validate_python(plain, by_alias=True, by_name=False)
        except ValidationError as error:
            problems += validation_details("body", "", error)

    def _no_body(self, name: str, arguments: dict[str, Any], problems: list[Problem]) -> None:
        if self._operation.body_required:
            problems.append(missing("body", "", "Body required"))
        arguments[name] = None

    def _check(self, arguments: dict[str, Any]) -> None:
        if not self._checks:
            self._checks = [(check, rule_of(check)) for check in self._operation.checks]
        now = utc_now()
        for check, rule in self._checks:
            chain: list[Any] = [arguments]
            for attribute in check.path[:-1]:
                here = chain[-1]
                chain.append(here[attribute] if here is arguments else getattr(here, attribute))
                if chain[-1] is None:
                    break
            else:
                _derive(check, rule, chain, arguments, now)


def _derive(
    check: Check, rule: Callable[..., Any], chain: list[Any], arguments: dict[str, Any], now: Any
) -> None:
    """Run a rule on the value at a path and put what it gives in its place."""
    last = check.path[-1]
    holder = chain[-1]
    value = holder[last] if holder is arguments else getattr(holder, last)
    if value is None:
        return
    try:
        result = rule(value, now=now) if check.reads_clock else rule(value)
    except Exception as error:
        problem = evaluation_problem(error)
        if problem is None:
            raise
        raise RequestError(422, problem) from error
    if result is value:
        return
    for index in range(len(chain) - 1, 0, -1):
        result = chain[index].model_copy(update={check.path[index]: result})
    arguments[check.path[0]] = result


def _validate_json(adapter: TypeAdapter[Any], data: bytes) -> Any:
    if b"NaN" in data or b"Infinity" in data:
        # JSON has no such numbers, though the fast reader takes them.
        try:
            json.loads(data, parse_constant=_refuse)
        except ValueError as error:
            raise RequestError(422, {"detail": f"The body is not JSON: {error}"}) from None
    return adapter.validate_json(data, by_alias=True, by_name=False)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number")


async def _plain_body(body: Body, media: str, request: Request) -> Any:
    if is_form(media or body.media):
        async with request.form() as form:
            return await read_form(form, body.reads)
    data = await request.body()
    if body.reads == "bytes":
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestError(422, {"detail": "The body is not UTF-8"}) from None
