"""What a network embedder computes, written plainly, box by box."""

from __future__ import annotations

import numpy as np

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def crop(frame: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The documented rounding, box by box."""
    x1, y1 = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    x2, y2 = min(frame.shape[1], int(np.ceil(box[2]))), min(frame.shape[0], int(np.ceil(box[3])))
    return frame[y1:y2, x1:x2]


def network_input(frame: np.ndarray, box: np.ndarray, size: tuple[int, int] = (256, 128)) -> np.ndarray:
    import cv2

    rgb = cv2.cvtColor(cv2.resize(crop(frame, box), size[::-1]), cv2.COLOR_BGR2RGB)
    return ((rgb / 255 - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)


def units(rows: list[np.ndarray]) -> np.ndarray:
    stacked = np.stack([row.ravel() for row in rows]).astype(np.float64)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
