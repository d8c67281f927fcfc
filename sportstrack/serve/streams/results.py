"""One frame's result as JSON, as viewers, targets and recordings get it."""

from __future__ import annotations

import math
from typing import Any

from sportstrack.identities.table import ATTRIBUTES
from sportstrack.track.frames import TrackedFrame


def frame_record(frame: TrackedFrame, captured: float, now: float, *, with_who: bool) -> dict[str, Any]:
    """Return a frame's result.

    ``frame`` counts from 1, ``time`` is that of the capture in seconds since 1970, ``seconds`` counts from the first
    frame, ``latency_s`` lies between capture and result.

    Args:
        frame: with its tracks.
        captured: when its picture was there, in seconds since 1970.
        now: the same clock now.
        with_who: whether team, role, number and name are known.
    """
    tracks = frame.tracks.with_boxes().rounded()
    table = zip(
        tracks.track_id.tolist(),
        tracks.class_id.tolist(),
        tracks.score.tolist(),
        tracks.xyxy.tolist(),
        tracks.detection.tolist(),
        strict=True,
    )
    rows = []
    for track, kind, score, box, row in table:
        one: dict[str, Any] = {"id": track, "class": frame.names.get(kind, str(kind)), "score": score, "box": box}
        one["detection"] = row
        if with_who and (known := frame.identities.get(track)) is not None:
            one |= {name: value for name in ATTRIBUTES if (value := getattr(known, name)) != ""}
        rows.append(one)
    return {
        "frame": frame.index + 1,
        "time": round(captured, 4),
        "seconds": round(frame.time, 4),
        "latency_s": round(now - captured, 4),
        "tracks": rows,
    }


class StreamCounters:
    """What a stream's process counts, as its state tells it.

    Attributes:
        frames: frames that were tracked.
        dropped: frames that came while one before them was worked on.
        ids: ids that were created.
        alive: tracks in the newest frame.
        score: mean score of the newest frame's boxes.
    """

    def __init__(self) -> None:
        self.frames = self.dropped = self.ids = self.alive = self.reconnections = 0
        self.score: float | None = None
        self._highest = 0
        self._latencies: list[float] = []
        self._at: list[float] = []

    def add(self, frame: TrackedFrame, latency: float, now: float) -> None:
        """Count a frame."""
        tracks = frame.tracks
        self.frames += 1
        self.alive = len(tracks)
        self.score = float(tracks.score.mean()) if len(tracks) else None
        fresh = tracks.track_id[tracks.track_id > self._highest]
        self.ids += len(fresh)
        self._highest = max(self._highest, int(tracks.track_id.max(initial=0)))
        self._latencies = [*self._latencies[-499:], latency]
        self._at = [*self._at[-499:], now]

    def as_dict(self, now: float) -> dict[str, Any]:
        """Return all counts; rate and latency are those of the newest frames, at most 500 and 10 s."""
        recent = [one for one, at in zip(self._latencies, self._at, strict=True) if now - at <= 10.0]
        ordered = sorted(recent)
        span = min(10.0, now - self._at[0]) if self._at else 0.0

        def share(part: float) -> float | None:
            return round(ordered[max(0, math.ceil(part * len(ordered)) - 1)], 4) if ordered else None

        return {
            "frames_tracked": self.frames,
            "frames_dropped": self.dropped,
            "frames_per_s": round(len(recent) / span, 2) if span > 0.5 else None,
            "latency_s": share(0.5),
            "latency_p95_s": share(0.95),
            "mean_score": None if self.score is None else round(self.score, 4),
            "tracks_alive": self.alive,
            "ids_created": self.ids,
            "reconnections": self.reconnections,
        }
