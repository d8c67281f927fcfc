"""Many sessions at once: the client of benchmarks/service.py, light enough to share two cores with the service."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import cast
from urllib.parse import urlsplit

import numpy as np
from service_server import Server, shares

SIZE = (1280, 720)
WARM = 2.0  # seconds that do not count


def bodies(frames: int, boxes: int, seed: int = 0) -> list[bytes]:
    """Return the requests of people who walk about, a frame each."""
    rng = np.random.default_rng(seed)
    place, pace = rng.uniform((40, 80), (1240, 640), (boxes, 2)), rng.normal(0, 2.0, (boxes, 2))
    found = []
    for number in range(1, frames + 1):
        place = place + pace
        pace = np.where((place < (40, 80)) | (place > (1240, 640)), -pace, pace)
        corners = np.hstack([place - (15, 40), place + (15, 40)]) + rng.normal(0, 0.7, (boxes, 4))
        rows = np.hstack([corners.round(1), rng.uniform(0.6, 0.95, (boxes, 1)).round(3), np.zeros((boxes, 1))])
        found.append(json.dumps({"frames": [{"frame": number, "boxes": rows.tolist()}]}).encode())
    return found


class Camera(asyncio.Protocol):
    """One session: each frame is sent when it is due, or as soon as the answer to the one before has come."""

    def __init__(self, session: str, host: str, frames: list[bytes], rate: float, begin: float) -> None:
        self._head = (
            f"POST /v1/sessions/{session}/frames HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        )
        self._frames, self._rate, self._begin = frames, rate, begin
        self._sent = self._got = 0
        self._held = b""
        self._transport: asyncio.Transport | None = None
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first frame when it is due."""
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Note when the answer is complete."""
        self._held += data
        head, found, rest = self._held.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(f"{head!r} {rest!r}"))
            return
        self._held = b""
        self.latencies.append(asyncio.get_running_loop().time() - self._due(self._sent - 1))
        if self._sent == len(self._frames):
            self.done.set_result(None)
        else:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Say so, where frames are missing."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the service closed the connection"))

    def _due(self, number: int) -> float:
        return self._begin + number / self._rate

    def _next(self) -> None:
        asyncio.get_running_loop().call_at(self._due(self._sent), self._send)

    def _send(self) -> None:
        assert self._transport is not None
        body = self._frames[self._sent]
        self._transport.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self._sent += 1


async def _run(server: Server, tracker: str, sessions: int, frames: list[bytes], rate: float) -> list[Camera]:
    parts = urlsplit(server.url)
    asked = {"tracker": tracker, "frame_rate": rate, "width": SIZE[0], "height": SIZE[1], "time_to_live": 600}
    names = [server.ask("POST", "/v1/sessions", asked)["id"] for _ in range(sessions)]
    loop, chance = asyncio.get_running_loop(), random.Random(0)
    begin = loop.time() + 1.0
    cameras = []
    for name in names:
        shift = chance.random() / rate  # cameras do not take their pictures at the same moment
        _, camera = await loop.create_connection(
            lambda name=name, shift=shift: Camera(name, parts.netloc, frames, rate, begin + shift),  # type: ignore[misc]
            parts.hostname,
            parts.port,
        )
        cameras.append(camera)
    await asyncio.gather(*(camera.done for camera in cameras))
    for name in names:
        server.ask("DELETE", f"/v1/sessions/{name}")
    return cameras


def measure_sessions(server: Server, tracker: str, sessions: int, boxes: int, rate: float, seconds: float) -> str:
    """Return a line with the latency from when a frame is due to its answer."""
    import psutil

    frames = bodies(round(seconds * rate), boxes)
    processes = [own := psutil.Process(server.process.pid), *own.children(recursive=True)]
    before, mine = _cpu(processes), time.process_time()
    began = time.monotonic()
    try:
        import uvloop

        cameras = uvloop.run(_run(server, tracker, sessions, frames, rate))
    except ImportError:
        cameras = asyncio.run(_run(server, tracker, sessions, frames, rate))
    spent = time.monotonic() - began
    processes = [own, *own.children(recursive=True)]
    used = (_cpu(processes) - before) / spent
    counted = [one for camera in cameras for one in camera.latencies[round(WARM * rate) :]]
    within = sum(one < 0.02 for one in counted) / len(counted)
    load = f"{tracker}: {sessions} sessions × {boxes} boxes × {rate:g} frames/s, {len(counted):,} frames"
    return (
        f"{load}: {shares(counted)}; "
        f"{100 * within:.1f} % under 20 ms; service {used:.2f} cores, client {(time.process_time() - mine) / spent:.2f}"
    )


def _cpu(processes: list) -> float:  # type: ignore[type-arg]
    import psutil

    total = 0.0
    for one in processes:
        try:
            times = one.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
