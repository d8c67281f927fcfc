"""A live stream as the service sees it: its process, its state, and those who look at it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sportstrack.serve.processes.child import ChildProcess
from sportstrack.serve.streams import protocol as kinds
from sportstrack.serve.streams.outlet import Outlet
from sportstrack.video.stream import without_password

WORKER = "sportstrack.serve.streams.worker"
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""glibc keeps freed pictures apart for each thread otherwise, and holds many times what is in use."""
FINAL = ("ended", "failed", "stopped")
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds before a process that died is started again
PATIENCE = 10.0  # seconds that a process gets to end
SNAP_PATIENCE = 10.0  # seconds; the machine may be busy
HELD = {"results": 200, "pictures": 2, "video": 250}


@dataclass
class StreamSpec:
    """What a stream is begun with.

    Attributes:
        id: of the stream.
        name: as its owner calls it.
        url: the source.
        settings: of `TrackSettings`.
        outputs: ``udp``, ``webhook`` and ``record``, where asked for.
        created: seconds since 1970.
    """

    id: str
    name: str
    url: str
    settings: dict[str, Any]
    outputs: dict[str, Any]
    created: float = field(default_factory=time.time)


class LiveStream:
    """One stream; all its methods are called in the server's loop.

    Args:
        spec: what it is begun with.
        work: the first message to its process.
        stopping: set when the service ends.
        on_state: called when its state may have changed, with the counters of before.
        on_frame: called with each frame's result.

    Attributes:
        spec: as it was given.
        state: one of `sportstrack.serve.streams.protocol.STATES`.
        message: a sentence about the state, where there is something to say.
        info: width, height and frame_rate, once known.
        counters: of this run of its process.
        ended: when it came to its end, in seconds since 1970.
        seen: the last picture that came from its process, as JPEG.
    """

    def __init__(
        self,
        spec: StreamSpec,
        work: Mapping[str, Any],
        stopping: threading.Event,
        on_state: Callable[[LiveStream, Mapping[str, Any]], None],
        on_frame: Callable[[LiveStream, dict[str, Any]], None],
    ) -> None:
        self.spec, self._work = spec, work
        self._stopping, self._on_state, self._on_frame = stopping, on_state, on_frame
        self.state, self.message = "starting", ""
        self.info: dict[str, Any] = {}
        self.counters: dict[str, Any] = {}
        self.stages: dict[str, float] = {}
        self.warnings: list[str] = []
        self.ended: float | None = None
        self._process: ChildProcess | None = None
        self._wanted = True
        self._deaths = 0
        self._again: asyncio.Task[None] | None = None
        self._head = b""
        self._views: dict[str, set[Outlet[Any]]] = {kind: set() for kind in HELD}
        self.seen: bytes | None = None
        self._snaps: dict[int, asyncio.Future[bytes]] = {}
        self._asked = 0

    @property
    def is_active(self) -> bool:
        """Whether it runs, or tries to."""
        return self.state not in FINAL

    @property
    def pid(self) -> int:
        """The number of its process; 0 where there is none."""
        return 0 if self._process is None or self._process.ended.is_set() else self._process.pid

    def as_dict(self) -> dict[str, Any]:
        """Return what clients see; without the address's password."""
        return {
            "id": self.spec.id,
            "name": self.spec.name,
            "source": {"url": without_password(self.spec.url)},
            "settings": _without_places(self.spec.settings),
            "outputs": {name: self._shown(value) for name, value in self.spec.outputs.items()},
            "state": self.state,
            "message": self.message,
            "error": {"message": self.message} if self.message and self.state != "running" else None,
            "created": self.spec.created,
            "ended": self.ended,
            **self.info,
            "counters": self.counters,
            "warnings": self.warnings,
        }

    async def start(self) -> None:
        """Start its process."""
        self._process = await ChildProcess.start([WORKER], self._take, self._died, FEW_ARENAS)
        self._process.send(0, kinds.BEGIN, json.dumps(self._work).encode())
        self._tell_watched()

    async def stop(self) -> None:
        """End its process; files are complete afterwards."""
        self._wanted = False
        if self._again is not None:
            self._again.cancel()
        if self._process is not None and not self._process.ended.is_set():
            self._process.send(0, kinds.STOP, b"")
            await self._process.stop(PATIENCE)
        self._go("stopped" if self.is_active else self.state, "" if self.is_active else self.message)

    def kill(self) -> None:
        """End its process at once."""
        if self._process is not None:
            self._process.kill()

    @contextmanager
    def view(self, kind: str) -> Iterator[Outlet[Any]]:
        """Look at ``results``, ``pictures`` or ``video`` while the block lasts."""
        outlet: Outlet[Any] = Outlet(HELD[kind], self._stopping)
        self._views[kind].add(outlet)
        self._tell_watched()
        if kind == "video" and self._head:
            outlet.put(self._head)
        if not self.is_active:
            outlet.close()
        try:
            yield outlet
        finally:
            self._views[kind].discard(outlet)
            self._tell_watched()

    async def snapshot(self) -> bytes | None:
        """Return the newest picture as JPEG, with the tracks drawn; None where there is none."""
        if self._process is None or not self.pid or not self.is_active:
            return None
        self._asked += 1
        number = self._asked
        future = self._snaps[number] = asyncio.get_running_loop().create_future()
        self._process.send(number, kinds.SNAP, b"")
        with contextlib.suppress(asyncio.TimeoutError):
            found = await asyncio.wait_for(future, SNAP_PATIENCE)
            self.seen = found or self.seen
            return found or None
        self._snaps.pop(number, None)
        return None

    def _take(self, number: int, kind: int, content: bytes) -> None:
        if kind == kinds.FRAME:
            record = json.loads(content)
            for outlet in self._views["results"]:
                outlet.put(record)
            self._on_frame(self, record)
        elif kind == kinds.STATE:
            report, before = json.loads(content), self.counters
            self.info, self.counters, self.stages = report["info"], report["counters"], report["stages"]
            self.warnings = report["warnings"]
            self._go(report["state"], report["message"], before)
        elif kind == kinds.PICTURE:
            self.seen = content
            for outlet in self._views["pictures"]:
                outlet.put(content)
        elif kind == kinds.VIDEO_HEAD:
            self._head = content
            for outlet in self._views["video"]:
                outlet.put(content)
        elif kind == kinds.VIDEO_PART:
            for outlet in self._views["video"]:
                outlet.put((number == 1, content))
        elif kind == kinds.SNAPSHOT and (future := self._snaps.pop(number, None)) is not None and not future.done():
            future.set_result(content)

    def _go(self, state: str, message: str, before: Mapping[str, Any] | None = None) -> None:
        if self.state == "stopped":
            return
        self.state, self.message = state, message
        self._deaths = 0 if state == "running" else self._deaths
        if state in FINAL:
            self.ended = self.ended or time.time()
            for outlet in [outlet for outlets in self._views.values() for outlet in outlets]:
                outlet.close()
        self._on_state(self, {} if before is None else before)

    def _died(self, status: int) -> None:
        if not self.is_active or not self._wanted or self._stopping.is_set():
            return
        self._head = b""
        wait = min(FIRST_WAIT * 2 ** min(self._deaths, 10), LONGEST_WAIT)
        self._deaths += 1
        self._go("reconnecting", f"its process has ended (status {status}); started again in {wait:.0f} s")
        self._again = asyncio.get_running_loop().create_task(self._start_again(wait))

    async def _start_again(self, wait: float) -> None:
        await asyncio.sleep(wait)
        if self._wanted and not self._stopping.is_set():
            await self.start()

    def _tell_watched(self) -> None:
        if self._process is not None:
            watched = {kind: bool(self._views[kind]) for kind in ("pictures", "video")}
            self._process.send(0, kinds.WATCH, json.dumps(watched).encode())

    @staticmethod
    def _shown(value: Any) -> Any:
        return without_password(value) if isinstance(value, str) else value


def _without_places(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without where the weights lie, which is nobody's business."""
    return {name: Path(value).name if name == "weights" else value for name, value in settings.items()}
