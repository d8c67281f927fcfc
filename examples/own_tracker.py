"""Write a tracker of your own, and score it against ByteTrack on the same boxes.

python examples/own_tracker.py
"""

from __future__ import annotations

import numpy as np

from sportstrack import Detections, Tracks, assets_folder, create_tracker, read_mot, score_tracks


class Nearest:
    """Gives each box the id of the nearest box of the frame before, up to half of its height away."""

    def __init__(self, frame_rate: float) -> None:  # noqa: ARG002 - the pipeline gives it
        self.reset()

    def reset(self) -> None:
        """Begin again from nothing."""
        self.last, self.ids, self.count = np.zeros((0, 4)), np.zeros(0, int), 0

    def update(self, detections: Detections, camera: np.ndarray | None = None) -> Tracks:  # noqa: ARG002
        """Take the boxes of the next frame."""
        boxes = detections.xyxy
        away = (
            np.linalg.norm(boxes[:, None, 2:] - self.last[None, :, 2:], axis=2)
            / np.ptp(boxes[:, 1::2], axis=1)[:, None]
        )
        ids = np.zeros(len(boxes), int)
        for row in np.argsort(away.min(axis=1, initial=np.inf)):
            if len(self.last) and away[row].min() < 0.5:
                best = away[row].argmin()
                ids[row], away[:, best] = self.ids[best], np.inf
            else:
                self.count += 1
                ids[row] = self.count
        self.last, self.ids = boxes, ids
        return Tracks(boxes, detections.score, detections.class_id, ids, np.arange(len(boxes)))


truth = read_mot(assets_folder() / "demo_gt.txt")
truth = truth[truth.class_id < 4]  # in column 8 the ball is 4
rng = np.random.default_rng(1)
for name, tracker in (("nearest", Nearest(25)), ("bytetrack", create_tracker("bytetrack", frame_rate=25))):
    result = []
    for frame in range(200):
        boxes = truth[(truth.frame == frame) & (rng.random(len(truth)) > 0.1)].xyxy  # one box in ten is missed
        result.append(tracker.update(Detections.from_arrays(boxes)))
    scores = score_tracks(truth, result)
    print(f"{name:10} HOTA {scores.HOTA:.3f}  IDF1 {scores.IDF1:.3f}  {scores.IDSW} identity switches")
