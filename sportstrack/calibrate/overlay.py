"""The model of a pitch drawn over frames: how one sees whether the cameras are right."""

from __future__ import annotations

import numpy as np

from sportstrack.draw.text import Letters
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch import Camera, Line, Pitch, PitchFrame
from sportstrack.types import Image

COLOURS = {"ok": (255, 0, 255), "carried": (0, 165, 255), "refused": (60, 60, 220)}
"""Status → BGR."""
_SHIFT = 4
_STEP = 0.5  # metres between the points of a drawn line


def draw_over(image: Image, camera: Camera, pitch: Pitch, colour: tuple[int, int, int] = COLOURS["ok"]) -> None:
    """Draw a pitch's lines into a frame as the camera sees them, one to three pixels thick.

    Args:
        image: (H, W, 3) BGR; it is drawn into.
        camera: of the frame.
        pitch: the model.
        colour: BGR.
    """
    cv2 = require_cv2()
    height, width = image.shape[:2]
    thick = max(1, round(width / 1000))
    for part in pitch.parts:
        points = part.points(_STEP if isinstance(part, Line) else _STEP / 2)
        pixels = camera.project(points)
        near = np.isfinite(pixels).all(1) & (np.abs(pixels - (width / 2, height / 2)) < 4 * max(width, height)).all(1)
        ends = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(np.int8)))
        for first, last in ends.reshape(-1, 2):
            fixed = np.round((pixels[first:last] - 0.5) * 2**_SHIFT).astype(
                np.int32
            )  # OpenCV counts from pixels' middles
            cv2.polylines(image, [fixed], False, colour, thick, cv2.LINE_AA, _SHIFT)


def draw_pitch_frame(image: Image, frame: PitchFrame, pitch: Pitch, letters: Letters) -> None:
    """Draw a frame's pitch and what is known of it into its picture."""
    colour = COLOURS[frame.status]
    words = f"{frame.frame + 1} {frame.status}"
    if frame.camera is not None:
        draw_over(image, frame.camera, pitch, colour)
        words += f" {frame.error_px:.1f} px {frame.error_m:.2f} m"
    if frame.reason:
        words += f": {frame.reason}"
    letters.label(words[:110], colour).paste(image, 8, 8)
