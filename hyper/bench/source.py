"""The text of a generated tree's files."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final

from hyper.bench.vocabulary import DOMAINS, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.bench.tree import Tree, Unit

_CENT: Final = Decimal("0.01")
_SAMPLE: Final = Decimal("120.00")
_SHARED_PATH: Final = "shared/money.intent"
_SHARED_MODULE: Final = "shared.money"
_SHARED_TEXT: Final = '''\
"""Amounts of money, and answers that all actions share."""
intent shared.money

type Amount = decimal(12, 2) @range(0, 1_000_000)
    "A price or a sum in the company's currency; never negative."

enum Currency: eur = "EUR", usd = "USD", gbp = "GBP"
    "Currencies in which the company is paid."

entity NotFound:
    "There is no such thing."
    code: "not_found"
    message: string
'''


def files_of(tree: Tree) -> Iterator[tuple[str, str]]:
    """Paths and texts of all files of a tree."""
    yield "service.intent", _service(tree)
    yield _SHARED_PATH, _SHARED_TEXT
    for unit in tree.units.values():
        yield unit.path, text_of(tree, unit)


def text_of(tree: Tree, unit: Unit) -> str:
    """The text of one unit."""
    return _Text(tree, unit).whole()


def _service(tree: Tree) -> str:
    tags = "".join(f'    tag "{domain}" "All about {domain}."\n' for domain in DOMAINS)
    return f'''\
"""What the company's interface is called, and who may use it."""
intent service

