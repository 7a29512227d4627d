"""Answers as HTTP responses: validated and written by the declared type of their status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from starlette.responses import JSONResponse, Response

from .answers import Answer, UndeclaredAnswerError
from .model import ANSWER
from .requests import is_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import RequestError
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

    def _all_declared(self, status: int) -> list[Returns]:
        """What is declared for a status: by its number, else by its class, else as the default."""
        for wanted in (str(status), f"{str(status)[0]}XX", "default"):
            found = [one for one in self._operation.returns if one.status.upper() == wanted.upper()]
            if found:
                return found
        return []

    def _declared(self, status: int, media: str | None) -> Returns | None:
        found = self._all_declared(status)
        for returns in found:
            if media is None or returns.media == media:
                return returns
        return found[0] if found else None

    def _content(self, declared: Returns, result: Answer) -> bytes | None:
        if declared.type is None or declared.media is None:
            return None
        adapter = self._types.adapter(declared.type)
        value = result.value
        if is_json(declared.media) or not isinstance(value, bytes | str):
            try:
                valid = adapter.validate_python(value)
                return adapter.dump_json(valid, by_alias=True, context=ANSWER)
            except ValidationError as error:
                raise UndeclaredAnswerError(
                    f"{self._operation.name} answered {result.status} with a value that does not fit: {error}"
                ) from error
        return value if isinstance(value, bytes) else value.encode()

    def problem(self, error: RequestError) -> Response:
        """A refusal, in the form of the error that the action declares for it, where it does."""
        declared = self._refusal(error.status)
        content, headers = error.content, error.headers
        if declared is None or declared.type is None or declared.media is None:
            return JSONResponse(content, error.status, headers)
        status = int(declared.status) if declared.status.isdigit() else error.status
        media = declared.media
        text: str | None = None
        if not is_json(media):
            from .media import error_text

            text = error_text(media, content)
        if text is None:
            adapter = self._types.adapter(declared.type)
            try:
                adapter.validate_json(json.dumps(content))
            except ValidationError:
                content = self._mocker().problem(
                    self._route.method, self._route.path, declared, content
                )
            text = json.dumps(content, ensure_ascii=False)
            media = media if is_json(media) else "application/json"
        response = Response(text.encode(), status, headers)
        response.headers["content-type"] = media
        return response

    def _refusal(self, status: int) -> Returns | None:
        """The declared error of a refusal, JSON before other media. Where a request that does not fit is declared as 400,
        and 422 in no way, it is that. Who declares rules has 422 in the document."""
        found = self._all_declared(status)
        if not found and status == 422 and not self._operation.checks:
            found = self._all_declared(400)
        found = [one for one in found if one.error and one.type is not None and one.media]
        return min(found, key=lambda one: not is_json(one.media or ""), default=None)


def _header_text(value: Any) -> str:
    plain = to_jsonable_python(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, list):
        return ", ".join(map(_header_text, plain))
    return json.dumps(plain)
