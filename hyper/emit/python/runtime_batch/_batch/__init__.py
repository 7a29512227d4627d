"""The functions of this package over columns, by the compiler that is installed beside it.

Nothing is loaded until a function is asked for. The files here hold the program that the package was made from.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hyper.engine.batch.packages import PackagedFunction

_PACKAGE = __name__.rpartition(".")[0]
_FOLDER = os.path.dirname(os.path.abspath(__file__))


def find(kind: str, name: str) -> PackagedFunction:
    """A calc, table or rule by its name, bare where one alone has it, else with its module: ``pricing.discount``.

    Raises ``LookupError`` for a name that none or several have, and ``ImportError`` where the compiler is not installed.
    """
    try:
        from hyper.engine.batch.packages import packaged
    except ImportError as error:
        message = "batches need the compiler: pip install 'hypercompiler[jit,data]'"
        raise ImportError(message) from error
    return packaged(_PACKAGE, _FOLDER).find(kind, name)


def attribute(kind: str, module: str, name: str) -> PackagedFunction:
    """As ``find``, for ``module.name``."""
    if not name.startswith("__"):
        try:
            return find(kind, name)
        except LookupError as error:
            raise AttributeError(str(error)) from None
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def names(kind: str) -> list[str]:
    """Their names: bare where one alone has it, else with the module."""
    from hyper.engine.batch.packages import packaged

    return packaged(_PACKAGE, _FOLDER).names(kind)
