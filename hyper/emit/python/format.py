"""Text as the formatter would leave it: quoting, docstrings, and lines that are too long.

Back ends write expressions flat. Only a line past the limit is taken apart again, at its brackets,
one part a line with a trailing comma, which ``ruff format`` keeps.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Final
from unicodedata import combining, east_asian_width

LIMIT: Final = 100
INDENT: Final = "    "


def width(text: str) -> int:
    """The columns that a text takes on a terminal, by which the formatter counts."""
    if text.isascii():
        return len(text)
    columns = 0
    for char in text:
        if east_asian_width(char) in {"W", "F"}:
            columns += 2
        elif not combining(char):
            columns += 1
    return columns


_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(char: str) -> str:
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    if char == " " or char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    """A string literal, double quoted unless that needs more escapes."""
    simple = text.isascii() and text.isprintable() and "\\" not in text
    body = text if simple else "".join(map(_escaped, text))
    if '"' not in body:
        return f'"{body}"'
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def quote_bytes(value: bytes) -> str:
    """A bytes literal, double quoted unless that needs more escapes."""
    body = "".join(
        chr(byte) if 32 <= byte < 127 and byte != 92 else "\\\\" if byte == 92 else f"\\x{byte:02x}"
        for byte in value
    )
    if body.count('"') > body.count("'"):
        return "b'" + body.replace("'", "\\'") + "'"
    return 'b"' + body.replace('"', '\\"') + '"'


def quote_regex(text: str) -> str:
    """A string literal for a pattern: raw where that saves backslashes and is safe."""
    if "\\" not in text or '"' in text or text.endswith("\\") or not text.isprintable():
        return quote(text)
    return f'r"{text}"'


def docstring(text: str, indent: str) -> list[str]:
    """The lines of a docstring, indented; none where there is no text."""
    lines = [_doc_line(line) for line in cleandoc(text.expandtabs()).splitlines()]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    if not lines:
        return []
    first = f" {lines[0]}" if lines[0].startswith('"') else lines[0]
    if len(lines) == 1:
        end = " " if first.endswith('"') else ""
        return [f'{indent}"""{first}{end}"""']
    rest = [f"{indent}{line}" if line else "" for line in lines[1:]]
    return [f'{indent}"""{first}', *rest, f'{indent}"""']


def _doc_line(line: str) -> str:
    line = line.rstrip()
    if line.isascii() and line.isprintable() and "\\" not in line:
        return line.replace('"""', '\\"\\"\\"')
    body = "".join(map(_escaped, line))
    return body.replace('"""', '\\"\\"\\"').rstrip()


def comment(text: str, indent: str) -> list[str]:
    """The lines of a comment; characters that could end its line are escaped."""
    return [f"{indent}# {_doc_line(line)}".rstrip() for line in text.splitlines()]


_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")


# Strings are skipped whole. A raw string may be read like any other: none is written whose quotes are escaped.
_MARKS: Final = re.compile(
    r"""\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[()\[\]{}]| \| |, |: |=""", re.DOTALL
)


def split(text: str, separator: str) -> list[str]:
    """``text`` cut at ``separator`` outside of brackets and strings: a comma, bar, colon or equals sign as ``_MARKS`` has it."""
    if separator not in text:
        return [text]
    parts: list[str] = []
    depth = start = 0
    for found in _MARKS.finditer(text):
        mark = found[0]
        if mark in _OPEN:
            depth += 1
        elif mark in _CLOSE:
            depth -= 1
        elif depth == 0 and mark == separator:
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    return parts


def _last_bracket(text: str) -> int:
    """Where the bracket opens that the end of ``text`` closes; -1 where it does not end in one."""
    if text[-1:] not in _CLOSE or not text:
        return -1
    depth = opened = 0
    for found in _MARKS.finditer(text):
        mark = found[0]
        if mark in _OPEN:
            if depth == 0:
                opened = found.start()
            depth += 1
        elif mark in _CLOSE:
            depth -= 1
    return opened


def explode(text: str, indent: str, head: str = "", tail: str = "") -> list[str]:
    """The lines of ``head + text + tail``: one where it fits, else the last bracket is opened, one part a line."""
    line = f"{indent}{head}{text}{tail}"
    if width(line) <= LIMIT:
        return [line]
    deeper = indent + INDENT
    parts = split(text, " | ")
    if len(parts) > 1:
        lines: list[str] = []
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            lead = "| " if index else head
            lines += explode(part, indent, lead, tail if last else "")
        return lines
    if text.startswith("lambda: "):
        return [
            f"{indent}{head}lambda: (",
            *explode(text.removeprefix("lambda: "), deeper),
            f"{indent}){tail}",
        ]
    opened = _last_bracket(text)
    if opened < 0 or opened == len(text) - 2:
        return [line]
    inner = split(text[opened + 1 : -1].rstrip(","), ", ")
    lines = [f"{indent}{head}{text[: opened + 1]}"]
    # A lone type in brackets takes no trailing comma: that would make it a tuple.
    comma = "" if len(inner) == 1 and text[opened] == "[" and opened > 0 else ","
    for part in inner:
        name, equals, value = _keyword(part)
        lines += explode(value, deeper, name + equals, comma)
    lines.append(f"{indent}{text[-1]}{tail}")
    return lines


def _keyword(part: str) -> tuple[str, str, str]:
    """``name=value`` and ``"key": value`` taken apart, so that the value can be opened."""
    for separator in ("=", ": "):
        pieces = split(part, separator)
        if len(pieces) == 2 and pieces[0] != "lambda":
            return pieces[0], separator, pieces[1]
    return "", "", part


def annotated(indent: str, name: str, annotation: str, default: str | None) -> list[str]:
    """The lines of ``name: annotation = default``."""
    tail = "" if default is None else f" = {default}"
    line = f"{indent}{name}: {annotation}{tail}"
    if width(line) <= LIMIT:
        return [line]
    head = f"{indent}{name}: {annotation}"
    opened = _last_bracket(annotation)
    if default is not None and (len(head) + 4 <= LIMIT or (opened < 0 and "(" in default)):
        return _value(indent, f"{name}: {annotation} = ", default)
    room = len(indent) + len(INDENT) + width(annotation) <= LIMIT
    alone = opened < 0 and room and width(f"{indent}{name}: (") <= LIMIT
    if alone or len(split(annotation, " | ")) > 1:
        deeper = indent + INDENT
        body = explode(annotation, deeper)
        return [f"{indent}{name}: (", *body, f"{indent}){tail}"]
    return explode(annotation, indent, f"{name}: ", tail)


def _value(indent: str, head: str, value: str) -> list[str]:
    """The lines of ``head value`` where only the value can be opened."""
    opened = _last_bracket(value)
    first = len(indent) + len(head)
    if opened >= 0 and (first + opened < LIMIT or first >= LIMIT):
        return explode(value, indent, head)
    if first >= LIMIT:
        return [f"{indent}{head}{value}"]
    inner = explode(value, indent + INDENT)
    if len(inner) == 1 and width(inner[0]) > LIMIT:
        return [f"{indent}{head}{value}"]
    return [f"{indent}{head}(", *inner, f"{indent})"]


def assignment(indent: str, name: str, value: str) -> list[str]:
    """The lines of ``name = value``."""
    line = f"{indent}{name} = {value}"
    return [line] if width(line) <= LIMIT else _value(indent, f"{name} = ", value)


def tuple_of(rows: list[str]) -> str:
    """A tuple of texts."""
    return f"({rows[0]},)" if len(rows) == 1 else f"({', '.join(rows)})"
