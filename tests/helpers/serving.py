"""A service for tests: uvicorn in a thread of this process, on a port of the system's choice."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from sportstrack.serve.app import create_app
from sportstrack.serve.service import Service
from sportstrack.serve.settings import ServeSettings

TOKEN = "a-token-for-tests"


@dataclass
class Served:
    """A running service: its address, its application, and a client that shows the token."""

    url: str
    app: FastAPI
    client: httpx.Client

    @property
    def service(self) -> Service:
        found: Service = self.app.state.service
        return found

    def send(self, **job: Any) -> dict[str, Any]:
        """Send a job; it tracks with the toy's detector unless it says something else."""
        job = {"kind": "track", "source": {"path": "match.mp4"}, "settings": {"detector": "toy:find"}} | job
        answer = self.client.post("/v1/jobs", json=job)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, key: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until a job has ended, and return it."""
        return self.until(key, lambda job: job["state"] in ("done", "failed", "cancelled"), seconds)

    def until(self, key: str, right: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        """Wait until something holds of a job, and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            job: dict[str, Any] = self.client.get(f"/v1/jobs/{key}").json()
            if right(job):
                return job
            time.sleep(0.05)
        raise AssertionError(f"waited too long: {job}")

    def anonymous(self, **more: Any) -> httpx.Client:
        """A client without token."""
        return httpx.Client(base_url=self.url, timeout=30, **more)


@contextlib.contextmanager
def served(data: Path, *, token: str | None = TOKEN, **settings: Any) -> Iterator[Served]:
    """Run a service while the block lasts."""
    app = create_app(ServeSettings(data=data, token=token, port=0, **settings))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, loop="asyncio", timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            yield Served(url, app, client)
    finally:
        app.state.service.stop()
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive(), "the service does not end"
