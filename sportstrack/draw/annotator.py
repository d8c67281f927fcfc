"""Draw tracks onto frames: boxes, labels, traces at the feet, masks and key points, by supervision's annotators."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.images.check import check_image
from sportstrack.types import Detections, FloatArray, Image, Tracks

# Hues that differ from grass, floors and one another: no greens, no dark ones, neighbours in the list far apart.
PALETTE = (
    "#ffd400", "#00b8ff", "#ff3b30", "#ffffff", "#b04dff", "#ff8a00", "#4d7dff", "#ff5fd2",
    "#00f0e0", "#ff0055", "#ffb3a7", "#c7a6ff", "#d9a066", "#9ad7ff", "#ff00c8", "#fff0a8",
)  # fmt: skip
DARK_TEXT_ABOVE = 0.5  # luminance of a label's background, 0…1

# Pairs of COCO's 17 body points that are joined by a line.
COCO_LIMBS = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (0, 1), (0, 2), (1, 3), (2, 4),
)  # fmt: skip
MIN_KEYPOINT_SCORE = 0.3

MASK_OPACITY = 0.4

_REFERENCE_HEIGHT = 720  # pixels; line widths and letters are designed for it


class Annotator:
    """Draws the frames of one video in order, and remembers the positions of tracks for their traces.

    A track keeps its colour, which follows its id. Line widths and letters grow with the image's height. A track
    without a detection (coasting) gets a thin dashed box. Memory is bounded: points older than `trace_seconds` are
    forgotten, whether their track still exists or not.

    Args:
        names: class id → name, for the labels; a class without a name is written as its number.
        trace_seconds: length of a trace.
        frame_rate: frames drawn per second of video.
        trace: draw the recent path of the feet (bottom centre of the box).
        boxes: draw boxes.
        labels: write ``#7 player 0.91``.
        masks: tint segmentation masks, where there are any, inside their boxes.
        keypoints: draw key points, where there are any; 17 of them are joined to a body.
        thickness: line width in pixels; None fits it to the image.

    Raises:
        SettingError: if a duration, rate or thickness is not positive.
    """

    def __init__(
        self,
        names: Mapping[int, str] | None = None,
        *,
        trace_seconds: float = 1.2,
        frame_rate: float = 25.0,
        trace: bool = True,
        boxes: bool = True,
        labels: bool = True,
        masks: bool = True,
        keypoints: bool = True,
        thickness: int | None = None,
    ) -> None:
        for setting, value in (("trace_seconds", trace_seconds), ("frame_rate", frame_rate), ("thickness", thickness)):
            if value is not None and not 0 < value < float("inf"):
                raise SettingError(f"{setting}: expected more than 0, got {value}")
        self.names = dict(names or {})
        self._trace_length = max(2, round(trace_seconds * frame_rate))
        self._trace, self._boxes, self._labels = trace, boxes, labels
        self._masks, self._keypoints = masks, keypoints
        self._thickness = thickness
        self._tools: _Tools | None = None

    def draw(self, image: Image, tracks: Tracks, detections: Detections | None = None) -> Image:
        """Draw one frame's tracks **into** `image` and return it; pass a copy to keep the original.

        Args:
            image: (H, W, 3) BGR uint8.
            tracks: the frame's tracks, drawn with their smoothed boxes where they have any; boxes that lie
                outside the image or are not finite are ignored.
            detections: the frame's detections, whose masks and key points belong to the tracks.

        Raises:
            SettingError: if the image has another shape or type.
        """
        check_image(image, "image")
        if self._tools is None or self._tools.height != image.shape[0]:
            self._tools = _Tools(image.shape[0], self._thickness, self._trace_length)
        canvas = np.ascontiguousarray(image)  # OpenCV draws into nothing else
        tracks = tracks.with_boxes()
        self._draw(canvas, tracks[_visible(tracks.xyxy, canvas.shape)], detections, self._tools)
        if canvas is not image:
            image[...] = canvas
        return image

    def reset(self) -> None:
        """Forget the traces, for the next video."""
        self._tools = None

    def _draw(self, canvas: Image, tracks: Tracks, detections: Detections | None, tools: _Tools) -> None:
        tracks = _within(tracks, canvas.shape)
        table = tracks.to_supervision()
        seen = tracks.detection >= 0
        if detections is not None and self._masks and detections.mask is not None:
            for box, row, track_id in zip(
                tracks.xyxy[seen], tracks.detection[seen], tracks.track_id[seen], strict=True
            ):
                _tint(canvas, box, detections.mask[row], tools.colour(track_id))
        if self._trace:
            tools.trace.annotate(canvas, table)
        if self._boxes:
            tools.box.annotate(canvas, table[seen])
            for box, track_id in zip(tracks.xyxy[~seen], tracks.track_id[~seen], strict=True):
                _dashed_box(canvas, box, tools.colour(track_id), tools.thin)
        if detections is not None and self._keypoints and detections.keypoints is not None:
            for row, track_id in zip(tracks.detection[seen], tracks.track_id[seen], strict=True):
                _body(canvas, detections.keypoints[row], tools.colour(track_id), tools.thin)
        if self._labels and len(tracks):
            self._write(canvas, table, tracks, tools)

    def _write(self, canvas: Image, table: Any, tracks: Tracks, tools: _Tools) -> None:
        """Write above the boxes, or inside those that reach the top of the image."""
        text = [
            f"#{track_id} {self.names.get(class_id, class_id)} {score:.2f}"
            for track_id, class_id, score in zip(
                tracks.track_id.tolist(), tracks.class_id.tolist(), tracks.score.tolist(), strict=True
            )
        ]
        corner = table.xyxy[:, :2].clip(0)
        corner[corner[:, 1] < tools.label_height, 1] += tools.label_height
        table.xyxy[:, :2] = corner  # the label's place is the box's top left corner
        tools.label.annotate(canvas, table, labels=text)


class _Tools:
    """Supervision's annotators, sized for one image height."""

    def __init__(self, height: int, thickness: int | None, trace_length: int) -> None:
        import cv2
        import supervision as sv

        scale = height / _REFERENCE_HEIGHT
        line = thickness or max(1, round(2 * scale))
        letters = max(0.3, 0.4 * scale)
        padding = max(1, round(3 * scale))
        palette = sv.ColorPalette.from_hex(list(PALETTE))
        dark = [_luminance(colour.as_rgb()) > DARK_TEXT_ABOVE for colour in palette.colors]
        ink = sv.ColorPalette.from_hex(["#000000" if d else "#ffffff" for d in dark])
        by_track = sv.ColorLookup.TRACK
        self.height = height
        self.thin = max(1, line // 2)
        strokes = max(1, round(scale))
        self.label_height = cv2.getTextSize("#0", cv2.FONT_HERSHEY_SIMPLEX, letters, strokes)[0][1] + 2 * padding
        self.box = sv.BoxAnnotator(palette, thickness=line, color_lookup=by_track)
        self.trace = sv.TraceAnnotator(
            palette, sv.Position.BOTTOM_CENTER, trace_length=trace_length, thickness=line, color_lookup=by_track
        )
        self.label = sv.LabelAnnotator(
            palette,
            color_lookup=by_track,
            text_color=ink,
            text_scale=letters,
            text_thickness=strokes,
            text_padding=padding,
        )
        self._colours = [colour.as_bgr() for colour in palette.colors]

    def colour(self, track_id: int) -> tuple[int, int, int]:
        """Return the BGR colour of a track, as supervision chooses it."""
        colour: tuple[int, int, int] = self._colours[int(track_id) % len(self._colours)]
        return colour


def _luminance(rgb: tuple[int, int, int]) -> float:
    return float(np.dot(rgb, (0.299, 0.587, 0.114))) / 255


def _visible(xyxy: FloatArray, shape: tuple[int, ...]) -> NDArray[np.intp]:
    height, width = shape[:2]
    low, high = xyxy[:, :2], xyxy[:, 2:]
    # NaN fails every comparison and infinite boxes have no place to be drawn.
    inside = (high > 0).all(axis=1) & (low < (width, height)).all(axis=1) & np.isfinite(xyxy).all(axis=1)
    return np.flatnonzero(inside)


def _within(tracks: Tracks, shape: tuple[int, ...]) -> Tracks:
    """Clip far corners, since OpenCV takes 32-bit whole numbers; a margin keeps their lines outside the image."""
    height, width = shape[:2]
    margin = 64
    xyxy = tracks.xyxy.clip((-margin, -margin) * 2, (width + margin, height + margin) * 2)
    return Tracks.trusted(xyxy, tracks.score, tracks.class_id, tracks.track_id, tracks.detection)


def _tint(canvas: Image, box: FloatArray, mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> None:
    """Blend a colour into the part of an (H, W) mask that lies in its box.

    Supervision's MaskAnnotator works on whole images, 15 times slower for two dozen players.
    """
    x1, y1 = np.floor(box[:2]).clip(0).astype(int)
    x2, y2 = np.ceil(box[2:]).astype(int)
    part = canvas[y1:y2, x1:x2]
    inside = np.asarray(mask[y1:y2, x1:x2], dtype=np.bool_)
    if inside.shape == part.shape[:2]:  # a mask of another size than the image cannot be placed
        tinted = part[inside] * (1 - MASK_OPACITY) + np.multiply(colour, MASK_OPACITY)
        part[inside] = tinted.astype(np.uint8)


def _dashed_box(canvas: Image, box: FloatArray, colour: tuple[int, int, int], thickness: int) -> None:
    import cv2

    dash = 5 * thickness + 3
    x1, y1, x2, y2 = box
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]])
    dashes = []
    for start, end in pairwise(corners):
        count = max(1, round(np.abs(end - start).max() / (2 * dash)))
        at = (np.arange(2 * count).reshape(count, 2) + 0.5) / (2 * count)  # half a gap at both corners
        dashes.append(start + at[..., None] * (end - start))
    cv2.polylines(canvas, list(np.concatenate(dashes).round().astype(np.int32)), False, colour, thickness)


def _body(canvas: Image, points: NDArray[np.float32], colour: tuple[int, int, int], thickness: int) -> None:
    """Draw dots for (K, 3) points x, y, score, and COCO's limbs if there are 17 points."""
    import cv2

    height, width = canvas.shape[:2]
    reliable = np.isfinite(points).all(axis=1) & (points[:, 2] >= MIN_KEYPOINT_SCORE)
    reliable &= (points[:, :2] >= 0).all(axis=1) & (points[:, :2] < (width, height)).all(axis=1)
    spots = np.where(reliable[:, None], points[:, :2], 0).round().astype(np.int32)
    if len(points) == 17:
        limbs = [spots[[a, b]] for a, b in COCO_LIMBS if reliable[a] and reliable[b]]
        if limbs:
            cv2.polylines(canvas, limbs, False, colour, thickness, cv2.LINE_AA)
    for x, y in spots[reliable].tolist():
        cv2.circle(canvas, (x, y), thickness + 1, colour, -1, cv2.LINE_AA)
