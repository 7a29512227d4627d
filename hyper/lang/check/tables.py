"""Decision tables: columns, policies, cells and results.

A cell is checked as the condition that it stands for, over its column's parameter, so that it is lowered like
any other condition: ``>= 500`` under ``amount`` is ``amount >= 500``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.calls import check_field
from hyper.lang.check.functions import declare_params
from hyper.lang.check.names import looks_like_member
from hyper.lang.check.narrow import facts_of
from hyper.lang.check.relations import (
    describe,
    is_ordered,
    join,
    natural,
    number_kind,
    without_none,
)
from hyper.lang.check.typed import (
    Body,
    BuiltinRef,
    FunctionRef,
    GivenRef,
    LocalRef,
    RowFacts,
    SelfField,
    TableFacts,
)
from hyper.lang.check.walk import expressions
from hyper.lang.parser.cell_habits import ANY_CELL, REST
from hyper.lang.resolve.lookup import nearest
from hyper.lang.symbols import EnumSymbol
from hyper.lang.types import (
    DURATION,
    INT,
    UNKNOWN,
    Entity,
    Enum,
    ListOf,
    Opt,
    Type,
    Unknown,
)

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker
    from hyper.lang.check.session import Session
    from hyper.lang.symbols import EntitySymbol, FunctionSymbol

POLICIES: Final = ("unique", "first", "any", "priority", "collect")
FOLDS: Final = ("sum", "min", "max", "count")


def check_table(session: Session, symbol: FunctionSymbol, decl: tree.TableDecl) -> None:
    """Check a table."""
    checker = session.checker(symbol.unit, "table")
    before = len(checker.reporter.items)
    declare_params(checker, symbol)
    returns = checker.normal(symbol.returns)
    policy = _policy(checker, decl)
    element = _element(checker, decl, policy, returns)
    columns = _columns(checker, symbol, decl)
    entity = _result_entity(checker, decl, element)
    _check_priority(checker, decl, policy, element, entity)
    counted: list[Type] = []
    rows = [
        _row(checker, decl, row, columns, element=element, entity=entity, counted=counted)
        for row in decl.rows
    ]
    if policy == "collect count":
        element = _counted(checker, counted)
    session.checked.tables[symbol.name] = TableFacts(element, policy, rows)
    session.checked.bodies[symbol.name] = Body(
        symbol.name,
        checker.typing,
        checker.uses,
        not any(item.is_error for item in checker.reporter.items[before:]),
    )


# ---------------------------------------------------------------- the head


_AVERAGES: Final = frozenset({"avg", "average", "mean"})


def _policy(checker: Checker, decl: tree.TableDecl) -> str:
    if decl.policy is None:
        return "unique"
    policy = decl.policy.name
    if policy not in POLICIES:
        checker.report(
            "E0603",
            f"there is no policy `{policy}`: the policies are {', '.join(POLICIES)}",
            decl.policy,
            suggestion=nearest(policy, POLICIES),
        )
        return "first"
    if decl.fold is None:
        return policy
    fold = decl.fold.name
    if policy != "collect" or fold not in FOLDS:
        message = f"only `collect` is followed by one of {', '.join(FOLDS)}"
        if policy == "collect":
            message = f"there is no fold `{fold}`: the folds are {', '.join(FOLDS)}"
        if policy == "collect" and fold in _AVERAGES:
            message += "; collect a list, and average it in a calc with `avg(…)`"
        checker.report("E0603", message, decl.fold, suggestion=nearest(fold, FOLDS))
        return policy
    return f"{policy} {fold}"


def _element(checker: Checker, decl: tree.TableDecl, policy: str, returns: Type) -> Type:
    """The type of one row's result, from the policy and what the table gives."""
    if isinstance(returns, Unknown):
        return UNKNOWN
    head = decl.returns
    if policy == "collect":
        if isinstance(returns, ListOf):
            return returns.item
        if decl.fold is not None:
            return returns  # the fold is reported
        checker.report("E0603", f"`collect` gives a list: write `list[{describe(returns)}]`", head)
        return UNKNOWN
    if policy == "collect count":
        if returns != INT:
            checker.report("E0603", "`collect count` gives int", head)
        return UNKNOWN
    if policy == "collect sum" and number_kind(returns) is None and returns != DURATION:
        checker.report(
            "E0603",
            f"`collect sum` adds numbers or durations, not {describe(returns)}",
            head,
        )
    elif policy in ("collect min", "collect max") and not is_ordered(returns):
        checker.report(
            "E0603", f"`{policy}` needs an order, and {describe(returns)} has none", head
        )
    return returns


