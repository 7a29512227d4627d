"""A small tree in which each edit has a known reach."""

from __future__ import annotations

from typing import Final

SHOP: Final = {
    "service.intent": """intent service

service Shop:
    "A shop."
    title "Shop"
    version "1.0.0"
""",
    "data.intent": '''"""What there is."""
intent data

entity Item:
    "A thing."
    id: int
    title: string

entity Rare is Item:
    price: int

enum State: open, shut

type Label = string @length(1, 9)
''',
    "logic.intent": '''"""What is worked out."""
intent logic

use data (Item, State)

const LIMIT = 3

calc double(n: int) -> int:
    "Twice as much."
    n + n

calc is_big(item: Item) -> bool:
    item.id > LIMIT

calc item(id: int) -> Item:
    Item(id: id, title: "an item")

calc is_open(state: State) -> bool:
    state == State.open
''',
    "uses.intent": """intent uses

use data (Item, Label)
use logic (LIMIT, double, is_big)

entity Shelf:
    items: list[Item]
    label: Label

calc four_times(n: int) -> int:
    double(double(n))

calc count_big(shelf: Shelf) -> int:
    count(each for each in shelf.items if is_big(each))

calc limit() -> int:
    LIMIT
""",
    "orders.intent": """intent orders

use data (Item, State)

entity Order:
    item: Item
    state: State

action get_order:
    route GET /orders/{id}
    path id: int
    returns 200 Order

action list_items:
    route GET /items
    query state?: State
    returns 200 list[Item]
""",
}
