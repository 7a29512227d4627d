"""``hyper init``: start a tree of intent files that builds."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Final

from hyper.base.fs import Disk
from hyper.base.output import create
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.engine.names import package_name
from hyper.engine.option_values import OptionError, parse_value

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console

_CONFIGURATION: Final = """\
# Options of `hyper build` and the other commands; paths are relative to this file.
source = "intents"
package = "{package}"
"""

_SERVICE: Final = '''\
"""What the service is called and who may use it."""
intent {package}.service

service {service}:
    title "{title}"
    version "0.1.0"
    roles customer, clerk
'''

_ORDERS: Final = '''\
"""Orders: what they hold, what they cost, and how they are placed."""
intent {package}.orders

const FREE_SHIPPING_FROM = 50.00

enum Tier: standard, gold

entity Line:
    sku: string @match("^[A-Z]{3}-[0-9]+$")
    quantity: int @range(1, 999)
    unit_price: decimal(12, 2) @range(0, 100000)

entity Order:
    "What a customer wants to buy."
    tier: Tier
    lines: list[Line] @size(1, 100)
    shipping: decimal(12, 2) = 4.90

calc subtotal(order: Order) -> decimal(14, 2):
    sum(line.quantity * line.unit_price for line in order.lines)

table discount(tier: Tier, amount: decimal(14, 2)) -> decimal(3, 2), first:
    tier     | amount => result
    gold     | >= 500 => 0.15
    gold     | -      => 0.10
    standard | >= 500 => 0.05
    -        | -      => 0.00

rule free_shipping on Order:
    when subtotal(self) >= FREE_SHIPPING_FROM
    then shipping = 0.00

action place_order:
    "Places an order and gives it back with its shipping costs."
    route POST /orders
    body order: Order
    check free_shipping(order)
    returns 201 Order
    allow customer, clerk

feature "Large orders cost less":
    scenario "gold customers get the most":
        given tier = Tier.gold
        when rate = discount(tier, 600.00)
        then rate == 0.15
'''


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the files of a small tree, none of which may be there yet."""
    folder = arguments.folder
    package = _package(arguments)
    title = package.replace("_", " ").capitalize()
    service = "".join(word.capitalize() for word in package.split("_"))
    contents = {
        "hyper.toml": _CONFIGURATION.format(package=package).encode(),
        "intents/service.intent": _SERVICE.format(
            package=package, service=service, title=title
        ).encode(),
        "intents/orders.intent": _ORDERS.replace("{package}", package).encode(),
    }
    done = create(Disk(), folder, contents, posixpath.normpath(folder.replace(os.sep, "/")))
    console.created(done, folder)
    if done.failed:
        return FAILED
    place = "" if folder == "." else f" {folder}"
    console.say(f"next: hyper check{place}, then hyper build{place} -o dist")
    return OK


def _package(arguments: argparse.Namespace) -> str:
    if arguments.package is None:
        return package_name(os.path.basename(os.path.abspath(arguments.folder)))
    try:
        return str(parse_value("package", arguments.package))
    except OptionError as error:
        raise UsageError(error.message, error.suggestion) from None
