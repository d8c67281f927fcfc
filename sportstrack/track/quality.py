"""Levels of quality: what they decide for a run, and what another level would cost.

| level | input | appearance (SportsTrack) | refined offline |
|---|---|---|---|
| fast | 640 | none | no |
| balanced | as the weights were trained; 960 for general weights | kit colours | no |
| best | 1280 or 1920 | OSNet where its file is at hand, else kit colours | yes |

A setting that is given wins over its level.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sportstrack.detect.connector import Connector
from sportstrack.detect.sizes import BEST, FAST, QUALITIES, SizeRule
from sportstrack.errors import WeightsError
from sportstrack.recording import RecordingInfo
from sportstrack.track.settings import NONE, TrackSettings
from sportstrack.track.teams import teams_settled

WITH_APPEARANCE = ("sports",)
"""Trackers that gain from kit colours; those of the papers keep to what the papers do."""

KIT, OSNET = "kit", "osnet"

_OSNET_MS = 2.6  # per box, on a core of a laptop: the estimate for a network that has not run here
_TITLES = {KIT: "kit colours", OSNET: "OSNet"}


def settled(
    asked: TrackSettings,
    *,
    live: bool = False,
    replay: bool = False,
    own_tracker: bool = False,
    recorded: RecordingInfo | None = None,
) -> TrackSettings:
    """Return a run's settings with what they leave open decided by their level.

    The size of the input stays open: it follows from the weights, too (see `sportstrack.detect.sizes`).

    Args:
        asked: the settings as the user gave them.
        live: the source does not end, so nothing can be refined afterwards.
        replay: embeddings come from a recording, as it has them.
        own_tracker: the tracker is an object of the caller's own.
        recorded: what the recording that is replayed says of itself.
    """
    decided: dict[str, Any] = {}
    if asked.numbers is None:
        decided["numbers"] = asked.roster is not None if recorded is None else recorded.numbers
    if asked.offline is None:
        decided["offline"] = asked.quality == BEST and not live
    if asked.embedder is None and not replay:
        fits = not own_tracker and asked.tracker.lower() in WITH_APPEARANCE
        decided["embedder"] = appearance(asked.quality) if fits else NONE
    decided["teams"] = teams_settled(asked.changed(**decided), recorded=recorded)
    return asked.changed(**decided)


def appearance(level: str) -> str:
    """Return the name of a level's embedder."""
    if level == FAST:
        return NONE
    return OSNET if level == BEST and osnet_is_here() else KIT


def osnet_is_here() -> bool:
    """Return whether OSNet's file is on this machine; nothing is fetched."""
    from sportstrack.models.weights import OSNET as FILE
    from sportstrack.models.weights import find_weights

    try:
        find_weights(FILE.name, download=False)
    except WeightsError:
        return False
    return True


def report(
    settings: TrackSettings,
    detector: Connector | None,
    shape: tuple[int, int],
    stages_ms: Mapping[str, float],
    frame_ms: float,
    boxes: float,
) -> dict[str, Any]:
    """Return what a level decided, and what the others would cost; nothing where no size was chosen.

    Args:
        settings: as `settled` returned them.
        detector: of the run.
        shape: (height, width) of the source.
        stages_ms: mean milliseconds of each stage.
        frame_ms: mean milliseconds of a frame from end to end.
        boxes: mean number of boxes in a frame.

    Returns:
        ``level``, ``imgsz``, ``embedder``, ``offline`` of the run, and ``others``: level → ``imgsz``, ``embedder``,
        ``offline`` and ``times``, its time in times of this run's.
    """
    size = None if detector is None else detector.in_force.get("imgsz", settings.imgsz)
    if detector is None or size is None or settings.detector is not None or not hasattr(detector, "trained_size"):
        return {}
    made = {"imgsz": size, "embedder": settings.embedder, "offline": settings.offline}
    others: dict[str, Any] = {}
    for level in QUALITIES:
        if level == settings.quality:
            continue
        side = SizeRule(level).of(shape, detector.trained_size, detector.names)
        embedder = appearance(level) if settings.tracker.lower() in WITH_APPEARANCE else NONE
        more = stages_ms.get("detect", 0.0) * ((side / size) ** 2 - 1)
        more += boxes * _OSNET_MS if embedder == OSNET else 0.0
        more -= stages_ms.get("embed", 0.0) if embedder != settings.embedder else 0.0
        times = max(frame_ms + more, 0.0) / frame_ms if frame_ms else 1.0
        others[level] = {
            "imgsz": side,
            "embedder": embedder,
            "offline": level == BEST,
            "times": float(f"{times:.1g}" if times < 1 else f"{times:.2g}"),
        }
    return {"level": settings.quality, **made, "others": others}


def quality_text(found: Mapping[str, Any]) -> str:
    """Return one line for people of what `report` returns."""
    others = (f"{level} about {one['times']:g} × the time ({_parts(one)})" for level, one in found["others"].items())
    return f"quality {found['level']}: {_parts(found)}; {', '.join(others)}"


def _parts(one: Mapping[str, Any]) -> str:
    parts = [f"input {one['imgsz']}"]
    if one["embedder"] not in (None, NONE):
        parts.append(_TITLES.get(one["embedder"], one["embedder"]))
    return ", ".join([*parts, "refined offline"] if one["offline"] else parts)
