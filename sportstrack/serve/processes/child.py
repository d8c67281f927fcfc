"""A process that works for the service, from the service's side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

from sportstrack.serve.processes.messages import MessageParts, packed

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class ChildProcess(asyncio.SubprocessProtocol):
    """A process that runs ``python -m MODULE`` and exchanges messages with the service.

    It ends when its standard input does, so none is left over when the service is killed.

    Args:
        on_message: called in the loop with (number, kind, content).
        on_end: called in the loop with the exit status, once.

    Attributes:
        pid: of the process; 0 before it has started.
        ended: set when it has ended.
    """

    def __init__(self, on_message: Callable[[int, int, bytes], None], on_end: Callable[[int], None]) -> None:
        self._on_message, self._on_end = on_message, on_end
        self._parts = MessageParts()
        self._transport: asyncio.SubprocessTransport | None = None
        self.pid = 0
        self.ended = asyncio.Event()

    @classmethod
    async def start(
        cls,
        words: Sequence[str],
        on_message: Callable[[int, int, bytes], None],
        on_end: Callable[[int], None],
        environment: dict[str, str] | None = None,
    ) -> ChildProcess:
        """Start ``python -m WORDS``; messages may be sent at once.

        Args:
            words: the module and its arguments.
            on_message: see the class.
            on_end: see the class.
            environment: variables besides the service's own.
        """
        loop = asyncio.get_running_loop()
        _, protocol = await loop.subprocess_exec(
            lambda: cls(on_message, on_end),
            *(sys.executable, "-m", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            env=os.environ | (environment or {}),
        )
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the pipes."""
        self._transport = cast(asyncio.SubprocessTransport, transport)  # uvloop's is none by its class
        self.pid = self._transport.get_pid() or 0

    def pipe_data_received(self, _: int, data: bytes) -> None:
        """Hand on the messages that are complete."""
        for message in self._parts.feed(data):
            self._on_message(*message)

    def connection_lost(self, _: Exception | None) -> None:
        """Say that the process has ended and all its messages were handed on."""
        self.ended.set()
        status = None
        if self._transport is not None:
            status = self._transport.get_returncode()
            self._transport.close()
        self._on_end(0 if status is None else status)

    def send(self, number: int, kind: int, content: bytes) -> None:
        """Send a message; nothing happens where the process has ended."""
        pipe = self._input()
        if pipe is not None and not self.ended.is_set():
            pipe.write(packed(number, kind, content))

    async def stop(self, patience: float) -> None:
        """Close the pipe, which asks the process to end; kill it if it has not after some seconds."""
        pipe = self._input()
        if pipe is not None:
            pipe.close()
        try:
            await asyncio.wait_for(self.ended.wait(), patience)
        except asyncio.TimeoutError:
            self.kill()
            await self.ended.wait()

    def kill(self) -> None:
        """End the process at once."""
        if self._transport is not None:
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()

    def _input(self) -> Any:
        return None if self._transport is None else self._transport.get_pipe_transport(0)
