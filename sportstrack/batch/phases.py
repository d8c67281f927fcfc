"""The two phases of a video around its recording, and what each of them depends on.

The first phase detects and records all that needs the pictures; the second one tracks the recording and writes the
results. A change of a tracker's settings changes the second phase alone, so its recording stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sportstrack.batch.plan import PlannedVideo
from sportstrack.track.in_force import without_detector
from sportstrack.track.quality import settled
from sportstrack.track.settings import AUTO, OFF, TrackSettings

DETECT, TRACK = "detect", "track"
SHOTS, JOIN = "shots", "join"
"""Steps of the first phase where its unit is a shot: find the shots; after they are recorded, join their recordings."""
_WIDEST = "sports"  # the tracker whose recording serves all others: it has kit colours


@dataclass(frozen=True)
class BatchTask:
    """What a worker is given: a phase of a video.

    Attributes:
        video: which.
        phase: detect or track; shots or join, where the unit is a shot.
        key: of the settings that the phase depends on.
        span: first frame and the one after the last, of shots; None is the whole video.
        part: number of the span.
        cuts: frames with which other shots begin, and how surely; those of a span.
        attempt: from 1.
        parts: lines of the manifest of a video's parts, which are to be joined.
    """

    video: PlannedVideo
    phase: str
    key: str
    span: tuple[int, int] | None = None
    part: int = 0
    cuts: tuple[tuple[int, float], ...] | None = None
    attempt: int = 1
    parts: tuple[Mapping[str, Any], ...] = ()

    @property
    def title(self) -> str:
        """The name of the video, and the shot."""
        return self.video.name if self.span is None else f"{self.video.name} part {self.part + 1}"


def first_settings(asked: TrackSettings) -> TrackSettings:
    """Return the settings of the first phase: what shapes the recording, all else at its default.

    The recording has what SportsTrack would want of the pictures, so that it serves every tracker.
    """
    wide = settled(asked.changed(tracker=_WIDEST, tracker_settings={}))
    default = TrackSettings()
    ball = asked.ball if asked.ball is not None else ("none",) if asked.ball_is_off else None
    return wide.changed(
        ball=ball,
        teams=OFF if wide.teams == OFF else AUTO,
        offline=False,
        save_detections=True,
        formats=(),
        **{name: getattr(default, name) for name in ("refine_settings", "team_colours", "roster", "most_ids")},
        **{name: getattr(default, name) for name in ("mot_classes", "boxes", "draw", "pitch")},
    )


def second_settings(asked: TrackSettings, recording: str | None) -> TrackSettings:
    """Return the settings of the second phase: what ``sportstrack track`` would do after its detector.

    Args:
        asked: as the plan has them.
        recording: that of the first phase; None where the plan's own one is replayed.
    """
    if recording is None:
        return without_detector(asked).changed(save_detections=False)
    whole = without_detector(settled(asked)).changed(every=1, frame_rate=None, size=None, first_frame=None)
    return whole.changed(detections=recording, save_detections=False)


def phase_key(video: PlannedVideo, phase: str) -> str:
    """Return a hash of the settings that a phase of a video depends on."""
    if phase == DETECT:
        values: dict[str, Any] = first_settings(video.settings).as_dict()
    else:
        values = second_settings(video.settings, None if video.is_recorded else "").as_dict()
        values["truth"] = video.truth
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
