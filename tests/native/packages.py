"""Built packages with machine code, asked in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper import hyper_compile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hyper import Result

RUNS_HERE = sys.platform == "linux" and platform.machine() == "x86_64"

SHOP = '''"""What things cost."""
intent shop

enum Size: small, medium = "m", large

calc half(amount: int) -> int:
    "Half of it, rounded down."
    amount // 2

calc wide(amount: int) -> int:
    amount * 4611686018427387904

calc rate(of: int, among: int) -> float:
    of / among

calc tax(net: decimal(9, 2)) -> decimal(9, 2):
    net * 0.19

calc near(a: float, b: float) -> bool:
    abs(a - b) < 0.5

calc level(prices: list[float], alpha: float) -> float:
    var level = 0.0
    for price in prices:
        level = alpha * price + (1.0 - alpha) * level
    level

calc next_size(size: Size) -> Size:
    if size == small then medium else large

calc later(day: date) -> date:
    max([day, date("2024-02-29")])

calc of_half(amount: int) -> int:
    half(amount) + wide(1)

table fee(size: Size, amount: decimal(9, 2)) -> decimal(5, 2), first:
    size  | amount  => result
    large | >= 50   => 1.50
    large | -       => 3.00
    -     | < 10    => 0.50
    -     | -       => 0.00

calc name(size: Size) -> string:
    if size == small then "S" else "L"

entity Line:
    quantity: int
    price: decimal(9, 2)
    size: Size
    weight?: float
    gift: bool = false

entity Order:
    lines: list[Line]
    placed: date
    first: Line?
    coupon: string?

calc line_total(line: Line) -> decimal(12, 2):
    line.quantity * line.price

calc total(order: Order) -> decimal(12, 2):
    sum(line_total(line) for line in order.lines)

calc weight(order: Order) -> float:
    sum(line.weight ?? 1.0 for line in order.lines if not line.gift)

calc large_ones(order: Order) -> int:
    count(line for line in order.lines if line.size == large)

calc how_many(lines: list[Line]) -> int:
    count(lines)

calc is_ten(order: Order) -> bool:
    order.coupon == "ten" or order.coupon == "zehn é"

calc first_price(order: Order) -> decimal(9, 2)?:
    if order.first is none then none else max([order.first.price, -9999999.99])

calc before(order: Order, day: date?) -> bool:
    if day is none then false else max([order.placed, day]) != order.placed

rule filled on Order:
    require count(lines) > 0 else "empty"

calc sends_to(order: Order, coupon: string, other: string?) -> int:
    let here = order.coupon ?? "none"
    if here == coupon then 1 else if coupon == other then 2 else if here == other then 3 else 4

calc words(order: Order) -> string:
    lower(order.coupon ?? "")
'''


def build(folder: Path, sources: Mapping[str, str], **options: Any) -> Result:
    """Build sources by file name into ``folder/out``, with machine code."""
    for name, text in sources.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / ".git").mkdir(exist_ok=True)
    given = {
        "incremental": True,
        "target": ["python", "native"],
        "hardware": ["x86-64"],
        "package": "built",
    } | options
    return hyper_compile(folder / "src", out=folder / "out", cache=folder / "cache", **given)


def shop(folder: Path, **options: Any) -> Path:
    """The package of ``SHOP``; its folder."""
    pytest.importorskip("llvmlite")
    if not RUNS_HERE:
        pytest.skip("machine code of packages is for x86-64 Linux")
    result = build(folder, {"shop.intent": SHOP}, **options)
    assert result.success, result.diagnostics
    return folder / "out" / "built"


def asked(folder: Path, script: str, **variables: str) -> Any:
    """What a script prints as JSON in a new process that finds the package."""
    environment = {**os.environ, "PYTHONPATH": str(folder), **variables}
    for name in ("HYPER_NATIVE",):
        if name not in variables:
            environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


STATUS = """
import json, built.shop, built.native
print(json.dumps(built.native.status()["shop"]))
"""


def status(package: Path, **variables: str) -> dict[str, Any]:
    """What the package says of its machine code."""
    found: dict[str, Any] = asked(package.parent, STATUS, **variables)
    return found


def library(package: Path, profile: str = "x86-64") -> Path:
    """The library of the shop for a profile."""
    (found,) = (package / "native" / "kernels" / profile).glob("shop.*.so")
    return found
