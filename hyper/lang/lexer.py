"""Text to tokens: the reference lexer, one regular expression over the whole file.

The lexer tiles the text with the rules of ``tokens``, then one loop drops what is no token, joins the
lines inside brackets and turns indentation into ``INDENT`` and ``DEDENT``. It never fails: what is
wrong is noted in ``Tokens.problems``, and a token stands in its place where one was meant.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.base.source import Source
from hyper.lang import tokens as t
from hyper.lang.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECES: Final[Callable[[str], list[str]]] = re.compile(
    "|".join(f"(?:{rule.pattern})" for rule in t.RULES)
).findall
_STRING: Final = re.compile("|".join(rule.pattern for rule in t.RULES if rule.kind == t.STRING))
_OWN_COMMENT: Final = re.compile(r"#[^\n]*")
_DECIMAL_INT: Final = re.compile(r"[0-9]+(?:_[0-9]+)*", re.ASCII)
_BASED_INT: Final = re.compile(r"0(?:[xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)")
_NUMBER: Final = re.compile(
    r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?", re.ASCII
)
_FIRST: Final[dict[str, int]] = {
    **dict.fromkeys("0123456789", t.INT),
    **dict.fromkeys("\"'", t.STRING),
    "\n": t.LINE,
    "\r": t.LINE,
    "#": t.COMMENT,
    "`": t.QUOTED,
    " ": t.SPACE,
    "\t": t.SPACE,
    "\f": t.SPACE,
}
_SLASHES: Final = re.compile(r"(?<=[(,] |.[(,])/(?P<body>[^/\n]+)/[a-z]*")
_MARK: Final = b"\xef\xbb\xbf"
_LONGEST_PATTERN: Final = 200
_LONGEST_NUMBER: Final = 1000
_LONGEST_TORN: Final = 30
_INSTEAD: Final[dict[str, str]] = {
    ";": "; lines end without it",
    "&&": "; write `and`",
    "&": "; write `and`",
    "!": "; write `not`",
    "^": "; for powers write `pow(x, 2)`",
    "\\": "; a line goes on inside of brackets: put `(…)` around the expression",
}


def decode(path: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a file: UTF-8, a leading byte order mark dropped, CRLF read as LF.

    An invalid byte is the error ``E0101``, which names its offset in bytes; the text then has U+FFFD in its place.
    """
    body = data.removeprefix(_MARK)
    try:
        return Source(path, body.decode().replace("\r\n", "\n")), []
    except UnicodeDecodeError as error:
        source = Source(path, body.decode(errors="replace").replace("\r\n", "\n"))
        before = len(body[: error.start].decode().replace("\r\n", "\n"))
        at = error.start + len(data) - len(body)
        message = f"byte {at} (0x{data[at]:02x}) is not UTF-8: save the file as UTF-8"
        return source, [diagnostic("E0101", message, source.locate(before, before + 1))]


def tokenize(source: Source) -> Tokens:
    """Cut the text of a file into tokens."""
    text, torn = source.text, None
    lexer = _Lexer(text)
    lexer.run(recover_from=len(text) + 1)
    if lexer.open_string is not None:
        torn = _torn(text, lexer.open_string)
    if torn is not None:
        # A string that ends on a later line is one mistake: cut again, as if it stood on one line.
        first, last = torn
        text = text[:first] + text[first:last].replace("\n", " ") + text[last:]
        lexer = _Lexer(text)
        lexer.run(recover_from=len(text) + 1)
    if lexer.open_at is not None:
        # A bracket is never closed. Cut again: from that bracket on, a line that is not indented
        # deeper than the one that opened it ends it, so that the rest of the file is still parsed.
        recover_from = lexer.open_at
        lexer = _Lexer(text)
        lexer.run(recover_from=recover_from)
    if torn is not None:
        quotes = text[torn[0]] * 3
        message = f"a string ends on its line; one of several lines stands between {quotes}"
        lexer.problems.append(("E0103", message, *torn))
    lexer.problems.sort(key=lambda problem: problem[2])
    return Tokens(
        text,
        lexer.kinds,
        lexer.starts,
        lexer.ends,
        lexer.comment_starts,
        lexer.comment_ends,
        lexer.comment_own,
        lexer.problems,
    )


def _torn(text: str, start: int) -> tuple[int, int] | None:
    """The range of a string that begins at ``start`` and seems to end on a later line, where nothing else follows it."""
    quote = text[start]
    at = text.find("\n", start)
    for _ in range(_LONGEST_TORN):
        if at < 0:
            return None
        end = text.find("\n", at + 1)
        line = text[at + 1 : end if end >= 0 else len(text)]
        if quote in line:
            closing = line.index(quote)
            rest = line[closing + 1 :].strip()
            closes = line.count(quote) == 1 and not any(each.isalnum() for each in rest)
            return (start, at + 2 + closing) if closes else None
        at = end
    return None