service Company{tree.seed}:
    "The interface of a company that was made up."
    title "The Company API"
    version "1.0.0"
    server "https://api.company.example/v1" "Production"
    scheme session: http(scheme: "bearer", bearerFormat: "JWT")
        "Somebody who is signed in."
    security session
    roles staff, manager
{tags}'''


class _Text:
    """The parts of a unit's text. What a part uses of other modules is noted for the imports."""

    def __init__(self, tree: Tree, unit: Unit) -> None:
        self._tree = tree
        self._unit = unit
        self._used: dict[str, set[str]] = {}

    def whole(self) -> str:
        unit = self._unit
        subject = SUBJECTS[unit.revision % len(SUBJECTS)]
        edition = f" ({unit.revision})" if unit.revision else ""
        body = [
            self._constants(),
            *self._union(),
            *self._lines(),
            self._entity(),
            self._table(),
            *self._calcs(),
            *self._rules(),
            *self._actions(),
            self._feature(),
        ]
        head = f'"""{unit.words.capitalize()}. {subject}{edition}."""\nintent {unit.module}\n'
        uses = "".join(
            f"use {module} ({', '.join(sorted(names))})\n"
            for module, names in sorted(self._used.items())
        )
        return "\n".join([head, uses, *body])

    def _use(self, number: int, *names: str) -> Unit:
        other = self._tree.units[number]
        self._used.setdefault(other.module, set()).update(names)
        return other

    def _shared(self, name: str) -> str:
        self._used.setdefault(_SHARED_MODULE, set()).add(name)
        return name

    def _constants(self) -> str:
        unit = self._unit
        remarks = "".join(f"# {remark}\n" for remark in unit.remarks)
        return (
            f"{remarks}const {unit.name.upper()}_LIMIT = {unit.limit}.00\n\n"
            f"enum {unit.title}State: {', '.join(unit.states)}\n"
            f'    "How far {unit.one} is."\n'
        )

    def _union(self) -> Iterator[str]:
        title = self._unit.title
        if self._unit.union == 1:
            yield f'union {title}Key = int | string\n    "Old systems number, new ones name."\n'
        elif self._unit.union == 2:
            yield (f'entity {title}Entered:\n    kind: "entered"\n    by: string @length(1, 100)\n')
            yield (
                f'entity {title}Imported:\n    kind: "imported"\n'
                "    file: string @length(1, 200)\n    row?: int @range(1, 10_000_000)\n"
            )
            yield (
                f"union {title}Origin =\n    | {title}Entered\n    | {title}Imported\n"
                f'    by kind {{"entered": {title}Entered, "imported": {title}Imported}}\n'
            )

    def _lines(self) -> Iterator[str]:
        unit = self._unit
        if unit.lines:
            yield (
                f"entity {unit.title}Line:\n"
                f'    "One line of {unit.one}."\n'
                f"    {unit.quantity}: int @range(1, 999)\n"
                f"    unit_price: {self._shared('Amount')}\n"
            )

    def _entity(self) -> str:
        unit = self._unit
        edition = f" Edition {unit.revision}." if unit.revision else ""
        rows = [
            f'"{unit.one.capitalize()} as {unit.domain} sees it.{edition}"',
            "id: uuid @key",
            f"state: {unit.title}State = {unit.states[0]}",
            f"{unit.amount}: {self._shared('Amount')}",
        ]
        if unit.needs is not None:
            other = self._use(unit.needs, self._tree.units[unit.needs].title)
            rows.append(f"main_{other.name}: {other.title}")
        for number in unit.knows:
            other = self._use(number, self._tree.units[number].title)
            rows.append(f"last_{other.name}?: {other.title}")
        if unit.lines:
            rows.append(f"lines: list[{unit.title}Line] = [] @size(0, 200)")
        if unit.union:
            rows.append(f"origin?: {unit.title}{('Key', 'Origin')[unit.union - 1]}")
        for name, kind, doc in unit.fields:
            rows.append(f"{name}: {kind}")
            if doc:
                rows.append(f'    "{doc}"')
        return f"entity {unit.title}:\n" + "".join(f"    {row}\n" for row in rows)

    def _table(self) -> str:
        unit = self._unit
        head = (
            f"table {unit.name}_rate(state: {unit.title}State, amount: decimal(14, 2))"
            f" -> decimal(5, 4), {'unique' if unit.unique else 'first'}:\n"
        )
        if unit.unique:
            rows = [
                (unit.states[0], f"< {unit.threshold}", "0.05"),
                (unit.states[0], f">= {unit.threshold}", "0.10"),
                (", ".join(unit.states[1:]), "-", "0.02"),
            ]
        else:
            rows = [
                (unit.states[-1], "-", "0"),
                (unit.states[0], f">= {unit.threshold}", "0.10"),
                (unit.states[0], "-", "0.05"),
                ("-", "-", "0.02"),
            ]
        shown = [(state, f"{amount}", f"=> {rate}") for state, amount, rate in rows]
        return head + _aligned([("state", "amount", "=> result"), *shown], 4)

    def _calcs(self) -> Iterator[str]:
        unit = self._unit
        yield self._share()
        yield (
            f"calc {unit.name}_net(item: {unit.title}) -> decimal(14, 2):\n"
            '    "What is left of it after the reduction."\n'
            f"    let rate = {unit.name}_rate(item.state, item.{unit.amount})\n"
            f"    item.{unit.amount} - item.{unit.amount} * rate\n"
        )
        if unit.lines:
            yield (
                f"calc {unit.name}_lines(item: {unit.title}) -> decimal(14, 2):\n"
                f"    sum(line.{unit.quantity} * line.unit_price for line in item.lines)\n"
            )
        if unit.needs is not None:
            other = self._tree.units[unit.needs]
            self._use(unit.needs, f"{other.name}_net")
            yield (
                f"calc {unit.name}_with_{other.name}(item: {unit.title}) -> decimal(14, 2):\n"
                f'    "Together with the {other.words} that it belongs to."\n'
                f"    {unit.name}_net(item) + {other.name}_net(item.main_{other.name})\n"
            )
        for number in unit.knows:
            other = self._tree.units[number]
            yield (
                f"calc {unit.name}_after_{other.name}(item: {unit.title}) -> decimal(14, 2):\n"
                f"    let found = item.last_{other.name}\n"
                f"    if found is none:\n"
                f"        item.{unit.amount}\n"
                f"    else:\n"
                f"        max([item.{unit.amount} - found.{other.amount}, 0.00])\n"
            )

    def _share(self) -> str:
        unit = self._unit
        own = f"amount * {_rate(unit)}"
        if unit.calls is not None:
            other = self._tree.units[unit.calls]
            self._use(unit.calls, f"{other.name}_share")
            own = f"{own} + {other.name}_share(amount)"
        return (
            f"calc {unit.name}_share(amount: decimal(14, 2))"
            f" -> decimal({16 if unit.wide else 14}, 2):\n"
            f'    "What {unit.one} adds to an amount."\n'
            f"    {own}\n"
        )

    def _rules(self) -> Iterator[str]:
        unit = self._unit
        yield (
            f"rule {unit.name}_limit on {unit.title}:\n"
            f"    require {unit.amount} <= {unit.name.upper()}_LIMIT"
            f' else "{unit.one} this large needs an agreement"\n'
        )
        yield (
            f"rule {unit.name}_empty on {unit.title}:\n"
            f'    "Nothing is left to be done where nothing is charged."\n'
            f"    when {unit.amount} == 0.00 and state == {unit.states[0]}\n"
            f"    then state = {unit.states[-1]}\n"
        )

    def _actions(self) -> Iterator[str]:
        unit = self._unit
        place = f"/{unit.domain}/{unit.name.replace('_', '-')}"
        end = f'    tags "{unit.domain}"\n'
        if unit.actions > 0:
            yield (
                f'action create_{unit.name}:\n    "Adds {unit.one}."\n    route POST {place}\n'
                f"    body item: {unit.title}\n"
                f"    check {unit.name}_limit(item), {unit.name}_empty(item)\n"
                f"    returns 201 {unit.title}\n    allow staff, manager\n{end}"
            )
        if unit.actions > 1:
            yield (
                f"action read_{unit.name}:\n    route GET {place}/{{id}}\n    path id: uuid\n"
                f"    returns 200 {unit.title}\n    error 404 {self._shared('NotFound')}\n{end}"
            )
        if unit.actions > 2:
            yield (
                f"action list_{unit.name}:\n    route GET {place}\n"
                "    query limit: int = 20 @range(1, 100)\n"
                f"    query state?: {unit.title}State\n"
                f"    returns 200 list[{unit.title}]\n{end}"
            )

    def _feature(self) -> str:
        unit = self._unit
        below, above = Decimal(unit.threshold) - _CENT, Decimal(unit.threshold)
        first = f"{unit.title}State.{unit.states[0]}"
        rows = [
            ("state", "amount", "wanted"),
            (first, f"{below:.2f}", "0.05"),
            (first, f"{above:.2f}", "0.10"),
            (f"{unit.title}State.{unit.states[1]}", f"{below:.2f}", "0.02"),
        ]
        examples = _aligned([(state, amount, f"| {wanted}") for state, amount, wanted in rows], 12)
        net = _SAMPLE - _SAMPLE * (
            Decimal("0.10") if unit.threshold <= _SAMPLE else Decimal("0.05")
        )
        parts = [
            f'feature "{unit.words.capitalize()}":\n',
            '    scenario "rates by state":\n',
            f"        when rate = {unit.name}_rate(state, amount)\n",
            f"        then rate == wanted\n        examples:\n{examples}",
            '    scenario "what is left":\n',
            f"        given item = {self._sample(unit, _SAMPLE)}\n",
            f"        when left = {unit.name}_net(item)\n",
            f"        then left == {_cents(net)}\n",
            '    scenario "a share":\n',
            f"        when part = {unit.name}_share({_SAMPLE})\n",
            f"        then part {self._shared_out()}\n",
            '    scenario "too large":\n',
            f"        given item = {self._sample(unit, Decimal(unit.limit + 1))}\n",
            f"        when done = {unit.name}_limit(item)\n",
            f'        then refused "{unit.one} this large needs an agreement"\n',
        ]
        return "".join(parts)

    def _shared_out(self) -> str:
        """What a scenario says of the share: all of it where no other unit has a say in it."""
        own = _cents(_SAMPLE * Decimal(_rate(self._unit)))
        return f"== {own}" if self._unit.calls is None else f">= {own}"

    def _sample(self, unit: Unit, amount: Decimal) -> str:
        parts = [
            f'id: uuid("00000000-0000-4000-8000-{unit.number:012d}")',
            f"{unit.amount}: {amount:.2f}",
        ]
        if unit.needs is not None:
            other = self._tree.units[unit.needs]
            parts.append(f"main_{other.name}: {self._sample(other, _SAMPLE)}")
        if unit.needs is None:
            return f"{unit.title}({', '.join(parts)})"
        rows = "".join(f"            {part},\n" for part in parts)
        return f"{unit.title}(\n{rows}        )"


def _rate(unit: Unit) -> str:
    return f"0.{unit.rate:04d}"


def _cents(amount: Decimal) -> str:
    return str(amount.quantize(_CENT, ROUND_HALF_EVEN))


def _aligned(rows: Sequence[tuple[str, str, str]], indent: int) -> str:
    """Rows of a table with its columns one beneath the other. The last column brings its own separator."""
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    return "".join(
        f"{' ' * indent}{row[0]:<{widths[0]}} | {row[1]:<{widths[1]}} {row[2]}\n" for row in rows
    )
