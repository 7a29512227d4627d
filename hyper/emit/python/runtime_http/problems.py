"""What is wrong with a request, as JSON for its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["evaluation_problem", "missing", "validation_details"]


def missing(place: str, name: str, message: str) -> dict[str, Any]:
    """The entry for something that was not sent, with the code that Pydantic has for it."""
    return {"in": place, "at": name, "message": message, "code": "missing"}


def validation_details(place: str, name: str, error: ValidationError) -> list[dict[str, Any]]:
    """One entry a mistake: where the value was sent, the path to it, and the reason."""
    details: list[dict[str, Any]] = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        at = name
        for part in found["loc"]:
            at += f"[{part}]" if isinstance(part, int) else f".{part}" if at else str(part)
        details.append({"in": place, "at": at, "message": found["msg"], "code": found["type"]})
    return details


def evaluation_problem(error: Exception) -> dict[str, Any] | None:
    """What a rule's refusal, or a value that it cannot be evaluated for, says; ``None`` for other exceptions."""
    name = type(error).__name__
    if name == "Refused":
        return {"detail": str(getattr(error, "message", error))}
    if name == "IntentError":
        return {
            "detail": str(getattr(error, "message", error)),
            "code": str(getattr(error, "code", "")),
        }
    return None
