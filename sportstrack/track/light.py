"""What a run makes of its pictures' light: no colour, so nothing that needs it; little light, so a hint."""

from __future__ import annotations

from sportstrack.images.light import measure_light
from sportstrack.track.settings import NONE, OFF, TrackSettings
from sportstrack.types import Image
from sportstrack.video import VideoSource

KIT = "kit"
EVERY = 25  # frames, of which one is measured
VERY_DARK = 20.0  # grey values of the median, below which a hint is worth a line


def without_colour(settings: TrackSettings, source: VideoSource) -> TrackSettings:
    """Return the settings without what needs colour, where the source has none; one of its warnings says so.

    Args:
        settings: as `sportstrack.track.quality.settled` returned them.
        source: just opened.
    """
    if source.info.colour:
        return settings
    left, changed = [], {}
    if settings.teams != OFF:
        left.append("teams")
        changed["teams"] = OFF
    parts = (settings.embedder or "").split("+")
    if KIT in parts:
        left.append("kit colours as appearance")
        changed["embedder"] = "+".join(part for part in parts if part != KIT) or NONE
    if settings.on_pitch != OFF:
        left.append("people off the field")
        changed["on_pitch"] = OFF
    numbers = "shirt numbers are read by brightness alone, which finds fewer" if settings.numbers else ""
    if left or numbers:
        out = f"left out, because they are told by colour: {', '.join(left)}" if left else ""
        source.warnings.append(f"the pictures have no colour; {'; '.join(filter(None, (out, numbers)))}")
    return settings.changed(**changed)


class LightWatch:
    """Notices that the pictures are dark and nobody enhances them."""

    def __init__(self) -> None:
        self._seen = self._measured = self._dark = 0

    def __call__(self, image: Image) -> None:
        """Look at a frame, one in `EVERY`."""
        if self._seen % EVERY == 0:
            self._measured += 1
            self._dark += measure_light(image).middle < VERY_DARK
        self._seen += 1

    @property
    def warnings(self) -> list[str]:
        """One line where most of the frames are dark."""
        if 2 * self._dark <= self._measured:
            return []
        return ["the pictures are dark; --enhance auto makes them brighter for the detector, which may find more"]
