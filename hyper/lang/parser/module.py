"""A whole file: its name, what it uses, and its declarations one after another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.diagnostics import Diagnostic
from hyper.lang import tokens as t
from hyper.lang.lexer import tokenize
from hyper.lang.parser import actions, data, functions, scenarios, service
from hyper.lang.parser.cursor import Cursor, Fault, TooManyBlocksFault
from hyper.lang.parser.literals import doc_at
from hyper.lang.parser.types import markers
from hyper.lang.tree import Comment, Declaration, Ident, Module, Use, UseName

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.source import Source
    from hyper.lang.tokens import Tokens


class Parsed(msgspec.Struct, eq=False):
    """The tree of a file, as far as it could be read, and every mistake in it."""

    module: Module
    diagnostics: list[Diagnostic]


_DECLARATIONS: Final[dict[str, Callable[[Cursor], Declaration]]] = {
    "const": data.const,
    "type": data.alias,
    "enum": data.enum,
    "entity": data.entity,
    "union": data.union,
    "calc": functions.calc,
    "table": functions.table_decl,
    "rule": functions.rule,
    "extern": functions.extern,
    "action": actions.action,
    "webhook": actions.action,
    "service": service.service,
    "feature": scenarios.feature,
}

_LEADING: Final = (*_DECLARATIONS, "use", "intent")


_FRAMES: Final = 10_000
"""Python frames that the deepest text needs, whatever called the parser."""


def parse(source: Source, tokens: Tokens | None = None) -> Parsed:
    """Parse a file. Every mistake in it is reported; what could be read is in the tree.

    ``tokens`` are those of the source, where somebody has cut it already.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        return _parse(source, tokenize(source) if tokens is None else tokens)
    finally:
        sys.setrecursionlimit(before)


def _parse(source: Source, tokens: Tokens) -> Parsed:
    p = Cursor(source, tokens)
    module = Module(0, len(source.text), None, None, [], [], [], [])
    text = source.text
    module.comments = [
        Comment(start, end, text[start:end], own)
        for start, end, own in zip(
            tokens.comment_starts, tokens.comment_ends, tokens.comment_own, strict=True
        )
    ]
    kinds = p.kinds
    if kinds[0] == t.STRING and kinds[1] == t.NEWLINE:
        module.doc = doc_at(p, 0)
        p.i = 2
    while kinds[p.i] != t.END:
        if kinds[p.i] == t.INDENT:
            p.stray_indent()
            continue
        if kinds[p.i] == t.DEDENT:
            p.i += 1
            continue
        try:
            _line(p, module)
        except TooManyBlocksFault as fault:
            p.skip_declaration(fault)
        except Fault as fault:
            _lose(p, module)
            p.recover(fault, 0)
        except RecursionError:
            p.skip_declaration(p.fault("nested too deeply; give a part a name of its own", "E0210"))
    items = p.reporter.items
    module.mistakes = p.mistakes
    items.sort(key=lambda item: (item.line, item.column))
    return Parsed(module, items)


def _lose(p: Cursor, module: Module) -> None:
    """Keep the name of a declaration that is left out, so that its uses are no mistakes."""
    first = p.line_start()
    if p.kinds[first] == t.NAME and p.kinds[first + 1] == t.NAME:
        module.lost.append(p.texts[first + 1])
    elif p.kinds[first] == t.NAME and p.kinds[first + 1] in {t.ASSIGN, t.COLON}:
        module.lost.append(p.texts[first])


def _line(p: Cursor, module: Module) -> None:
    """Take a declaration, a ``use`` or the ``intent`` line."""
    if p.kinds[p.i] == t.STRING and module.doc is None and not module.declarations:
        raise p.fault("the documentation of a file stands before its `intent` line")
    word = p.leading_word(_LEADING, "a declaration")
    if word == "use":
        module.uses.append(_use(p))
    elif word == "intent":
        _intent(p, module)
    else:
        module.declarations.append(_DECLARATIONS[word](p))


def _intent(p: Cursor, module: Module) -> None:
    if module.name is not None:
        raise p.fault("a file has one `intent` line", "E0204")
    if module.uses or module.declarations:
        raise p.fault("the `intent` line stands before everything else of a file", "E0204")
    p.i += 1
    module.name = _dotted(p)
    module.markers = markers(p)
    p.end_line()


def _dotted(p: Cursor) -> Ident:
    """Take the name of a module."""
    first = p.ident("the name of a module")
    name, end = first.name, first.end
    while p.accept(t.DOT):
        part = p.ident("a part of the name of a module")
        name, end = f"{name}.{part.name}", part.end
    return Ident(first.start, end, name)


def _use(p: Cursor) -> Use:
    start = p.starts[p.i]
    p.i += 1
    if p.kinds[p.i] == t.STRING:
        raise p.fault("a module has a name of its own, as in `use shop.money (Amount)`")
    module = _dotted(p)
    names: list[UseName] | None = None
    if p.accept(t.LPAREN):
        if p.kinds[p.i] == t.STAR:
            raise p.fault(f"name what you bring, as in `use {module.name} (A, B)`")
        names = []
        while p.kinds[p.i] != t.RPAREN and _used(p, names):
            pass
        p.expect(t.RPAREN)
    elif p.word() == "as":
        p.report(
            p.fault(f"a module keeps its name: write `use {module.name}`, and `{module.name}.X`")
        )
        p.i += 1
        p.ident()
    elif p.kinds[p.i] in {t.NAME, t.QUOTED}:
        # `import A, B` of other languages.
        fault = p.fault(f"write `use {module.name} (A, B)`")
        p.accept_word("import")
        names = []
        p.report(fault)
        while _used(p, names):
            pass
    end = p.ends[p.i - 1]
    p.end_line()
    return Use(start, end, module, names)


def _used(p: Cursor, names: list[UseName]) -> bool:
    """Take ``name as other`` and the comma after it; whether the comma was there."""
    name = p.ident()
    alias = p.ident() if p.accept_word("as") else None
    names.append(UseName(name.start, (alias or name).end, name, alias))
    return p.accept(t.COMMA)
