"""A cluster of servers that is asked as one: each command goes to the node that has its name."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hyper.cache.remote.slots import SLOTS, slot_of
from hyper.cache.remote.wire import OutageError, Refusal, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hyper.cache.remote.settings import TLS, Address, Limits
    from hyper.cache.remote.wire import Command, Node

_MOST_NODES: Final = 1000
_AT_ONCE: Final = 16
"""Nodes that are asked at the same time."""
_MAP: Final = (b"CLUSTER", b"SLOTS")
_ASKED: Final = 5
"""Nodes that are asked who has what, until one answers."""
_TRIES: Final = 3
_ELSEWHERE: Final = frozenset({"MOVED", "ASK", "TRYAGAIN"})


class ClusterWire:
    """As ``Wire``, for the nodes of a cluster, of which the address names one. Not for two threads at once.

    Which node has which slots is asked with the first question, and again where a node says that a slot has moved, or does not
    answer. ``spent`` are the seconds that were waited for all of them.
    """

    def __init__(self, address: Address, tls: TLS, limits: Limits) -> None:
        """Nothing is asked yet."""
        self._address = address
        self._tls = tls
        self._limits = limits
        self._wires: dict[Node, Wire] = {}
        self._lasts: list[int] = []
        """The last slot of each range, in order."""
        self._nodes: list[Node | None] = []
        """Who has each range; nobody, where a cluster has lost some and is used all the same."""
        self._hint: Node | None = None
        """Who is said to know better."""
        self._asked_last: Node | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._pid = 0
        self._began = 0.0
        self._gone = [0, 0]
        """The round trips and connections of wires that are not used any more."""
        self.spent = 0.0

    @property
    def round_trips(self) -> int:
        """Those of all nodes."""
        return self._gone[0] + sum(wire.round_trips for wire in self._wires.values())

    @property
    def connects(self) -> int:
        """Those of all nodes."""
        return self._gone[1] + sum(wire.connects for wire in self._wires.values())

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """As ``Wire.ask``, of commands whose second word is the name that they are about. Nodes are asked at the same time.

        The answer is ``None`` to what no node has at the moment: a slot that is lost, or on its way to another node.

        Raises:
            OutageError: As there; of any node.

        """
        answers: list[Any] = [None] * len(commands)
        self._began = time.monotonic()
        try:
            self._ask_all(commands, answers)
        except BaseException:
            self._forget()
            raise
        finally:
            self.spent = self._so_far()
        return answers

    def go_on(self, commands: Sequence[Command]) -> list[Any]:
        """As ``Wire.go_on``, with the node of the question before, if that was about one only."""
        wire = self._wires.get(self._asked_last) if self._asked_last is not None else None
        if wire is None:
            raise OutageError("connection")
        wire.spent = self.spent
        try:
            return wire.go_on(commands)
        finally:
            self.spent = wire.spent

    def close(self) -> None:
        """Let go of the connections."""
        threads, self._threads = self._threads, None
        if threads is not None and self._pid == os.getpid():
            threads.shutdown()
        for wire in self._wires.values():
            wire.close()

    def _so_far(self) -> float:
        return self.spent + time.monotonic() - self._began

    def _ask_all(self, commands: Sequence[Command], answers: list[Any]) -> None:
        left: Sequence[int] = range(len(commands))
        for _ in range(_TRIES):
            self._ask_nodes(commands, left, answers)
            left = [at for at in left if _said(answers[at]) == "MOVED"]
            if not left:
                break
            self._forget()
            self._hint = answers[left[0]].node
        if left and len(left) == len(commands):
            raise OutageError("server")
        for at, answer in enumerate(answers):
            if _said(answer) == "ASK" and answer.node is not None:
                wire = self._wire(answer.node)
                answers[at] = wire.ask([(b"ASKING",), commands[at]])[1]
            if _said(answers[at]) in _ELSEWHERE:
                answers[at] = None

    def _ask_nodes(
        self, commands: Sequence[Command], wanted: Iterable[int], answers: list[Any]
    ) -> None:
        """Put the answers to some commands in their places."""
        if not self._lasts:
            self._learn()
        places: dict[Node, list[int]] = {}
        for at in wanted:
            owner = self._nodes[bisect_left(self._lasts, slot_of(commands[at][1]))]
            if owner is not None:
                places.setdefault(owner, []).append(at)
        self._asked_last = next(iter(places)) if len(places) == 1 else None
        wires = {node: self._wire(node) for node in places}

        def ask(node: Node) -> list[Any] | OutageError:
            try:
                return wires[node].ask([commands[at] for at in places[node]])
            except OutageError as error:
                return error

        for node, found in self._at_once(list(places), ask).items():
            if isinstance(found, OutageError):
                raise found
            for at, answer in zip(places[node], found, strict=True):
                answers[at] = answer

    def _at_once(
        self, nodes: Sequence[Node], ask: Callable[[Node], list[Any] | OutageError]
    ) -> dict[Node, list[Any] | OutageError]:
        """What each node says; all have said it, so that none of their wires is read by a thread any more."""
        told: dict[Node, Future[list[Any] | OutageError]] = {}
        try:
            if len(nodes) > 1:
                try:
                    for node in nodes[1:]:
                        told[node] = self._pool().submit(ask, node)
                except RuntimeError:
                    # Python is ending, or the system has no more threads: those are asked here.
                    pass
            found = {node: ask(node) for node in nodes if node not in told}
            wait(told.values())
        except BaseException:
            # An interrupt. The threads go on with wires that nobody else uses.
            for node, future in told.items():
                future.add_done_callback(_closing(self._let_go(node)))
            raise
        return {**found, **{node: future.result() for node, future in told.items()}}

    def _learn(self) -> None:
        """Ask who has what, of any node that answers."""
        home = (self._address.host, self._address.port)
        hint = [self._hint] if self._hint is not None else []
        trouble: OutageError | None = None
        for node in list(dict.fromkeys([*hint, home, *self._wires]))[:_ASKED]:
            try:
                (answer,) = self._wire(node).ask([_MAP])
                ranges = _ranges(answer, node[0])
            except OutageError as error:
                trouble = error
                continue
            self._lasts = [last for last, _ in ranges]
            self._nodes = [owner for _, owner in ranges]
            for gone in self._wires.keys() - {home, *self._nodes}:
                self._let_go(gone).close()
            return
        assert trouble is not None
        raise trouble

    def _forget(self) -> None:
        self._lasts, self._nodes, self._asked_last, self._hint = [], [], None, None

    def _wire(self, node: Node) -> Wire:
        """The wire to a node, which knows what has been waited until now."""
        wire = self._wires.get(node)
        if wire is None:
            address = replace(self._address, host=node[0], port=node[1], cluster=False)
            self._wires[node] = wire = Wire(address, self._tls, self._limits)
        wire.spent = self._so_far()
        return wire

    def _let_go(self, node: Node) -> Wire:
        wire = self._wires.pop(node)
        self._gone = [self._gone[0] + wire.round_trips, self._gone[1] + wire.connects]
        return wire

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None or self._pid != os.getpid():
            self._threads = ThreadPoolExecutor(_AT_ONCE, "hyper-cluster")
            self._pid = os.getpid()
        return self._threads


def _closing(wire: Wire) -> Callable[[object], None]:
    return lambda _done: wire.close()


def _said(answer: Any) -> str:
    return answer.code if isinstance(answer, Refusal) else ""


def _ranges(answer: Any, asked: str) -> list[tuple[int, Node | None]]:
    """The last slot and the owner of each range, in order, which are all slots.

    ``asked`` is where a node is that names no host of its own. Raises ``OutageError`` for what no cluster says.
    """
    if isinstance(answer, Refusal):
        raise OutageError("authentication" if answer.code == "NOPERM" else "single")
    ranges: list[tuple[int, int, Node]] = []
    if not isinstance(answer, list) or not 0 < len(answer) <= SLOTS:
        raise OutageError("server")
    for each in answer:
        match each:
            case [int(first), int(last), [bytes() | None as host, int(port), *_], *_] if (
                0 < port <= 65535
            ):
                name = (host or b"").decode("ascii", "replace") or asked
                ranges.append((first, last, (name, port)))
            case _:
                raise OutageError("server")
    ranges.sort()
    found: list[tuple[int, Node | None]] = []
    expected = 0
    for first, last, node in ranges:
        if first < expected or not first <= last < SLOTS:
            raise OutageError("server")
        if first > expected:
            found.append((first - 1, None))
        found.append((last, node))
        expected = last + 1
    if expected < SLOTS:
        found.append((SLOTS - 1, None))
    if len({node for _, _, node in ranges}) > _MOST_NODES:
        raise OutageError("server")
    return found
