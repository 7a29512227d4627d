"""Functions of this package as machine code: bound over those in Python where this machine and this Python can run it.

``status()`` tells what is bound, and why what is not is not. ``load`` gives one function without importing its module. With
``HYPER_NATIVE=off`` in the environment nothing is bound. An argument of another kind than declared, and a call that ends in an
error, are left to Python: the answer is the same one.

Only what an import of any module of Python has loaded already is imported here.
"""

from __future__ import annotations

import os
import sys
from stat import S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["bind", "load", "status"]

_PACKAGE = __name__.rpartition(".")[0]
_FOLDER = os.path.dirname(os.path.abspath(__file__))
_SUFFIX = ".kernels"
_HEAD = "hyper-kernels 1 "
_LARGEST = 1 << 28
_READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
    _READ |= getattr(os, _flag, 0)  # other systems have none of these, and no machine code either


class Refused(Exception):  # noqa: N818  # a finding, not a fault
    """Why a module has no machine code here."""


class Plain:
    """A function in Python, as the compiled one calls it."""

    __slots__ = ("function", "library", "symbol")

    def __init__(self, function: Callable[..., Any], library: Library, symbol: str) -> None:
        self.function = function
        self.library = library
        self.symbol = symbol

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What Python gives for the same call."""
        if self.library.waiting:
            self.library.fill()
        return self.function(*args, **named)

    def __getattr__(self, name: str) -> Any:
        """The compiled function, for who reads a pickle of it."""
        if name != self.symbol:
            raise AttributeError(name)
        return getattr(_module(self.library.module), name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _home, (self.library.module, self.symbol)


def _home(module: str, symbol: str) -> Any:
    """What a pickle looks a compiled function up in, in a process that may have bound none."""
    function = getattr(_module(module), symbol)
    owner = getattr(function, "__self__", None)
    return owner if isinstance(owner, Plain) else _module(module)


class Library:
    """The machine code of one module. ``module`` is its name in the package; ``waiting`` are the members of enums and the types
    that it has not been shown yet: their modules are not imported for it."""

    def __init__(self, module: str, lines: list[list[str]]) -> None:
        self.module = module
        self.functions = [line[1] for line in lines if line[0] == "function"]
        self.waiting = [line[1:] for line in lines if line[0] == "slot"]
        self.profile = ""
        self.extension: Any = None

    def function(self, symbol: str, python: Callable[..., Any]) -> Any:
        """A compiled function, with the one that it leaves calls to."""
        index = self.functions.index(symbol)
        plain = Plain(python, self, symbol)
        return self.extension.function(index, plain, f"{_PACKAGE}.{self.module}")

    def fill(self) -> None:
        """Show it what has been imported."""
        left = []
        for slot in self.waiting:
            first, home, name, *members = slot
            found = sys.modules.get(_PACKAGE + home if home[0] == "." else home)
            kind = getattr(found, name, None)
            if kind is None:
                left.append(slot)
                continue
            shown = [getattr(kind, member) for member in members] if members else [kind]
            for number, item in enumerate(shown, int(first)):
                self.extension.slot(number, item)
        # Another thread may do the same: what it has shown is shown again.
        self.waiting = left


def bind(name: str) -> None:
    """Put the compiled functions of a module of this package in the place of its own; called at its end."""
    module = name[len(_PACKAGE) + 1 :]
    try:
        library = _open(module)
    except Refused:
        return
    namespace = vars(sys.modules[name])
    for symbol in library.functions:
        namespace[symbol] = library.function(symbol, namespace[symbol])
    library.fill()


def load(module: str, function: str) -> Callable[..., Any]:
    """A function of a module, such as ``load("pricing", "discount")``, which is imported only when Python has to answer.

    Raises ``ImportError`` for a module that there is not, ``AttributeError`` for a function.
    """
    try:
        library = _open(module)
    except Refused:
        library = None
    if (
        library is None
        or function not in library.functions
        or f"{_PACKAGE}.{module}" in sys.modules
    ):
        found: Callable[..., Any] = getattr(_module(module), function)
        return found

    def python(*args: Any, **named: Any) -> Any:
        bound = getattr(_module(module), function)
        plain = getattr(bound, "__self__", None)
        return (plain.function if isinstance(plain, Plain) else bound)(*args, **named)

    made: Callable[..., Any] = library.function(function, python)
    return made


def status() -> dict[str, dict[str, Any]]:
    """Of each module that has functions: the ``profile`` of the machine code that is bound, or ``None`` and the ``reason``; the
    functions that are ``native``, and those left to ``python``, each with the reason and its place in the source."""
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(os.listdir(_FOLDER)) if os.path.isdir(_FOLDER) else ():
        if not name.endswith(_SUFFIX):
            continue
        module = name.removesuffix(_SUFFIX)
        entry: dict[str, Any] = {"profile": None, "reason": None, "native": [], "python": {}}
        found[module] = entry
        try:
            left = [line[1:] for line in _described(module) if line[0] == "left"]
            entry["python"] = {each[0]: f"{each[1]} ({each[2]}:{each[3]})" for each in left}
            library = _open(module)
        except Refused as refused:
            entry["reason"] = str(refused)
            continue
        entry["profile"], entry["native"] = library.profile, library.functions
    return found


_opened: dict[str, Library | Refused] = {}


def _open(module: str) -> Library:
    """The machine code of a module. Raises ``Refused``."""
    found = _opened.get(module)
    if found is None:
        try:
            found = _loaded(module)
        except Refused as refused:
            found = refused
        _opened[module] = found
    if isinstance(found, Refused):
        raise Refused(*found.args)  # each raise of the same one would make it longer
    return found


def _loaded(module: str) -> Library:
    _check_process()
    lines = _described(module)
    for line in lines:
        if line[0] == "python":
            _check_python(line[1], line[2])
    library = Library(module, lines)
    reason = "there is no machine code of it"
    for line in lines:
        if line[0] != "library":
            continue
        profile, content = line[1], line[2]
        path = os.path.join(_FOLDER, "kernels", profile, f"{module}.{content[:16]}.so")
        if _digest(_read(path)) != content:
            raise Refused(f"the machine code for {profile} is not what was built")
        try:
            library.extension = _extension(path)
        except ImportError as error:
            reason = f"{profile}: {error}"
            continue
        library.profile = profile
        return library
    raise Refused(reason)


def _check_process() -> None:
    """Machine code is for the Python and the system that it was made for."""
    if os.environ.get("HYPER_NATIVE", "").lower() in {"off", "0", "false"}:
        raise Refused("HYPER_NATIVE is off")
    if os.environ.get("HYPER_PROFILE_OUT"):
        raise Refused("HYPER_PROFILE_OUT records what functions do in Python")
    if sys.platform != "linux" or os.uname().machine != "x86_64" or sys.maxsize < 1 << 32:
        raise Refused("the machine code is for 64-bit Linux on x86-64")
    plain = not hasattr(sys, "getobjects") and "t" not in getattr(sys, "abiflags", "")
    if sys.implementation.name != "cpython" or sys.version_info < (3, 11) or not plain:
        raise Refused("the machine code is for CPython from 3.11 on, with its lock")


def _described(module: str) -> list[list[str]]:
    """What a build wrote of a module: the words of each line. Raises ``Refused``."""
    head, _, rest = _read(os.path.join(_FOLDER, module + _SUFFIX)).partition(b"\n")
    if head.decode("ascii", "replace") != _HEAD + _digest(rest):
        raise Refused("the description of the machine code is not what was built")
    return [line.split("\t") for line in rest.decode().split("\n") if line]


def _check_python(path: str, content: str) -> None:
    """Machine code stands in for the functions that were built with it, no others."""
    try:
        data = _read(os.path.join(os.path.dirname(_FOLDER), path))
    except Refused:
        return  # a package without its sources, only with what Python made of them
    if _digest(data) != content:
        raise Refused(f"{path} is not what was built")


def _read(path: str) -> bytes:
    """The bytes of a plain file, which is no link. Raises ``Refused``."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise Refused(f"{os.path.basename(path)}: {error.strerror}") from None
    try:
        seen = os.fstat(descriptor)
        if not S_ISREG(seen.st_mode) or seen.st_size > _LARGEST:
            raise Refused(f"{os.path.basename(path)} is no plain file")
        parts = []
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    except OSError as error:
        raise Refused(f"{os.path.basename(path)}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _digest(data: bytes) -> str:
    """SHA-256. Python's own is there before a library of cryptography is loaded."""
    name = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
    try:
        made: str = __import__(name).sha256(data).hexdigest()
    except ImportError:
        from hashlib import sha256

        made = sha256(data).hexdigest()
    return made


def _extension(path: str) -> Any:
    """The extension module of a file. Raises ``ImportError`` where this processor or system cannot run it."""
    import _imp

    assert __spec__ is not None
    name = f"{__name__}._kernels"
    before = sys.modules.get(name)
    try:
        return _imp.create_dynamic(type(__spec__)(name, None, origin=path))
    finally:
        # It is one of many of this name.
        if before is None:
            sys.modules.pop(name, None)


def _module(module: str) -> Any:
    name = f"{_PACKAGE}.{module}"
    __import__(name)
    return sys.modules[name]
