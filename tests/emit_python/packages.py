"""Writes generated packages and talks to their apps."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

import httpx

from hyper.emit.openapi import emit_openapi
from hyper.emit.python import emit_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from hyper.ir.program import Program

_numbers = itertools.count()


def write(program: Program, folder: Path, name: str) -> Path:
    """The package on disk, with its document."""
    root = folder / name
    for path, text in emit_python(program, name).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (root / "openapi.json").write_text(json.dumps(emit_openapi(program)), encoding="utf-8")
    return root


class Package:
    """An imported package."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.name}.{name}" if name else self.name)

    def __getitem__(self, path: str) -> Any:
        module, _, name = path.partition(":")
        return getattr(self.module(module), name)


def installed(program: Program, folder: Path) -> Iterator[Package]:
    """A package that is importable while it is used."""
    name = f"made_{next(_numbers)}"
    root = write(program, folder, name)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield Package(name, root)
    finally:
        sys.path.remove(str(folder))
        for known in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
            del sys.modules[known]


class Client:
    """Calls an app in this process."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, more))

    async def _request(self, method: str, url: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, url, **more)

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> httpx.Response:
        return self.request("POST", url, **more)
