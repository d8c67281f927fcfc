"""A service in a process of its own, for benchmarks/service.py."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEBI = 2.0**20


@dataclass
class Server:
    """A running service."""

    url: str
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """Return the JSON of an answer."""
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def memory(self) -> float:
        """Return the resident memory of the service and its processes, in MiB."""
        import psutil

        total = 0
        for one in [own := psutil.Process(self.process.pid), *own.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
        return total / MEBI


@contextlib.contextmanager
def server(data: Path, *options: str) -> Iterator[Server]:
    """Run ``sportstrack serve`` while the block lasts."""
    words = [sys.executable, "-m", "sportstrack.serve", "--data", str(data), "--port", "0", *options]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        while (found := re.search(r"http://[\d.]+:\d+", said)) is None:
            line = process.stderr.readline()
            if not line:
                raise SystemExit(f"the service does not start: {said}")
            said += line
        yield Server(found.group(), process)
    finally:
        process.terminate()
        process.wait(60)


def shares(seconds: list[float]) -> str:
    """Return median, 95th and 99th percentile and maximum, in milliseconds."""
    ordered = sorted(seconds)

    def at(part: float) -> float:
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    return f"p50 {at(0.5):.1f}, p95 {at(0.95):.1f}, p99 {at(0.99):.1f}, max {1000 * ordered[-1]:.0f} ms"