class _Lexer:
    """The arrays while they grow, with the stack of indentations."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.comment_starts: list[int] = []
        self.comment_ends: list[int] = []
        self.comment_own: list[bool] = []
        self.problems: list[tuple[str, str, int, int]] = []
        self.indents = [0]
        self.open_at: int | None = None
        self.open_string: int | None = None
        self.tabs_reported = False
        self.semicolons_reported = False

    def run(self, recover_from: int) -> None:
        """Fill the arrays. ``recover_from`` is the offset of a bracket that is never closed."""
        text = self.text
        add_kind = self.kinds.append
        add_start, add_end = self.starts.append, self.ends.append
        known = dict(t.FIXED)
        known[" "] = t.SPACE
        lookup = known.get
        self._begin()
        depth = 0
        at = 0
        for piece in _PIECES(text):
            kind = lookup(piece)
            start = at
            at += len(piece)
            if kind is None:
                kind = _FIRST.get(piece[0], t.NAME)
                if kind <= t.QUOTED:
                    kind = self._classify(kind, piece, start)
                    if kind == t.NAME:
                        known[piece] = kind
                    elif kind == t.BAD:
                        kind, depth = self._bad(piece, start, depth)
            if kind < t.FIRST_SPECIAL:
                add_kind(kind)
                add_start(start)
                add_end(at)
            elif kind == t.SPACE:
                pass
            elif kind == t.LINE:
                if "#" in piece:
                    self._own_comments(piece, start)
                if depth:
                    if start < recover_from or not self._ends_bracket(piece, at):
                        continue
                    depth = 0
                if at < len(text):
                    self._line(piece, start, at)
            elif kind == t.COMMENT:
                self._comment(start, at, own=not self.kinds)
            else:
                if kind <= t.LBRACE:
                    if not depth:
                        self.open_at = start
                    depth += 1
                elif depth:
                    depth -= 1
                add_kind(kind)
                add_start(start)
                add_end(at)
        self._finish(at)
        if not depth:
            self.open_at = None

    def _begin(self) -> None:
        """Treat an indented first line, and text that cannot be written as UTF-8."""
        text = self.text
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                self.problems.append(
                    ("E0102", "a lone surrogate is no character", error.start, error.start + 1)
                )
        margin = len(text) - len(text.lstrip(" \t"))
        if margin and text[margin : margin + 1] not in {"", "#", "\n", "\r"}:
            self._line(text[:margin], 0, margin)

    def _finish(self, at: int) -> None:
        if self.kinds and self.kinds[-1] not in {t.NEWLINE, t.DEDENT, t.INDENT}:
            self._add(t.NEWLINE, self.ends[-1], at)
        for _ in self.indents[1:]:
            self._add(t.DEDENT, at, at)
        self._add(t.END, at, at)

    def _add(self, kind: int, start: int, end: int) -> None:
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)

    def _comment(self, start: int, end: int, *, own: bool) -> None:
        if self.text[end - 1] == "\r":
            end -= 1
        self.comment_starts.append(start)
        self.comment_ends.append(end)
        self.comment_own.append(own)

    def _own_comments(self, piece: str, start: int) -> None:
        for match in _OWN_COMMENT.finditer(piece):
            self._comment(start + match.start(), start + match.end(), own=True)

    def _ends_bracket(self, piece: str, at: int) -> bool:
        """Whether a line end inside an unclosed bracket ends what the bracket opened."""
        width = len(piece) - piece.rfind("\n") - 1
        return width <= self.indents[-1] and self.text[at : at + 1] not in {")", "]", "}"}

    def _line(self, piece: str, start: int, at: int) -> None:
        """End a line, and compare the indentation of the next with the open blocks."""
        if self.kinds and self.kinds[-1] != t.NEWLINE:
            end = start + 1 if start < len(self.text) else start
            self._add(t.NEWLINE, start, end)
        margin = piece[piece.rfind("\n") + 1 :].replace("\r", "")
        width = len(margin)
        if "\t" in margin:
            width = len(margin.expandtabs(4))
            if not self.tabs_reported:
                # Once a file: where one line is indented by tabs, they all are.
                self.tabs_reported = True
                tab = at - len(margin) + margin.index("\t")
                self.problems.append(
                    ("E0104", "indentation has a tab; indent with spaces", tab, tab + 1)
                )
        indents = self.indents
        if width == indents[-1]:
            return
        if width > indents[-1]:
            indents.append(width)
            self._add(t.INDENT, at - len(margin), at)
            return
        while len(indents) > 1 and indents[-2] >= width:
            indents.pop()
            self._add(t.DEDENT, at, at)
        if width != indents[-1]:
            # Between two blocks: taken for a line of the inner one.
            indents[-1] = width
            self.problems.append(
                ("E0105", "this indentation matches no block above", at - len(margin), at)
            )

    def _classify(self, kind: int, piece: str, start: int) -> int:
        """Look closer at a piece by its first character ``kind``: a name, a number, a string."""
        if kind == t.NAME:
            return self._word(piece, start)
        if kind == t.INT:
            return self._number(piece, start)
        closed = len(piece) > 1 and piece[-1] == piece[0]
        if kind == t.STRING:
            if closed and piece[:3] in {'"""', "'''"}:
                closed = len(piece) > 5 and piece[-3:] == piece[:3]
            # An open string may end in an escaped quote: then no rule for strings matched it.
            if closed and "\\" in piece[-4:]:
                closed = _STRING.fullmatch(piece) is not None
            return t.STRING if closed else t.BAD
        return t.QUOTED if closed and len(piece) > 2 else t.BAD

    def _word(self, piece: str, start: int) -> int:
        if piece[0] in "rR" and piece[1:2] in {'"', "'"}:
            return t.STRING if _STRING.fullmatch(piece) else t.BAD
        if "/" in piece:
            return t.ROUTE
        if piece.isascii():
            return t.NAME if piece.isidentifier() else t.BAD
        if not piece.isidentifier():
            return t.BAD
        normal = unicodedata.normalize("NFKC", piece)
        if normal != piece:
            self.problems.append(
                (
                    "E0102",
                    f"write `{normal}`: `{piece}` is not in the normal form of names (NFKC)",
                    start,
                    start + len(piece),
                )
            )
        return t.NAME

    def _number(self, piece: str, start: int) -> int:
        kind = t.INT if _DECIMAL_INT.fullmatch(piece) or _BASED_INT.fullmatch(piece) else t.NUMBER
        if len(piece) > _LONGEST_NUMBER:
            message = f"a number has at most {_LONGEST_NUMBER} digits"
        elif kind == t.INT and piece[0] == "0" and piece.strip("0_") and piece.isdigit():
            message = f"write `{piece.lstrip('0')}`: a number does not begin with 0"
        elif kind == t.INT:
            return t.INT
        elif _NUMBER.fullmatch(piece):
            exponent = piece.lower().partition("e")[2].lstrip("+-")
            if len(exponent) <= 4:
                return t.NUMBER
            message = "an exponent has at most 4 digits"
        elif piece.isalnum():
            return t.WORDY
        else:
            message = f"`{piece}` is no number"
        self.problems.append(("E0106", message, start, start + len(piece)))
        return kind

    def _bad(self, piece: str, start: int, depth: int) -> tuple[int, int]:
        """Report what no rule takes; an open string or name stands for a closed one."""
        body = piece[1:] if piece[0] in "rR" else piece
        first = body[:1] or piece
        if first in "\"'":
            triple = body[:3] in {'"""', "'''"}
            if not triple and self.open_string is None:
                self.open_string = start + len(piece) - len(body)
            message = f"this string is not closed; end it with {first * (3 if triple else 1)}"
            self.problems.append(("E0103", message, start, start + len(piece)))
            return t.STRING, 0
        if first == "`":
            if piece == "``":
                self.problems.append(("E0103", "a quoted name is empty", start, start + 2))
                return t.QUOTED, depth
            self.problems.append(
                (
                    "E0103",
                    "this quoted name is not closed; end it with `",
                    start,
                    start + len(piece),
                )
            )
            return t.QUOTED, 0
        pattern = self._pattern(start)
        if pattern is not None:
            if self.problems[-1:] != [pattern]:
                self.problems.append(pattern)
            return t.SPACE, depth
        if self.problems and self.problems[-1][0] == "E0102":
            code, message, begun, end = self.problems[-1]
            if not self.text[end:start].strip(" "):
                # A run of such characters is one mistake.
                self.problems[-1] = (code, message, begun, start + len(piece))
                return t.SPACE, depth
        shown = first if first.isprintable() else f"U+{ord(first):04X}"
        if first == ";" and self.semicolons_reported:
            return t.SPACE, depth
        self.semicolons_reported |= first == ";"
        message = f"`{shown}` has no meaning here{self._instead(piece, start)}"
        self.problems.append(("E0102", message, start, start + len(piece)))
        return t.SPACE, depth

    def _pattern(self, at: int) -> tuple[str, str, int, int] | None:
        """The problem of a regular expression between slashes around an offset, as ``(/^a$/)`` of JavaScript."""
        low = max(0, at - _LONGEST_PATTERN)
        low = max(low, self.text.rfind("\n", low, at) + 1)
        found = _SLASHES.search(self.text, low, at + _LONGEST_PATTERN)
        if found is None or not found.start("body") <= at < found.end():
            return None
        body = found["body"]
        written = "as a string"
        if '"' not in body:
            written = f'`r"{body}"`' if "\\" in body else f'`"{body}"`'
        message = f"a pattern is a string: write {written}"
        return ("E0102", message, found.start("body") - 1, found.end())

    def _instead(self, piece: str, start: int) -> str:
        """What to write for a character that other languages have."""
        before, after = self.text[:start], self.text[start + len(piece) :]
        if piece == "!" and before[-1:] and (before[-1].isalnum() or before[-1] in ")]"):
            return "; give a default with `??`, or test with `is none`"
        if piece == "~" and before.endswith("="):
            return '; write `matches(text, "…")`'
        if piece == ";" and after.lstrip(" ")[:1] not in {"", "\n", "\r", "#", "}"}:
            return "; begin a new line"
        return _INSTEAD.get(piece, "")
