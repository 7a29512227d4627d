"""What a request shows of who sends it, by the security schemes of the service."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeAlias

    from starlette.requests import Request

    Security: TypeAlias = tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
    """Alternatives, each of schemes with scopes that must hold together; an empty one asks for nothing."""

    Authenticate: TypeAlias = Callable[[Request, tuple["Credential", ...]], bool | Awaitable[bool]]
    """Whether the credentials of one alternative are good."""

__all__ = ["Credential", "Scheme", "alternatives", "challenge"]


class Scheme(NamedTuple):
    """A scheme: ``kind`` as in OpenAPI; ``name`` is that of HTTP's scheme, or of the parameter that holds a key."""

    kind: str
    name: str = ""
    place: str = ""


class Credential(NamedTuple):
    """What was sent for the scheme of this name: a token, a key, ``user:password``, or nothing where a certificate is what
    shows who sends. ``scopes`` are those that the action asks for."""

    scheme: str
    value: str
    scopes: tuple[str, ...] = ()


def alternatives(
    request: Request, security: Security, schemes: Mapping[str, Scheme]
) -> list[tuple[Credential, ...]]:
    """The credentials of each alternative for which all were sent."""
    found: list[tuple[Credential, ...]] = []
    for wanted in security:
        credentials = []
        for name, scopes in wanted:
            value = _sent(request, schemes[name]) if name in schemes else None
            if value is not None:
                credentials.append(Credential(name, value, scopes))
        if wanted and len(credentials) == len(wanted):
            found.append(tuple(credentials))
    return found


def _sent(request: Request, scheme: Scheme) -> str | None:
    """What a request shows for a scheme; ``None`` where it shows nothing."""
    match scheme.kind:
        case "apiKey":
            places: dict[str, Mapping[str, str]] = {
                "header": request.headers,
                "query": request.query_params,
                "cookie": request.cookies,
            }
            return places.get(scheme.place, {}).get(scheme.name) or None
        case "mutualTLS":
            return ""
    wanted = scheme.name.lower() if scheme.kind == "http" else "bearer"
    given, _, value = request.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if given.lower() != wanted or not value:
        return None
    return _user_and_password(value) if wanted == "basic" else value


def _user_and_password(text: str) -> str | None:
    try:
        plain = b64decode(text, validate=True).decode()
    except ValueError:
        return None
    return plain if ":" in plain else None


def challenge(security: Security, schemes: Mapping[str, Scheme]) -> str:
    """The ``WWW-Authenticate`` of a refusal."""
    kinds: dict[str, None] = {}
    for wanted in security:
        for name, _ in wanted:
            scheme = schemes.get(name)
            if scheme is None or scheme.kind == "mutualTLS":
                continue
            known = {"http": scheme.name.title(), "apiKey": "ApiKey"}
            kinds[known.get(scheme.kind, "Bearer")] = None
    return ", ".join(kinds) or "Bearer"
