"""Tree nodes made by hand: offsets are 0, and the printer decides about the text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hyper.lang import tree


def ident(name: str) -> tree.Ident:
    """A name."""
    return tree.Ident(0, 0, name)


def string(value: str) -> tree.StrLit:
    """A string literal."""
    return tree.StrLit(0, 0, value, False, "")


def named(name: str) -> tree.TypeName:
    """A type by its name."""
    return tree.TypeName(0, 0, [ident(name)], [], [])


def list_of(item: tree.TypeExpr) -> tree.TypeName:
    """``list[item]``."""
    return tree.TypeName(0, 0, [ident("list")], [item], [])


def map_of(value: tree.TypeExpr) -> tree.TypeName:
    """``map[string, value]``."""
    return tree.TypeName(0, 0, [ident("map")], [named("string"), value], [])


def optional(inner: tree.TypeExpr) -> tree.TypeExpr:
    """``inner?``, once."""
    return inner if isinstance(inner, tree.TypeOpt) else tree.TypeOpt(0, 0, inner)


def marked(inner: tree.TypeExpr, markers: list[tree.Marker]) -> tree.TypeExpr:
    """``inner @marker …`` for a place in brackets."""
    return tree.TypeMarked(0, 0, inner, markers) if markers else inner


def number(value: float | Decimal) -> tree.Expr:
    """A number literal with its sign before it."""
    if value < 0 or (value == 0 and str(value).startswith("-")):
        return tree.Unary(0, 0, "-", number(-value))
    if isinstance(value, int):
        return tree.IntLit(0, 0, value, str(value))
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return tree.NumLit(0, 0, exact, _digits(exact, value))


def _digits(exact: Decimal, value: float | Decimal) -> str:
    """Digits with a point: what the language reads as a number that is no integer."""
    text = format(exact, "f") if -20 < exact.adjusted() < 20 else str(value).lower()
    return text if "." in text or "e" in text else f"{text}.0"


def literal(value: Any) -> tree.Expr:
    """A JSON value as the language writes it in markers."""
    match value:
        case None:
            return tree.NoneLit(0, 0)
        case bool():
            return tree.BoolLit(0, 0, value)
        case str():
            return string(value)
        case list():
            return tree.ListLit(0, 0, [literal(item) for item in value])
        case dict():
            return tree.MapLit(
                0,
                0,
                [tree.MapEntry(0, 0, string(key), literal(item)) for key, item in value.items()],
            )
        case _:
            return number(value)


def marker(name: str, *args: tree.Expr) -> tree.Marker:
    """``@name(args)``; without arguments, ``@name``."""
    items = [tree.Arg(0, 0, None, arg) for arg in args]
    return tree.Marker(0, 0, ident(name), items or None)


def word(name: str) -> tree.Name:
    """A bare name as an expression."""
    return tree.Name(0, 0, name)
