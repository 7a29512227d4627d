"""Cases of executors that are run in a process of their own, which has one thread and may be ended: see ``test_executors``."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import pytest

from hyper.engine.compiler import Compiler
from hyper.engine.executors import DeadlyItem, Stage, launch
from hyper.engine.executors import processes as pool
from hyper.engine.executors.processes import Processes
from hyper.engine.executors.schedule import Prices
from hyper.engine.incremental import StoredObjects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.engine.result import Result

FREE: Final = Prices(start=0.0, sample=0.0)
"""Workers pay at once."""
ITEMS: Final = [f"item {number}" for number in range(120)]
ONES: Final = [1.0] * len(ITEMS)
ME: Final = os.getpid()
STOREFRONT: Final = Path(__file__).parents[2] / "examples" / "storefront"


def _work(context: Mapping[str, str], item: str) -> str:
    wish = context.get(item, "")
    if wish == "raise":
        raise LookupError(item)
    if context["parent"] == str(os.getpid()):
        return f"{item}, done"
    if wish == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if wish == "leave":
        os._exit(0)
    if wish == "interrupt":
        os.killpg(os.getpgrp(), signal.SIGINT)
        signal.pause()
    if wish == "kill once" and not os.path.exists(context["marker"]):
        Path(context["marker"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{item}, done"


def _pack(text: str) -> bytes:
    if text.startswith("item 7,"):
        raise OverflowError(text)
    return text.encode()


STAGE: Final = Stage("tests.engine.executor_cases:STAGE", _work, _pack, bytes.decode)


def _context(wishes: Mapping[str, str]) -> dict[str, str]:
    marker = os.path.join(tempfile.mkdtemp(), "marker")
    return {"parent": str(os.getpid()), "marker": marker, **wishes}


def _check_alone() -> None:
    """No process of ours is there any more."""
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, 0)


def _run(
    wishes: Mapping[str, str], *, way: Any = "fork", count: int = 3
) -> tuple[dict[str, Exception], Processes]:
    """What failed; all else must be as it has to be, and in order."""
    executor = Processes(count, prices=FREE, way=way)
    outcomes = executor.run(STAGE, _context(wishes), ITEMS, ONES)
    executor.close()
    _check_alone()
    assert [outcome.item for outcome in outcomes] == ITEMS
    for outcome in outcomes:
        assert outcome.failure is not None or outcome.value == f"{outcome.item}, done"
    failed = {item.item: item.failure for item in outcomes if item.failure is not None}
    return failed, executor


def results_come_in_the_order_of_the_items() -> None:
    failed, executor = _run({})
    assert failed == {}
    assert executor.usage.started == 2
    assert executor.usage.cpu_seconds > 0
    assert sum(span.items for span in executor.usage.spans) > 0
    assert {span.worker for span in executor.usage.spans} <= {"worker 1", "worker 2"}


def what_a_killed_worker_had_is_done_again() -> None:
    failed, executor = _run({"item 0": "kill once"})
    assert failed == {}
    assert executor.usage.died == 1


def an_item_that_ends_its_workers_is_given_up() -> None:
    failed, executor = _run({"item 0": "kill", "item 3": "leave", "item 40": "kill once"})
    assert sorted(failed) == ["item 0", "item 3"]
    assert isinstance(failed["item 0"], DeadlyItem)
    assert failed["item 0"].reason == "was ended by SIGKILL"
    assert isinstance(failed["item 3"], DeadlyItem)
    assert failed["item 3"].reason == "exited with 0"
    assert executor.usage.died == 5


def when_all_workers_die_the_rest_is_done_here() -> None:
    failed, executor = _run(dict.fromkeys(ITEMS[:40], "kill"))
    assert executor.usage.died >= 8
    assert all(isinstance(error, DeadlyItem) for error in failed.values())
    assert len(failed) < 20


def an_exception_is_the_outcome_of_its_item() -> None:
    failed, executor = _run({"item 0": "raise", "item 119": "raise"})
    assert [(name, type(error)) for name, error in failed.items()] == [
        ("item 0", LookupError),
        ("item 119", LookupError),
    ]
    assert executor.usage.died == 0


def new_pythons_do_the_same() -> None:
    failed, executor = _run({"item 0": "kill", "item 1": "raise"}, way="spawn", count=2)
    assert {name: type(error) for name, error in failed.items()} == {
        "item 0": DeadlyItem,
        "item 1": LookupError,
    }
    assert executor.usage.died == 2


def what_cannot_be_sent_is_done_here() -> None:
    executor = Processes(2, prices=FREE, way="spawn")
    context: Any = {"parent": str(os.getpid()), "open": sys.stdin}
    outcomes = executor.run(STAGE, context, ITEMS, ONES)
    assert [outcome.value for outcome in outcomes] == [f"{item}, done" for item in ITEMS]
    assert executor.usage.started == 0


def workers_stay_while_the_context_does() -> None:
    executor = Processes(2, prices=FREE, way="fork")
    context = _context({})
    executor.run(STAGE, context, ITEMS, ONES)
    executor.run(STAGE, context, ITEMS, ONES)
    assert executor.usage.started == 1
    outcomes = executor.run(STAGE, _context({"item 0": "raise"}), ITEMS, ONES)
    assert isinstance(outcomes[0].failure, LookupError)
    assert executor.usage.started == 2
    executor.close()
    _check_alone()


def one_process_is_enough_for_little_work() -> None:
    executor = Processes(4)
    outcomes = executor.run(STAGE, _context({}), ITEMS, ONES)
    assert [outcome.item for outcome in outcomes] == ITEMS
    assert executor.usage.started == 0


def beside_another_thread_nothing_is_forked() -> None:
    executor = Processes(4, prices=FREE)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    executor.run(STAGE, _context({}), ITEMS, ONES)
    done.set()
    thread.join()
    assert executor.usage.started == 0
    while launch._threads() > 1:  # a thread that was joined may take a moment to leave the system
        os.sched_yield()
    executor.run(STAGE, _context({}), ITEMS, ONES)
    executor.close()
    assert executor.usage.started == 3


def an_exception_of_the_listener_leaves_no_process() -> None:
    def tell(done: int) -> None:
        if done == 60:
            raise KeyboardInterrupt

    executor = Processes(3, prices=FREE, way="fork")
    with pytest.raises(KeyboardInterrupt):
        executor.run(STAGE, _context({}), ITEMS, ONES, tell)
    assert executor.usage.started == 2
    _check_alone()


def interrupted() -> None:
    """All of the terminal's processes get the signal."""
    try:
        _run({"item 0": "interrupt"})
    except KeyboardInterrupt:
        _check_alone()
        sys.stdout.write("interrupted\n")


