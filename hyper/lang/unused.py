"""Imports and private declarations that nothing looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import diagnostic
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.lang.symbols import World


def unused(world: World) -> list[Diagnostic]:
    """W0301 for each import and W0302 for each private declaration that its module never uses.

    Needs ``Scope.used`` as ``resolve`` and ``check`` leave it.
    """
    found: list[Diagnostic] = []
    for name in sorted(world.units):
        unit = world.units[name]
        scope = world.scopes[name]
        locate = unit.source.locate
        for use in unit.module.uses:
            if use.names is None:
                if use.module.name in scope.modules and use.module.name not in scope.used:
                    found.append(
                        diagnostic(
                            "W0301",
                            f"`{use.module.name}` is imported and never used: remove the line",
                            locate(use.module.start, use.module.end),
                        )
                    )
                continue
            for item in use.names:
                local = (item.alias or item.name).name
                if local in scope.imported and local not in scope.used:
                    found.append(
                        diagnostic(
                            "W0301",
                            f"`{local}` is imported and never used: remove it from the line",
                            locate(item.start, item.end),
                        )
                    )
        for declaration in unit.module.declarations:
            if isinstance(declaration, tree.FeatureDecl | tree.ServiceDecl):
                continue
            own = declaration.name.name
            if own.startswith("_") and own not in scope.used:
                found.append(
                    diagnostic(
                        "W0302",
                        f"`{own}` is private to this module and never used: remove it",
                        locate(declaration.name.start, declaration.name.end),
                    )
                )
    return found
