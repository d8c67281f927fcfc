"""Runs without tracks, with few, or of small players: what the likely causes are, and what helps."""

from __future__ import annotations

from sportstrack.detect.slices import MOST, NONE
from sportstrack.track.settings import OFF, TrackSettings
from sportstrack.track.tally import Tally
from sportstrack.types import Tracker

_STARTING = ("new_track_thresh", "track_high_thresh", "new_score", "high_score", "start_thresh", "det_thresh")
"""Settings of the trackers: a detection that starts a track reaches all of them."""


_SMALL = 30  # pixels of players in the picture …
_SMALL_IN_INPUT = 20  # … or in the network's input, below which many are missed
_SHRUNK = 1.25  # times that a picture is larger than the input, from which on a larger input helps
_FEW = 1.0  # tracked boxes a frame; a match shows more players nearly always
_ENOUGH = 25  # frames; in fewer, tracks may not have begun


def why_empty(
    tally: Tally,
    tracker: Tracker,
    settings: TrackSettings,
    *,
    replay: bool,
    picture: tuple[int, int] = (0, 0),
    imgsz: int | None = None,
) -> list[str]:
    """Return a warning that says why there may be no tracks, or so few; none if there are enough.

    Args:
        tally: of the whole run.
        tracker: the tracker that was used.
        settings: those of the run.
        replay: whether the detections come from a recording.
        picture: width and height in pixels.
        imgsz: the longer side of the network's input in pixels; None where it is not known.
    """
    if not tally.frames:
        return []
    if tally.tracks:
        per_frame = tally.boxes / tally.frames
        if per_frame >= _FEW or tally.frames < _ENOUGH:
            return []
        causes = "; ".join(_causes(tally, settings, picture, imgsz, replay=replay))
        return [f"little was found: {per_frame:.1f} tracked boxes a frame. If there is more to see: {causes}"]
    frames = f"{tally.frames} frame" + "s" * (tally.frames != 1)
    if tally.detections:
        return [_why_no_tracks(tally, tracker, settings.tracker)]
    if replay:
        return [f"no boxes in {frames}: the recording has none of the classes and scores asked for"]
    causes = "; ".join(_causes(tally, settings, picture, imgsz, replay=False))
    return [f"no boxes found in {frames}. Where to look: {causes}"]


def why_small(tally: Tally, settings: TrackSettings, *, picture: tuple[int, int], imgsz: int | None) -> list[str]:
    """Return a warning that names what finds more of small players, where pictures are shrunk for the network.

    Args:
        tally: of the whole run.
        settings: those of the run.
        picture: width and height in pixels.
        imgsz: the longer side of the network's input in pixels; None where it is not known, or nothing is detected.
    """
    longest, tall = max(picture), tally.usual_height
    if imgsz is None or tall is None or longest < _SHRUNK * imgsz or settings.slices != NONE:
        return []
    seen = round(tall * imgsz / longest)
    if tall >= _SMALL and seen >= _SMALL_IN_INPUT:
        return []
    larger, columns = min(2 * imgsz, longest), min(MOST, -(-longest // imgsz))
    text = (
        f"players are small: about {tall} pixels tall, and {seen} in the network's input, for which pictures of "
        f"{longest} are shrunk to {imgsz}. --imgsz {larger} or --slices {columns}x1 may find more, but takes longer"
    )
    return [text]


def _causes(
    tally: Tally, settings: TrackSettings, picture: tuple[int, int], imgsz: int | None, *, replay: bool
) -> list[str]:
    """Return what may have kept boxes from being found or tracked, each with its option."""
    causes = []
    if tally.bystanders > tally.boxes and settings.on_pitch != OFF:
        causes.append(f"{tally.bystanders} boxes were taken for people off the field (--on-pitch off)")
    if settings.classes is not None:
        kept = ", ".join(map(str, settings.classes))
        causes.append(f"only these classes are kept: {kept} (--classes)")
    if settings.score is not None:
        causes.append(f"boxes below a score of {settings.score:g} are left out (--score)")
    if replay:
        return causes or ["the recording may have little more; other settings of the tracker (--set)"]
    longest = max(picture)
    if imgsz is not None and longest > imgsz:
        larger = min(2 * imgsz, longest)
        causes.append(f"pictures of {longest} pixels are shrunk to {imgsz}, small players with them (--imgsz {larger})")
    elif imgsz is None:
        causes.append("the network's input may be too small for the players (--imgsz)")
    if settings.classes is None:
        causes.append("the detector's classes may have other names (--classes)")
    causes.append("the weights may have been trained for other pictures (--weights)")
    return causes


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
