"""The values of options: what each may be, given as text or as itself."""

from __future__ import annotations

import keyword
import os
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import msgspec

from hyper.engine.tiers import GPU_USES, TEXT_LEVELS, TIER_NAMES, GpuUse, TextLevel

if TYPE_CHECKING:
    from collections.abc import Callable

TargetName: TypeAlias = Literal["python", "openapi", "jsonschema", "native", "batch", "library"]
TARGETS: Final[tuple[TargetName, ...]] = get_args(TargetName)
DEFAULT_TARGETS: Final[tuple[TargetName, ...]] = ("python", "openapi", "jsonschema")
"""What is made where nothing else is asked for: native code and batches are for who wants them."""
Effort: TypeAlias = Literal["full", "light", "none"]
EFFORTS: Final[tuple[Effort, ...]] = get_args(Effort)
Lto: TypeAlias = Literal["off", "unit", "program"]
Linker: TypeAlias = Literal["auto", "lld", "cc", "own", "none"]
_MOST_PROCESSES: Final = 1024
_MOST_PIECES: Final = 256
WORKGROUPS: Final = (64, 128, 256, 512, 1024)
"""Invocations a workgroup may have."""


class Server(msgspec.Struct, frozen=True):
    """Where a fleet is, given by hand. It is not shown: there may be a password in it."""

    url: str

    def __repr__(self) -> str:
        return "<Server>"


class OptionError(ValueError):
    """An option that does not exist, or a value that it cannot have."""

    def __init__(self, code: str, message: str, suggestion: str | None = None) -> None:
        super().__init__(
            message if suggestion is None else f"{message}; did you mean {suggestion}?"
        )
        self.code = code
        self.message = message
        self.suggestion = suggestion


def parse_value(key: str, value: Any) -> Any:
    """Check the value of an option, given as text or as itself."""
    return _PARSERS[key](key, value)


def _text(key: str, value: Any) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value:
        raise OptionError("E0903", f'the option "{key}" is a text, not {shown(value)}')
    if "\0" in value:
        raise OptionError("E0903", f'the option "{key}" holds a NUL: {shown(value)}')
    return value


def _package(key: str, value: Any) -> str:
    text = _text(key, value)
    if not text.isidentifier() or not text.isascii() or keyword.iskeyword(text):
        raise OptionError(
            "E0903", f"a package needs the name of a Python module, not {shown(text)}"
        )
    return text


def _project(key: str, value: Any) -> str:
    text = _text(key, value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text, re.ASCII):
        message = "a project is named with up to 64 letters, digits, `.`, `_` and `-`"
        raise OptionError("E0903", f"{message}, not {shown(value)}")
    return text


