"""How fast the text engine's back ends are here, as measured: kept in the user's state folder, sealed, checked before use."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base import digest
from hyper.engine import ownership
from hyper.engine.lexing.library import FOLDER
from hyper.gpu.choosing import Speeds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.gpu.compiled.loops import Loops
    from hyper.gpu.sources import Settings

FILE: Final = "measurements"
_LARGEST: Final = 1 << 20
_PACKAGES: Final = (("numpy", "version.py"), ("numba", "_version.py"), ("wgpu", "_version.py"))
"""Packages that back ends are made of, each with the file that says its version, which is read sooner than asked for."""
_CODE: Final = ("compiled", "kernels", "shaders", "vector", "webgpu")
_SAMPLE: Final = b'''\
"""What a shop sells, for measurements of the text engine."""
intent sample.catalogue

use sample.money (Money)

type Sku = string @match("^[A-Z]{3}-[0-9]{4,8}$") @example("MUG-0001")
    "Stock keeping unit: three letters, a dash, digits."

enum Category:
    "Where a product stands in the shop."
    kitchen
    garden
    `+1` = "plus-one"  # goes with anything

entity Product is Timestamps:
    "Something that can be bought."
    id: uuid @key
    name: string @length(1, 120)
    description?: string? @length(0, 2000)
    weight_grams: int @range(1, 50_000) @format("int32")
    tags: list[string @length(1, 30)] = [] @size(0, 20) @unique
    related: list[Product] = [] @size(0, 10)

# Carriers charge for the larger of real and volumetric weight.
calc volumetric_grams(product: Product) -> int:
    let size = product.dimensions
    if size is none:
        product.weight_grams
    else:
        max([product.weight_grams, ceil(volume(size) * 200.0)])

action find_products:
    "Search the catalogue."
    route GET /products/{category}
    input:
        category: Category
        text?: string
    output: ProductPage
'''


class _Kept(msgspec.Struct, frozen=True):
    key: str
    backends: dict[str, Speeds]


def read_measurements() -> dict[str, Speeds]:
    """What was measured here with what is installed now; empty where nothing was, or something else lies in its place."""
    try:
        path = _place()
        if not os.path.exists(path):
            return {}
        data = ownership.read_sealed(path, _LARGEST)
        kept = msgspec.msgpack.decode(data or b"", type=_Kept)
        believed = kept.key == _key()
    except (OSError, ValueError):
        return {}
    return kept.backends if believed and all(map(Speeds.sound, kept.backends.values())) else {}


def keep_measurements(backends: Mapping[str, Speeds]) -> None:
    """Keep what was measured. Raises ``OSError`` where it cannot be kept."""
    path = _place()
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    ownership.keep_sealed(path, msgspec.msgpack.encode(_Kept(_key(), dict(backends))))


def measure_here(
    settings: Settings, loops: Loops | None, tell: Callable[[str, str], None]
) -> dict[str, Speeds]:
    """Measure all back ends that there are, with the native library where it is made; some seconds."""
    from hyper.gpu import sources
    from hyper.gpu.measurements import Sample, measure
    from hyper.lang.automaton.table import token_table

    offered = sources.sources(settings)
    if loops is not None:
        offered = {"native": sources.native(loops), **offered}
    return measure(offered, Sample(_SAMPLE, token_table()), tell=tell)


def _place() -> str:
    return os.path.join(ownership.state_folder(), FOLDER, FILE)


def _key() -> str:
    """What figures depend on: this Python, the packages, and the back ends themselves."""
    from hyper import gpu

    parts = [platform.python_version().encode(), platform.machine().encode()]
    for package, version in _PACKAGES:
        spec = find_spec(package)
        folders = (spec.submodule_search_locations if spec is not None else None) or ()
        parts += [_bytes(os.path.join(folder, version)) for folder in folders]
    for name in _CODE:
        folder = os.path.join(*gpu.__path__, name)
        if os.path.isdir(folder):
            for each in sorted(os.listdir(folder)):
                parts += (each.encode(), _bytes(os.path.join(folder, each)))
    return digest.of_parts(parts)


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
