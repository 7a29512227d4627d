"""What handlers give back: a value, an ``Answer`` that says more, or an ``ApiError`` that they raise."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = [
    "Answer",
    "ApiError",
    "Reply",
    "UndeclaredAnswerError",
    "UnhandledError",
    "current_request",
]

T = TypeVar("T")


class Answer:
    """A value with its status, headers by wire name, and media type where an action declares several."""

    __slots__ = ("headers", "media", "status", "value")

    def __init__(
        self,
        status: int,
        value: Any = None,
        headers: Mapping[str, Any] | None = None,
        media: str | None = None,
    ) -> None:
        self.status = status
        self.value = value
        self.headers = dict(headers or {})
        self.media = media


class ApiError(Exception):
    """Raised by a handler to give one of the errors that its action declares."""

    def __init__(
        self, status: int, value: Any = None, headers: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.value = value
        self.headers = dict(headers or {})


class UnhandledError(NotImplementedError):
    """Raised for an action that a handler does not serve: it answers 501."""


class UndeclaredAnswerError(Exception):
    """A handler gave an answer that its action does not declare: a mistake of the handler."""


Reply: TypeAlias = T | Answer | Awaitable[T | Answer]
"""What a handler may return: the value of its first success answer or an ``Answer``, at once or awaited."""

_request: ContextVar[Request] = ContextVar("request")


def current_request() -> Request:
    """The request that the running handler answers."""
    return _request.get()


def enter_request(request: Request) -> None:
    """Make a request the current one."""
    _request.set(request)
