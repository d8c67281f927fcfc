"""A small video whose frames can be told apart, tracks of it, and the editor on both."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.edit.settings import EditSettings
from sportstrack.video.write import VideoWriter

WIDTH, HEIGHT, RATE, FRAMES = 320, 180, 25, 60
BIT = 16  # pixels of a square that is one digit of the frame's number
LANES = {1: 20.0, 2: 60.0, 3: 100.0}  # track → upper side of its boxes


def box_of(track: int, frame: int) -> tuple[float, float, float, float]:
    """The box of a track in a frame (from 1): it moves to the right by two pixels a frame."""
    left = 10.0 + 2 * frame
    return left, LANES[track], left + 16, LANES[track] + 32


def coded(frame: int) -> np.ndarray[Any, Any]:
    """A picture that says its frame number (from 1) in the lowest row of squares, and shows the players."""
    image = np.full((HEIGHT, WIDTH, 3), (60, 110, 60), np.uint8)
    for digit in range(10):
        white = 255 if frame >> digit & 1 else 0
        image[HEIGHT - BIT :, digit * BIT : (digit + 1) * BIT] = white
    for track in LANES:
        x1, y1, x2, y2 = map(int, box_of(track, frame))
        image[y1:y2, x1:x2] = ((40, 40, 220), (220, 60, 40), (30, 210, 230))[track - 1]
    return image


def write_coded(path: Path, times: Sequence[float] | None = None, frames: int = FRAMES) -> Path:
    """Write such a video; `times` are the seconds at which its frames are shown."""
    with VideoWriter(path, WIDTH, HEIGHT, RATE, crf=12) as writer:
        for n in range(frames):
            writer.write(
                coded(n + 1), Fraction(n, RATE) if times is None else Fraction(times[n]).limit_denominator(9000)
            )
    return path


def write_lanes(path: Path, frames: int = FRAMES) -> Path:
    """Write three tracks as MOT text; the second has a gap in frames 31 to 35."""
    rows = []
    for frame in range(1, frames + 1):
        for track in LANES:
            if track == 2 and 31 <= frame <= 35:
                continue
            x1, y1, x2, y2 = box_of(track, frame)
            rows.append(f"{frame},{track},{x1:g},{y1:g},{x2 - x1:g},{y2 - y1:g},0.9,1,-1,-1")
    path.write_text("\n".join(rows) + "\n")
    return path


@dataclass
class OpenEditor:
    """A running editor: its address, and what it works on."""

    url: str
    room: Any
    folder: Path

    @property
    def edits(self) -> Path:
        """The file of edits."""
        found: Path = self.room.desk.path
        return found


@contextmanager
def editor(video: Path, **settings: Any) -> Iterator[OpenEditor]:
    """Run the editor of a video in a thread of this process."""
    import uvicorn

    from sportstrack.edit.app import create_edit_app
    from sportstrack.edit.run import open_room
    from sportstrack.serve.run import address, listen
    from sportstrack.serve.settings import ServeSettings

    room = open_room(video, EditSettings(browser=False, **settings))
    with listen("127.0.0.1", 0) as listener:
        app = create_edit_app(room, ServeSettings())
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield OpenEditor(address("127.0.0.1", listener), room, video.parent)
        finally:
            room.stop()
            server.should_exit = True
            thread.join(10)
            room.close()
