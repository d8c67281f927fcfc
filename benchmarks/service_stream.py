"""One live stream for some minutes: latency from capture to result, and memory, for benchmarks/service.py."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from service_server import Server, shares

SAMPLE = 10.0  # seconds between looks at the memory
WARM = 30.0  # seconds that do not count


def free_port() -> int:
    """Return a UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def make_clip(source: Path, target: Path, size: tuple[int, int] = (1280, 720), rate: int = 25) -> Path:
    """Scale a clip to 720p with a key frame each second, as cameras send it."""
    import av

    with av.open(str(source)) as video, av.open(str(target), "w") as out:
        stream: Any = out.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23", "g": str(rate), "bf": "0"}
        for number, frame in enumerate(video.decode(video=0)):
            scaled = frame.reformat(*size, format="yuv420p")
            scaled.pts, scaled.time_base = number, Fraction(1, rate)
            out.mux(stream.encode(scaled))
        out.mux(stream.encode(None))
    return target


def measure_stream(
    server: Server, clip: Path, port: int, minutes: float, settings: dict[str, Any], record: bool
) -> str:
    """Return lines with latency, rate and memory of one stream."""
    address = f"udp://127.0.0.1:{port}"
    words = [sys.executable, "-m", "sportstrack.send", str(clip), address, "--loop", "--quiet"]
    sender = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        made = server.ask(
            "POST",
            "/v1/streams",
            {"source": {"url": address}, "settings": settings, "outputs": {"record": record}},
        )
        path = f"/v1/streams/{made['id']}"
        return _watch(server, path, minutes)
    finally:
        sender.terminate()
        sender.wait(20)


def _watch(server: Server, path: str, minutes: float) -> str:
    latencies: list[float] = []
    received: list[float] = []
    memory: list[float] = []
    began: float | None = None
    sampled = first = 0
    last = 0.0
    for record in _frames(f"{server.url}{path}/events"):
        now = time.time()
        began = now if began is None else began
        if now - began > 60 * minutes:
            break
        if now - began < WARM:
            first = record["frame"]
            continue
        sampled += 1
        latencies.append(record["latency_s"])
        received.append(now - record["time"])
        if now - last > SAMPLE:
            last = now
            memory.append(server.memory())
    state = server.ask("GET", path)
    server.ask("DELETE", path)
    seconds = 60 * minutes - WARM
    number = record["frame"] - first
    third = max(1, len(memory) // 3)
    early, late = (sum(part) / len(part) for part in (memory[:third], memory[-third:]))
    rates = f"{sampled / seconds:.1f} per second of {number / seconds:.1f} sent"
    return (
        f"{state['width']}x{state['height']} for {minutes:g} min, {sampled:,} results ({rates})\n"
        f"  capture to result: {shares(latencies)}\n"
        f"  capture to the client: {shares(received)}\n"
        f"  memory: first third {early:.0f} MiB, last third {late:.0f} MiB ({late - early:+.1f})\n"
        f"  {state['state']}, reconnections {state['counters'].get('reconnections')}"
    )


def _frames(address: str) -> Iterator[dict[str, Any]]:
    with urllib.request.urlopen(address, timeout=120) as answer:
        name = ""
        for line in answer:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            name = value if key == "event" else name
            if key == "data" and name == "frame":
                yield json.loads(value)
