"""Python expressions as pieces: text that knows its precedence and where its lines may break.

``lines`` lays a piece out as ``ruff format`` does: flat where it fits, else its last brackets are opened, else it is put in
parentheses and broken before its operators of lowest precedence.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from hyper.emit.python.format import INDENT, LIMIT

LAMBDA: Final = 1
CONDITIONAL: Final = 2
OR: Final = 3
AND: Final = 4
NOT: Final = 5
COMPARE: Final = 6
ADD: Final = 8
MULTIPLY: Final = 9
UNARY: Final = 10
PRIMARY: Final = 12


class Atom(msgspec.Struct, frozen=True):
    """Text that never breaks: a name, a literal, an attribute of a name."""

    text: str
    level: int = PRIMARY


class Brackets(msgspec.Struct, frozen=True):
    """``head(a, b)``, ``head[a]``, ``[a, b]``, ``{k: v}``. ``comma`` tells whether one may follow the
    last item."""

    head: Piece | None
    open: str
    items: tuple[Piece, ...]
    close: str
    comma: bool = True


class Keyword(msgspec.Struct, frozen=True):
    """``name=value`` among arguments, ``key: value`` in a dict."""

    name: str
    value: Piece
    level: int = LAMBDA


class Attribute(msgspec.Struct, frozen=True):
    """``base.name`` where the base is no plain name."""

    base: Piece
    name: str


class Operation(msgspec.Struct, frozen=True):
    """Operands of one precedence with the operators between them."""

    level: int
    operands: tuple[Piece, ...]
    operators: tuple[str, ...]


class Prefix(msgspec.Struct, frozen=True):
    """``not x`` and ``-x``."""

    text: str
    operand: Piece
    level: int


class Conditional(msgspec.Struct, frozen=True):
    """``yes if condition else no``."""

    yes: Piece
    condition: Piece
    no: Piece


class Comprehension(msgspec.Struct, frozen=True):
    """``element for target in source if condition``, without its brackets."""

    element: Piece
    target: str
    source: Piece
    condition: Piece | None


class Named(msgspec.Struct, frozen=True):
    """``(name := value)``, always in parentheses."""

    name: str
    value: Piece


Piece: TypeAlias = (
    Atom | Brackets | Keyword | Attribute | Operation | Prefix | Conditional | Comprehension | Named
)


def level(piece: Piece) -> int:
    """How tightly a piece binds."""
    match piece:
        case Atom() | Operation() | Prefix() | Keyword():
            return piece.level
        case Conditional() | Comprehension():
            return CONDITIONAL
        case _:
            return PRIMARY


def call(function: str | Piece, *items: Piece) -> Piece:
    """``function(items)``."""
    head = Atom(function) if isinstance(function, str) else function
    return Brackets(head, "(", items, ")", comma=True)


def attribute(base: Piece, name: str) -> Piece:
    """``base.name``."""
    if isinstance(base, Atom) and base.level == PRIMARY and not base.text[:1].isdigit():
        return Atom(f"{base.text}.{name}")
    return Attribute(base, name)


def operation(at: int, operator: str, left: Piece, right: Piece) -> Piece:
    """``left operator right``; a left operand of the same precedence joins the chain, comparisons excepted."""
    if isinstance(left, Operation) and left.level == at and at != COMPARE:
        return Operation(at, (*left.operands, right), (*left.operators, operator))
    return Operation(at, (left, right), (operator,))


def wrapped(piece: Piece, least: int) -> str:
    """The flat text of an operand, in parentheses where it binds less tightly than ``least``."""
    text = flat(piece)
    return f"({text})" if level(piece) < least else text


def _operand_levels(piece: Operation) -> list[int]:
    first = piece.level + (1 if piece.level == COMPARE else 0)
    return [first] + [piece.level + 1] * (len(piece.operands) - 1)


def flat(piece: Piece) -> str:
    """The piece on one line."""
    match piece:
        case Atom(text):
            return text
        case Brackets(head, opening, items, close):
            inside = ", ".join(_item(item, len(items)) for item in items)
            return f"{wrapped(head, PRIMARY) if head is not None else ''}{opening}{inside}{close}"
        case Keyword(name, value):
            return f"{name}{flat(value)}"
        case Attribute(base, name):
            return f"{wrapped(base, PRIMARY)}.{name}"
        case Operation():
            texts = [
                wrapped(operand, least)
                for operand, least in zip(piece.operands, _operand_levels(piece), strict=True)
            ]
            pairs = zip(piece.operators, texts[1:], strict=True)
            return texts[0] + "".join(f" {operator} {text}" for operator, text in pairs)
        case Prefix(text, operand, at):
            return f"{text}{wrapped(operand, at)}"
        case Conditional(yes, condition, no):
            return f"{wrapped(yes, OR)} if {wrapped(condition, OR)} else {wrapped(no, CONDITIONAL)}"
        case Comprehension(element, target, source, condition):
            tail = f" if {wrapped(condition, OR)}" if condition is not None else ""
            return f"{flat(element)} for {target} in {wrapped(source, OR)}{tail}"
        case Named(name, value):
            return f"({name} := {flat(value)})"


def _item(piece: Piece, count: int) -> str:
    """An item of brackets: a generator beside others needs its own parentheses."""
    text = flat(piece)
    return f"({text})" if isinstance(piece, Comprehension) and count > 1 else text


def lines(
    piece: Piece, indent: str, head: str = "", tail: str = "", *, inside: bool = False
) -> list[str]:
    """The lines of ``head piece tail``. ``inside`` brackets, an operation breaks without parentheses of its own."""
    text = flat(piece)
    line = f"{indent}{head}{text}{tail}"
    if len(line) <= LIMIT:
        return [line]
    if isinstance(piece, Brackets) and piece.items:
        return _opened(piece, indent, head, tail)
    if isinstance(piece, Keyword):
        return lines(piece.value, indent, head + piece.name, tail, inside=inside)
    if isinstance(piece, Named):
        inner = lines(piece.value, indent + INDENT, f"{piece.name} := ", inside=True)
        return [f"{indent}{head}(", *inner, f"{indent}){tail}"]
    if isinstance(piece, Prefix):
        operand = _in_parentheses(piece.operand, piece.level)
        return lines(operand, indent, head + piece.text, tail, inside=inside)
    parts = _broken(piece)
    if len(parts) == 1:
        return [line]
    if inside:
        return _parts(parts, indent, head, tail)
    if isinstance(piece, Operation):
        split = _before_last(piece)
        if split is not None and len(indent) + len(head) + len(split[0]) < LIMIT:
            return lines(split[1], indent, head, tail)
    return [*_parenthesised(parts, indent, head), f"{indent}){tail}"]


def _parts(parts: list[tuple[str, Piece]], indent: str, head: str, tail: str) -> list[str]:
    """The parts of an operation, one beneath the other."""
    result: list[str] = []
    for index, (lead, part) in enumerate(parts):
        before = head + lead if index == 0 else lead
        after = tail if index == len(parts) - 1 else ""
        result += lines(part, indent, before, after, inside=True)
    return result


def _before_last(piece: Operation) -> tuple[str, Piece] | None:
    """The text before the arguments of a call that ends an operation of two, and the whole as if it were that call."""
    last = piece.operands[-1]
    if level(last) < _operand_levels(piece)[-1]:
        last = Brackets(Atom(""), "(", (last,), ")", comma=False)
    elif isinstance(last, Prefix) and level(last.operand) < last.level:
        last = Brackets(Atom(last.text), "(", (last.operand,), ")", comma=False)
    if len(piece.operands) != 2 or not isinstance(last, Brackets) or last.head is None:
        return None
    if not last.items:
        return None
    first = wrapped(piece.operands[0], _operand_levels(piece)[0])
    text = f"{first} {piece.operators[0]} {wrapped(last.head, PRIMARY)}{last.open}"
    return text, msgspec.structs.replace(last, head=Atom(text.removesuffix(last.open)))


def _parenthesised(parts: list[tuple[str, Piece]], indent: str, head: str) -> list[str]:
    inner = indent + INDENT
    whole = " ".join(lead + flat(part) for lead, part in parts)
    if len(inner) + len(whole) <= LIMIT:
        return [f"{indent}{head}(", f"{inner}{whole}"]
    return [f"{indent}{head}(", *_parts(parts, inner, "", "")]


def _broken(piece: Piece) -> list[tuple[str, Piece]]:
    """The parts of a piece that is broken over lines, each with what leads it."""
    match piece:
        case Operation():
            operands = [
                _in_parentheses(operand, least)
                for operand, least in zip(piece.operands, _operand_levels(piece), strict=True)
            ]
            rest = zip(piece.operators, operands[1:], strict=True)
            return [("", operands[0]), *((f"{operator} ", part) for operator, part in rest)]
        case Conditional(yes, condition, no):
            parts: list[tuple[str, Piece]] = [
                ("", _in_parentheses(yes, OR)),
                ("if ", _in_parentheses(condition, OR)),
            ]
            if isinstance(no, Conditional):
                first, *rest_parts = _broken(no)
                return [*parts, ("else ", first[1]), *rest_parts]
            return [*parts, ("else ", _in_parentheses(no, CONDITIONAL))]
        case Comprehension(element, target, source, condition):
            parts = [("", element), (f"for {target} in ", _in_parentheses(source, OR))]
            if condition is not None:
                parts.append(("if ", _in_parentheses(condition, OR)))
            return parts
        case _:
            return [("", piece)]


def _in_parentheses(piece: Piece, least: int) -> Piece:
    if level(piece) >= least:
        return piece
    return Brackets(None, "(", (piece,), ")", comma=False)


def _opened(piece: Brackets, indent: str, head: str, tail: str) -> list[str]:
    if isinstance(piece.head, Brackets) and piece.head.items and piece.open == "[":
        end = flat(msgspec.structs.replace(piece, head=None))
        return lines(piece.head, indent, head, f"{end}{tail}")
    opening = wrapped(piece.head, PRIMARY) if piece.head is not None else ""
    first = f"{head}{opening}{piece.open}"
    inner = indent + INDENT
    if len(piece.items) == 1 and isinstance(
        piece.items[0], Comprehension | Operation | Conditional
    ):
        only = piece.items[0]
        parts = _broken(only)
        body = (
            [f"{inner}{flat(only)}"]
            if len(inner) + len(flat(only)) <= LIMIT
            else _parts(parts, inner, "", "")
        )
        return [f"{indent}{first}", *body, f"{indent}{piece.close}{tail}"]
    together = ", ".join(_item(item, len(piece.items)) for item in piece.items)
    if len(inner) + len(together) <= LIMIT and piece.close == ")" and piece.head is not None:
        return [f"{indent}{first}", f"{inner}{together}", f"{indent}{piece.close}{tail}"]
    comma = "," if piece.comma else ""
    body = []
    for item in piece.items:
        bare = isinstance(item, Comprehension) and len(piece.items) > 1
        part = Brackets(None, "(", (item,), ")", comma=False) if bare else item
        body += lines(part, inner, tail=comma, inside=True)
    return [f"{indent}{first}", *body, f"{indent}{piece.close}{tail}"]
