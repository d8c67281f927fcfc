"""The sessions of a service: which worker has which, how long each lives, and how many there are."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from sportstrack.serve.processes.child import ONE_THREAD, ChildProcess
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.service import Service
from sportstrack.serve.sessions.worker import ANSWER, BEGIN, END, KEY, TRACK

WORKER = "sportstrack.serve.sessions.worker"
CHECK = 1.0  # seconds between looks for sessions that have lived long enough
LOST = "the process with the session's tracker has ended; begin another session"


@dataclass
class _Worker:
    process: ChildProcess
    waiting: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    sessions: int = 0
    asked: int = 0

    async def ask(self, kind: int, key: str, content: bytes) -> tuple[int, int, int, bytes]:
        """Return status, next frame, largest id and JSON of the worker's answer."""
        self.asked = (self.asked + 1) & 0xFFFFFFFF
        number, future = self.asked, asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            self.process.send(number, kind, key.encode() + content)
            answer = await future
        finally:
            self.waiting.pop(number, None)
        return *ANSWER.unpack_from(answer), answer[ANSWER.size :]


@dataclass
class OpenSession:
    """A session as the service knows it; ``used`` is on the monotonic clock, ``created`` in seconds since 1970."""

    id: str
    asked: dict[str, Any]
    worker: _Worker
    seconds: float
    created: float = field(default_factory=time.time)
    used: float = field(default_factory=time.monotonic)
    next_frame: int = 1
    ids: int = 0
    busy: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return what clients see."""
        left = max(0.0, self.seconds - (time.monotonic() - self.used))
        return {
            "id": self.id,
            **self.asked,
            "created": self.created,
            "next_frame": self.next_frame,
            "ids": self.ids,
            "time_to_live": self.seconds,
            "expires_in": round(self.seconds if self.busy else left, 3),
        }


class SessionPool:
    """All open sessions and the processes that hold their trackers; used in the server's loop alone.

    Args:
        service: whose sessions these are.
        processes: with trackers; they start when they are needed.
    """

    def __init__(self, service: Service, processes: int | None = None) -> None:
        self._service = service
        self._most = processes or max(1, min(4, os.cpu_count() or 1))
        self._workers: list[_Worker] = []
        self._starting = asyncio.Lock()
        self._beginning = 0
        self._clearing: asyncio.Task[None] | None = None
        self.open: dict[str, OpenSession] = {}

    async def begin(self, asked: dict[str, Any], seconds: float) -> OpenSession:
        """Open a session.

        Args:
            asked: as `sportstrack.serve.sessions.session.Session`.
            seconds: without a frame, after which it is closed.

        Raises:
            RefusedError: there are as many as the service takes (full), or the tracker or a setting is refused.
        """
        self._clear()
        if len(self.open) + self._beginning >= self._service.settings.max_sessions:
            soonest = min((one.seconds - (time.monotonic() - one.used) for one in self.open.values()), default=5.0)
            most = self._service.settings.max_sessions
            text = f"{most} sessions are open, as many as this service takes; end one, or wait"
            raise RefusedError(text, "full", retry_after=min(max(soonest, 1.0), 30.0))
        self._beginning += 1  # before the first wait, so that the limit holds
        try:
            worker = await self._free_worker()
            session = OpenSession(secrets.token_hex(KEY // 2), asked, worker, seconds)
            status, _, _, answer = await worker.ask(BEGIN, session.id, json.dumps(asked).encode())
        finally:
            self._beginning -= 1
        if status != 201:
            error = json.loads(answer)["error"]
            raise RefusedError(error["message"], error["kind"] if status < 500 else "input")
        session.used = time.monotonic()
        self.open[session.id] = session
        worker.sessions += 1
        self._count()
        if self._clearing is None or self._clearing.done():
            self._clearing = asyncio.create_task(self._clear_now_and_then())
        return session

    def get(self, name: str) -> OpenSession:
        """Return an open session; RefusedError (not_found) where there is none."""
        found = self.open.get(name)
        if found is None:
            raise not_found("session", f"{name[:40]}; it may have ended without frames for too long")
        return found

    async def track(self, name: str, body: bytes) -> tuple[int, bytes, int]:
        """Return status and JSON of the answer to a request with frames, and how many frames were new."""
        session = self.get(name)
        session.busy += 1
        try:
            status, following, ids, text = await session.worker.ask(TRACK, session.id, body)
        finally:
            session.busy -= 1
            session.used = time.monotonic()
        new, fresh = max(0, following - session.next_frame), max(0, ids - session.ids)
        session.next_frame, session.ids = max(following, session.next_frame), max(ids, session.ids)
        if fresh:
            self._service.figures.ids.labels("session", "").inc(fresh)
        return status, text, new

    async def end(self, name: str) -> OpenSession:
        """Close a session."""
        session = self.get(name)
        self._forget(session)
        self._count()
        await session.worker.ask(END, session.id, b"")
        return session

    async def close(self) -> None:
        """Close all sessions and end their processes."""
        if self._clearing is not None:
            self._clearing.cancel()
        workers, self._workers = self._workers, []
        await asyncio.gather(*(worker.process.stop(5.0) for worker in workers))
        self.open.clear()
        self._count()

    async def _free_worker(self) -> _Worker:
        async with self._starting:
            least = min(self._workers, key=lambda one: one.sessions, default=None)
            if least is not None and (not least.sessions or len(self._workers) >= self._most):
                return least
            made: list[_Worker] = []

            def answered(number: int, _: int, content: bytes) -> None:
                future = made[0].waiting.get(number)
                if future is not None and not future.done():
                    future.set_result(content)

            def ended(_: int) -> None:
                for one in made:
                    self._lose(one)

            process = await ChildProcess.start([WORKER], answered, ended, ONE_THREAD)
            made.append(_Worker(process))
            self._workers.append(made[0])
            return made[0]

    def _lose(self, worker: _Worker) -> None:
        """Close the sessions of a process that has ended; those who wait for it are told."""
        if worker in self._workers:
            self._workers.remove(worker)
        for future in worker.waiting.values():
            if not future.done():
                future.set_exception(RefusedError(LOST, "not_found"))
        for session in [one for one in self.open.values() if one.worker is worker]:
            self._forget(session)
        self._count()

    def _forget(self, session: OpenSession) -> None:
        if self.open.pop(session.id, None) is not None:
            session.worker.sessions -= 1

    def _count(self) -> None:
        self._service.figures.sessions.set(len(self.open))

    def _clear(self) -> None:
        """Close the sessions that have waited for a frame for too long."""
        now = time.monotonic()
        for session in list(self.open.values()):
            if not session.busy and now - session.used > session.seconds:
                self._forget(session)
                session.worker.process.send(0, END, session.id.encode())  # nobody waits for answer 0
        self._count()

    async def _clear_now_and_then(self) -> None:
        while self.open:
            await asyncio.sleep(CHECK)
            self._clear()
