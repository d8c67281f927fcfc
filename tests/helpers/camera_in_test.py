"""A camera for tests: the toy match, encoded once and sent over UDP for as long as a block lasts."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toy
from serving import Served

from sportstrack.send.run import send_video


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class ToyCamera:
    """Sends a video over and over, until it is switched off."""

    def __init__(self, video: Path, address: str) -> None:
        self.video, self._address = video, address
        self._off = threading.Event()
        self._thread: threading.Thread | None = None

    def on(self) -> None:
        """Begin to send."""
        self._off.clear()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def off(self) -> None:
        """Send no more."""
        self._off.set()
        if self._thread is not None:
            self._thread.join(10)

    def _send(self) -> None:
        with contextlib.suppress(InterruptedError):
            send_video(self.video, self._address, loop=True, encode=True, progress=self._look)

    def _look(self, done: int, expected: int | None) -> None:
        if self._off.is_set():
            raise InterruptedError


@contextlib.contextmanager
def toy_camera(folder: Path, address: str | None = None) -> Iterator[tuple[str, ToyCamera]]:
    """Yield the address of a camera that is on, and the camera."""
    address = address or f"udp://127.0.0.1:{free_udp_port()}"
    camera = ToyCamera(toy.make_match(folder / "camera.mp4", 50), address)
    camera.on()
    try:
        yield address, camera
    finally:
        camera.off()


def wait_for(found: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return what is found as soon as it is true."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)
    return value


@dataclass
class Watched:
    """A service, its stream's id and path, and the camera that it looks at."""

    server: Served
    id: str
    camera: ToyCamera
    data: Path
    silent: str

    @property
    def path(self) -> str:
        return f"/v1/streams/{self.id}"

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.client.get(self.path).json()
        return found

    def wait(self, state: str) -> dict[str, Any]:
        found: dict[str, Any] = wait_for(lambda: (one := self.state())["state"] == state and one)
        return found
