"""A worker for tests of builds: it does the jobs of a registry one by one in its own process, and has no sandbox.

``python -m tests.distributed.inline_worker URL PLACE NAME`` prints a line when it listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from typing import Any

import bullmq

from hyper.base import digest
from hyper.distributed.blobs import Blobs, named
from hyper.distributed.client import bullmq_options, connect
from hyper.distributed.flights import Result
from hyper.distributed.flights.server import Flights
from hyper.distributed.messages import Done, Job, Reply
from hyper.distributed.roster import Worker, announce, leave
from hyper.distributed.settings import open_settings
from hyper.distributed.stages import action_key, find_registry

PROJECT = "shop"


class InlineWorker:
    def __init__(self, url: str, place: str, name: str) -> None:
        settings = open_settings(PROJECT, {}, url)
        assert settings is not None
        self.settings = settings
        self.registry = find_registry(place)
        self.client = connect(settings, text=False, timeout=5.0)
        self.flights = Flights(self.client, settings.names)
        self.blobs = Blobs(settings)
        self.post = settings.post
        self.me = Worker(name, self.registry.identity, tuple(self.registry.grades()), slots=2)

    async def run(self, ended: asyncio.Event) -> None:
        workers: list[Any] = []
        for grade in self.registry.grades():
            options = bullmq_options(self.settings, skipVersionCheck=True)
            queue = self.settings.names.queue(self.me.identity, grade, 0)
            workers.append(bullmq.Worker(queue, self.process, options))
        await announce(self.client, self.settings.names, self.me)
        print("listening", flush=True)  # noqa: T201  # whoever started it waits for that
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 3.0)
            await announce(self.client, self.settings.names, self.me)
        await leave(self.client, self.settings.names, self.me)
        for each in workers:
            await each.close(force=True)

    async def process(self, job: Any, _token: str) -> Any:
        asked = self.post.read(job.data, job.id, Job)
        reply = await self.reply(asked, job.id)
        return self.post.write(reply, job.id)

    async def reply(self, job: Job, name: str) -> Reply:
        stage = self.registry.stages[job.stage]
        blobs = await self.blobs.get([*job.context, *(item.own for item in job.items)])
        if any(each not in blobs for each in job.context):
            keys = [self.key(job, item.own) for item in job.items]
            return Reply(self.me.name, [Done(key, "missing") for key in keys])
        context = stage.load([blobs[each] for each in job.context])
        done = []
        for item in job.items:
            key = self.key(job, item.own)
            claim = (await self.flights.claim(self.me.name, name, [key], 20.0))[key]
            if claim.state == "done" and claim.result is not None:
                done.append(Done(key, "done", claim.result.blob, claim.result.size))
                continue
            if claim.state != "claimed":
                done.append(Done(key, "deadly" if claim.state == "deadly" else "busy"))
                continue
            if item.own not in blobs:
                await self.flights.release(self.me.name, [(key, claim.token)])
                done.append(Done(key, "missing"))
                continue
            began = time.perf_counter()
            try:
                data = stage.run(context, blobs[item.own])
            except Exception as error:  # noqa: BLE001  # the answer says so
                await self.flights.fail(self.me.name, [(key, claim.token, str(error))])
                done.append(Done(key, "failed", reason=str(error)))
                continue
            seconds = time.perf_counter() - began
            await self.blobs.put(named([data]))
            result = Result(digest.of_bytes(data), len(data), seconds, seconds)
            await self.flights.publish(self.me.name, [(key, claim.token, result)])
            done.append(Done(key, "done", result.blob, result.size, seconds, seconds))
        return Reply(self.me.name, done)

    def key(self, job: Job, own: str) -> str:
        return action_key(self.registry.identity, job.stage, job.context, own)


async def main(url: str, place: str, name: str) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await InlineWorker(url, place, name).run(ended)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
