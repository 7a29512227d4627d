"""Objects that go to other machines together: what is wrong with one of them, or with an answer, harms none of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.engine.executors import DeadlyItem, Outcome
from hyper.engine.executors.inline import attempt
from hyper.engine.natives import compiling
from hyper.engine.natives.compiling import Object, Source
from hyper.engine.natives.objects import Objects, Wanted
from hyper.jit.hardware import resolve
from hyper.jit.objects import elf
from tests.engine.fleet.abroad import Abroad

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from hyper.engine.executors import Stage

pytest.importorskip("llvmlite")

PLAIN = resolve("x86-64")


class Batches(Abroad):
    """Runs batches here, and notes their names."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def run(
        self,
        stage: Stage[Any, Any],
        context: Any,
        items: Sequence[str],
        weights: Sequence[float],
        tell: Callable[[int], None] | None = None,
    ) -> list[Outcome[Any]]:
        del weights, tell
        self.asked.append(list(items))
        return [self.one(stage, context, item) for item in items]

    def one(self, stage: Stage[Any, Any], context: Any, item: str) -> Outcome[Any]:
        """What becomes of a batch."""
        return attempt(stage, context, item)


class Lying(Batches):
    """Answers batches with what ``lie`` makes of the objects."""

    def __init__(self, lie: Callable[[list[Object]], list[Object]]) -> None:
        super().__init__()
        self._lie = lie

    def one(self, stage: Stage[Any, Any], context: Any, item: str) -> Outcome[Any]:
        if stage.remote is None:
            return attempt(stage, context, item)
        made = [Object(key, compiling.compiled(source)) for key, source in context[item].items()]
        try:
            return Outcome(item, stage.unpack(stage.pack(self._lie(made))))
        except ValueError:
            # As a run does with an answer that is none.
            return attempt(stage, context, item)


class Deadly(Batches):
    """What cannot be made ends each process that works on it."""

    def one(self, stage: Stage[Any, Any], context: Any, item: str) -> Outcome[Any]:
        found = super().one(stage, context, item)
        return found if found.failure is None else Outcome(item, failure=DeadlyItem(item, "x"))


def _objects(executor: Abroad, texts: dict[str, str]) -> Objects:
    objects = Objects([PLAIN], "tool", None, lambda: executor)
    objects.ask(
        {key: Wanted(key, Source(text, (), (), PLAIN), "orders") for key, text in texts.items()}
    )
    return objects


@pytest.fixture
def _no_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(source: Source) -> bytes:
        if source.text == "wrong":
            raise OSError("it is wrong")
        return source.text.encode()

    monkeypatch.setattr(compiling, "compiled", compiled)


@pytest.mark.usefixtures("_no_llvm")
def test_one_that_cannot_be_made_keeps_no_other_of_its_batch_from_being_made() -> None:
    executor = Batches()
    texts = {f"key{number}": f"text {number}" for number in range(20)} | {"bad": "wrong"}
    objects = _objects(executor, texts)
    objects.make()
    assert objects.compiled(["key0", "key19"]) == [b"text 0", b"text 19"]
    with pytest.raises(OSError, match="it is wrong"):
        objects.compiled(["bad"])
    assert executor.asked[0] == ["orders 1/2", "orders 2/2"]
    # Those of the batch that came to nothing, each alone.
    assert executor.asked[1] == [*(f"key{number}" for number in range(10, 20)), "bad"]


@pytest.mark.usefixtures("_no_llvm")
def test_objects_that_ended_processes_there_and_here_do_not_come_to_this_one() -> None:
    executor = Deadly()
    objects = _objects(
        executor, {f"key{number}": "text" for number in range(20)} | {"bad": "wrong"}
    )
    objects.make()
    assert objects.compiled(["key0"]) == [b"text"]
    for key in ("bad", "key19"):
        with pytest.raises(DeadlyItem, match="orders 2/2: x"):
            objects.compiled([key])
    assert executor.asked == [["orders 1/2", "orders 2/2"]]


@pytest.mark.usefixtures("_no_llvm")
@pytest.mark.parametrize(
    "lie",
    [
        lambda made: made[:1],
        lambda _: [],
        lambda made: [*made, Object("other", b"x")],
        lambda made: [Object("other", each.data) for each in made],
    ],
)
def test_an_answer_that_lacks_objects_or_has_others_is_made_up_for(
    lie: Callable[[list[Object]], list[Object]],
) -> None:
    objects = _objects(Lying(lie), {"one": "text 1", "two": "text 2"})
    objects.make()
    assert objects.compiled(["one", "two"]) == [b"text 1", b"text 2"]


@pytest.mark.usefixtures("_no_llvm")
def test_objects_stay_apart_where_no_other_machine_is_asked() -> None:
    executor = Batches()
    executor.far = False
    objects = _objects(executor, {"one": "text 1", "two": "text 2"})
    objects.make()
    assert executor.asked == [["one", "two"]]


@pytest.mark.usefixtures("_no_llvm")
def test_objects_of_others_that_cannot_be_linked_are_made_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def link(objects: Sequence[bytes], _exported: Sequence[str]) -> bytes:
        if b"no object" in objects:
            raise elf.LinkError("it is none")
        return b"+".join(objects)

    monkeypatch.setattr(elf, "link", link)
    forged = Lying(lambda made: [Object(each.key, b"no object") for each in made])
    objects = _objects(forged, {"one": "text 1", "two": "text 2"})
    objects.make()
    assert objects.libraries({"plain": ["one", "two"]}) == {"plain": b"text 1+text 2"}
