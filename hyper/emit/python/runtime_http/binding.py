"""Names of other modules, bound in a module's namespace when a model there is first used."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from inspect import get_annotations
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeAliasType

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["bind_class", "bind_names", "find"]

_PACKAGE = __name__.rpartition("._runtime.")[0]
_NAME = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'""")
_bound_classes: set[type] = set()
_bound_aliases: set[tuple[str, str]] = set()


def find(target: str) -> Any:
    """The object that ``module:name`` means, the module's name counted from this package."""
    module, _, name = target.partition(":")
    return getattr(import_module(f"{_PACKAGE}.{module}"), name)


def bind_class(cls: type) -> None:
    """Bind all names in the annotations of a model and of its bases."""
    if cls in _bound_classes:
        return
    for base in cls.__mro__:
        if base in _bound_classes or not base.__module__.startswith(_PACKAGE):
            continue
        module = sys.modules[base.__module__]
        for text in get_annotations(base).values():
            if isinstance(text, str):
                bind_names(text, module)
        _bound_classes.add(base)


def bind_names(text: str, module: ModuleType) -> None:
    """Bind the names in an expression, and those in the aliases among them."""
    namespace = vars(module)
    references: dict[str, str] = namespace.get("_REFERENCES", {})
    waiting = [(text, namespace, references)]
    while waiting:
        text, namespace, references = waiting.pop()
        for name in _NAME.findall(_STRING.sub("", text)):
            value = namespace.get(name)
            if value is None:
                if name not in references:
                    continue
                namespace[name] = value = find(references[name])
            if isinstance(value, TypeAliasType):
                key = (value.__module__ or "", value.__name__)
                if key not in _bound_aliases and isinstance(value.__value__, str):
                    _bound_aliases.add(key)
                    home = vars(sys.modules[key[0]])
                    waiting.append((value.__value__, home, home.get("_REFERENCES", {})))
