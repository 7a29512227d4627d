from __future__ import annotations

import pytest

from hyper.base.events import Emitter, Event


def test_listeners_hear_in_order_and_until_they_are_removed() -> None:
    emitter = Emitter()
    heard: list[str] = []
    remove = emitter.on("file:parsed", lambda event: heard.append(f"one {event.path}"))
    emitter.on("*", lambda event: heard.append(f"all {event.name}"))
    emitter.emit(Event("file:parsed", path="a"))
    remove()
    remove()
    emitter.emit(Event("file:parsed", path="b"))
    assert heard == ["one a", "all file:parsed", "all file:parsed"]


def test_an_event_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match='did you mean "file:parsed"'):
        Emitter().on("file:pasred", print)


def test_knows_whether_anybody_listens() -> None:
    emitter = Emitter()
    assert not emitter.listens("diagnostic")
    emitter.on("*", print)
    assert emitter.listens("diagnostic")
    emitter.clear()
    assert not emitter.listens("diagnostic")
