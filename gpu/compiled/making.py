"""The library of all kernels, made by numba and LLVM once for a machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyper.gpu.compiled.memory import compiled
from hyper.gpu.compiled.native import PREFIX
from hyper.gpu.kernels.arrays import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NAME: Final = r'"?(?P<name>cfunc\.[^"\s(]+)"?\('


def make_library(
    compile_module: Callable[[str, str], bytes],
    link: Callable[[Sequence[bytes], Sequence[str]], bytes],
) -> bytes:
    """Compile every kernel to one shared library.

    ``compile_module`` makes an object of a module of LLVM that shows one function, given its name; ``link`` makes a
    library of objects that exports names.

    :raises ImportError: where numba is not installed.
    """
    objects = [compile_module(module_text(name), PREFIX + name) for name in SIGNATURES]
    return link(objects, [PREFIX + name for name in SIGNATURES])


def module_text(name: str) -> str:
    """A kernel as a module of LLVM, in which it is called ``text_`` and its name."""
    text: str = compiled(name).inspect_llvm()
    found = re.search(rf"^define [^\n]*@{_NAME}", text, re.MULTILINE)
    assert found is not None, text
    own = re.escape(found["name"])
    return re.sub(rf'@"?{own}"?(?=\()', f"@{PREFIX}{name}", text)
