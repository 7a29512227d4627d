"""What tests take from the checkout: without what its developer's own builds left in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
STOREFRONT: Final = ROOT / "examples" / "storefront"


def copy_of(folder: Path, target: Path) -> Path:
    """Copy a folder of the checkout; gives where it is."""
    left = shutil.ignore_patterns(".hyper", "dist", "__pycache__")
    return shutil.copytree(folder, target, ignore=left)
