"""What one viewer of a stream has not taken yet."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")
CHECK = 0.5  # seconds between looks whether the service ends


class Outlet(Generic[T]):
    """A short queue between a stream and a viewer; where the viewer is slower, the oldest go.

    Args:
        size: how many wait.
        stopping: set when the service ends.

    Attributes:
        missed: how many were left out.
    """

    def __init__(self, size: int, stopping: threading.Event) -> None:
        self._waiting: deque[T] = deque()
        self._size, self._stopping = size, stopping
        self._changed = asyncio.Event()
        self._closed = False
        self.missed = 0

    def put(self, item: T) -> None:
        """Add the newest; in the loop's thread."""
        if len(self._waiting) >= self._size:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(item)
        self._changed.set()

    def close(self) -> None:
        """Let the viewer take what waits, and end."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield what comes until the stream or the service ends."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._closed or self._stopping.is_set():
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), CHECK)
            except asyncio.TimeoutError:
                continue
