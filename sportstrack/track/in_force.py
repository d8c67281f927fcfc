"""Which settings of a replay are in force.

A recording holds what a detector found. Which of its boxes and frames count can still be chosen; how the detector
worked can not, and asking for it is an error.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from math import lcm
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.recording import RecordingInfo
from sportstrack.track.settings import TrackSettings
from sportstrack.types import BoolArray, Detections

OF_DETECTORS = (
    *("weights", "detector", "imgsz", "iou", "half", "device", "engine", "precision", "batch", "live"),
    *("slices", "masks", "enhance", "thermal", "draw_enhanced"),
)
"""Settings that say how a detector works, or how frames reach it."""

_OF_EMBEDDERS = ("half", "device", "engine")


def is_recording(source: Any) -> bool:
    """Return whether a source is a recording, by its name."""
    return str(source).lower().endswith(".npz")


def without_detector(settings: TrackSettings, given: Container[str] = ()) -> TrackSettings:
    """Return the settings of a replay with what a detector would need put back to its default, except what is given.

    A settings file describes a whole run with its detector. What a user asks for by name stays, and `refuse_detector`
    refuses it.
    """
    default = TrackSettings()
    return settings.changed(**{name: getattr(default, name) for name in OF_DETECTORS if name not in given})


def explicit(settings: TrackSettings, given: Container[str]) -> dict[str, Any]:
    """Return those settings of the detector that were asked for by name, to hand to `track_video` by name."""
    names = (name for name in OF_DETECTORS if name != "detector")  # which has no default to be mistaken for
    return {name: getattr(settings, name) for name in names if name in given}


def refuse_detector(settings: TrackSettings, recorded: RecordingInfo, path: Any, given: Sequence[str] = ()) -> None:
    """Refuse settings that a replay cannot apply.

    Args:
        settings: of the run.
        recorded: what the recording says of itself.
        path: of the recording, for the message.
        given: names of settings that were asked for, also where their value is the default.

    Raises:
        SettingError: if there is one; the message names it.
    """
    default = TrackSettings()
    embeds = settings.embeds_with not in (None, recorded.embedder)
    for name in OF_DETECTORS:
        if embeds and name in _OF_EMBEDDERS:
            continue
        if name in given or getattr(settings, name) != getattr(default, name):
            raise SettingError(
                f"{path}: {name} cannot be set in a replay, which runs no detector; leave it out, or track the video "
                "itself (a replay takes classes, score, every and frame_rate)"
            )


def of_replay(settings: TrackSettings, recorded: RecordingInfo) -> dict[str, Any]:
    """Return the settings in force in a replay, as plain values: those of a detector are left out."""
    values = settings.as_dict()
    embeds = settings.embeds_with not in (None, recorded.embedder)
    for name in OF_DETECTORS:
        if not (embeds and name in _OF_EMBEDDERS):
            values.pop(name, None)
    return values | {"every": lcm(settings.every, recorded.every), "score": settings.score}


class Choice:
    """The boxes of a table that the settings ask for: those of some classes, with at least some score.

    Args:
        settings: their classes, the lowest score of all boxes and that of the ball's count.
        names: class id → name; where there are none, classes are chosen by id.

    Raises:
        SettingError: if there is no such class.
    """

    def __init__(self, settings: TrackSettings, names: Mapping[int, str] | None) -> None:
        from sportstrack.detect.balls import ball_score
        from sportstrack.detect.common import class_ids

        classes, known = settings.classes, dict(names or {})
        if not known:  # then every number may be a class
            known = {int(c): str(c) for c in classes or () if str(c).strip().isdigit()}
        ids = class_ids(classes, known) if classes is not None else None
        self._ids = None if ids is None else np.array(ids, np.int64)
        self._score = settings.score
        self._ball = np.array(settings.ball_ids(names or {}) or [], np.int64)
        self._ball_score = settings.ball_score
        if settings.score is not None:
            self._ball_score = ball_score(settings.ball_score, settings.score)

    def rows(self, table: Detections) -> BoolArray:
        """Return (N,) whether a row counts."""
        keep: BoolArray = np.ones(len(table), np.bool_)
        if self._ids is not None:
            keep &= np.isin(table.class_id, self._ids)
        lowest = np.full(len(table), -np.inf if self._score is None else self._score)
        if self._ball_score is not None:
            lowest[np.isin(table.class_id, self._ball)] = self._ball_score
        keep &= ~(table.score < lowest)  # an unusable score is left to the tracker, which counts it
        return keep
