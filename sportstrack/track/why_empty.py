"""Runs without tracks: what the likely causes are."""

from __future__ import annotations

from sportstrack.track.tally import Tally
from sportstrack.types import Tracker

_STARTING = ("new_track_thresh", "track_high_thresh", "new_score", "high_score", "start_thresh", "det_thresh")
"""Settings of the trackers: a detection that starts a track reaches all of them."""


def why_empty(tally: Tally, tracker: Tracker, name: str, *, replay: bool) -> list[str]:
    """Return a warning that says why there may be no tracks; none if there are tracks.

    Args:
        tally: of the whole run.
        tracker: the tracker that was used.
        name: its name.
        replay: whether the detections come from a recording.
    """
    if not tally.frames or tally.tracks:
        return []
    frames = f"{tally.frames} frame" + "s" * (tally.frames != 1)
    if tally.detections:
        return [_why_no_tracks(tally, tracker, name)]
    if replay:
        return [f"no boxes in {frames}: the recording has none of the classes and scores asked for"]
    text = (
        f"no boxes found in {frames}: is the input too small for the players (--imgsz), are their "
        "classes left out (--classes), or were the weights trained for other pictures (--weights)?"
    )
    return [text]


def _why_no_tracks(tally: Tally, tracker: Tracker, name: str) -> str:
    highest = 0.0 if tally.highest_score is None else tally.highest_score
    above = {setting: value for setting, value in _starting(tracker).items() if value > highest}
    if not above:
        return f"no tracks: none of the {tally.detections} boxes lasted long enough for the tracker ({name})"
    limits = ", ".join(f"{setting} {value:g}" for setting, value in above.items())
    lower = " ".join(f"--set {setting}={max(0.01, round(0.75 * highest, 2)):g}" for setting in above)
    return (
        f"no tracks: the highest score of {tally.detections} boxes is {highest:.2f}, below the score at which the "
        f"tracker ({name}) starts a track ({limits}); lower that ({lower}), or use weights that score higher"
    )


def _starting(tracker: Tracker) -> dict[str, float]:
    """Return the settings that decide which detections start a track; none where they are not known."""
    parts = getattr(tracker, "trackers", None) or (tracker,)
    config = getattr(parts[0], "config", None)
    return {name: float(getattr(config, name)) for name in _STARTING if hasattr(config, name)}