def _target(key: str, value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise OptionError("E0903", f'the option "{key}" is a list of targets, not {shown(value)}')
    names = [
        _one_of(key, part.strip() if isinstance(part, str) else part, TARGETS) for part in parts
    ]
    if "python" not in names:
        message = ""
        if "native" in names:
            message = "native code stands in for functions of the Python package"
        elif "batch" in names:
            message = "batches are of functions of the Python package"
        if message:
            raise OptionError("E0903", f'{message}: ask for "python" too')
    return tuple(name for name in TARGETS if name in names)


def _names(key: str, value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise OptionError("E0903", f'the option "{key}" is a list of names, not {shown(value)}')
    return tuple(dict.fromkeys(_text(key, part).strip() for part in parts))


def _lto(key: str, value: Any) -> str:
    return _one_of(key, value, get_args(Lto))


def _linker(key: str, value: Any) -> str:
    return _one_of(key, value, get_args(Linker))


def _pieces(key: str, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d{1,3}", value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_PIECES:
        return value
    message = f'the option "{key}" is a number up to {_MOST_PIECES}, not {shown(value)}'
    raise OptionError("E0903", message)


def _kernels(key: str, value: Any) -> tuple[str, ...]:
    names = _names(key, value)
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            message = f'the option "{key}" is a list of modules and functions, not {shown(name)}'
            raise OptionError("E0903", message)
    return names


def _tier(key: str, value: Any) -> str:
    return _one_of(key, value, TIER_NAMES)


def _effort(key: str, value: Any) -> str:
    return _one_of(key, value, EFFORTS)


def _one_of(key: str, value: Any, known: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in known:
        return value
    from difflib import get_close_matches

    near = get_close_matches(shown(value), known, 1)
    message = f'the option "{key}" knows {", ".join(known)}, not {shown(value)}'
    raise OptionError("E0903", message, near[0] if near else None)


def _switch(key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _SWITCHES:
        return _SWITCHES[value.lower()]
    raise OptionError("E0903", f'the option "{key}" is true or false, not {shown(value)}')


def _distributed(key: str, value: Any) -> bool | Server:
    """A switch, or an object with the address of the server, which only arguments may give (``options.py``)."""
    if isinstance(value, Server):
        return value
    if not isinstance(value, dict):
        return _switch(key, value)
    url = value.get("redis")
    if {*value} != {"redis"} or not isinstance(url, str):
        message = f'the option "{key}" is true or false, or has "redis", the address of a server'
        raise OptionError("E0903", message)
    from hyper.cache.remote.settings import Address

    try:
        Address.parse(url)
    except ValueError as error:
        raise OptionError("E0903", f'the option "{key}": {error}') from None
    return Server(url)


def _size(key: str, value: Any) -> int:
    match = re.fullmatch(r"(\d{1,15}) ?([kMGT]?)B?", value) if isinstance(value, str) else None
    if match is not None:
        factor: int = 1000 ** "_kMGT".index(match[2] or "_")
        return int(match[1]) * factor
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    message = f'the option "{key}" is a number of bytes, such as "30GB", not {shown(value)}'
    raise OptionError("E0903", message)


def _processes(key: str, value: Any) -> int | str:
    if isinstance(value, str) and re.fullmatch(r"\d{1,4}", value):
        value = int(value)
    if value == "auto" or (
        isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_PROCESSES
    ):
        return "auto" if value == "auto" else int(value)
    message = f'the option "{key}" is "auto" or a number from 1 to {_MOST_PROCESSES}'
    raise OptionError("E0903", f"{message}, not {shown(value)}")


def _jit(key: str, value: Any) -> int:
    if isinstance(value, str) and value in _LEVELS:
        return _LEVELS[value]
    if isinstance(value, bool):
        return 3 if value else 1
    if isinstance(value, int) and 1 <= value <= 3:
        return value
    message = f'the option "{key}" is "off", "on" or a tier of execution from 1 to 3'
    raise OptionError("E0903", f"{message}, not {shown(value)}")


def _text_level(key: str, value: Any) -> TextLevel:
    if isinstance(value, str | bool) and value in _TEXTS:
        return _TEXTS[value]
    message = f'the option "{key}" is one of {", ".join(TEXT_LEVELS)} ("off", "on")'
    raise OptionError("E0903", f"{message}, not {shown(value)}")


def _gpu(key: str, value: Any) -> GpuUse:
    if isinstance(value, str | bool) and value in _GPUS:
        return _GPUS[value]
    message = f'the option "{key}" is one of {", ".join(GPU_USES)}'
    raise OptionError("E0903", f"{message}, not {shown(value)}")


def _workgroup(key: str, value: Any) -> int:
    for size in WORKGROUPS:
        if value == str(size) or (value == size and not isinstance(value, bool)):
            return size
    message = f'the option "{key}" is one of {", ".join(map(str, WORKGROUPS))}'
    raise OptionError("E0903", f"{message}, not {shown(value)}")


def _days(key: str, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d{1,6}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6:
        return value
    raise OptionError("E0903", f'the option "{key}" is a number of days, not {shown(value)}')


_SWITCHES: Final = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
_LEVELS: Final = {"off": 1, "on": 3, "1": 1, "2": 2, "3": 3}
_TEXTS: Final[dict[Any, TextLevel]] = {
    **{level: level for level in TEXT_LEVELS},
    "off": "python",
    "on": "native",
    False: "python",
    True: "native",
}
_GPUS: Final[dict[Any, GpuUse]] = {
    **{use: use for use in GPU_USES},
    False: "off",
    True: "on",
}
_PARSERS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "source": _text,
    "package": _package,
    "out": _text,
    "target": _target,
    "hardware": _names,
    "kernels": _kernels,
    "lto": _lto,
    "codegen_units": _pieces,
    "linker": _linker,
    "strip": _switch,
    "tier": _tier,
    "collects": _switch,
    "cache": _text,
    "cache_size": _size,
    "cache_age": _days,
    "incremental": _switch,
    "shares": _switch,
    "memory": _size,
    "sketches": _switch,
    "processes": _processes,
    "distributed": _distributed,
    "jit": _jit,
    "text": _text_level,
    "gpu": _gpu,
    "gpu_memory": _size,
    "gpu_workgroup": _workgroup,
    "project": _project,
    "profile": _text,
    "profile_effort": _effort,
}


def shown(value: Any) -> str:
    """A value as messages show it."""
    try:
        return ascii(value)[:80]
    except ValueError:  # Python writes no number of thousands of digits
        return "a number that is too large"
