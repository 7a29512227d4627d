"""Small programs for batches."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyper import create_hyper_compiler

if TYPE_CHECKING:
    from hyper.engine.batch.functions import Function, Functions

SHOP: Final = """
intent shop

enum Tier: basic, silver, gold = "Gold"

enum Size: small = 1, large = 2

entity Line:
    sku: string
    quantity: int @range(1, 999)
    unit_price: decimal(12, 2)
    discount: decimal(4, 3)?

entity Customer:
    name: string @length(1, 20)
    tier: Tier
    since: date
    home?: string

entity Order:
    customer: Customer
    lines: list[Line] @size(0, 4)
    weight: float @json("grams")
    express: bool = false
    shipping: decimal(9, 2) = 4.90
    note?: string

table discount(tier: Tier, amount: decimal(14, 2)) -> decimal(3, 2), first:
    tier   | amount  => result
    gold   | >= 500  => 0.15
    gold   | -       => 0.10
    silver | >= 500  => 0.05
    -      | -       => 0.0

calc line_total(line: Line) -> decimal(16, 2):
    round(line.unit_price * line.quantity * (1.0 - (line.discount ?? 0.0)), 2)

calc total(order: Order) -> decimal(18, 2):
    let net = sum(line_total(line) for line in order.lines)
    let sent = if order.express then order.shipping + 9.90 else order.shipping
    net * (1.0 - discount(order.customer.tier, net)) + sent

calc average_weight(order: Order) -> float:
    order.weight / count(order.lines)

calc share(parts: int, of: int) -> int:
    parts // of

calc age(born: date, size: Size?) -> int:
    let days = days_between(born, date("2024-01-01"))
    if size == Size.large then days * 2 else days

calc greeting(order: Order) -> string:
    upper(order.customer.name) + "!"

calc same_name(one: string, other: string?) -> bool:
    one == other or one == "anyone"

calc half(amount: decimal(28, 4)) -> decimal(28, 4):
    amount * 0.5

calc maybe(amount: int?) -> int?:
    if amount is none then none else amount + 1

entity Offer:
    rate: decimal(3, 2)
    label: string
    until: date?

calc offer(tier: Tier, day: date) -> Offer:
    if tier == Tier.gold then Offer(rate: 0.15, label: "much", until: day) else Offer(rate: 0.0, label: "none", until: none)

rule free on Order:
    require count(lines) > 0 else "an order needs lines"
    when customer.tier == Tier.gold
    then shipping = 0.0
"""


@functools.cache
def functions(level: int = 3, cores: int = 1, text: str = SHOP) -> Functions:
    """The functions of a program of one file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "shop.intent").write_text(text, encoding="utf-8")
        with create_hyper_compiler(memory=0, incremental=False) as compiler:
            made = compiler.functions(folder)
    made.level, made.cores = level, cores
    return made


def function(name: str, level: int = 3, cores: int = 1) -> Function:
    """A function of the shop."""
    return functions(level, cores).function(name)
