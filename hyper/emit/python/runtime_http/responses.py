"""Answers as HTTP responses: validated and written by the declared type of their status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from starlette.responses import JSONResponse, Response

from .answers import Answer, UndeclaredAnswerError
from .requests import is_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from .operations import Operation, Returns, Types
    from .routing import Route

__all__ = ["Responder"]


class Responder:
    """Writes the answers of one operation."""

    __slots__ = ("_mocker", "_operation", "_route", "_types")

    def __init__(
        self, operation: Operation, types: Types, mocker: Callable[[], Any], route: Route
    ) -> None:
        self._operation = operation
        self._types = types
        self._mocker = mocker
        self._route = route

    def respond(self, result: Any) -> Response:
        """The response to what a handler gave."""
        if isinstance(result, Response):
            return result
        if not isinstance(result, Answer):
            result = Answer(self._success_status(), result)
        declared = self._declared(result.status, result.media)
        if declared is None:
            raise UndeclaredAnswerError(
                f"{self._operation.name} answered {result.status}, which it does not declare"
            )
        content = self._content(declared, result)
        headers = {name: _header_text(value) for name, value in result.headers.items()}
        response = Response(content, result.status)
        if content is not None and declared.media is not None:
            media = result.media or declared.media
            response.headers["content-type"] = "application/octet-stream" if "*" in media else media
        for name, text in headers.items():
            response.headers[name] = text
        return response

    def _success_status(self) -> int:
        for returns in self._operation.returns:
            if not returns.error:
                if returns.status.isdigit():
                    return int(returns.status)
                return 200 if returns.status == "default" else int(returns.status[0]) * 100
        return 200 if self._operation.returns else 204

    def _declared(self, status: int, media: str | None) -> Returns | None:
        for wanted in (str(status), f"{str(status)[0]}XX", "default"):
            found = [one for one in self._operation.returns if one.status.upper() == wanted.upper()]
            for returns in found:
                if media is None or returns.media == media:
                    return returns
            if found:
                return found[0]
        return None

    def _content(self, declared: Returns, result: Answer) -> bytes | None:
        if declared.type is None or declared.media is None:
            return None
        adapter = self._types.adapter(declared.type)
        value = result.value
        if is_json(declared.media) or not isinstance(value, bytes | str):
            try:
                return adapter.dump_json(adapter.validate_python(value), by_alias=True)
            except ValidationError as error:
                raise UndeclaredAnswerError(
                    f"{self._operation.name} answered {result.status} with a value that does not fit: {error}"
                ) from error
        return value if isinstance(value, bytes) else value.encode()

    def problem(self, status: int, content: dict[str, Any]) -> Response:
        """A refusal; where the action declares an error of this status, in the form that it declares."""
        declared = self._declared(status, None)
        if (
            declared is None
            or declared.type is None
            or declared.media is None
            or not declared.error
        ):
            return JSONResponse(content, status)
        adapter = self._types.adapter(declared.type)
        try:
            adapter.validate_json(json.dumps(content))
        except ValidationError:
            content = self._mocker().problem(
                self._route.method, self._route.path, declared, content
            )
        media = declared.media if is_json(declared.media) else "application/json"
        return Response(json.dumps(content, ensure_ascii=False).encode(), status, media_type=media)


def _header_text(value: Any) -> str:
    plain = to_jsonable_python(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, list):
        return ", ".join(map(_header_text, plain))
    return json.dumps(plain)
