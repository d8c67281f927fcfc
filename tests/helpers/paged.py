"""Painted matches to upload, jobs on them, and pages of the service in a browser."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from kitted import Match, line_up, plain
from make_video import make_video
from serving import TOKEN, Served

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PEOPLE, FRAMES = 12, 60
_PAINTED = 30  # frames, shown forwards and backwards


@dataclass(frozen=True)
class Clip:
    """A painted match: its video, and a file of detections that takes the detector's place."""

    video: Path
    detections: Path
    frames: int


def opened(browser: Any, server: Served, *, viewport: dict[str, int] = WIDE, scheme: str = "dark", **more: Any) -> Any:
    """A page of the service in a context of its own, signed in; its errors are kept in `page.errors`."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme, **more)
    context.request.post(f"{server.url}/v1/login", data={"token": TOKEN})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: (page.errors.append(f"dialogue: {dialog.message}"), dialog.dismiss()))
    return page


@cache
def _painted() -> list[Any]:
    kits, places = line_up(plain("red"), plain("white"), each=PEOPLE // 2)
    return list(Match(kits, places).frames(_PAINTED))


def _there_and_back(frame: int) -> int:
    turn = frame % (2 * _PAINTED - 2)
    return min(turn, 2 * _PAINTED - 2 - turn)


def make_clip(folder: Path, count: int, step: int) -> Clip:
    """Two teams, the people in them walking about; `step` makes the picture smaller."""
    painted = _painted()
    images = [image[::step, ::step] for _, image, _, _ in painted]
    lines = []
    for frame in range(count):
        for x1, y1, x2, y2 in painted[_there_and_back(frame)][3] / step:
            lines.append(f"{frame + 1},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},0.9")
    detections = folder / "detections.txt"
    detections.write_text("\n".join(lines) + "\n", encoding="utf-8")
    height, width = images[0].shape[:2]
    frames = [images[_there_and_back(frame)] for frame in range(count)]
    how: Any = {"rate": Fraction(10), "options": {"preset": "ultrafast"}}
    video = make_video(folder / "match.mp4", count, size=(width, height), pictures=frames, **how)
    return Clip(video, detections, count)


def uploaded(server: Served, path: Path) -> str:
    """Send a file in one chunk; return its id."""
    made = server.client.post("/v1/uploads", json={"name": path.name, "bytes": path.stat().st_size}).json()
    answer = server.client.patch(f"/v1/uploads/{made['id']}", content=path.read_bytes(), headers={"Upload-Offset": "0"})
    assert answer.status_code == 200, answer.text
    return str(made["id"])


def sent(server: Served, clip: Clip, name: str, **settings: Any) -> str:
    """Start a tracking job on a clip; return its id."""
    source = {"upload": uploaded(server, clip.video)}
    more = {"detections": {"upload": uploaded(server, clip.detections)}, **settings}
    answer = server.client.post("/v1/jobs", json={"kind": "track", "name": name, "source": source, "settings": more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def ended(server: Served, job: str, seconds: float = 60.0) -> dict[str, Any]:
    """Wait for a job's end and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found: dict[str, Any] = server.client.get(f"/v1/jobs/{job}").json()
        if found["state"] in ("done", "failed", "cancelled"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"the job does not end: {found}")
