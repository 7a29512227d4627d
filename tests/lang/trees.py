"""Random well-formed trees: everything that the language can say, with hostile names and strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from hyper.lang import tree

WORDS = [
    "a",
    "amount",
    "tier",
    "is",
    "if",
    "not",
    "none",
    "then",
    "else",
    "let",
    "var",
    "match",
    "for",
    "by",
    "as",
    "null",
    "true",
    "error",
    "return",
    "elif",
    "with",
    "and",
    "exactly",
    "entity",
    "größe",
    "+1",
    "a b",
    "x`y",
    "back\\slash",
    "line\nend",
    "42",
    "",
]
names = st.sampled_from(WORDS[:-1])
idents = names.map(lambda name: tree.Ident(0, 0, name))
plain_idents = st.sampled_from(["a", "b2", "_c", "if"]).map(lambda name: tree.Ident(0, 0, name))
texts = st.one_of(
    st.sampled_from(
        ["", "plain", 'say "hi"', "a\\d+", "two\nlines", "tab\t", "'", '"""', "é\u2028"]
    ),
    st.text(max_size=12),
)
strings = st.builds(lambda value, raw: tree.StrLit(0, 0, value, raw, ""), texts, st.booleans())
plain_strings = texts.map(lambda value: tree.StrLit(0, 0, value, False, ""))
paragraphs = st.lists(
    st.sampled_from(
        ["", "A line.", "  deeper", "ends in space ", "   ", '"""', 'q"', "\\", "\ttab"]
    ),
    max_size=5,
).map("\n".join)
docs = st.none() | st.one_of(texts, paragraphs).map(
    lambda value: tree.StrLit(0, 0, value, False, "")
)
ints = st.integers(-(10**20), 10**20).map(lambda value: tree.IntLit(0, 0, value, ""))
naturals = st.integers(0, 30).map(lambda value: tree.IntLit(0, 0, value, ""))
decimals = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.sampled_from([Decimal("1E+30"), Decimal("-1.5E-9"), Decimal(100)]),
).map(lambda value: tree.NumLit(0, 0, value, ""))
bools = st.booleans().map(lambda value: tree.BoolLit(0, 0, value))
nones = st.builds(lambda: tree.NoneLit(0, 0))
refs = names.map(lambda name: tree.Name(0, 0, name))
leaves = st.one_of(ints, decimals, plain_strings, strings, bools, nones, refs)


def _node(kind: type[tree.Node], *parts: Any) -> st.SearchStrategy[Any]:
    return st.builds(lambda *values: kind(0, 0, *values), *parts)


def _args(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tree.Arg]]:
    return st.lists(_node(tree.Arg, st.none() | idents, inner), max_size=3)


def _compare(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    link = st.one_of(
        st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]), inner),
        st.tuples(st.sampled_from(["is", "is not"]), nones),
    )
    return st.builds(
        lambda first, links: tree.Compare(
            0, 0, first, [op for op, _ in links], [item for _, item in links]
        ),
        inner,
        st.lists(link, min_size=1, max_size=3),
    )


def _extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    generator = _node(
        tree.Comprehension, inner, idents, inner, st.none() | inner, st.just(value=False)
    )
    named = st.lists(_node(tree.Arg, idents, inner), min_size=1, max_size=3)
    lone = generator.map(lambda value: [tree.Arg(0, 0, None, value)])
    entries = st.lists(_node(tree.MapEntry, inner, inner), max_size=3)
    return st.one_of(
        _node(tree.Attr, inner, idents),
        _node(tree.Index, inner, inner),
        _node(tree.Call, inner, _args(inner) | lone),
        _node(tree.Unary, st.sampled_from(["-", "+", "not"]), inner),
        _node(
            tree.Binary,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "and", "or", "??"]),
            inner,
            inner,
        ),
        _compare(inner),
        _node(tree.Conditional, inner, inner, inner),
        _node(tree.ListLit, st.lists(inner, max_size=3)),
        _node(tree.MapLit, entries),
        _node(tree.Comprehension, inner, idents, inner, st.none() | inner, st.just(value=True)),
        _node(tree.With, inner, named),
        _node(tree.Paren, inner),
    )


expressions = st.recursive(leaves, _extend, max_leaves=12)
small = st.recursive(leaves, _extend, max_leaves=3)

