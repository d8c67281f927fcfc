"""What a network is to answer for a picture: where each line is seen, and which place of the pitch each cell shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.pitch_pictures.paint import SUB, fixed
from data_prep.synthetic.pitch_pictures.picture import PitchPicture
from sportstrack.pitch.network.layout import FOOTBALL_LINES, INPUT, LINE_STRIDE, PLACE_STRIDE

MARGIN = 6.0  # metres around the pitch whose places are known too


def line_maps(picture: PitchPicture) -> NDArray[np.uint8]:
    """Return (lines, 48, 80): 0 to 255, how much of a line lies in each cell; hidden parts are left out."""
    import cv2

    h, w = picture.hidden.shape
    columns, rows = (side // LINE_STRIDE for side in INPUT)
    maps = np.zeros((len(FOOTBALL_LINES), rows, columns), np.uint8)
    if picture.view is None:
        return maps
    pitch = picture.view.pitch
    parts = [pitch.lines[name] if name in pitch.lines else pitch.arcs[name] for name in FOOTBALL_LINES]
    points = [part.points(1.0) for part in parts]
    pixels = picture.view.camera.project(np.concatenate(points))
    ends = np.cumsum([len(one) for one in points])[:-1]
    seen = cv2.resize(255 - picture.hidden, (columns, rows), interpolation=cv2.INTER_AREA) > 127
    canvas = np.zeros((2 * rows, 2 * columns), np.uint8)
    for i, line in enumerate(np.split(pixels, ends)):
        near = np.isfinite(line).all(1) & (np.abs(line - (w / 2, h / 2)) < (2.0 * w, 2.0 * h)).all(1)
        if not near.any():
            continue
        canvas[:] = 0
        for run in np.split(np.arange(len(line)), np.flatnonzero(np.diff(near)) + 1):
            if near[run[0]]:
                halves = line[run] / (w, h) * (2 * columns, 2 * rows) - 0.5
                cv2.polylines(canvas, [fixed(halves)], False, 255, 3, cv2.LINE_AA, SUB)
        maps[i] = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA) * seen
    return maps


def place_map(picture: PitchPicture) -> NDArray[np.float32]:
    """Return (3, 12, 20): x and y in halves of the pitch, −1 to 1, and 1 where a cell shows the pitch, or 0."""
    import cv2

    h, w = picture.hidden.shape
    columns, rows = (side // PLACE_STRIDE for side in INPUT)
    found = np.zeros((3, rows, columns), np.float32)
    if picture.view is None:
        return found
    y, x = (np.mgrid[0:rows, 0:columns] + 0.5) * np.array([h / rows, w / columns])[:, None, None]
    half = np.array([picture.view.pitch.length, picture.view.pitch.width]) / 2
    metres = picture.view.camera.to_ground(np.stack([x.ravel(), y.ravel()], axis=1))
    with np.errstate(invalid="ignore"):
        inside = (np.abs(metres) < half + MARGIN).all(1)
    seen = cv2.resize(255 - picture.hidden, (columns, rows), interpolation=cv2.INTER_AREA).ravel() > 127
    valid = inside & seen
    found[:2] = np.where(valid, (metres / half).T, 0.0).reshape(2, rows, columns)
    found[2] = valid.reshape(rows, columns)
    return found
