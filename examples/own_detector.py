"""Plug in a detector of your own: what is not green is a player.

python examples/own_detector.py [VIDEO] [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import cv2
import numpy as np

from sportstrack import Detections, assets_folder, track_video


class NotGreen:
    """Finds people by the colour of the grass behind them; a network of yours goes in the same place."""

    def __init__(self) -> None:
        self.names = {0: "player"}

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Return one table per (H, W, 3) BGR frame."""
        tables = []
        for frame in frames:
            blue, green, red = (channel.astype(int) for channel in cv2.split(frame))
            mask = (green - np.maximum(blue, red) < 8).astype(np.uint8)
            mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 3), np.uint8))
            x, y, wide, tall, area = cv2.connectedComponentsWithStats(mask)[2][1:].T  # the first is the ground
            people = (tall > 1.3 * wide) & (tall > 25) & (tall < 150) & (area > 0.35 * wide * tall)
            corners = np.stack([x, y, x + wide, y + tall], axis=1)[people]
            tables.append(Detections.from_arrays(corners, np.full(len(corners), 0.8)))
        return tables


if __name__ == "__main__":
    video = sys.argv[1] if len(sys.argv) > 1 else assets_folder() / "demo.mp4"
    folder = sys.argv[2] if len(sys.argv) > 2 else "runs/own_detector"
    summary = track_video(video, folder, detector=NotGreen(), every=5, formats=["mot"], overwrite=True)
    print(f"{summary.tracks} tracks, {summary.boxes / summary.frames:.1f} boxes a frame")
