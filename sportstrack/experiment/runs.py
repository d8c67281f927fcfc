"""A tracker's run: which settings it may have, and what they mean for `sportstrack.TrackSettings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError, unknown
from sportstrack.experiment.settings import TrackerRun
from sportstrack.track.assignments import parse_assignments
from sportstrack.track.settings import NONE, TrackSettings
from sportstrack.track.trust import refuse_code
from sportstrack.trackers import TRACKERS, create_tracker

DETECT = (
    *(one.name for one in fields(DetectorSettings) if one.name != "trust"),
    *("slices", "quality", "embedder", "camera", "shots", "on_pitch", "teams", "frame_rate"),
)
"""Settings of the run that finds the detections."""

REPLAY = ("embedder", "camera", "offline", "score", "ball", "ball_score", "boxes", "teams", "on_pitch", "most_ids")
"""Settings of the runs that replay them, besides the tracker and its own settings."""

_NEED_PICTURES = ("embedder", "camera")


def track_settings(values: Mapping[str, Any], *, trust: bool) -> TrackSettings:
    """Return settings of a run that finds or replays detections.

    Raises:
        SettingError: a value is out of range, or runs code without ``trust``.
    """
    if not trust:
        refuse_code(values)
    return TrackSettings().changed(**values, trust=trust)


def parse_run(
    name: str, table: Mapping[str, Any], base: Mapping[str, Any] | None, detect: Mapping[str, Any], *, trust: bool
) -> TrackerRun:
    """Read a run: ``tracker``, ``set`` (its settings), ``refine`` and those of `REPLAY`.

    Args:
        name: as tables call it; also the tracker, if none is named.
        table: what is written.
        base: the baseline's values, which hold for all that the table does not name.
        detect: settings of the run that finds the detections.
        trust: let it name code.

    Raises:
        SettingError: an unknown key, tracker or setting, or a value out of range.
    """
    known = ("tracker", "set", "refine", *REPLAY)
    for key in table:
        if key not in known:
            raise SettingError(unknown("key", key, known))
    before = dict(base or {})
    tracker = str(table.get("tracker", before.get("tracker", name)))
    tracker = tracker.lower() if tracker.lower() in TRACKERS else tracker
    if tracker not in TRACKERS and ":" not in tracker:
        raise SettingError(f"tracker: {unknown('tracker', tracker, sorted(TRACKERS))}; or package.module:Class")
    kept = before.get("tracker_settings", {}) if tracker == before.get("tracker") else {}
    own = {**kept, **_own_settings(tracker, table.get("set") or {})}
    refine = {**before.get("refine_settings", {}), **_as_table("refine", table.get("refine") or {})}
    values = before | {key: table[key] for key in REPLAY if key in table}
    values |= {"tracker": tracker, "tracker_settings": own}
    values |= {"refine_settings": refine} if refine else {}
    track_settings({**detect, **values}, trust=trust)
    if tracker in TRACKERS:
        create_tracker(tracker, frame_rate=25, **own)
    return TrackerRun(name, values)


def _own_settings(tracker: str, table: Any) -> dict[str, Any]:
    values = _as_table("set", table)
    if tracker not in TRACKERS:
        return values
    words = [f"{key}={_word(value)}" for key, value in values.items()]
    try:
        return parse_assignments(tracker, words)
    except SettingError as error:
        raise SettingError(str(error).removeprefix("--set ")) from error


def _word(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


def _as_table(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise SettingError(f"{name}: expected a table (setting: value), got {value!r}")
    return {str(key): one for key, one in value.items()}


def needs_pictures(run: TrackerRun) -> bool:
    """Return whether a replay looks at the pictures again: for another embedder or camera motion."""
    return any(run.values.get(name) not in (None, NONE) for name in _NEED_PICTURES)
