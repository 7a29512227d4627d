"""What it takes until a built package has answered its first request."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from hyper.bench.processes import Contestant, once
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from hyper.bench.subject import Workplace

FASTAPI: Final = "import fastapi"
FIRST_REQUEST: Final = "first request"
_PROGRAM: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "first_request.py")


def contestants(work: Workplace) -> tuple[list[Contestant], str]:
    """A process that imports FastAPI, and one that answers a request; with the path that it is asked for.

    Raises ``BenchError`` where the tree has no route that takes nothing.
    """
    place = work.place("route")
    once(place.command(work.tree, "--no-cache"))
    for package in sorted(os.listdir(place.out)):
        path = _plain_route(os.path.join(place.out, package, "openapi.json"))
        if path is not None:
            ask = (sys.executable, "-P", _PROGRAM, place.out, package, path)
            return [
                Contestant(FASTAPI, (sys.executable, "-c", "import fastapi"), {}),
                Contestant(FIRST_REQUEST, ask, {}),
            ], path
    raise BenchError("no action of the tree is a GET that needs no parameter and no role")


def _plain_route(document: str) -> str | None:
    """The first path with a GET that needs nothing."""
    try:
        with open(document, encoding="utf-8") as stream:
            paths = json.load(stream).get("paths", {})
    except FileNotFoundError:
        return None
    for path, item in sorted(paths.items()):
        get = item.get("get")
        if get is None or "{" in path or "403" in get.get("responses", {}):
            continue
        if not any(each.get("required") for each in get.get("parameters", [])):
            return str(path)
    return None