_extra = st.one_of(
    plain_idents.map(lambda name: tree.Name(0, 0, name.name)),
    st.deferred(lambda: types).map(lambda of: tree.TypeValue(0, 0, of)),
)
_marker = st.one_of(
    _node(tree.Marker, plain_idents, st.none() | _args(small)),
    _extra.map(
        lambda value: tree.Marker(
            0, 0, tree.Ident(0, 0, "extra"), [tree.Arg(0, 0, None, _bare(value))]
        )
    ),
)
markers = st.lists(_marker, max_size=2)
some_markers = st.lists(_marker, min_size=1, max_size=2)


def _bare(value: Any) -> Any:
    """A bare name is a ``Name``, whatever was drawn."""
    if isinstance(value, tree.TypeValue):
        of = value.type
        if isinstance(of, tree.TypeName) and len(of.parts) == 1 and not of.args and not of.numbers:
            return tree.Name(0, 0, "a")
    return value


_parts = st.lists(idents, min_size=1, max_size=2)
_type_leaves = st.one_of(
    _node(tree.TypeName, _parts, st.just([]), st.lists(naturals, max_size=2)),
    _node(tree.TypeLit, plain_strings | ints | bools),
)


def _extend_type(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arguments = st.lists(
        inner | _node(tree.TypeMarked, inner, some_markers), min_size=1, max_size=2
    )
    return st.one_of(
        _node(tree.TypeName, _parts, arguments, st.just([])),
        inner.map(lambda of: of if isinstance(of, tree.TypeOpt) else tree.TypeOpt(0, 0, of)),
    )


types: st.SearchStrategy[Any] = st.recursive(_type_leaves, _extend_type, max_leaves=4)
plain_names = _node(tree.TypeName, _parts, st.just([]), st.just([]))
params = st.lists(_node(tree.Param, idents, types), max_size=3)


def _blocks(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    block = st.lists(inner, min_size=1, max_size=3)
    branches = st.lists(_node(tree.Branch, small, block), min_size=1, max_size=2)
    arms = st.lists(_node(tree.MatchArm, types, st.none() | idents, block), min_size=1, max_size=3)
    last = st.lists(_node(tree.MatchArm, st.none(), st.none(), block), max_size=1)
    return st.one_of(
        _node(tree.For, idents, small, block),
        _node(tree.If, branches, st.none() | block),
        _node(tree.Match, small, st.builds(lambda a, b: a + b, arms, last)),
    )


_simple = st.one_of(
    _node(tree.Let, idents, st.none() | types, expressions),
    _node(tree.Var, idents, st.none() | types, expressions),
    _node(tree.Assign, idents, expressions),
    _node(tree.ExprStmt, expressions),
)
statements = st.recursive(_simple, _blocks, max_leaves=6)
bodies = st.lists(statements, min_size=1, max_size=3)

_member = _node(tree.EnumMember, idents, st.none() | small, docs, markers)
_field = _node(tree.FieldDecl, idents, st.booleans(), types, st.none() | expressions, markers, docs)
_tests = st.one_of(
    _node(tree.CellTest, st.sampled_from(["==", "<", "<=", ">", ">=", "!="]), small).filter(
        lambda cell: not isinstance(_stripped(cell.value), tree.NoneLit)
    ),
    _node(tree.CellRange, small, small),
    _node(tree.CellNone),
)


def _stripped(value: Any) -> Any:
    while isinstance(value, tree.Paren):
        value = value.inner
    return value


_lists = st.lists(_tests, min_size=2, max_size=3).map(lambda items: tree.CellList(0, 0, items))
_cells = st.one_of(_node(tree.CellAny), _tests, _lists, _node(tree.CellNot, _tests | _lists))
_rows = st.lists(
    _node(tree.TableRow, st.lists(_cells, max_size=3), st.lists(small, min_size=1, max_size=2)),
    max_size=3,
)
_updates = st.lists(_node(tree.Assign, idents, expressions), min_size=1, max_size=2)
_clauses = st.lists(
    _node(tree.Require, expressions, plain_strings) | _node(tree.Derive, expressions, _updates),
    min_size=1,
    max_size=3,
)
_schemes = _node(tree.SecurityScheme, idents, st.lists(plain_strings, max_size=2))
_security = st.none() | st.lists(
    _node(tree.SecurityUse, st.lists(_schemes, max_size=2)), min_size=1, max_size=2
)
_header = _node(tree.HeaderLine, idents, st.booleans(), types, markers, docs)
_returns = _node(
    tree.ActionReturn,
    st.sampled_from(["returns", "error"]),
    st.sampled_from(["200", "4XX", "default"]),
    st.none() | types,
    st.none() | plain_strings,
    markers,
    docs,
    st.lists(_header, max_size=2),
)
_param_line = _node(
    tree.ActionParam,
    st.sampled_from(["path", "query", "header", "cookie"]),
    idents,
    st.booleans(),
    types,
    st.none() | small,
    markers,
    docs,
)
_body_line = _node(
    tree.ActionBody, idents, st.booleans(), types, st.none() | plain_strings, markers, docs
)
_route = _node(
    tree.Route,
    st.sampled_from(["GET", "POST", "TRACE"]),
    st.sampled_from(["/", "/a/{b}", "/x'y/#z", "/a b", "/é", ""]),
)
_rule_use = _node(tree.RuleUse, plain_names, small)
_steps = st.one_of(
    _node(tree.Given, idents, st.none() | types, expressions),
    _node(tree.WhenStep, idents, st.none() | types, expressions),
    _node(tree.Then, st.none(), expressions),
    _node(tree.Then, st.sampled_from(["error", "refused"]), plain_strings),
)
_examples = _node(
    tree.Examples,
    st.lists(idents, min_size=1, max_size=3),
    st.lists(st.lists(small, min_size=1, max_size=3), max_size=3),
)
_scenario = _node(
    tree.Scenario,
    plain_strings,
    docs,
    st.lists(_steps, min_size=1, max_size=3),
    st.none() | _examples,
)
_server = _node(tree.ServerLine, plain_strings, st.none() | plain_strings, markers)
_tag = _node(tree.TagLine, plain_strings, st.none() | plain_strings, markers)
_scheme_line = _node(tree.SchemeLine, idents, plain_idents, _args(small), markers, docs)
_variants = st.lists(types | _node(tree.TypeMarked, types, some_markers), min_size=1, max_size=4)
_mapping = st.lists(_node(tree.MapEntry, plain_strings, refs), max_size=3)

_head = (idents, docs, markers)


def _table(policy: Any, fold: Any) -> st.SearchStrategy[Any]:
    inputs = st.lists(idents, max_size=2)
    outputs = st.lists(idents, min_size=1, max_size=2)
    return _node(tree.TableDecl, *_head, params, types, policy, fold, inputs, outputs, _rows)


declarations = st.one_of(
    _node(tree.ConstDecl, *_head, st.none() | types, expressions),
    _node(tree.TypeDecl, *_head, types),
    _node(tree.EnumDecl, *_head, st.lists(_member, max_size=4), st.booleans()),
    _node(
        tree.EntityDecl,
        *_head,
        st.lists(plain_names, max_size=2),
        st.lists(_field, max_size=4),
    ),
    st.one_of(
        _node(tree.UnionDecl, *_head, st.booleans(), _variants, st.none(), st.none()),
        _node(tree.UnionDecl, *_head, st.booleans(), _variants, idents, st.none() | _mapping),
    ),
    _node(tree.CalcDecl, *_head, params, types, bodies),
    _node(tree.ExternDecl, *_head, params, types, plain_strings),
    _table(st.none(), st.none()),
    _table(plain_idents, st.none() | plain_idents),
    _node(tree.RuleDecl, *_head, plain_names, _clauses),
    _node(
        tree.ActionDecl,
        *_head,
        st.booleans(),
        st.none() | _route,
        st.lists(_param_line, max_size=2),
        st.lists(_body_line, max_size=2),
        st.lists(_returns, max_size=2),
        st.lists(_rule_use, max_size=2),
        st.none() | st.lists(idents, min_size=1, max_size=2),
        st.none() | plain_strings,
        _security,
        st.lists(plain_strings, max_size=2),
    ),
    _node(
        tree.ServiceDecl,
        *_head,
        st.none() | plain_strings,
        st.none() | plain_strings,
        st.lists(_server, max_size=2),
        st.lists(_scheme_line, max_size=2),
        _security,
        st.lists(idents, max_size=2),
        st.lists(_tag, max_size=2),
    ),
    _node(
        tree.FeatureDecl,
        plain_strings,
        docs,
        st.none() | plain_names,
        st.lists(_scenario, min_size=1, max_size=2),
    ),
)
_dotted = st.sampled_from(["a", "shop.orders", "a.if.b"]).map(lambda name: tree.Ident(0, 0, name))
_uses = _node(
    tree.Use,
    _dotted,
    st.none() | st.lists(_node(tree.UseName, idents, st.none() | idents), max_size=3),
)
modules = _node(
    tree.Module,
    docs,
    st.none() | _dotted,
    st.just([]),
    st.lists(_uses, max_size=2),
    st.lists(declarations, max_size=3),
    st.just([]),
)
