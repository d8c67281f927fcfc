"""Runs that find nothing: what the likely causes are."""

from __future__ import annotations

from typing import Any

import numpy as np

from sportstrack.types import Detections

_STARTING = ("new_track_thresh", "track_high_thresh", "new_score", "high_score", "start_thresh", "det_thresh")
"""Settings of the trackers that say from which score on a box starts a track; it must reach all of them."""


class Found:
    """Counts the boxes that reach the tracker.

    Attributes:
        boxes: boxes so far.
        highest: the highest score among them, or None without boxes.
    """

    def __init__(self) -> None:
        self.boxes = 0
        self.highest: float | None = None

    def add(self, table: Detections) -> None:
        """Count a frame's boxes."""
        score = table.score[np.isfinite(table.score)]
        self.boxes += len(table)
        if len(score):
            self.highest = max(float(score.max()), -np.inf if self.highest is None else self.highest)

    def warnings(self, frames: int, tracks: int, tracker: Any, name: str, *, replay: bool) -> list[str]:
        """Say why there may be no tracks.

        Args:
            frames: number of frames tracked.
            tracks: number of tracks.
            tracker: what tracked.
            name: of the tracker.
            replay: whether the boxes come from a recording.
        """
        if not frames or tracks:
            return []
        if not self.boxes and replay:
            text = f"no boxes in {_counted(frames)}: the recording has none of the classes and scores asked for"
        elif not self.boxes:
            text = (
                f"no boxes found in {_counted(frames)}: is the input too small for the players (--imgsz), are their "
                "classes left out (--classes), or were the weights trained for other pictures (--weights)?"
            )
        else:
            text = self._why_no_tracks(tracker, name)
        return [text]

    def _why_no_tracks(self, tracker: Any, name: str) -> str:
        highest = 0.0 if self.highest is None else self.highest
        above = {setting: value for setting, value in _starting(tracker).items() if value > highest}
        if not above:
            return f"no tracks: none of the {self.boxes} boxes lasted long enough for the tracker ({name}) to follow it"
        limits = ", ".join(f"{setting} {value:g}" for setting, value in above.items())
        lower = " ".join(f"--set {setting}={max(0.01, round(0.75 * highest, 2)):g}" for setting in above)
        return (
            f"no tracks: the highest score of {self.boxes} boxes is {highest:.2f}, and the tracker ({name}) starts "
            f"tracks from {limits} on; lower that ({lower}), or use weights that score higher"
        )


def _counted(frames: int) -> str:
    return f"{frames} frame" + "s" * (frames != 1)


def _starting(tracker: Any) -> dict[str, float]:
    """Return the settings that decide which boxes start a track, with their values; none where they are not known."""
    parts = getattr(tracker, "trackers", None) or (tracker,)
    config = getattr(parts[0], "config", None)
    return {name: float(getattr(config, name)) for name in _STARTING if hasattr(config, name)}
