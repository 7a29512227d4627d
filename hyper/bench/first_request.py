"""A process that loads a built package and answers one request: ``python first_request.py FOLDER PACKAGE PATH``.

It is run as a file, so that nothing of the compiler is loaded, and speaks ASGI itself, so that no client is. It exits with 1 where
the answer is an error.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any


async def _status(app: Any, path: str) -> int:
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return found[0]


def main(folder: str, package: str, path: str) -> int:
    """Answer the request; 1 where that fails."""
    sys.path.insert(0, folder)
    app = importlib.import_module(f"{package}.api").create_app(mock=True)
    status = asyncio.run(_status(app, path))
    if status >= 400:
        sys.stderr.write(f"GET {path} answered {status}\n")
    return int(status >= 400)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
