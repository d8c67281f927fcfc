"""The service as a process of its own, to be killed and stopped."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil


class ServeProcess:
    """``sportstrack serve`` with a data folder, on a port of the system's choice; this machine alone may ask."""

    def __init__(self, data: Path, *words: str) -> None:
        command = [sys.executable, "-m", "sportstrack", "serve", "--data", str(data), "--port", "0", *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = ""
        while "http://" not in line:
            line = self.process.stderr.readline()
            assert line, "the service did not start"
        self.url = line.partition(": ")[2].split()[0]
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def send(self, **job: Any) -> str:
        answer = self.client.post("/v1/jobs", json={"kind": "track"} | job)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def job(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/jobs/{key}").json()
        return found

    def until(self, key: str, right: Callable[[dict[str, Any]], bool], seconds: float = 120.0) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while not right(job := self.job(key)):
            assert time.monotonic() < end, job
            time.sleep(0.05)
        return job

    def ended(self, key: str) -> dict[str, Any]:
        return self.until(key, lambda job: job["state"] in ("done", "failed", "cancelled"))

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [one for one in children if one.cmdline()[-1].endswith("jobs.work")]

    def kill(self) -> None:
        """Kill -9, and wait until its workers have noticed."""
        workers = self.workers()
        self.process.kill()
        self._close()
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert not alive, "workers go on without their service"

    def stop(self) -> int:
        """SIGTERM; return the exit status."""
        self.process.terminate()
        return self._close()

    def _close(self) -> int:
        self.client.close()
        status = self.process.wait(60)
        assert self.process.stderr is not None
        self.rest = self.process.stderr.read()
        self.process.stderr.close()
        return status

    def __enter__(self) -> ServeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
