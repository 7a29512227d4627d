"""Names of other modules, bound in a module's namespace when a model there is first used."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from inspect import get_annotations
from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pydantic import BaseModel

__all__ = ["bind_class", "bind_names", "deferred", "find"]

_PACKAGE = __name__.rpartition("._runtime.")[0]
_NAME = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'""")
_bound_classes: set[type] = set()
_bound_aliases: set[TypeAliasType] = set()
_hidden: dict[str, dict[str, Any]] = {}


def find(target: str) -> Any:
    """The object that ``module:name`` means, the module's name counted from this package."""
    module, _, name = target.partition(":")
    return getattr(import_module(f"{_PACKAGE}.{module}"), name)


def deferred(module: str, *names: str) -> Callable[[str], Any]:
    """Take aliases out of a module's namespace; the function given back, as the module's ``__getattr__``, binds
    what an alias names before anyone sees it."""
    namespace = vars(sys.modules[module])
    hidden = _hidden[module] = {name: namespace.pop(name) for name in names}

    def get(name: str) -> Any:
        if name not in hidden:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        bind_names(name, sys.modules[module])
        return namespace[name]

    return get


def _bound(name: str, namespace: dict[str, Any]) -> Any:
    """What a name means in a module, bound there; ``None`` where it is none of the compiler's."""
    value = namespace.get(name)
    if value is not None:
        return value
    value = _hidden.get(namespace["__name__"], {}).get(name)
    if value is None:
        target = namespace.get("_REFERENCES", {}).get(name)
        if target is None:
            return None
        module, _, other = target.partition(":")
        home = vars(import_module(f"{_PACKAGE}.{module}"))
        value = home[other] if other in home else _hidden[home["__name__"]][other]
    namespace[name] = value
    return value


def bind_class(cls: type[BaseModel]) -> None:
    """Bind all names in the annotations of a model and of its bases."""
    if cls in _bound_classes:
        return
    written: dict[str, tuple[str, ModuleType]] = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith(_PACKAGE):
            continue
        module = sys.modules[base.__module__]
        for name, text in get_annotations(base).items():
            if isinstance(text, str):
                written[name] = text, module
                if base not in _bound_classes:
                    bind_names(text, module)
        if base not in _bound_classes:
            _bound_classes.add(base)
            _complete(base, written)


def _complete(cls: type[Any], written: dict[str, tuple[str, ModuleType]]) -> None:
    """Evaluate the fields that a model inherits from another module: Pydantic would look for their names here."""
    fields: dict[str, FieldInfo] = getattr(cls, "__pydantic_fields__", {})
    for name, field in fields.items():
        text, module = written[name]
        if module.__name__ != cls.__module__:
            fields[name] = _evaluated(field, text, module)


def _evaluated(field: FieldInfo, text: str, module: ModuleType) -> FieldInfo:
    """A field with its annotation evaluated where it was written."""
    made = FieldInfo.from_annotation(eval(text, vars(module)))  # noqa: S307
    made.default = field.default
    made.default_factory = field.default_factory
    return made


def bind_names(text: str, module: ModuleType) -> None:
    """Bind the names in an expression, and those in the aliases among them."""
    waiting = [(text, vars(module))]
    while waiting:
        text, namespace = waiting.pop()
        for name in _NAME.findall(_STRING.sub("", text)):
            value = _bound(name, namespace)
            if isinstance(value, TypeAliasType) and value not in _bound_aliases:
                _bound_aliases.add(value)
                if isinstance(value.__value__, str):
                    waiting.append((value.__value__, vars(sys.modules[value.__module__ or ""])))
