"""Made-up answers that fit the compiled OpenAPI document: declared examples where they fit, else data made from
the schemas, the same at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from .answers import Answer, UndeclaredAnswerError
from .media import sample_body
from .requests import is_json
from .samples import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from .operations import Operation, Returns

__all__ = ["Mocker"]

_SPOKEN = ("detail", "message", "title", "description", "error", "reason", "error_description")


class Mocker:
    """Answers the operations of a document."""

    __slots__ = ("_document", "_known", "_sampler")

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._sampler = Sampler(document)
        self._known: dict[tuple[str, str], Response] = {}

    def answer(
        self, method: str, path: str, operation: Operation, respond: Callable[[Answer], Response]
    ) -> Response:
        """The first success answer of an operation, as its declaration writes it: an example, or made up."""
        key = (method, path)
        known = self._known.get(key)
        if known is None:
            try:
                known = respond(self._make(method, path, operation, made_up=False))
            except UndeclaredAnswerError:
                known = respond(self._make(method, path, operation, made_up=True))
            self._known[key] = known
        return Response(known.body, known.status_code, dict(known.headers))

    def _make(self, method: str, path: str, operation: Operation, *, made_up: bool) -> Answer:
        self._sampler.examples = not made_up
        declared = next((one for one in operation.returns if not one.error), None)
        if declared is None:
            if operation.returns:
                declared = operation.returns[0]
            else:
                return Answer(204)
        status = _status(declared)
        response = self._response(method, path, declared.status)
        headers = {
            name: self._sampler.sample(header.get("schema", {}))
            for name, header in response.get("headers", {}).items()
            if header.get("required") and name.lower() != "content-type"
        }
        if declared.media is None or declared.type is None:
            return Answer(status, None, headers)
        media = response.get("content", {}).get(declared.media, {})
        schema = media.get("schema", {})
        example = self._example(media, schema)
        value = self._sampler.sample(schema) if example is None else example
        if not is_json(declared.media):
            made = sample_body(declared.media, value, is_written=isinstance(example, str))
            value = value if made is None else made
        return Answer(status, value, headers, declared.media)

    def _example(self, media: dict[str, Any], schema: Any) -> Any:
        """The first declared example of a medium that fits; ``None`` without one."""
        if not self._sampler.examples:
            return None
        examples = [media["example"]] if "example" in media else []
        examples += [
            one["value"]
            for one in map(self._sampler.resolve, media.get("examples", {}).values())
            if isinstance(one, dict) and "value" in one
        ]
        for example in examples:
            if self._sampler.fits(schema, example):
                return example
        return None

    def _response(self, method: str, path: str, status: str) -> dict[str, Any]:
        operation = self._document.get("paths", {}).get(path, {}).get(method.lower(), {})
        found: dict[str, Any] = operation.get("responses", {}).get(status, {})
        return found

    def problem(
        self, method: str, path: str, declared: Returns, content: dict[str, Any]
    ) -> dict[str, Any]:
        """A refusal in the form of a declared error: made up, with what is wrong where a text is expected."""
        media = self._response(method, path, declared.status).get("content", {})
        schema = media.get(declared.media, {}).get("schema", {})
        value = self._sampler.sample(schema)
        if not isinstance(value, dict):
            return content
        text = content.get("detail", "")
        errors = content.get("errors")
        if isinstance(errors, list) and errors:
            text = "; ".join(f"{one['in']} {one['at']}: {one['message']}" for one in errors[:5])
        for name in _SPOKEN:
            candidate = {**value, name: text}
            if name in self._sampler.properties(schema) and self._sampler.fits(schema, candidate):
                value = candidate
        return value


def _status(declared: Returns) -> int:
    if declared.status.isdigit():
        return int(declared.status)
    return int(declared.status[0]) * 100 if declared.status[0].isdigit() else 200
