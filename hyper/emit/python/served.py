"""Which actions a service serves, and under which names: the modules of ``api`` and the methods of handlers, from the index."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.emit.python.identifiers import RESERVED_GLOBALS, identifier, unique

if TYPE_CHECKING:
    from hyper.emit.python.names import Names
    from hyper.ir.index import ServedIndex
    from hyper.ir.program import ActionDef

SERVED: Final = "served "
"""Of a module: its stem in ``api``, its actions and the methods of their handlers."""
STEMS: Final = "stems"
"""The stems of all modules with actions."""
ROUTES: Final = "routes"
"""Where all actions are served."""

# fmt: off
LIBRARY: Final = (
    "Annotated", "Any", "BigInt", "Bool", "Bytes", "Date", "DateTime", "Decimal", "Digits",
    "Duration", "Email", "Exactly", "ExactlyOne", "Field", "Finite", "Float", "Int", "Json",
    "JsonSchema", "Literal", "Matches", "Multiple", "Omittable", "RawBytes", "Tagged", "Time",
    "UUID", "Uuid", "Unique", "Url", "dt", "utc_now", "utc_today",
)
# fmt: on
"""Names that ``_runtime.operations`` gives to the texts of declarations."""


class ServedModule(NamedTuple):
    """A module with actions: its name in ``api``, and the method of each action, in the order of the source."""

    stem: str
    methods: dict[str, str]


class Served:
    """The actions of a program but webhooks. What is asked is noted as a read."""

    def __init__(self, names: Names) -> None:
        self._note = names.program.reads.note
        self._actions: dict[str, dict[str, ServedIndex]] = {}
        for name, index in names.index.items():
            actions = {
                found.name: found.served
                for found in index.definitions
                if found.served is not None and not found.served.webhook
            }
            if actions:
                self._actions[name] = actions
        stems: dict[str, str] = {}
        for module in self._actions:
            stem = unique("_".join(names.module(module)), stems)
            stems[stem] = module
        methods = method_names({name: list(actions) for name, actions in self._actions.items()})
        self._modules = {
            module: ServedModule(stem, methods[module]) for stem, module in stems.items()
        }

    @property
    def modules(self) -> list[str]:
        """The modules with actions, by name."""
        return list(self._modules)

    def module(self, name: str) -> ServedModule:
        """How a module with actions is served. Raises ``KeyError``."""
        self._note(SERVED + name)
        return self._modules[name]

    def stems(self) -> list[str]:
        """The stems of all modules with actions."""
        self._note(STEMS)
        return [found.stem for found in self._modules.values()]

    def routes(self) -> list[tuple[str, str, str, str]]:
        """The HTTP method, path, stem and handler's method of each action."""
        self._note(ROUTES)
        return [
            (
                action.method.upper(),
                action.path,
                self._modules[module].stem,
                self._modules[module].methods[name],
            )
            for module, actions in self._actions.items()
            for name, action in actions.items()
        ]


def method_names(served: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """The handler method of each action, by module; of several with one name, each has its module's before it."""
    wanted: dict[str, int] = {}
    for actions in served.values():
        for action in actions:
            name = method_identifier(action)
            wanted[name] = wanted.get(name, 0) + 1
    result: dict[str, dict[str, str]] = {}
    taken: set[str] = set()
    for module, actions in served.items():
        own = result[module] = {}
        for action in actions:
            name = method_identifier(action)
            if wanted[name] > 1:
                name = f"{identifier(module.replace('.', '_'))}_{name}"
            own[action] = name = unique(name, taken)
            taken.add(name)
    return result


def method_identifier(name: str) -> str:
    """The name of a handler method: none that a class or a type in its annotations has."""
    wanted = identifier(name).lstrip("_") or "action"
    if not wanted.isidentifier():
        wanted = f"action_{wanted}"
    return f"{wanted}_" if wanted in RESERVED_GLOBALS or wanted in LIBRARY else wanted


def argument_names(action: ActionDef) -> dict[str, str]:
    """The Python name of each parameter and of the body."""
    result: dict[str, str] = {}
    taken = {"self"}
    for name in [*(param.name for param in action.params), *(body.name for body in action.bodies)]:
        if name in result:
            continue
        wanted = identifier(name).lstrip("_") or "value"
        wanted = wanted if wanted.isidentifier() else f"value_{wanted}"
        wanted = f"{wanted}_" if keyword.iskeyword(wanted) else wanted
        result[name] = wanted = unique(wanted, taken)
        taken.add(wanted)
    return result