def _columns(
    checker: Checker, symbol: FunctionSymbol, decl: tree.TableDecl
) -> list[tuple[tree.Ident, Type]]:
    params = {name: checker.normal(kind) for name, kind in symbol.params}
    seen: set[str] = set()
    columns: list[tuple[tree.Ident, Type]] = []
    for ident in decl.inputs:
        kind = params.get(ident.name)
        if kind is None:
            checker.report(
                "E0601",
                f"the column `{ident.name}` is no parameter of the table",
                ident,
                suggestion=nearest(ident.name, params),
            )
        elif ident.name in seen:
            checker.report("E0601", f"the column `{ident.name}` is there twice", ident)
        seen.add(ident.name)
        columns.append((ident, UNKNOWN if kind is None else kind))
    return columns


def _result_entity(checker: Checker, decl: tree.TableDecl, element: Type) -> EntitySymbol | None:
    """The entity whose fields several result columns are."""
    if len(decl.outputs) < 2 or isinstance(element, Unknown):
        return None
    entity = checker.entity(element.name) if isinstance(element, Entity) else None
    if entity is None:
        checker.report(
            "E0601",
            f"several result columns make the fields of an entity, and {describe(element)} is none",
            decl.outputs[1],
        )
        return None
    names = [ident.name for ident in decl.outputs]
    for place, ident in enumerate(decl.outputs):
        if ident.name not in entity.fields:
            checker.report(
                "E0311",
                f"`{describe(element)}` has no field `{ident.name}`",
                ident,
                suggestion=nearest(ident.name, entity.fields),
            )
        elif ident.name in names[:place]:
            checker.report("E0601", f"the column `{ident.name}` is there twice", ident)
    missing = [
        name
        for name, field in entity.fields.items()
        if name not in names and not field.optional and field.decl.default is None
    ]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        checker.report(
            "E0601", f"`{describe(element)}` needs {shown} too: add a column", decl.outputs[-1]
        )
    for name, field in entity.fields.items():
        if name not in names and field.decl.default is not None:
            checker.uses.callees.setdefault(f"{field.owner}.{name}", decl.outputs[0])
    return entity


def _check_priority(
    checker: Checker,
    decl: tree.TableDecl,
    policy: str,
    element: Type,
    entity: EntitySymbol | None,
) -> None:
    if policy != "priority" or isinstance(element, Unknown):
        return
    first: Type = element
    if entity is not None and decl.outputs[0].name in entity.fields:
        first = checker.normal(entity.fields[decl.outputs[0].name].type)
    if not isinstance(first, Enum):
        checker.report(
            "E0603",
            "`priority` takes the earliest member of an enum in the first result column, and"
            f" {describe(first)} is no enum",
            decl.policy or decl.returns,
        )


# ---------------------------------------------------------------- rows


def _row(
    checker: Checker,
    decl: tree.TableDecl,
    row: tree.TableRow,
    columns: list[tuple[tree.Ident, Type]],
    *,
    element: Type,
    entity: EntitySymbol | None,
    counted: list[Type],
) -> RowFacts:
    fits = _check_size(checker, decl, row)
    conditions: list[tree.Expr] = []
    start = checker.facts
    for cell, (ident, kind) in zip(row.cells, columns, strict=False):
        condition = _condition(checker, cell, ident, kind)
        if condition is None or isinstance(kind, Unknown):
            continue
        inner = without_none(kind)
        if _fits_anything(checker, cell, inner):
            checker.report("E0602", ANY_CELL, cell)
            continue
        checker.enum_first = inner.name if isinstance(inner, Enum) else None
        checker.condition(condition)
        checker.enum_first = None
        _check_constants(checker, cell)
        checker.facts = {**checker.facts, **facts_of(checker, condition)[0]}
        conditions.append(condition)
    if fits:
        _results(checker, decl, row, element=element, entity=entity, counted=counted)
    checker.facts = start
    return RowFacts(row, conditions, [ident.name for ident in decl.outputs] if entity else [])


def _check_size(checker: Checker, decl: tree.TableDecl, row: tree.TableRow) -> bool:
    wanted, found = len(decl.inputs), len(row.cells)
    if wanted != found:
        checker.report(
            "E0601",
            f"the row has {found} cell{'' if found == 1 else 's'} before `=>`, the head {wanted}",
            row,
        )
        return False
    wanted, found = len(decl.outputs), len(row.results)
    if wanted != found:
        checker.report(
            "E0601",
            f"the row has {found} result{'' if found == 1 else 's'}, the head {wanted}",
            row,
        )
        return False
    return True


def _results(
    checker: Checker,
    decl: tree.TableDecl,
    row: tree.TableRow,
    *,
    element: Type,
    entity: EntitySymbol | None,
    counted: list[Type],
) -> None:
    if decl.fold is not None and decl.fold.name == "count":
        counted.extend(checker.value(result) for result in row.results)
        return
    if entity is None:
        for result in row.results:
            _result(checker, result, element)
        return
    for ident, result in zip(decl.outputs, row.results, strict=False):
        field = entity.fields.get(ident.name)
        if field is None:
            checker.value(result)
            continue
        inner = without_none(checker.normal(field.type))
        checker.enum_first = inner.name if isinstance(inner, Enum) else None
        check_field(checker, result, field)
        checker.enum_first = None


