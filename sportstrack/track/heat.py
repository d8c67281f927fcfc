"""The heat map of a run: on one picture of the ground, or on the pitch where it is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sportstrack.draw.ground import GroundMap
from sportstrack.draw.heatmap import Presence, heat_map, overlay
from sportstrack.draw.minimap import MAP_WIDTH, PitchCanvas
from sportstrack.errors import SettingError
from sportstrack.files.claim import PartFile
from sportstrack.images.encode import encode_image
from sportstrack.images.opencv import require_cv2
from sportstrack.limits import MAX_CANVAS
from sportstrack.pitch.file import PitchTrack
from sportstrack.track.frames import TrackedFrame
from sportstrack.types import Image


class HeatSink:
    """Where players and ball have been, in one picture of the ground; on the pitch the players alone.

    Attributes:
        has_players: whether a players' table needs the ground of the pictures.
    """

    def __init__(self, path: Path, width: int, height: int, pitch: PitchTrack | None = None) -> None:
        require_cv2()
        self.path = path
        self.file = PartFile(path)
        self.warnings: list[str] = []
        self.has_players = False
        self._ground = GroundMap(width, height)
        self._has_image = False
        self._picture: Image | None = None
        self._canvas = None if pitch is None else PitchCanvas(pitch.pitch, MAP_WIDTH)
        if self._canvas is not None:
            rows, columns = self._canvas.image.shape[:2]
            self._visits = Presence(columns, rows)

    def look(self, frame: TrackedFrame) -> None:
        """Take what is needed of a frame before anything is drawn into it."""
        self._has_image |= frame.image is not None
        if self._canvas is not None:
            xy = frame.pitch_xy
            self._visits.add(self._canvas.pixels(xy[np.isfinite(xy).all(axis=1)]))
        if self._canvas is None or self.has_players:
            cut = frame.cut_confidence > 0
            self._ground.add(frame.index, frame.image, frame.tracks, frame.camera, cut=cut)

    def write(self, frame: TrackedFrame) -> None:
        """Do nothing: the picture is drawn into by now."""

    def finish(self) -> None:
        """Complete the file under its temporary name."""
        self.abandon()

    def abandon(self) -> None:
        """Keep what is known so far under the temporary name."""
        width, height = self._ground.width, self._ground.height
        if self._canvas is None and not self._has_image and width * height > MAX_CANVAS:
            raise SettingError(
                f"{self.path}: the recording says {width}x{height}; a heat map without its video is drawn up to "
                f"{MAX_CANVAS:,} pixels: name the video as well"
            )
        self.file.write(encode_image(self.picture()))

    @property
    def ground(self) -> GroundMap:
        """The map so far."""
        return self._ground

    def picture(self) -> Image:
        """Return the map of the whole run, drawn once for all who ask."""
        if self._picture is None and self._canvas is not None:
            self._picture = overlay(self._canvas.image, self._visits.map())
        elif self._picture is None:
            ground = self._ground.ground()
            self.warnings += ground.warnings
            height, width = ground.image.shape[:2]
            self._picture = overlay(ground.image, heat_map(ground.foot, width, height))
        return self._picture
