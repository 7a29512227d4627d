"""The library of all kernels, made by numba and LLVM once for a machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyper.gpu.compiled.memory import compiled
from hyper.gpu.compiled.native import PREFIX
from hyper.gpu.kernels.arrays import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CALLED: Final = re.compile(r'\bcall [^@\n]*@"?([^"\s(]+)')
_HARMLESS: Final = re.compile(r"llvm\.|mem(?:cpy|move|set)\b")
"""What a kernel may call: the instructions of the processor, and the C library's own loops over memory."""


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
    text, inner = _without_wrapper(compiled(name).inspect_llvm())
    strange = sorted({each for each in _CALLED.findall(text) if not _HARMLESS.match(each)})
    assert not strange, f"the kernel {name} calls {', '.join(strange)}"
    kinds = ["i64" if letter == "n" else "ptr" for letter in SIGNATURES[name]]
    params = ", ".join(f"{kind} %p{place}" for place, kind in enumerate(kinds))
    # A kernel raises nothing: what it would say of an exception is never looked at.
    return f"""{text}
define i64 @{PREFIX}{name}({params}) {{
  %result = alloca i64
  store i64 0, ptr %result
  %status = call i32 @{inner}(ptr %result, ptr %result, {params})
  %value = load i64, ptr %result
  ret i64 %value
}}
"""


def _without_wrapper(text: str) -> tuple[str, str]:
    """Numba's module without the function that would report exceptions to Python, and the name of the one with the loop."""
    wrapper = re.search(
        r'^define [^\n]*@"?cfunc\.(?P<name>[^"\s(]+)"?\(.*?^}\n', text, re.MULTILINE | re.DOTALL
    )
    assert wrapper is not None, text
    return text[: wrapper.start()] + text[wrapper.end() :], wrapper["name"]