def _result(checker: Checker, result: tree.Expr, element: Type) -> None:
    inner = without_none(element)
    checker.enum_first = inner.name if isinstance(inner, Enum) else None
    checker.check(result, element)
    checker.enum_first = None


def _counted(checker: Checker, kinds: list[Type]) -> Type:
    """What the rows of ``collect count`` give: any one type."""
    meet: Type | None = kinds[0] if kinds else INT
    for kind in kinds[1:]:
        meet = join(meet, kind, checker.world) if meet is not None else None
    return UNKNOWN if meet is None else natural(meet)


# ---------------------------------------------------------------- cells


def _condition(
    checker: Checker, cell: tree.Cell, ident: tree.Ident, kind: Type
) -> tree.Expr | None:
    """The condition that a cell stands for; ``None`` for ``-``."""
    start, end = cell.start, cell.end
    match cell:
        case tree.CellTest():
            column = _column(checker, cell, ident)
            test = tree.Compare(start, end, column, [cell.op or "=="], [cell.value])
            return _guarded(checker, cell, ident, kind, test) if cell.op in _ORDER else test
        case tree.CellRange():
            column = _column(checker, cell, ident)
            test = tree.Compare(start, end, cell.low, ["<=", "<="], [column, cell.high])
            return _guarded(checker, cell, ident, kind, test)
        case tree.CellNone():
            if not isinstance(kind, Opt | Unknown) and describe(kind) != "any":
                checker.report("E0602", f"`{ident.name}` is never none", cell)
                return None
            column = _column(checker, cell, ident)
            return tree.Compare(start, end, column, ["is"], [tree.NoneLit(start, end)])
        case tree.CellNot():
            inner = _condition(checker, cell.inner, ident, kind)
            return None if inner is None else tree.Unary(start, end, "not", inner)
        case tree.CellList():
            return _alternatives(checker, cell, ident, kind)
    return None


def _fits_anything(checker: Checker, cell: tree.Cell, kind: Type) -> bool:
    """Whether a cell is a word for anything else, as ``otherwise``, that names nothing here."""
    if not isinstance(cell, tree.CellTest) or cell.op != "==":
        return False
    name = cell.value.name if isinstance(cell.value, tree.Name) else ""
    if name not in REST or not looks_like_member(checker, cell.value):
        return False
    symbol = checker.world.symbols.get(kind.name) if isinstance(kind, Enum) else None
    return not (isinstance(symbol, EnumSymbol) and name in symbol.members)


_ORDER: Final = frozenset({"<", "<=", ">", ">="})


def _column(checker: Checker, cell: tree.Cell, ident: tree.Ident) -> tree.Name:
    column = tree.Name(cell.start, cell.end, ident.name, quoted=True)
    checker.columns.add(column)
    return column


def _guarded(
    checker: Checker, cell: tree.Cell, ident: tree.Ident, kind: Type, test: tree.Expr
) -> tree.Expr:
    """An order test of a value that may be none holds only where it is there."""
    if not isinstance(kind, Opt):
        return test
    column = _column(checker, cell, ident)
    none = tree.NoneLit(cell.start, cell.end)
    there = tree.Compare(cell.start, cell.end, column, ["is not"], [none])
    return tree.Binary(cell.start, cell.end, "and", there, test)


def _alternatives(
    checker: Checker, cell: tree.CellList, ident: tree.Ident, kind: Type
) -> tree.Expr | None:
    found: tree.Expr | None = None
    for item in cell.items:
        condition = _condition(checker, item, ident, kind)
        if condition is not None:
            found = (
                condition
                if found is None
                else tree.Binary(cell.start, cell.end, "or", found, condition)
            )
    return found


def _check_constants(checker: Checker, cell: tree.Cell) -> None:
    """Cells hold constants: no parameter, no call of a function, no clock."""
    match cell:
        case tree.CellTest():
            _check_constant(checker, cell.value)
        case tree.CellRange():
            _check_constant(checker, cell.low)
            _check_constant(checker, cell.high)
        case tree.CellNot():
            _check_constants(checker, cell.inner)
        case tree.CellList():
            for item in cell.items:
                _check_constants(checker, item)


def _check_constant(checker: Checker, value: tree.Expr) -> None:
    for node in expressions(value):
        ref = checker.typing.refs.get(node)
        clock = isinstance(ref, BuiltinRef) and ref.form == "clock"
        if clock or isinstance(ref, LocalRef | SelfField | FunctionRef | GivenRef):
            checker.report(
                "E0602",
                "a cell holds a constant: compute it before, and give it to the table as a parameter",
                value,
            )
            return
