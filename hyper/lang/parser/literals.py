"""The values of literals: escapes of strings, exact numbers, the margins of documentation."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.tree import IntLit, NumLit, StrLit

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor

_SIMPLE: Final[dict[str, str]] = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "`": "`",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "\n": "",
}
_ESCAPE: Final = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    r"|N\{([^{}\n]*)\}|\r?([\s\S]))"
)


def unescape(p: Cursor, body: str, offset: int) -> str:
    """Resolve Python's escapes in ``body``, which stands at ``offset`` of the file."""
    if "\\" not in body:
        return body

    def value(match: re.Match[str]) -> str:
        octal, two, four, eight, name, simple = match.groups()
        if simple is not None:
            known = _SIMPLE.get(simple)
            if known is not None:
                return known
            problem = f"`\\{simple}` is no escape; write `\\\\` for a backslash"
        elif name is not None:
            try:
                return unicodedata.lookup(name)
            except KeyError:
                problem = f"no character is called `{name}`"
        else:
            code = int(octal, 8) if octal else int(two or four or eight, 16)
            if code < 0x110000 and not 0xD800 <= code < 0xE000:
                return chr(code)
            problem = f"`{match.group()}` is no character"
        at = offset + match.start()
        p.warn_at("E0107", problem, at, at + len(match.group()))
        return match.group()

    return _ESCAPE.sub(value, body)


def _body(text: str) -> tuple[str, int, bool, bool]:
    """The inside of a string literal, its offset, whether it is raw and whether it is triple-quoted."""
    raw = text[0] in "rR"
    skip = 1 if raw else 0
    quote = text[skip]
    triple = text.startswith(quote * 3, skip)
    if triple:
        skip += 3
        closed = len(text) >= skip + 3 and text.endswith(quote * 3)
        return text[skip : -3 if closed else None], skip, raw, True
    skip += 1
    closed = len(text) > skip and text.endswith(quote)
    return text[skip : -1 if closed else None], skip, raw, False


def string(p: Cursor) -> StrLit:
    """Take a string literal."""
    i = p.i
    if p.kinds[i] != t.STRING:
        raise p.expected("a string")
    p.i = i + 1
    return string_at(p, i)


def string_at(p: Cursor, i: int) -> StrLit:
    """The string literal at index ``i``."""
    start, end = p.starts[i], p.ends[i]
    text = p.text[start:end]
    if "\\" not in text and text[0] == '"' and text[1:3] != '""':
        return StrLit(start, end, text[1:-1] if text[-1] == '"' else text[1:], False, text)
    body, skip, raw, _ = _body(text)
    if "\r" in body:
        body = body.replace("\r\n", "\n")
    value = body if raw else unescape(p, body, start + skip)
    return StrLit(start, end, value, raw, text)


def doc_at(p: Cursor, i: int) -> StrLit:
    """The documentation string at index ``i``: as ``string_at``, a triple-quoted one dedented."""
    text = p.texts[i]
    if "\n" not in text:
        return string_at(p, i)
    body, skip, raw, triple = _body(text)
    if not triple:
        return string_at(p, i)
    body = dedent(body.replace("\r\n", "\n"))
    value = body if raw else unescape(p, body, p.starts[i] + skip)
    return StrLit(p.starts[i], p.ends[i], value, raw, text)


def dedent(body: str) -> str:
    """Take the common margin from all lines but the first, and blank lines from both ends.

    Closing quotes on a line of their own count for the margin.
    """
    lines = body.split("\n")
    margins = [len(line) - len(line.lstrip(" ")) for line in lines[1:] if line.strip()]
    if len(lines) > 1 and not lines[-1].strip(" "):
        margins.append(len(lines[-1]))
    margin = min(margins, default=0)
    cleaned = [lines[0].lstrip(" "), *(line[margin:] for line in lines[1:])]
    cleaned = [line if line.strip() else "" for line in cleaned]
    first, last = 0, len(cleaned)
    while last and not cleaned[last - 1]:
        last -= 1
    while first < last and not cleaned[first]:
        first += 1
    return "\n".join(cleaned[first:last])


def integer(p: Cursor, i: int) -> IntLit:
    """The integer literal at index ``i``."""
    start, end = p.starts[i], p.ends[i]
    text = p.text[start:end]
    if text.isdecimal() and len(text) <= 1000:
        return IntLit(start, end, int(text), text)
    try:
        value = int(text[:1000], 0)
    except ValueError:
        value = 0  # reported by the lexer
    return IntLit(start, end, value, text)


def number(p: Cursor, i: int) -> NumLit:
    """The literal with a point or an exponent at index ``i``."""
    text = p.texts[i]
    try:
        value = Decimal(text.replace("_", "")) if len(text) <= 1000 else Decimal(0)
    except ArithmeticError:
        value = Decimal(0)
    if abs(value.adjusted()) > 11_000:
        # The lexer reported its exponent.
        value = Decimal(0)
    return NumLit(p.starts[i], p.ends[i], value, text)
