"""How names, numbers and strings are written."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container

    from hyper.lang.tree import Ident, IntLit, NumLit, StrLit

# Words that an expression reads as something else than a name.
EXPRESSION_WORDS: Final = frozenset(
    {
        "and",
        "else",
        "false",
        "for",
        "if",
        "in",
        "is",
        "none",
        "not",
        "null",
        "or",
        "then",
        "true",
        "with",
    }
)
TYPE_WORDS: Final = frozenset({"true", "false", "as", "else"})
NO_WORDS: Final[frozenset[str]] = frozenset()

_ESCAPES: Final[dict[str, str]] = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ODD: Final = re.compile(r"[^ !#-\[\]-_a-~]")
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")


@lru_cache(maxsize=65536)
def bare(name: str) -> str:
    """A name, in backticks unless it is an identifier."""
    if name.isidentifier() and (name.isascii() or unicodedata.normalize("NFKC", name) == name):
        return name
    return _quoted(name, "`")


def ident(node: Ident, words: Container[str] = NO_WORDS) -> str:
    """A name where ``words`` would be read as something else."""
    name = node.name
    return f"`{name}`" if name in words else bare(name)


def _quoted(value: str, quote: str) -> str:
    """``value`` on one line between quotes, with the escapes that it needs."""
    return quote + _ODD.sub(lambda found: _escaped(found[0], quote), value) + quote


def _escaped(char: str, quote: str) -> str:
    if char == quote:
        return "\\" + char
    if char.isprintable():
        return _ESCAPES.get(char, char)
    simple = _ESCAPES.get(char)
    if simple is not None:
        return simple
    code = ord(char)
    if 0xD800 <= code < 0xE000:
        # Half a pair is no character, and no file can hold it.
        return "\ufffd"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted(value: str) -> str:
    """A string literal on one line."""
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    return _quoted(value, '"')


def string(node: StrLit) -> str:
    """A string literal as it was written, in double quotes."""
    text = node.text
    if text and text[0] == '"':
        return text
    value = node.value
    if node.raw and '"' not in value and value.isprintable():
        trailing = len(value) - len(value.rstrip("\\"))
        if trailing % 2 == 0 and "\\" in value:
            return f'r"{value}"'
    return quoted(value)


def integer(node: IntLit) -> str:
    """An integer as it was written."""
    return node.text or str(node.value)


def number(node: NumLit) -> str:
    """A number with a point or an exponent, as it was written."""
    if node.text:
        return node.text
    text = str(node.value)
    return text if "." in text or "E" in text else f"{text}.0"


def doc(value: str, indent: str, *, triple: bool = False) -> str:
    """A documentation string at a margin: on one line if it is one, else in triple quotes."""
    if "\n" not in value or not _is_paragraphs(value):
        if triple and '"' not in value and "\n" not in value:
            return f'{indent}""{quoted(value)}""'
        return indent + quoted(value)
    lines = value.split("\n")
    body = [indent + line if line else "" for line in map(_doc_line, lines)]
    if lines[0][0] == " ":
        return "\n".join([f'{indent}"""', *body, f'{indent}"""'])
    body[0] = f'{indent}"""{body[0][len(indent) :]}'
    return "\n".join([*body, f'{indent}"""'])


def _is_paragraphs(value: str) -> bool:
    """Whether dedenting gives the text back: neither its first nor its last line is blank."""
    return bool(value[: value.index("\n")].strip() and value[value.rindex("\n") :].strip())


def _doc_line(line: str) -> str:
    if _PLAIN.fullmatch(line) and (not line or line[-1] != " "):
        return line
    text = "".join(['"' if char == '"' else _escaped(char, "") for char in line])
    text = text.replace('"""', '\\"\\"\\"')
    if line and not line.strip():
        # A line of blanks alone would be taken for an empty one.
        text = text[:-1] + "\\x20"
    return text
