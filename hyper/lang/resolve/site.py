"""Where something is resolved: the scope of its unit, the world around it and the reporter of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import Scope, World


class Site(NamedTuple):
    """What every look-up and every report of one unit needs."""

    scope: Scope
    world: World
    reporter: Reporter
