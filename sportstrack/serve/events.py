"""Server-sent events: what happens, told while it happens."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.responses import StreamingResponse

BEAT = 15.0
"""Seconds after which a silent stream says that it is alive."""


@dataclass(frozen=True)
class ServerEvent:
    """One event: its name, its data (JSON), and its number if a client may ask for what came after it."""

    event: str
    data: Any
    number: int | None = None

    def encode(self) -> bytes:
        """Return the event as it goes over the wire."""
        head = "" if self.number is None else f"id: {self.number}\n"
        return f"{head}event: {self.event}\ndata: {json.dumps(self.data, ensure_ascii=False)}\n\n".encode()


class EventStream(StreamingResponse):
    """The answer that hands on events as they come; comments keep the connection alive meanwhile.

    The next event is asked for when the client has taken the one before: a client that stalls fills no memory.
    """

    def __init__(self, events: AsyncIterator[ServerEvent], beat: float = BEAT) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_with_beats(events, beat), media_type="text/event-stream", headers=headers)


async def _with_beats(events: AsyncIterator[ServerEvent], beat: float) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    following = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait((following,), timeout=beat)
            if not done:
                yield b": alive\n\n"
                continue
            event = following.result()
            if event is None:
                return
            yield event.encode()
            following = asyncio.ensure_future(anext(events, None))
    finally:
        following.cancel()


class Bell:
    """Wakes those who wait for news of something; rung from any thread."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the server's loop, in which everybody waits."""
        self._loop = loop

    def ring(self, about: str) -> None:
        """Wake all who wait for news of `about`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring, about)

    def call(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine in the server's loop, from another thread, and wait for its end."""
        assert self._loop is not None, "the server has not started"
        asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def close(self) -> None:
        """Wake everybody for the last time: the service ends."""
        self.closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring_all)

    async def listen(self, about: str, longest: float = 60.0) -> AsyncIterator[None]:
        """Yield at once, whenever the bell rings, and after `longest` seconds, until the service ends."""
        mine = asyncio.Event()
        self._waiting[about].add(mine)
        try:
            while not self.closed:
                mine.clear()
                yield
                if not self.closed:
                    await _within(mine, longest)
        finally:
            self._waiting[about].discard(mine)
            if not self._waiting[about]:
                del self._waiting[about]

    def _ring_all(self) -> None:
        for about in list(self._waiting):
            self._ring(about)

    def _ring(self, about: str) -> None:
        for one in self._waiting.get(about, ()):
            one.set()


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        return