def killed() -> None:
    """What has killed this process cannot be told; its workers have to notice."""

    def tell(done: int) -> None:
        if done == 60:
            os.kill(os.getpid(), signal.SIGKILL)

    Processes(3, prices=FREE, way="fork").run(STAGE, _context({}), ITEMS, ONES, tell)


# Builds


def _build(folder: str, processes: int) -> tuple[Result, dict[str, bytes]]:
    out = Path(folder, f"out {processes}")
    with Compiler(out=str(out), incremental=False, environment={}, processes=processes) as compiler:
        result = compiler.compile(STOREFRONT)
    assert result.success
    made = {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }
    return result, made


def a_build_is_the_same_by_any_number_of_processes() -> None:
    setattr(pool, "FORK", FREE)  # noqa: B010  # here they pay
    with tempfile.TemporaryDirectory() as folder:
        alone, expected = _build(folder, 1)
        many, made = _build(folder, 4)
    assert alone.metrics["workers"] == 0
    assert many.metrics["workers"] >= 3
    assert many.metrics["workers_died"] == 0
    assert made == expected
    assert many.diagnostics == alone.diagnostics
    assert many.stats == alone.stats
    _check_alone()


def a_small_build_starts_no_worker() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(3):
            Path(folder, f"small{number}.intent").write_text(f"type Small{number} = int\n")
        with Compiler(incremental=False, environment={}, processes=4) as compiler:
            result = compiler.check(folder)
    assert result.success
    assert result.metrics["workers"] == 0
    assert "multiprocessing" not in sys.modules


def a_file_that_no_process_survives_is_named() -> None:
    from hyper.engine import parsing
    from hyper.lang.parser import parse

    parent = os.getpid()

    def deadly(source: Any, tokens: Any) -> Any:
        if source.path == "deadly.intent" and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return parse(source, tokens)

    setattr(parsing, "parse", deadly)  # noqa: B010  # the workers inherit it
    setattr(pool, "FORK", FREE)  # noqa: B010  # here they pay
    with tempfile.TemporaryDirectory() as folder:
        # The heaviest is what a worker takes first.
        Path(folder, "deadly.intent").write_text(f"# {'long ' * 999}\ntype Big = int\n")
        for number in range(9):
            Path(folder, f"fine{number}.intent").write_text(f"type Small{number} = nothing\n")
        with Compiler(incremental=False, environment={}, processes=2) as compiler:
            result = compiler.check(folder)
    codes = [(item.file, item.code) for item in result.diagnostics]
    assert codes == [
        ("deadly.intent", "E0901"),
        *((f"fine{number}.intent", "E0303") for number in range(9)),
    ]
    assert "was ended by SIGKILL" in result.diagnostics[0].message


