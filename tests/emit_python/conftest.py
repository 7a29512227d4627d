from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emit_python.packages import Package, installed
from tests.emit_python.shop import shop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    yield from installed(shop(), tmp_path_factory.mktemp("shop"))
