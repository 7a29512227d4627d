"""Fixtures of the disk layer's tests."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.cache.stores import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "store")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def public_folder() -> Iterator[str]:
    """A store that another user reaches: folders of pytest are for one's own eyes."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        yield os.path.join(above, "store")
