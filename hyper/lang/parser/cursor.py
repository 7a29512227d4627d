"""Where the parser is in the token arrays, how it complains, and how it goes on after a mistake."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from hyper.base.diagnostics import Reporter
from hyper.lang import tokens as t
from hyper.lang.parser.habits import beginning, habit, opening
from hyper.lang.parser.literals import unescape
from hyper.lang.tree import Ident

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hyper.base.diagnostics import Diagnostic
    from hyper.base.source import Source
    from hyper.lang.parser.habits import Habit
    from hyper.lang.tokens import Tokens

MAX_DEPTH: Final = 256
MAX_INNER: Final = 90
"""Levels of a type or of a JSON Schema. Each is written with up to two brackets, and Python reads 200."""
# Looking for the word that was meant is slow; past so many mistakes nobody reads it.
_MOST_SUGGESTIONS: Final = 300


class _Texts:
    """The texts of tokens, cut out when they are asked for: most never are."""

    __slots__ = ("_added", "_ends", "_own", "_starts", "_text")

    def __init__(self, tokens: Tokens) -> None:
        self._added: dict[str, int] = {}
        """Where texts begin that stand behind that of the file."""
        self._own: tuple[list[int], list[int]] | None = None
        self._text = tokens.text
        self._starts = tokens.starts
        self._ends = tokens.ends

    def __getitem__(self, i: int) -> str:
        return self._text[self._starts[i] : self._ends[i]]

    def put(self, i: int, text: str) -> None:
        """Read token ``i`` as another text from now on: it goes behind the text of the file.

        Texts are keywords: no more is copied for a file of misspelt ones than for a few.
        """
        if self._own is None:
            self._own = list(self._starts), list(self._ends)
            self._starts, self._ends = self._own
        starts, ends = self._own
        at = self._added.get(text)
        if at is None:
            at = self._added[text] = len(self._text)
            self._text += text
        starts[i], ends[i] = at, at + len(text)


class Fault(Exception):  # noqa: N818 - never leaves the parser
    """A mistake in a line: what is wrong, and where. The parser goes on at the next line."""

    # Whether it is reported once a file: where one line does so, they all do.
    once = False

    def __init__(self, code: str, message: str, start: int, end: int, near: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.near = near


class TooManyBlocksFault(Fault):
    """Blocks that nest too deeply: nothing of their declaration is read further."""


class Cursor:
    """The tokens of one file with the index of the next one.

    Parsing functions take a cursor and return a node; they read the arrays directly, because that
    is several times faster than a method call a token.
    """

    __slots__ = (
        "depth",
        "ends",
        "height",
        "i",
        "in_marker",
        "kinds",
        "limit",
        "mistakes",
        "problem_starts",
        "problems",
        "reporter",
        "source",
        "spoiled",
        "starts",
        "text",
        "texts",
        "told",
    )

    def __init__(self, source: Source, tokens: Tokens) -> None:
        self.source = source
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        # Strings and numbers are cut out of it where they are read: there are many.
        self.text = tokens.text
        self.texts = _Texts(tokens)
        self.i = 0
        self.depth = 0
        self.limit = MAX_DEPTH
        # Levels of nodes in the expression that was taken last; parentheses are none.
        self.height = 0
        self.in_marker = False
        self.reporter = Reporter(source)
        self.problem_starts: list[int] = []
        self.problems: list[Diagnostic] = []
        # Where each line begins to be wrong, whether or not that is reported.
        self.mistakes: list[int] = []
        for code, message, start, end in tokens.problems:
            self.reporter.report(code, message, start, end)
            self.problem_starts.append(start)
            self.problems.append(self.reporter.items[-1])
            self.mistakes.append(start)
        # The last line, by the index of its NEWLINE token, that already has an error.
        self.spoiled = -1
        # Messages that are reported once a file.
        self.told: set[str] = set()

    # ------------------------------------------------------------ complaints

    def found(self) -> str:
        """The next token as a message names it."""
        kind = self.kinds[self.i]
        if kind in {t.NAME, t.INT, t.NUMBER, t.WORDY, t.QUOTED}:
            return f"`{self.texts[self.i]}`"
        return t.KIND_NAMES[kind]

    def fault(
        self, message: str, code: str = "E0201", near: str | None = None, at: int | None = None
    ) -> Fault:
        """Make the error for the next token, or the one at index ``at``."""
        i = self.i if at is None else at
        if self.kinds[i] in {t.NEWLINE, t.END, t.INDENT, t.DEDENT} and i:
            end = self.ends[self._before(i)]
            return Fault(code, message, end, end, near)
        return Fault(code, message, self.starts[i], self.ends[i], near)

    def _before(self, i: int) -> int:
        """Index of the last token before ``i`` that has text."""
        i -= 1
        while i > 0 and self.kinds[i] in {t.NEWLINE, t.INDENT, t.DEDENT}:
            i -= 1
        return i

    def expected(self, what: str) -> Fault:
        """Make the error that ``what`` should stand where the next token is."""
        if self.kinds[self.i] == t.WORDY:
            return self.fault(f"{self.found()} is neither a number nor a name", "E0106")
        return self._told(habit(self, what)) or self.fault(f"expected {what}, found {self.found()}")

    def _told(self, found: Habit | None, code: str = "E0201") -> Fault | None:
        """Make the error for what is written as in another language."""
        if found is None:
            return None
        fault = Fault(code, found.message, self.starts[found.first], self.ends[found.last], None)
        if self.kinds[found.last] in {t.NEWLINE, t.END, t.INDENT, t.DEDENT}:
            fault.start = fault.end = self.ends[self._before(found.last)]
        fault.once = found.once
        return fault

    def leading_word(self, words: Collection[str], what: str) -> str:
        """The word that begins a line, one of ``words``.

        A misspelt one is reported and read as the word that it is nearest to, so that the rest
        of its line, and its block, are not lost.
        """
        i = self.i
        text = self.texts[i]
        named = self.kinds[i] == t.NAME
        if named and text in words:
            return text
        near = opening(text, words) if named else None
        if near is None:
            told = self._told(beginning(self, words), "E0204")
            near_enough = named and len(text) <= 40 and len(self.reporter.items) < _MOST_SUGGESTIONS
            close: list[str] = []
            if near_enough and not told:
                from difflib import get_close_matches

                close = get_close_matches(text, list(words), 1)
            if not close:
                raise told or self.fault(
                    f"{self.found()} cannot stand here; expected {what}", "E0204"
                )
            near = close[0]
        message = f"{self.found()} cannot stand here; did you mean `{near}`?"
        fault = self.fault(message, "E0204", near)
        if text.lower() == near:
            fault.message, fault.once = "keywords are written in lower case", True
        self.report(fault)
        self.texts.put(i, near)
        return near

    def line_start(self) -> int:
        """Index of the first token of the line."""
        first = self.i
        while first > 0 and self.kinds[first - 1] not in {t.NEWLINE, t.INDENT, t.DEDENT}:
            first -= 1
        return first

    def report(self, fault: Fault) -> None:
        """Report a fault, unless its line already has an error: one mistake is one error."""
        self.mistakes.append(fault.start)
        line_end = self.i
        kinds = self.kinds
        while kinds[line_end] != t.NEWLINE and kinds[line_end] != t.END:
            line_end += 1
        if line_end == self.spoiled:
            return
        self.spoiled = line_end
        first = self.line_start()
        at = bisect_left(self.problem_starts, self.starts[first])
        if at < len(self.problem_starts) and self.problem_starts[at] <= self.ends[line_end]:
            problem = self.problems[at]
            if (
                self.source.text[self.problem_starts[at]] != ";"
                or fault.start > self.problem_starts[at]
            ):
                return
            # Braces join lines: what is wrong before the first `;` explains it.
            if problem in self.reporter.items:
                self.reporter.items.remove(problem)
        if fault.once:
            if fault.message in self.told:
                return
            self.told.add(fault.message)
        self.reporter.report(
            fault.code, fault.message, fault.start, fault.end, suggestion=fault.near
        )

    def report_once(self, message: str) -> None:
        """Report a habit of layout at the next token, and go on as if it were not there."""
        fault = self.fault(message)
        fault.once = True
        self.report(fault)

    def warn_at(self, code: str, message: str, start: int, end: int) -> None:
        """Report something that does not stop the line from being read."""
        self.reporter.report(code, message, start, end)

    # ------------------------------------------------------------ taking tokens

    def word(self) -> str:
        """The text of the next token if it is an unquoted word, else the empty string."""
        i = self.i
        return self.texts[i] if self.kinds[i] == t.NAME else ""

    def expect(self, kind: int) -> None:
        """Take a token of a kind."""
        if self.kinds[self.i] != kind:
            raise self.expected(t.KIND_NAMES[kind])
        self.i += 1

    def accept(self, kind: int) -> bool:
        """Take the next token if it is of a kind."""
        if self.kinds[self.i] == kind:
            self.i += 1
            return True
        return False

    def expect_word(self, word: str) -> None:
        """Take one word."""
        i = self.i
        if self.kinds[i] != t.NAME or self.texts[i] != word:
            raise self.expected(f"`{word}`")
        self.i = i + 1

    def accept_word(self, word: str) -> bool:
        """Take the next token if it is this word."""
        i = self.i
        if self.kinds[i] == t.NAME and self.texts[i] == word:
            self.i = i + 1
            return True
        return False

    def ident(self, what: str = "a name") -> Ident:
        """Take a name, quoted or not."""
        i = self.i
        kind = self.kinds[i]
        if kind == t.NAME:
            self.i = i + 1
            return Ident(self.starts[i], self.ends[i], self.texts[i])
        if kind == t.QUOTED:
            self.i = i + 1
            return Ident(self.starts[i], self.ends[i], unquote_name(self, i), quoted=True)
        raise self.expected(what)

    def end_line(self) -> None:
        """Take the end of the line."""
        if self.kinds[self.i] != t.NEWLINE:
            raise self.expected("the end of the line")
        self.i += 1

    def last_end(self) -> int:
        """Where what was just taken ends: at the last token with text."""
        return self.ends[self._before(self.i)]

    # ------------------------------------------------------------ going on

    def deeper(self) -> None:
        """Enter a bracket or a block; the caller leaves it by taking 1 from ``depth``."""
        self.depth += 1
        if self.depth > self.limit:
            raise self._too_deep()

    def higher(self) -> int:
        """Put a node above the expression that was just taken; its height.

        A chain of operators is as high as it is long, whatever its brackets. Trees stay low, so
        that every pass over them may recurse.
        """
        self.height += 1
        if self.height > MAX_DEPTH:
            raise self._too_deep()
        return self.height

    def inner(self) -> int:
        """Let no more than ``MAX_INNER`` levels be entered here; the limit before, which the caller puts back."""
        before = self.limit
        if before == MAX_DEPTH:
            self.limit = min(before, self.depth + MAX_INNER)
        return before

    def too_many_blocks(self) -> TooManyBlocksFault:
        """Make the error for a block that is nested too deeply."""
        fault = self._too_deep()
        return TooManyBlocksFault(fault.code, fault.message, fault.start, fault.end, None)

    def _too_deep(self) -> Fault:
        levels = MAX_DEPTH if self.limit == MAX_DEPTH else MAX_INNER
        return self.fault(
            f"nested too deeply: at most {levels} levels; give a part a name of its own", "E0210"
        )

    def skip_line(self) -> None:
        """Go to the end of the line, and take it."""
        kinds = self.kinds
        i = self.i
        while kinds[i] != t.NEWLINE and kinds[i] != t.END:
            i += 1
        self.i = i + (kinds[i] == t.NEWLINE)

    def skip_block(self) -> None:
        """Take the block that begins here, if one does."""
        kinds = self.kinds
        i = self.i
        if kinds[i] != t.INDENT:
            return
        depth = 0
        while True:
            kind = kinds[i]
            if kind == t.INDENT:
                depth += 1
            elif kind == t.DEDENT:
                depth -= 1
                if not depth:
                    break
            elif kind == t.END:
                self.i = i
                return
            i += 1
        self.i = i + 1

    def skip_declaration(self, fault: Fault) -> None:
        """Report a fault and go to the next line that is not indented."""
        self.depth = 0
        self.limit = MAX_DEPTH
        self.report(fault)
        text, kinds, starts = self.source.text, self.kinds, self.starts
        while kinds[self.i] != t.END:
            self.skip_line()
            while kinds[self.i] in {t.INDENT, t.DEDENT}:
                self.i += 1
            if text[starts[self.i] - 1 : starts[self.i]] == "\n":
                return

    def recover(self, fault: Fault, depth: int) -> None:
        """Report a fault and go to the next line, past the block of a broken one."""
        self.depth = depth
        self.limit = MAX_DEPTH
        self.in_marker = False
        self.report(fault)
        self.skip_line()
        self.skip_block()

    def recover_head(self, fault: Fault, depth: int) -> None:
        """Report a fault in the head of a block and go to its end, so that its body is read."""
        self.depth = depth
        self.limit = MAX_DEPTH
        self.in_marker = False
        self.report(fault)
        self.skip_line()

    def lines(self, read: Callable[[], None]) -> None:
        """Read the lines of a block whose ``INDENT`` was taken, through its ``DEDENT``."""
        kinds = self.kinds
        depth = self.depth
        stray = 0
        while True:
            kind = kinds[self.i]
            if kind == t.DEDENT:
                self.i += 1
                if not stray:
                    self.depth = depth
                    return
                stray -= 1
                continue
            if kind == t.END:
                self.depth = depth
                return
            if kind == t.INDENT:
                self.stray_indent()
                stray += 1
                continue
            try:
                read()
            except TooManyBlocksFault:
                raise
            except Fault as fault:
                self.recover(fault, depth)

    def stray_indent(self) -> None:
        """Report a line that is indented deeper than the line before it allows, and go into it."""
        i = self.i
        self.i = i + 1
        self.report(
            Fault(
                "E0203",
                "this line is indented deeper than the lines around it",
                self.starts[i + 1],
                self.ends[i + 1],
                None,
            )
        )


def unquote_name(p: Cursor, i: int) -> str:
    """The name in backticks at index ``i``."""
    text = p.texts[i]
    body = text[1:-1] if len(text) > 1 and text[-1] == "`" else text[1:]
    if "\\" not in body:
        return body
    return unescape(p, body, p.starts[i] + 1)
