"""Names that are worked out where none is written: of modules and of the package."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.lang.tree import Module


def module_name(path: str, module: Module) -> str:
    """The name of a module: its ``intent`` line, else its path under the source root with dots for slashes."""
    if module.name is not None:
        return module.name.name
    return path.removesuffix(".intent").replace("/", ".")


def package_name(service: str) -> str:
    """The name of the package that a service makes: ``PetStore`` gives ``pet_store``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", service)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not name:
        return "app"
    if name[0].isdigit() or keyword.iskeyword(name):
        return f"app_{name}"
    return name
