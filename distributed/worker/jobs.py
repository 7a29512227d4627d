"""Jobs as they come from the queue: refused, or done and answered."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.distributed.messages import Check, Checked, Job, MessageError, Reply
from hyper.distributed.pool import Task
from hyper.distributed.worker.work import BLAMED, Work

if TYPE_CHECKING:
    from bullmq import Job as QueuedJob

    from hyper.distributed.messages import State
    from hyper.distributed.worker.equipment import Equipment

_CHECKS_AT_ONCE: Final = 2


class Jobs:
    """Does the jobs of one worker."""

    def __init__(self, equipment: Equipment) -> None:
        self._with = equipment
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def do(self, queued: QueuedJob) -> dict[str, Any]:
        """Do a job of a build, and give the reply. Raises ``MessageError`` for one that is refused, and what redis-py raises."""
        began = time.monotonic()
        post, status = self._with.post, self._with.status
        job = post.read(queued.data, str(queued.id), Job)
        self._check(job)
        work = Work(self._with, queued, job)
        done = await work.run()
        for each in done:
            status.item(job.stage, each.state, each.seconds, each.cpu)
        beside = time.monotonic() - began - sum(each.seconds for each in done) - work.waited
        status.overhead.observe(max(beside, 0.0))
        self._with.log.event(
            "debug",
            "did a job",
            job=str(queued.id),
            stage=job.stage,
            items=len(done),
            done=sum(each.state == "done" for each in done),
        )
        return post.write(Reply(self._with.name, done), str(queued.id))

    async def check(self, queued: QueuedJob) -> dict[str, Any]:
        """Check the files of a message. Raises ``MessageError`` for one that is refused."""
        post = self._with.post
        message = post.read(queued.data, str(queued.id), Check)
        task = Task("check", [], [msgspec.json.encode(message.files)])
        async with self._checks:
            (ran,) = [ran async for ran in self._with.pool.run(task)]
        blamed: State = "deadly" if ran.state in BLAMED else "failed"
        state: State = "done" if ran.state == "done" else blamed
        self._with.status.item("check", state, ran.seconds, ran.cpu)
        if state == "failed":
            raise MessageError("shape", ran.reason)
        if state == "deadly":
            raise RuntimeError(f"the files could not be checked: {ran.reason}")
        checked = Checked(self._with.name, msgspec.json.decode(ran.data))
        return post.write(checked, str(queued.id))

    def _check(self, job: Job) -> None:
        """Raises ``MessageError`` for a job that cannot be done here."""
        registry = self._with.registry
        if job.identity != registry.identity:
            raise MessageError("identity", "the job is for another version of the compiler")
        stage = registry.stages.get(job.stage)
        if stage is None or registry.grade(stage.needs) is None:
            raise MessageError("stage", f"this worker cannot do {job.stage}")