def _native(folder: str, processes: int, cache: str = "") -> tuple[Result, dict[str, bytes]]:
    """The storefront with machine code and the library for C; what is kept lies in a folder of that name."""
    out = Path(folder, f"native {processes}{cache}")
    kept: dict[str, Any] = {"incremental": False}
    if cache:
        kept = {"incremental": True, "cache": str(Path(folder, cache))}
    targets = ["python", "native", "library"]
    with Compiler(
        out=str(out), environment={}, target=targets, processes=processes, linker="own", **kept
    ) as compiler:
        result = compiler.compile(STOREFRONT)
    made = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.*")}
    return result, made


def machine_code_is_the_same_by_any_number_of_processes() -> None:
    setattr(pool, "FORK", FREE)  # noqa: B010  # here they pay
    with tempfile.TemporaryDirectory() as folder:
        alone, expected = _native(folder, 1)
        many, made = _native(folder, 3)
        kept, same = _native(folder, 3, "cache")
    assert (alone.success, many.success, kept.success) == (True, True, True)
    assert sum(path.endswith(".so") for path in expected) > 3
    assert (alone.metrics["workers"], many.metrics["workers_died"]) == (0, 0)
    assert many.metrics["workers"] >= 2
    assert made == same == expected
    assert many.diagnostics == alone.diagnostics
    _check_alone()


def what_was_looked_at_is_the_same_by_any_number_of_processes() -> None:
    """The record of an emission tells what each file was made from, for later builds."""
    from hyper.engine.emission import emit
    from hyper.engine.emitted import encode_emitted
    from hyper.engine.executors import Inline
    from hyper.engine.natives.emission import Natives
    from hyper.engine.natives.toolchain import toolchain
    from hyper.jit.hardware import resolve
    from tests.emit_incremental import trees

    def made(program: Any, targets: tuple[str, ...], executor: Any) -> tuple[Any, ...]:
        natives = None
        if "native" in targets:
            profiles = [resolve("x86-64")]
            natives = Natives(profiles, (), toolchain(), executor=lambda: executor)
        emission = emit(program, "app", targets, natives=natives, executor=lambda: executor)
        executor.close()
        assert executor.usage.died == 0
        return emission.files, emission.made, encode_emitted(emission.record)

    everything = ("python", "openapi", "jsonschema")
    for sources, targets in (
        (trees.storefront(), ("python", "native")),
        (trees.everything(), everything),
        (trees.generated(30, 7), everything),
    ):
        program = trees.program_of(sources)
        many = Processes(3, prices=FREE, way="fork")
        assert made(program, targets, many) == made(program, targets, Inline())
        assert many.usage.started >= 2
        assert sum(span.items for span in many.usage.spans) > 0
    _check_alone()


def a_file_whose_machine_code_no_process_survives_is_named() -> None:
    from hyper.engine.natives import compiling

    make, parent = compiling.compiled, os.getpid()

    def deadly(source: compiling.Source) -> bytes:
        # The heaviest ones are what workers take first.
        wrapping = source.exported == ("PyInit__kernels",)
        if wrapping and "storefront.orders.total" in source.text and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return make(source)

    setattr(compiling, "compiled", deadly)  # noqa: B010  # the workers inherit it
    setattr(pool, "FORK", FREE)  # noqa: B010  # here they pay
    with tempfile.TemporaryDirectory() as folder:
        result, made = _native(folder, 3, "cache")
        (lost,) = (item for item in result.diagnostics if item.code == "E0901")
        again, _ = _native(folder, 1, "cache")
    assert (result.success, made) == (False, {})
    assert lost.file == "orders.intent"
    assert "was ended by SIGKILL" in lost.message
    assert again.success
    _check_alone()


def objects_made_before_an_interrupt_are_kept() -> None:
    from hyper.engine.natives import compiling

    make, parent = compiling.compiled, os.getpid()
    compiled: list[int] = []

    def interrupting(source: compiling.Source) -> bytes:
        if os.getpid() == parent:
            compiled.append(1)
            if len(compiled) == 9:
                raise KeyboardInterrupt
        return make(source)

    setattr(compiling, "compiled", interrupting)  # noqa: B010  # the workers inherit it
    setattr(pool, "FORK", FREE)  # noqa: B010  # here they pay
    kept: dict[str, bytes] = {}

    def put(_self: Any, entries: Mapping[str, bytes]) -> None:
        kept.update(entries)

    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(StoredObjects, "put", put),
        pytest.raises(KeyboardInterrupt),
    ):
        _native(folder, 2, "cache")
    assert len(kept) >= 8
    _check_alone()


def a_progress_bar_does_not_keep_workers_away() -> None:
    from hyper.base.events import Event
    from hyper.cli.progress import Progress

    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for the bar
    progress = Progress()
    progress._began -= 9
    progress.hear(Event("phase:start", phase="parse", total=2))
    progress.hear(Event("compilation:progress", phase="parse", done=1, total=2))
    _, executor = _run({}, way=None)
    progress.close()
    assert executor.usage.started == 2
