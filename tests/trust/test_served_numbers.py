"""What a served package makes of numbers and times at the edge of their types: refusals, never server errors."""

from __future__ import annotations

import importlib
import math
import sys
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from hyper import hyperCompile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "served_numbers"
SOURCE = """
entity Box:
    size?: float
    wait?: duration
    rest?: any
    word?: string @schema({"$ref": "#/nowhere"})
    parts?: int @schema({"minimum": "many"})

service Boxes:
    title "Boxes"
    version "1"

action measure:
    route POST /boxes
    query scale: float = 1.0
    body box: Box
    returns 200 list[float]
"""


class Handlers:
    def measure(self, box: Any, scale: float) -> list[float]:  # noqa: ARG002  # the name is the argument
        return [scale, math.inf, math.nan]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("served")
    (folder / "boxes.intent").write_text(SOURCE, encoding="utf-8")
    out = folder / "out"
    assert hyperCompile(str(folder / "boxes.intent"), out=str(out), package=NAME).success
    sys.path.insert(0, str(out))
    try:
        api: Any = importlib.import_module(f"{NAME}.api")
        with TestClient(api.create_app(Handlers()), raise_server_exceptions=False) as made:
            yield made
    finally:
        sys.path.remove(str(out))
        for module in [key for key in sys.modules if key.split(".")[0] == NAME]:
            del sys.modules[module]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"size": 1e400}', 422),
        ('{"size": "NaN"}', 422),
        ('{"rest": [1e400]}', 422),
        ('{"wait": "-P999999999DT1S"}', 422),
        ('{"wait": "PT0.0000001S"}', 422),
        ('{"word": "a", "parts": 1}', 200),
        ('{"size": 1, "size": 2}', 200),
    ],
)
def test_bodies(client: TestClient, body: str, status: int) -> None:
    assert client.post("/boxes", content=body).status_code == status


def test_parameters_are_finite(client: TestClient) -> None:
    assert client.post("/boxes?scale=1e400", content="{}").status_code == 422


def test_what_json_has_no_number_for_is_written_as_a_string(client: TestClient) -> None:
    assert client.post("/boxes", content="{}").json() == [1.0, "Infinity", "NaN"]
