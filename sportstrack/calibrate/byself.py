"""The pitch found by itself: a network sees the lines of a frame, and the camera that they tell begins a shot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sportstrack.engines import Runtime, open_runtime
from sportstrack.errors import SettingError
from sportstrack.models.weights import find_weights
from sportstrack.pitch import Camera, Pitch
from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.trust import ALONE
from sportstrack.pitch.evidence import PitchEvidence
from sportstrack.pitch.network.find import NO_LINES, FrameCamera, find_camera
from sportstrack.pitch.network.full import HANDED_ON, SPREAD
from sportstrack.pitch.network.layout import FOOTBALL_LINES
from sportstrack.pitch.network.points import Maps
from sportstrack.pitch.network.prepare import prepare
from sportstrack.types import Image

NETWORKS = {"football": "sportstrack-pitch-football.onnx"}
"""Sport → the file of its network, among the weights that ship with the project."""
EVERY = 10
"""So many frames are between those that the network looks at; twice as many while it knows where it is."""
LONGEST = 60
"""And after some that tell no camera, more and more, up to this number."""


class PitchFinder:
    """Finds the pitch in frames of one video, in order, as `calibrate_video` calls it.

    Args:
        pitch: the model in the size of the real pitch.
        every: the network looks at every Nth frame, at fewer while it knows where it is, and while it finds nothing.
        network: opened before; None for the one that ships with the project.

    Raises:
        SettingError: there is no network for this sport.
    """

    def __init__(self, pitch: Pitch, *, every: int = EVERY, network: Runtime | None = None) -> None:
        if pitch.name not in NETWORKS:
            raise SettingError(
                f"no network knows the lines of {pitch.name}, only those of {', '.join(NETWORKS)}: mark four or more "
                "places of a frame in a file, and give it with --points"
            )
        self.pitch, self.every = pitch, every
        self.network = open_runtime(find_weights(NETWORKS[pitch.name]), "onnx") if network is None else network
        self._last: Camera | None = None
        self._next, self._pause = 0, every

    def __call__(self, frame: int, image: Image, lines: Floats = NO_LINES) -> PitchEvidence | None:
        """Return the places that a frame shows, for those frames that are looked at.

        None where it shows a pitch but tells no camera; no places, and ``no_pitch``, where it shows none.
        ``lines`` (N, 3) are its line pixels, as in `SeenFrame`.
        """
        if frame < self._next:
            return None
        lost = self._last is None
        found = self.find(image, lines)
        searched = lost and found.camera is None and len(found.points) > 0
        sure = found.camera is not None and found.score >= ALONE
        self._pause = min(LONGEST, 2 * self._pause) if searched else 2 * self.every if sure else self.every
        self._next = frame + self._pause
        if found.is_pitch:
            return None if found.camera is None else evidence_of(frame, found)
        return PitchEvidence(frame, [], np.empty((0, 2)), np.empty(0), np.empty(0), no_pitch=True)

    def maps(self, image: Image) -> Maps:
        """Return what the network sees in a frame (H, W, 3), BGR."""
        batch = prepare(image).transpose(2, 0, 1)[None].astype(np.float32)
        lines, places, pitch = self.network.run(np.ascontiguousarray(batch))
        return Maps(np.array(lines[0]), np.array(places[0]), float(pitch.ravel()[0]), (image.shape[1], image.shape[0]))

    def find(self, image: Image, lines: Floats = NO_LINES) -> FrameCamera:
        """Return the camera of a frame (H, W, 3), BGR, with its line pixels (N, 3), or why there is none."""
        found = find_camera(self.maps(image), self.pitch, lines, near=self._last)
        self._last = found.camera
        return found


def evidence_of(frame: int, found: FrameCamera) -> PitchEvidence:
    """Return places of a frame with a camera: points of its lines, each with the name of its line.

    Where along its line a point is, no network has seen; what all lines of a shot tell together decides on it.
    """
    rows = _spread_over_lines(found.line)
    sure = np.clip(found.points.confidence[rows] * min(1.0, 1.5 * found.score), 0.31, 1.0)
    names = [FOOTBALL_LINES[number] for number in found.line[rows].tolist()]
    count = np.bincount(found.line[rows])[found.line[rows]]  # the points of a line err together
    sigma = SPREAD * found.size[0] * np.sqrt(count)
    pixels = found.points.pixels[rows]
    return PitchEvidence(frame, names, pixels, sigma, sure, camera=found.camera, score=found.score)


def _spread_over_lines(line: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows of points that are on lines, at most `HANDED_ON`, as many of short lines as of long ones."""
    each = [np.flatnonzero(line == number) for number in np.unique(line[line >= 0])]
    most = max(2, HANDED_ON // max(1, len(each)))
    some = [rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int)] for rows in each]
    return np.sort(np.concatenate(some)) if some else np.empty(0, np.int64)
