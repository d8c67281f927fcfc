"""Joints: the moments at which a track may have gone on as somebody else, and how probable that is.

The chances were measured on renders whose people are known (`benchmarks/joints.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.boxes import iou
from sportstrack.types import BoolArray, FloatArray, IntArray

OVERLAP = 0.6  # IoU with another person's box from which on the two may be mixed up
CUT = 0.9  # chance that a track which runs over a shot change is somebody else
NEVER_SURE = 1e-6  # the same for each second in which nothing of the kind happens: misreadings come in rows, too
UNSEEN = 0.1  # rate a second while a track is out of sight
TOUCHED = 0.12  # what an overlap adds …
BEHIND = 0.2  # … and what it adds if the track is out of sight then, for `BEHIND_SECONDS` or longer
BEHIND_SECONDS = 1.0
REST = 0.2  # seconds without any of it after which a joint is over


def chance(unseen: float, overlapped: bool) -> float:
    """Return how probable it is that a track is somebody else after a joint.

    Args:
        unseen: seconds out of sight, altogether.
        overlapped: whether another person's box lay on its own, before, between or after.
    """
    doubt = UNSEEN * unseen
    if overlapped:
        doubt += TOUCHED + BEHIND * min(1.0, unseen / BEHIND_SECONDS)
    return float(1 - np.exp(-doubt))


@dataclass
class _Track:
    """What is going on with a track: its current joint, if there is one."""

    seen: float
    unseen: float = 0.0
    overlapped: bool = False
    ended: float = -np.inf  # seconds, the newest sign of the joint
    said: float = 0.0


class Joints:
    """Watches the boxes of all tracks for joints, frame by frame, in constant memory for each track."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._time = np.nan

    def add(
        self, time: float, track_id: IntArray, xyxy: FloatArray, seen: BoolArray, cut: BoolArray | bool = False
    ) -> FloatArray:
        """Return (M,) how probable it is that each track is somebody else than in its frame before.

        A joint may last for many frames. What it makes probable altogether is spread over them as they come.

        Args:
            time: seconds.
            track_id: (M,) tracks of the frame.
            xyxy: (M, 4) their boxes.
            seen: (M,) whether they are seen; False where a track only coasts.
            cut: whether another shot begins with the frame, or (M,) which tracks have an id that was given before.
        """
        found = np.zeros(len(track_id))
        overlap = iou(xyxy, xyxy)
        np.fill_diagonal(overlap, 0.0)
        touched = np.nan_to_num(overlap).max(axis=1, initial=0.0) >= OVERLAP
        again = np.broadcast_to(cut, (len(track_id),)).tolist()
        rows = zip(track_id.tolist(), touched.tolist(), seen.tolist(), again, strict=True)
        for row, (track, overlapped, visible, anew) in enumerate(rows):
            one = self._tracks.get(track)
            if one is None:
                self._tracks[track] = one = _Track(time)
            found[row] = self._one(one, time, overlapped, visible, anew)
        self._time = time
        return found

    def forget(self, tracks: set[int]) -> None:
        """Forget all but some tracks."""
        self._tracks = {track: one for track, one in self._tracks.items() if track in tracks}

    def _one(self, one: _Track, time: float, overlapped: bool, visible: bool, anew: bool) -> float:
        away = max(0.0, self._time - one.seen) if visible else max(0.0, time - one.seen)
        sure = NEVER_SURE * max(0.0, time - one.seen) if visible else 0.0
        if away <= 0 and not overlapped and time - one.ended > REST:
            one.unseen, one.overlapped, one.said = 0.0, False, 0.0
        one.unseen += away
        one.overlapped |= overlapped
        if away > 0 or overlapped:
            one.ended = time
        one.seen = time
        whole = max(chance(one.unseen, one.overlapped), CUT if anew else 0.0) if away > 0 or overlapped or anew else 0.0
        if whole <= one.said:
            return sure
        more = (whole - one.said) / (1 - one.said)
        one.said = whole
        return float(1 - (1 - more) * (1 - sure))
