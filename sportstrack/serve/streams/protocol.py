"""What a stream's process and the service say to each other: kinds of messages."""

from __future__ import annotations

STATE, FRAME, PICTURE, VIDEO_HEAD, VIDEO_PART, SNAPSHOT = 1, 2, 3, 4, 5, 6
"""From the process: its state and counters (JSON), a frame's result (JSON), a picture (JPEG), the head and the parts of
the video (MP4; the number of a part is 1 if it begins with a key frame), and the picture that was asked for."""

BEGIN, WATCH, SNAP, STOP = 10, 11, 12, 13
"""To the process: what it does (JSON), who looks (JSON: pictures, video), send the newest picture, and end."""

STATES = ("starting", "running", "stalled", "reconnecting", "ended", "failed", "stopped")
"""Of a stream: ``stalled`` gives no pictures although it is connected; ``ended`` is at its end, as a file may be."""
